//! The command line: one file a subcommand, argument groups that load library objects, one place that prints
//! and one that turns errors into exit codes. Knows every room; no room knows it.

mod assess;
mod catalog;
mod checks;
mod clock;
mod completions;
mod crosswalk;
mod error;
mod exit;
mod groups;
mod identity;
mod init;
mod inventory;
mod output;
mod report;
mod sources;
mod summary;
mod table;
mod ui;

use clap::{Parser, Subcommand};

pub use error::Error;
pub use exit::Exit;
pub use ui::{ColorChoice, Ui};

/// Measures how mature an organisation's AI identity controls really are, from the exports that its systems
/// already produce.
#[derive(Debug, Parser)]
#[command(
    name = "rungs",
    version,
    about,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,

    /// When to colour messages
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    color: ColorChoice,

    /// Print results and errors only
    #[arg(long, short, global = true)]
    quiet: bool,

    /// Print what is being done; twice for more
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a commented rungs.yaml and a questionnaire for the exports in a folder
    Init(init::InitArgs),
    /// Assess an estate: exports in, reports out
    Assess(assess::AssessArgs),
    /// Render reports again from a saved assessment
    Report(report::ReportArgs),
    /// List, show and check framework catalogs
    Catalog(catalog::CatalogCommand),
    /// Show what an id maps to in other frameworks, by which path, how strong and by whose word
    Crosswalk(crosswalk::CrosswalkArgs),
    /// List, show and test checks
    Checks(checks::ChecksCommand),
    /// Show the normalised inventory, its coverage, or query it
    Inventory(inventory::InventoryCommand),
    /// List every export format that is read, with the command that produces it
    Sources(sources::SourcesArgs),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
}

/// Runs the program; the process should end with the returned code.
#[must_use]
pub fn run(cli: Cli) -> Exit {
    let Cli { command, color, quiet, verbose } = cli;
    let mut ui = Ui::new(color, quiet, verbose);
    let outcome = match command {
        Command::Init(args) => args.run(&mut ui),
        Command::Assess(args) => args.run(&mut ui),
        Command::Report(args) => args.run(&mut ui),
        Command::Catalog(command) => command.run(&mut ui),
        Command::Crosswalk(args) => args.run(&mut ui),
        Command::Checks(command) => command.run(&mut ui),
        Command::Inventory(command) => command.run(&mut ui),
        Command::Sources(args) => args.run(&mut ui),
        Command::Completions(args) => args.run(&mut ui),
    };
    match outcome {
        Ok(exit) => exit,
        Err(error) => ui.fail(&error),
    }
}
