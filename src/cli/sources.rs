//! `rungs sources`.

use clap::Args;

use super::groups::{Format, FormatArgs};
use super::{Error, Exit, Ui};
use crate::sources::SOURCES;

/// List every export format that is read, with the command that produces it.
#[derive(Debug, Args)]
#[command(after_help = "Example: rungs sources --format json")]
pub struct SourcesArgs {
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(serde::Serialize)]
struct Listed {
    kind: &'static str,
    provider: &'static str,
    title: &'static str,
    recognises: &'static str,
    command: &'static str,
    facts: Vec<String>,
}

impl SourcesArgs {
    pub(super) fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        let listed = SOURCES.iter().map(|source| source.about()).map(|about| Listed {
            kind: about.kind,
            provider: about.provider,
            title: about.title,
            recognises: about.recognises,
            command: about.command,
            facts: about.facts.iter().map(|(fact, level)| format!("{fact}: {level}")).collect(),
        });
        match self.format.format {
            Format::Json => ui.json(&listed.collect::<Vec<_>>())?,
            Format::Text => {
                for source in listed {
                    ui.line(&format!("{}  {}", ui.bold(source.kind), source.title))?;
                    for (name, text) in [
                        ("provider", source.provider),
                        ("command", source.command),
                        ("recognises", source.recognises),
                        ("facts", &source.facts.join(", ")),
                    ] {
                        ui.line(&format!("  {name:<12}{text}"))?;
                    }
                }
            }
        }
        Ok(Exit::Done)
    }
}
