//! The only place that prints: data to standard output, everything else to standard error.

use std::error::Error as _;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Error, Exit};
use crate::diag::{Diagnostic, Renderer, Severity};

/// When to colour messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// Where the output is a terminal and `NO_COLOR` is not set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Shows work of which nobody knows how long it takes.
pub fn without_length(bar: &ProgressBar, text: &str) {
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.set_message(text.to_owned());
}

/// Shows how far the reading of files has come.
pub struct Reading(pub ProgressBar);

impl crate::sources::Progress for Reading {
    fn total(&self, bytes: u64) {
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {wide_bar} {bytes}/{total_bytes} {elapsed}") {
            self.0.set_style(style);
        }
        self.0.set_length(bytes);
    }

    fn read(&self, bytes: u64) {
        self.0.inc(bytes);
    }
}

/// Talks to the user.
pub struct Ui {
    renderer: Renderer,
    color_stdout: bool,
    quiet: bool,
    verbose: u8,
}

impl Ui {
    /// As the command line asks for it.
    #[must_use]
    pub fn new(choice: ColorChoice, quiet: bool, verbose: u8) -> Self {
        let wanted = |terminal: bool| match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && super::clock::color_allowed(),
        };
        Self {
            renderer: Renderer::new(wanted(std::io::stderr().is_terminal())),
            color_stdout: wanted(std::io::stdout().is_terminal()),
            quiet,
            verbose,
        }
    }

    /// Data for the user, to standard output.
    ///
    /// # Errors
    /// When standard output is closed.
    pub fn data(&mut self, text: &str) -> Result<(), Error> {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Error::Stdout)
    }

    /// A line of data.
    ///
    /// # Errors
    /// When standard output is closed.
    pub fn line(&mut self, text: &str) -> Result<(), Error> {
        self.data(&format!("{text}\n"))
    }

    /// A value as JSON, to standard output.
    ///
    /// # Errors
    /// When standard output is closed.
    pub fn json(&mut self, value: &impl serde::Serialize) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(value).map_err(|error| Error::Stdout(error.into()))?;
        self.line(&text)
    }

    /// Text in bold, where standard output takes colours.
    #[must_use]
    pub fn bold(&self, text: &str) -> String {
        if self.color_stdout { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Whether results and errors alone are wanted.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// A fault, to standard error.
    pub fn fault(&mut self, fault: &Diagnostic) {
        if self.quiet && fault.severity != Severity::Error {
            return;
        }
        tell(&self.renderer.text(fault));
    }

    /// What is being done, where it was asked for.
    pub fn detail(&mut self, text: &str) {
        if self.verbose > 0 {
            tell(text);
        }
    }

    /// A spinner on a terminal, nothing elsewhere.
    #[must_use]
    pub fn progress(&self, text: &str) -> ProgressBar {
        if self.quiet || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        without_length(&bar, text);
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    /// Shows why a command failed.
    #[must_use]
    pub fn fail(&mut self, error: &Error) -> Exit {
        let exit = error.exit();
        if exit == Exit::Done {
            return exit;
        }
        if let Some(faults) = error.faults() {
            let faults: Vec<Diagnostic> = faults.iter().cloned().collect();
            for fault in &faults {
                tell(&self.renderer.text(fault));
            }
            return exit;
        }
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            let text = inner.to_string();
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            cause = inner.source();
        }
        let mut fault = Diagnostic::error(if exit == Exit::Internal { "internal" } else { "input" }, message);
        if exit == Exit::Internal {
            fault = fault.help("this is a fault of rungs; please report it with the command that you ran");
        }
        tell(&self.renderer.text(&fault));
        exit
    }
}

/// A message, to standard error; a closed standard error is nobody's concern.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
