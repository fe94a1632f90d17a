//! Runs what the guides tell people to type. In ```` ```console ```` blocks each line with `$ ` is a command: those of
//! `rungs` run with the built program in a copy of the samples and framework files, must end with 0 (or what a final
//! `# exit N` says) and print the lines shown; `...` stands for lines, or the rest of a line, left out. A block of
//! YAML whose first line is `# some/path.yaml` is first written to that path.

use super::markdown::fences;
use crate::common::{Rungs, root, rungs, sample};

/// How the program is called, and what may stand in a block without being run.
const OURS: [&str; 2] = ["rungs ", "cargo run --release -- "];
const NOT_RUN: [&str; 3] = ["cargo ", "RUNGS_BLESS=1 cargo ", "docs/first-page.sh"];

struct Command {
    line: String,
    exit: i32,
    shown: Vec<String>,
}

fn commands(lines: &[String]) -> Vec<Command> {
    let mut found: Vec<Command> = Vec::new();
    for line in lines {
        match (line.strip_prefix("$ "), found.last_mut()) {
            (Some(line), _) => {
                let (line, exit) = line.split_once(" # exit ").unwrap_or((line, "0"));
                found.push(Command { line: line.trim().to_owned(), exit: exit.parse().unwrap(), shown: Vec::new() });
            }
            (None, Some(command)) => command.shown.push(line.clone()),
            (None, None) => panic!("a console block begins with `$ `: {line}"),
        }
    }
    found
}

/// The words of a command line, quotes taken off.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// Whether the shown lines are the lines that were printed, with gaps where `...` says so.
fn fits(shown: &[&str], printed: &[&str]) -> bool {
    match shown {
        [] => printed.is_empty(),
        ["...", rest @ ..] => (0..=printed.len()).any(|gap| fits(rest, &printed[gap..])),
        [first, rest @ ..] => printed.split_first().is_some_and(|(line, others)| {
            let same = match first.strip_suffix(" ...") {
                Some(start) => line.starts_with(start),
                None => line.trim_end() == *first,
            };
            same && fits(rest, others)
        }),
    }
}

/// Runs a guide from top to bottom; returns how many commands ran.
fn follow(guide: &str) -> usize {
    let text = std::fs::read_to_string(root().join(guide)).unwrap_or_else(|_| panic!("{guide} is missing"));
    let mut folder = rungs().copy(&root().join("samples"), "samples").copy(&root().join("frameworks"), "frameworks");
    let mut ran = 0;
    for fence in fences(&text) {
        match fence.language.as_str() {
            "yaml" => {
                let path =
                    fence.lines.first().and_then(|line| line.strip_prefix("# ")).filter(|p| p.ends_with(".yaml"));
                if let Some(path) = path {
                    folder = folder.file(path, &fence.lines.join("\n"));
                }
            }
            "console" => {
                for command in commands(&fence.lines) {
                    ran += usize::from(run(&folder, guide, &command));
                }
            }
            _ => {}
        }
    }
    ran
}

fn run(folder: &Rungs, guide: &str, command: &Command) -> bool {
    let Some(args) = OURS.iter().find_map(|start| command.line.strip_prefix(start)) else {
        let known = NOT_RUN.iter().any(|start| command.line.starts_with(start));
        assert!(known, "{guide}: `{}` is no command that this test knows", command.line);
        return false;
    };
    let args = words(args);
    let run = folder.run(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let printed = run.stderr + &run.stdout;
    assert_eq!(run.code, command.exit, "{guide}: `{}` ends otherwise\n{printed}", command.line);
    let shown: Vec<&str> = command.shown.iter().map(|line| line.trim_end()).collect();
    let shown = shown.strip_suffix(&[""]).unwrap_or(&shown);
    let lines: Vec<&str> = printed.lines().collect();
    assert!(shown.is_empty() || fits(shown, &lines), "{guide}: `{}` now prints\n{printed}", command.line);
    true
}

#[test]
fn the_readme_does_what_it_says() {
    assert!(follow("README.md") >= 5);
}

#[test]
fn the_contributors_guides_do_what_they_say() {
    assert!(follow("CONTRIBUTING.md") + follow("docs/adding-a-check.md") >= 3);
}

#[test]
fn the_first_screen_has_the_two_commands_that_a_newcomer_needs() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let first = text.split("\n## ").next().unwrap();
    let lines: Vec<String> =
        fences(first).iter().flat_map(|fence| commands(&fence.lines)).map(|command| command.line).collect();
    assert_eq!(lines, ["cargo run --release -- assess samples/meridian/2026-q2 -o out", "cargo test --release"]);
}

#[test]
fn the_example_configuration_is_accepted_as_it_stands() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let fences = fences(&text);
    let example = fences.iter().find(|fence| fence.language == "yaml").unwrap();
    let run = rungs()
        .copy(&sample(), "q2")
        .file("q2/rungs.yaml", &example.lines.join("\n"))
        .run(&["assess", "q2", "-o", "out", "--report", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(!run.stderr.contains("warning["), "an entry of the example has no effect:\n{}", run.stderr);
}

#[test]
fn a_block_that_shows_something_else_is_noticed() {
    let printed = ["one", "two", "three  ", "four"];
    for (shown, fit) in [
        (vec!["one", "two", "three", "four"], true),
        (vec!["one", "...", "four"], true),
        (vec!["...", "thr ...", "four"], true),
        (vec!["one", "two", "..."], true),
        (vec!["one", "three", "..."], false),
        (vec!["one", "two", "three"], false),
        (vec!["one", "two", "three", "four", "five"], false),
    ] {
        assert_eq!(fits(&shown, &printed), fit, "{shown:?}");
    }
    assert_eq!(words("inventory sql 'SELECT a FROM b' x"), ["inventory", "sql", "SELECT a FROM b", "x"]);
}
