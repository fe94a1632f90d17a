//! The JSON Schema of `assessment.json`, and a small validator for the keywords that it uses: enough to hold the
//! sample's real assessment against it without a dependency.

use serde_json::{Value, json};

use super::keep;
use crate::common::{rungs, sample};

fn schema() -> Value {
    let mut schema = serde_json::to_value(schemars::schema_for!(::rungs::record::v1::Assessment)).unwrap();
    schema.sort_all_objects();
    schema
}

#[test]
fn the_schema_is_published() {
    keep("assessment.schema.json", &format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap()));
}

#[test]
fn a_real_assessment_satisfies_the_schema_and_a_damaged_one_does_not() {
    let record = rungs().copy(&sample(), "q2").assess("q2");
    let schema = schema();
    let faults = |record: &Value| {
        let mut faults = Vec::new();
        check(&schema, &schema, record, "", &mut faults);
        faults
    };
    assert_eq!(faults(&record), Vec::<String>::new());
    for (pointer, value, fault) in [
        ("/checks/0/n", json!("many"), "/checks/0/n is not integer"),
        ("/maturity/identity/proven", json!(-1), "/maturity/identity/proven is less than 0"),
        ("/plan", json!({}), "/plan lacks `actions`"),
        ("/rejected", json!({"count": 0, "file": "f", "more": 1}), "/rejected has an unknown `more`"),
    ] {
        let mut damaged = record.clone();
        *damaged.pointer_mut(pointer).unwrap() = value;
        let found = faults(&damaged);
        assert!(found.iter().any(|found| found == fault), "{fault}: {found:?}");
    }
}

/// Checks a value; a keyword that this does not know is a fault of the test, not of the value.
fn check(root: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let Some(keywords) = schema.as_object() else { return };
    for (keyword, rule) in keywords {
        match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "format" | "default" => {}
            "$ref" => {
                let target = root.pointer(rule.as_str().unwrap().trim_start_matches('#')).unwrap();
                check(root, target, value, at, faults);
            }
            "type" => {
                let names: Vec<&str> = match rule {
                    Value::Array(names) => names.iter().map(|name| name.as_str().unwrap()).collect(),
                    name => vec![name.as_str().unwrap()],
                };
                if !names.iter().any(|name| is(name, value)) {
                    faults.push(format!("{at} is not {}", names.join(" or ")));
                }
            }
            "minimum" if value.as_f64() < rule.as_f64() && value.is_number() => {
                faults.push(format!("{at} is less than {rule}"));
            }
            "maximum" if value.as_f64() > rule.as_f64() && value.is_number() => {
                faults.push(format!("{at} is more than {rule}"));
            }
            "minimum" | "maximum" => {}
            "anyOf" => {
                let fits = rule.as_array().unwrap().iter().any(|one| {
                    let mut inner = Vec::new();
                    check(root, one, value, at, &mut inner);
                    inner.is_empty()
                });
                if !fits {
                    faults.push(format!("{at} is none of the allowed kinds"));
                }
            }
            "required" => {
                let Some(object) = value.as_object() else { continue };
                let missing = rule.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
                faults.extend(
                    missing.filter(|name| !object.contains_key(*name)).map(|name| format!("{at} lacks `{name}`")),
                );
            }
            "properties" => {
                let Some(object) = value.as_object() else { continue };
                for (name, inner) in object {
                    match rule.get(name) {
                        Some(rule) => check(root, rule, inner, &format!("{at}/{name}"), faults),
                        // The schema lets more be added; what is there today must be described.
                        None if keywords.contains_key("additionalProperties") => {}
                        None => faults.push(format!("{at} has an unknown `{name}`")),
                    }
                }
            }
            "additionalProperties" => {
                let named = |name: &str| keywords.get("properties").is_some_and(|known| known.get(name).is_some());
                for (name, inner) in value.as_object().into_iter().flatten().filter(|(name, _)| !named(name)) {
                    check(root, rule, inner, &format!("{at}/{name}"), faults);
                }
            }
            "items" => {
                for (place, inner) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, inner, &format!("{at}/{place}"), faults);
                }
            }
            other => panic!("the schema uses `{other}`, which this test does not know"),
        }
    }
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("the schema uses the type `{other}`, which this test does not know"),
    }
}
