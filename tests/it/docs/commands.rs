//! Reference pages on commands and exit codes. Help is taken from the program itself, for that is what people see.

use std::fmt::Write as _;

use clap::CommandFactory as _;
use rungs::cli::{Cli, Exit};

use super::keep;
use super::markdown::table;
use super::reference::WRITTEN;
use crate::common::rungs;

#[test]
fn cli() {
    let mut page = format!(
        "# Commands\n\n{WRITTEN}\
         Data goes to standard output, messages to standard error. What the codes at the end mean stands in \
         [exit codes](exit-codes.md).\n\n"
    );
    let mut commands = 0;
    describe(&Cli::command(), &[], &mut page, &mut commands);
    assert!(commands > 10, "only {commands} commands were found");
    keep("reference/cli.md", &format!("{}\n", page.trim_end()));
}

/// A command and all below it.
fn describe(command: &clap::Command, above: &[&str], page: &mut String, commands: &mut usize) {
    let args: Vec<&str> = above.iter().copied().chain(["--help"]).collect();
    let run = rungs().run(&args);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{args:?}");
    let heading: Vec<&str> = ["rungs"].into_iter().chain(above.iter().copied()).collect();
    let help: Vec<&str> = run.stdout.trim_end().lines().map(str::trim_end).collect();
    write!(page, "## {}\n\n```text\n{}\n```\n\n", heading.join(" "), help.join("\n")).unwrap();
    *commands += 1;
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        let path: Vec<&str> = above.iter().copied().chain([inner.get_name()]).collect();
        describe(inner, &path, page, commands);
    }
}

#[test]
fn exit_codes() {
    let rows = Exit::ALL.iter().map(|exit| [exit.code().to_string(), exit.about().to_owned()]);
    let page = format!(
        "# Exit codes\n\n{WRITTEN}\
         The same for every command.\n\n{}\
         Which is which:\n\n\
         - A file that no format recognises is listed, and so is a record that cannot be read: 0.\n\
         - No recognised file at all: 2.\n\
         - A recognised file that breaks off: 3, or 2 where there was no other.\n\
         - A catalog, mapping, check, questionnaire or `rungs.yaml` that cannot be used: 2.\n\
         - A check that fails while it runs: 3; its result is then open, not passed.\n\
         - `rungs assess --allow-incomplete` ends with 0 in place of 3.\n",
        table(["code", "meaning"], rows)
    );
    keep("reference/exit-codes.md", &page);
}
