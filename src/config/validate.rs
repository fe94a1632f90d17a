//! From raw values to a [`Config`]: every entry judged, all faults reported at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::raw::{
    Raw, RawAbsent, RawAi, RawEngagement, RawMapped, RawMappedFull, RawScope, RawSource, RawTarget, RawWaiver,
};
use super::{
    Absent, AiSelector, AiSelectors, Config, DeclaredScope, Engagement, Exclusion, MappedColumn, Moment, SourceHint,
    TableMap, Target, Waiver,
};
use crate::diag::{Diagnostic, Diagnostics, Located, SourceFile, read_yaml};

/// What a table map needs.
const TABLE_HELP: &str = "a file of no known format is read with `table`, `provider` and `columns`";
/// Kinds of use that a selector may state; `none` is said by `ai.none`.
const AI_USES: [&str; 3] = ["agent", "inference", "pipeline"];

/// Reads and validates a configuration.
///
/// # Errors
/// Every fault found: text that is no YAML, unknown keys, dates that are none, levels out of range,
/// waivers without reason, approver or object.
pub fn load(file: &Arc<SourceFile>) -> Result<Config, Diagnostics> {
    let raw: Raw = if file.text().trim().is_empty() {
        Raw::default()
    } else {
        read_yaml(file).map_err(|fault| Diagnostics::from(*fault))?
    };
    let mut judge = Judge { file, faults: Diagnostics::default() };
    let Raw {
        organisation,
        as_of,
        claimed,
        engagement,
        frameworks,
        scopes,
        absent,
        sources,
        ai,
        parameters,
        waivers,
        answers,
        targets,
    } = raw;
    let config = Config {
        file: Some(Arc::clone(file)),
        organisation,
        as_of: as_of.and_then(|text| judge.moment(&text)),
        claimed: claimed.and_then(|level| judge.level(&level, 0)),
        engagement: judge.engagement(engagement),
        frameworks,
        absent: judge.absent(absent, &scopes),
        scopes: judge.scopes(scopes),
        sources: sources.into_iter().map(|source| judge.source(source)).collect(),
        ai: judge.ai(ai),
        parameters,
        waivers: waivers.into_iter().filter_map(|waiver| judge.waiver(waiver)).collect(),
        answers,
        targets: targets.into_iter().filter_map(|target| judge.target(&target)).collect(),
    };
    if judge.faults.has_errors() { Err(judge.faults) } else { Ok(config) }
}

struct Judge<'a> {
    file: &'a Arc<SourceFile>,
    faults: Diagnostics,
}

