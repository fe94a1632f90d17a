//! Column types of tables and views, and builders that take one value at a time.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Int64Builder, StringBuilder, StringDictionaryBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Int32Type, TimeUnit};

use crate::config::Moment;

/// The closed set of column types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text with many different values: names, ids, locators.
    Text,
    /// A word out of few; dictionary-encoded so that predicates compare each word once per batch.
    Word,
    /// True, false or not known.
    Bool,
    /// A 64-bit whole number.
    Int,
    /// A moment in microseconds, UTC.
    Time,
}

impl Kind {
    /// The Arrow type that carries it.
    #[must_use]
    pub fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Word => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
            Self::Bool => DataType::Boolean,
            Self::Int => DataType::Int64,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }

    /// The name of the type in documentation and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Word => "word",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Time => "time",
        }
    }
}

/// One column of a table or view.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name in code, predicates and SQL.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether NULL (no evidence) may stand in it.
    pub nullable: bool,
    /// What it means, with unit.
    pub about: &'static str,
}

impl Column {
    /// The Arrow field.
    #[must_use]
    pub fn field(&self) -> Field {
        Field::new(self.name, self.kind.data_type(), self.nullable)
    }
}

/// A value that can be put into a column of one kind.
pub trait Value {
    /// The builder of its column.
    type Builder: Default + Finish;

    /// Appends it.
    fn append(self, builder: &mut Self::Builder);
}

/// A builder that can hand out what it holds.
pub trait Finish {
    /// The array of all values so far; the builder is empty afterwards.
    fn finish_array(&mut self) -> ArrayRef;
}

/// A word out of few (see [`Kind::Word`]).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Word(pub String);

impl From<&str> for Word {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Word {
    fn from(text: String) -> Self {
        Self(text)
    }
}

macro_rules! column_values {
    ($($value:ty, $builder:ty, |$v:ident| $put:expr;)*) => {$(
        impl Value for $value {
            type Builder = $builder;
            fn append(self, builder: &mut Self::Builder) {
                let $v = self;
                builder.append_value($put);
            }
        }
        impl Value for Option<$value> {
            type Builder = $builder;
            fn append(self, builder: &mut Self::Builder) {
                builder.append_option(self.map(|$v| $put));
            }
        }
    )*};
}

column_values! {
    String, StringBuilder, |v| v;
    bool, BooleanBuilder, |v| v;
    i64, Int64Builder, |v| v;
    Moment, TimeBuilder, |v| v.micros();
    Word, WordBuilder, |v| v.0;
}

/// Builder of [`Kind::Word`] columns.
#[derive(Default)]
pub struct WordBuilder(StringDictionaryBuilder<Int32Type>);

impl WordBuilder {
    fn append_value(&mut self, word: impl AsRef<str>) {
        self.0.append_value(word);
    }

    fn append_option(&mut self, word: Option<impl AsRef<str>>) {
        self.0.append_option(word);
    }
}

/// Builder of [`Kind::Time`] columns.
#[derive(Default)]
pub struct TimeBuilder(TimestampMicrosecondBuilder);

impl TimeBuilder {
    fn append_value(&mut self, micros: i64) {
        self.0.append_value(micros);
    }

    fn append_option(&mut self, micros: Option<i64>) {
        self.0.append_option(micros);
    }
}

impl Finish for StringBuilder {
    fn finish_array(&mut self) -> ArrayRef {
        Arc::new(self.finish())
    }
}

impl Finish for BooleanBuilder {
    fn finish_array(&mut self) -> ArrayRef {
        Arc::new(self.finish())
    }
}

impl Finish for Int64Builder {
    fn finish_array(&mut self) -> ArrayRef {
        Arc::new(self.finish())
    }
}

impl Finish for WordBuilder {
    fn finish_array(&mut self) -> ArrayRef {
        Arc::new(self.0.finish())
    }
}

impl Finish for TimeBuilder {
    fn finish_array(&mut self) -> ArrayRef {
        Arc::new(self.0.finish().with_timezone("UTC"))
    }
}

/// A value whose column is known only when a run begins.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// For [`Kind::Text`] and [`Kind::Word`].
    Text(String),
    /// For [`Kind::Bool`].
    Bool(bool),
    /// For [`Kind::Int`].
    Int(i64),
    /// For [`Kind::Time`].
    Time(Moment),
}

/// A value that can be made of a [`Cell`] of its kind.
pub trait FromCell: Sized {
    /// The value; `None` where the cell is of another kind.
    fn from_cell(cell: Cell) -> Option<Self>;
}

macro_rules! from_cells {
    ($($value:ty, $cell:ident, |$v:ident| $make:expr;)*) => {$(
        impl FromCell for $value {
            fn from_cell(cell: Cell) -> Option<Self> {
                match cell {
                    Cell::$cell($v) => Some($make),
                    _ => None,
                }
            }
        }
    )*};
}

from_cells! {
    String, Text, |v| v;
    Word, Text, |v| Word(v);
    bool, Bool, |v| v;
    i64, Int, |v| v;
    Moment, Time, |v| v;
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: Cell) -> Option<Self> {
        T::from_cell(cell).map(Some)
    }
}

/// Ties a Rust type to its [`Kind`] and nullability.
pub trait Typed {
    /// The kind of column that holds it.
    const KIND: Kind;
    /// Whether it may be NULL.
    const NULLABLE: bool = false;
}

impl Typed for String {
    const KIND: Kind = Kind::Text;
}

impl Typed for bool {
    const KIND: Kind = Kind::Bool;
}

impl Typed for i64 {
    const KIND: Kind = Kind::Int;
}

impl Typed for Moment {
    const KIND: Kind = Kind::Time;
}

impl Typed for Word {
    const KIND: Kind = Kind::Word;
}

impl<T: Typed> Typed for Option<T> {
    const KIND: Kind = T::KIND;
    const NULLABLE: bool = true;
}
