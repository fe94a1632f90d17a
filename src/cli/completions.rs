//! `rungs completions`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Error, Exit, Ui};

/// Print a completion script for a shell.
#[derive(Debug, Args)]
#[command(after_help = "Example: rungs completions bash > ~/.local/share/bash-completion/completions/rungs")]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

impl CompletionsArgs {
    pub(super) fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "rungs", &mut script);
        ui.data(&String::from_utf8_lossy(&script))?;
        Ok(Exit::Done)
    }
}