impl Judge<'_> {
    fn fault<T>(&mut self, value: &Located<T>, message: String, help: &str) {
        self.faults.push(Diagnostic::error("config/value", message).at_value(self.file, value).help(help));
    }

    fn moment(&mut self, text: &Located<String>) -> Option<Moment> {
        match Moment::parse(text) {
            Ok(moment) => Some(moment),
            Err(reason) => {
                self.fault(text, reason, "dates are written YYYY-MM-DD");
                None
            }
        }
    }

    fn level(&mut self, level: &Located<i64>, lowest: u8) -> Option<u8> {
        match u8::try_from(**level) {
            Ok(value) if (lowest..=5).contains(&value) => Some(value),
            _ => {
                self.fault(
                    level,
                    format!("`{}` is not a maturity level", **level),
                    &format!("levels run from {lowest} to 5"),
                );
                None
            }
        }
    }

    fn stated(&mut self, text: &Located<String>, what: &str) -> Option<String> {
        if text.trim().is_empty() {
            self.fault(text, format!("{what} is empty"), "say it in a few words; an auditor will read it");
            return None;
        }
        Some(text.trim().to_owned())
    }

    fn engagement(&mut self, raw: RawEngagement) -> Engagement {
        let status = raw.status.and_then(|status| match status.as_str() {
            "draft" | "final" => Some(status.into_inner()),
            other => {
                let message = format!("`{other}` is not a status");
                self.fault(&status, message, "status is `draft` or `final`");
                None
            }
        });
        Engagement { client: raw.client, assessor: raw.assessor, period: raw.period, status }
    }

    fn scopes(&mut self, raw: Vec<RawScope>) -> Vec<DeclaredScope> {
        let mut seen = BTreeSet::new();
        raw.into_iter()
            .map(|scope| {
                if !seen.insert((scope.provider.to_string(), scope.id.to_string())) {
                    let message = format!("scope `{}` is declared twice", *scope.id);
                    self.fault(&scope.id, message, "keep one of the two entries");
                }
                let excluded = scope.excluded.and_then(|excluded| {
                    Some(Exclusion {
                        reason: self.stated(&excluded.reason, "the reason for leaving a scope out")?,
                        approver: self.stated(&excluded.approver, "the approver")?,
                    })
                });
                DeclaredScope {
                    id: scope.id,
                    provider: scope.provider,
                    name: scope.name,
                    at_most: scope.at_most,
                    excluded,
                }
            })
            .collect()
    }

    fn absent(&mut self, raw: Vec<RawAbsent>, scopes: &[RawScope]) -> Vec<Absent> {
        let mut judged = Vec::new();
        for absent in raw {
            if let Some(scope) = scopes.iter().find(|scope| *scope.provider == *absent.provider) {
                let message =
                    format!("`{}` is said to be absent, and scope `{}` is of it", *absent.provider, *scope.id);
                self.fault(&absent.provider, message, "keep one of the two entries");
            }
            let reason = self.stated(&absent.reason, "the reason why there is none");
            let approver = self.stated(&absent.approver, "the approver");
            if let (Some(reason), Some(approver)) = (reason, approver) {
                judged.push(Absent { provider: absent.provider, reason, approver });
            }
        }
        judged
    }

    fn source(&mut self, raw: RawSource) -> SourceHint {
        let as_of = raw.as_of.as_ref().and_then(|text| self.moment(text));
        let map = self.table_map(&raw);
        SourceHint { path: raw.path, scope_id: raw.scope_id, as_of, kind: raw.kind, map: map.map(Arc::new) }
    }

    fn table_map(&mut self, raw: &RawSource) -> Option<TableMap> {
        let Some(table) = &raw.table else {
            if let Some(provider) = &raw.provider {
                self.fault(provider, "`provider` says something only beside `table`".to_owned(), TABLE_HELP);
            }
            if let Some(column) = raw.columns.values().next() {
                self.fault(column, "`columns` say something only beside `table`".to_owned(), TABLE_HELP);
            }
            return None;
        };
        if let Some(kind) = &raw.kind {
            self.fault(kind, "`kind` and `table` exclude each other".to_owned(), TABLE_HELP);
        }
        let Some(provider) = &raw.provider else {
            let message = "`table` needs the `provider` that its rows are about".to_owned();
            self.fault(table, message, "providers are aws, azure, gcp, k8s, okta, agent and others");
            return None;
        };
        if raw.columns.is_empty() {
            self.fault(table, "`table` needs `columns`".to_owned(), TABLE_HELP);
        }
        let columns = raw.columns.iter().filter_map(|(name, mapped)| self.mapped(name, mapped)).collect();
        let covers = raw.covers.iter().map(|(fact, level)| (level.with(fact.clone()), level.clone())).collect();
        Some(TableMap { table: table.clone(), provider: provider.clone(), columns, covers })
    }

    fn mapped(&mut self, name: &str, raw: &Located<RawMapped>) -> Option<MappedColumn> {
        let column = raw.with(name.to_owned());
        let mapped = match &**raw {
            RawMapped::Name(from) => {
                MappedColumn { column, from: Some(from.clone()), value: None, values: BTreeMap::new(), date: None }
            }
            RawMapped::Full(RawMappedFull { from, value, values, date }) => MappedColumn {
                column,
                from: from.clone(),
                value: value.clone(),
                values: values.clone(),
                date: date.clone(),
            },
        };
        if mapped.from.is_some() == mapped.value.is_some() {
            let message = format!("column `{name}` comes `from` a column of the file or has a `value`");
            self.fault(raw, message, "give one of the two");
            return None;
        }
        Some(mapped)
    }

    fn ai(&mut self, raw: RawAi) -> AiSelectors {
        let mut identities = Vec::new();
        for selector in raw.identities {
            let used_as = match selector.used_as {
                None => "agent".to_owned(),
                Some(word) if AI_USES.contains(&word.as_str()) => word.into_inner(),
                Some(word) => {
                    let message = format!("`{}` is not a use of identities by AI", *word);
                    self.fault(&word, message, "`use` is one of agent, inference, pipeline");
                    continue;
                }
            };
            identities.push(AiSelector { predicate: selector.predicate, used_as });
        }
        AiSelectors { identities, scopes: raw.scopes, none: raw.none }
    }

    fn waiver(&mut self, raw: RawWaiver) -> Option<Waiver> {
        if raw.predicate.is_some() != raw.ids.is_empty() {
            let message = "a waiver names rows either by `where` or by `ids`".to_owned();
            self.fault(&raw.check, message, "give exactly one of the two");
        }
        let from = raw.from.as_ref().map(|text| self.moment(text));
        let expiry = self.moment(&raw.expiry);
        let reason = self.stated(&raw.reason, "the reason of a waiver");
        let approver = self.stated(&raw.approver, "the approver of a waiver");
        let from = match from {
            Some(None) => return None,
            Some(Some(from)) => Some(from),
            None => None,
        };
        let expiry = expiry?;
        if from.is_some_and(|from| from.date() > expiry.date()) {
            self.fault(&raw.expiry, "the waiver expires before it begins".to_owned(), "swap `from` and `expiry`");
        }
        Some(Waiver {
            check: raw.check,
            predicate: raw.predicate,
            ids: raw.ids,
            reason: reason?,
            approver: approver?,
            from,
            expiry,
        })
    }

    fn target(&mut self, raw: &RawTarget) -> Option<Target> {
        let level = self.level(&raw.level, 1);
        let by = self.moment(&raw.by);
        Some(Target { level: level?, by: by? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let file = SourceFile::new("rungs.yaml", text);
        match load(&file) {
            Ok(_) => Vec::new(),
            Err(faults) => faults
                .iter()
                .map(|f| format!("{} {}", f.place.as_ref().map(|p| p.describe()).unwrap_or_default(), f.message))
                .collect(),
        }
    }

    #[test]
    fn an_unknown_key_is_an_error_with_its_line() {
        let found = faults("organisation: X\nclaims: 4\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("rungs.yaml:2:1 "), "{found:?}");
        assert!(found[0].contains("claims"), "{found:?}");
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        let found = faults(
            "as_of: yesterday\nclaimed: 7\nwaivers:\n  - {check: a.b, reason: ' ', approver: x, expiry: 2026-01-01}\n",
        );
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(found[0].starts_with("rungs.yaml:1:8 "), "{found:?}");
        assert!(found[1].starts_with("rungs.yaml:2:10 "), "{found:?}");
    }

    #[test]
    fn waivers_hold_on_both_end_days() {
        let file = SourceFile::new(
            "rungs.yaml",
            "waivers:\n  - {check: a.b, ids: [x], reason: r, approver: a, from: 2026-04-01, expiry: 2026-06-30}\n",
        );
        let config = load(&file).unwrap();
        let waiver = &config.waivers[0];
        let on = |text: &str| waiver.in_force(Moment::parse(text).unwrap());
        assert!(on("2026-04-01T00:00:00Z") && on("2026-06-30"));
        assert!(!on("2026-03-31") && !on("2026-07-01T00:00:00Z"));
        assert!(waiver.expired(Moment::parse("2026-07-01").unwrap()));
        assert!(!waiver.expired(Moment::parse("2026-06-30").unwrap()));
    }

    #[test]
    fn what_is_absent_needs_a_reason_and_no_scope() {
        let absent = |provider: &str, reason: &str| {
            format!(
                "scopes: [{{id: a, provider: aws}}]\nabsent: [{{provider: {provider}, reason: '{reason}', approver: A}}]\n"
            )
        };
        let file = SourceFile::new("rungs.yaml", absent("k8s", "no clusters"));
        let config = load(&file).unwrap();
        assert_eq!((config.absent[0].provider.as_str(), config.absent[0].reason.as_str()), ("k8s", "no clusters"));
        let found = faults(&absent("k8s", " "));
        assert!(found.len() == 1 && found[0].contains("the reason why there is none is empty"), "{found:?}");
        let found = faults(&absent("aws", "moved away"));
        assert!(found.len() == 1 && found[0].contains("scope `a` is of it"), "{found:?}");
    }

    #[test]
    fn selectors_may_state_the_use() {
        let file = SourceFile::new(
            "rungs.yaml",
            "ai:\n  identities: [\"identity_name LIKE 'a%'\", {where: 'scope_id = 1', use: inference}]\n",
        );
        let config = load(&file).unwrap();
        assert_eq!(config.ai.identities[0].used_as, "agent");
        assert_eq!(config.ai.identities[1].used_as, "inference");
        assert_eq!(config.ai.identities[1].predicate.line(), 2);
    }
}
