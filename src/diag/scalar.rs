//! A single value as YAML and JSON know it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value without parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A fraction.
    Float(f64),
    /// A text.
    Text(String),
    /// Nothing.
    Null,
}

impl Scalar {
    /// The value as an SQL literal.
    #[must_use]
    pub fn sql(&self) -> String {
        match self {
            Self::Null => "NULL".to_owned(),
            Self::Bool(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => format!("{value:?}"),
            Self::Text(value) => format!("'{}'", value.replace('\'', "''")),
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Scalar;

    #[test]
    fn quotes_in_a_text_cannot_leave_the_literal() {
        assert_eq!(Scalar::Text("o'neil' OR '1'='1".into()).sql(), "'o''neil'' OR ''1''=''1'");
        assert_eq!(Scalar::Float(1.0).sql(), "1.0");
        assert_eq!(Scalar::Null.sql(), "NULL");
    }
}
