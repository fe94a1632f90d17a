//! Cedar schemas: which principals may ask for which actions on which resources. A schema permits nothing; it says
//! what the policies beside it are about.

use std::collections::BTreeSet;

use cedar_policy::Schema;

use crate::inventory::column::Word;
use crate::inventory::schema::PolicyPoint;
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::policy::PROVIDER;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source};

/// `*.cedarschema`, and its JSON form.
pub struct CedarSchema;

impl Source for CedarSchema {
    fn about(&self) -> &'static About {
        &About {
            kind: "cedar.schema",
            title: "Cedar schema",
            provider: PROVIDER,
            command: "copy the `*.cedarschema` file as it is, or cedar translate-schema --direction cedar-to-json --schema \
                      schema.cedarschema > schema.cedarschema.json",
            recognises: "JSON whose namespaces have `entityTypes` and `actions`; text that starts with `namespace`, `entity`, \
                         `type` or `action` and says `appliesTo`, or a file called `*.cedarschema`",
            facts: &[(Fact::Policy, Level::Partial)],
            main_view: "policy_points",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_namespace = |value: &Outline| value.has("entityTypes") && value.has("actions");
        let is_json = probe.outline().is_some_and(|outline| {
            // The head of a large schema may end in its first namespace.
            let entries = outline.entries();
            entries
                .first()
                .is_some_and(|(_, first)| is_namespace(first) || (probe.is_cut() && first.has("entityTypes")))
        });
        Recognised::yes_if(is_json || is_text(probe))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let text = input.text()?;
        out.record("/", |out| {
            let is_json = text.trim_start().starts_with('{');
            let schema = if is_json {
                Schema::from_json_str(&text).map_err(|_| ())
            } else {
                Schema::from_cedarschema_str(&text).map(|(schema, _)| schema).map_err(|_| ())
            };
            let schema = schema.map_err(|()| Reject::because("it is not a schema of Cedar"))?;
            out.push(PolicyPoint {
                pdp_id: format!("cedar:{}", input.scope_id),
                provider: Word::from(PROVIDER),
                scope_id: Some(Word(input.scope_id.clone())),
                engine: Word::from("cedar"),
                protects: protected(&schema),
                // Cedar allows nothing without a permit, as documented.
                default_deny: Some(true),
                source_id: input.source_id.clone(),
                locator: "/".to_owned(),
                ..PolicyPoint::default()
            })?;
            Ok(())
        })?;
        let note = "what can be asked for, not what is permitted";
        out.cover(PROVIDER, &input.scope_id, Fact::Policy, Level::Partial, Some(note));
        Ok(())
    }
}

/// The types on which some action can be asked for.
fn protected(schema: &Schema) -> Option<String> {
    let types: BTreeSet<String> = schema.resources().map(ToString::to_string).collect();
    Some(types.into_iter().collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty())
}

fn is_text(probe: &Probe<'_>) -> bool {
    let mut rest = probe.head().trim_start();
    while let Some(comment) = rest.strip_prefix("//") {
        rest = comment.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
    }
    let is_word = ["namespace", "entity", "type", "action", "@"].iter().any(|word| rest.starts_with(word));
    let is_called = probe.file_name().ends_with(".cedarschema");
    is_word && (is_called || (rest.contains("entity ") && rest.contains("appliesTo")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    #[test]
    fn a_schema_says_what_is_protected() {
        for file in ["schema.cedarschema", "schema.cedarschema.json"] {
            let loaded = load_fixture(&CedarSchema, &format!("cedar.schema/good/{file}"));
            assert_eq!(
                loaded.rows(PolicyPoint::TABLE, &["pdp_id", "engine", "protects", "default_deny", "policy_count"]),
                [["cedar:good", "cedar", "Acme::Ticket", "true", "∅"]],
                "{file}"
            );
            assert_eq!(covered(&loaded), ["policy partial: what can be asked for, not what is permitted"]);
        }
    }

    #[test]
    fn what_is_no_schema_is_put_aside_without_its_text() {
        let loaded = load_fixture(&CedarSchema, "cedar.schema/bad");
        assert_eq!(reasons(&loaded), ["/: it is not a schema of Cedar", "/: it is not a schema of Cedar"]);
        assert!(loaded.rows(PolicyPoint::TABLE, &["pdp_id"]).is_empty());
        loaded.assert_no_canary();
    }
}
