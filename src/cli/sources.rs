//! `rungs sources`.

use clap::Args;

use super::groups::{Format, FormatArgs};
use super::table::Table;
use super::{Error, Exit, Ui};
use crate::sources::SOURCES;

/// List every export format that is read, with the command that produces it.
///
/// Example: rungs sources --format json
#[derive(Debug, Args)]
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
                let mut table = Table::new(["kind", "provider", "facts", "command"]);
                for source in listed {
                    table.row([
                        source.kind.to_owned(),
                        source.provider.to_owned(),
                        source.facts.join(", "),
                        source.command.to_owned(),
                    ]);
                }
                ui.data(&table.text())?;
            }
        }
        Ok(Exit::Done)
    }
}
