//! Attestations: what no export can show (docs/scoring.md section 3).

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use serde::{Deserialize, Serialize};

use super::interval::Interval;
use crate::config::Moment;
use crate::inventory::schema::{Attestation as AttestationRow, Row};
use crate::inventory::{Error, Store};

/// How long an answer holds that names no end, in days.
const DEFAULT_DAYS: i64 = 365;

/// The words of ISO/IEC 33020's scale, and the one that takes a question out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// 0.
    Not,
    /// 0.5.
    Partially,
    /// 0.85.
    Largely,
    /// 1.
    Fully,
    /// The question does not concern the organisation.
    NotApplicable,
}

impl Answer {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "fully" => Some(Self::Fully),
            "largely" => Some(Self::Largely),
            "partially" => Some(Self::Partially),
            "not" => Some(Self::Not),
            "not-applicable" => Some(Self::NotApplicable),
            _ => None,
        }
    }

    /// Its name in outputs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Not => "not",
            Self::Partially => "partially",
            Self::Largely => "largely",
            Self::Fully => "fully",
            Self::NotApplicable => "not-applicable",
        }
    }

    fn value(self) -> f64 {
        match self {
            Self::Fully => 1.0,
            Self::Largely => 0.85,
            Self::Partially => 0.5,
            Self::Not | Self::NotApplicable => 0.0,
        }
    }
}

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerState {
    /// In force, with evidence.
    Evidenced,
    /// In force, without evidence: nothing of it is proven.
    Unevidenced,
    /// Its time has passed.
    Stale,
    /// Nobody put a name and a date to it, or it is dated after the assessment.
    Unattested,
    /// *Not applicable* with reason, approver and evidence.
    NotApplicable,
    /// *Not applicable* without one of them.
    Unsupported,
}

impl AnswerState {
    /// Its name in outputs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Evidenced => "evidenced",
            Self::Unevidenced => "unevidenced",
            Self::Stale => "stale",
            Self::Unattested => "unattested",
            Self::NotApplicable => "not-applicable",
            Self::Unsupported => "unsupported",
        }
    }
}

/// One answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// The question.
    pub question_id: String,
    /// The scope that it is about; `*` for the organisation.
    pub scope_id: String,
    /// The answer.
    pub answer: Answer,
    /// Why, where not applicable.
    pub reason: Option<String>,
    /// Who agreed that it does not apply.
    pub approver: Option<String>,
    /// Who answered.
    pub answered_by: Option<String>,
    /// In which role.
    pub role: Option<String>,
    /// When.
    pub answered_at: Option<Moment>,
    /// Until when it holds.
    pub expires_at: Option<Moment>,
    /// Document or URL that backs it.
    pub evidence_ref: Option<String>,
    /// Digest of the document.
    pub evidence_sha256: Option<String>,
    /// Remarks.
    pub comment: Option<String>,
    /// The file.
    pub source_id: String,
    /// Where in the file.
    pub locator: String,
}

impl Attestation {
    /// What becomes of it at a moment.
    #[must_use]
    pub fn state(&self, as_of: Moment) -> AnswerState {
        let (Some(_), Some(answered_at)) =
            (self.answered_by.as_deref().filter(|name| !name.trim().is_empty()), self.answered_at)
        else {
            return AnswerState::Unattested;
        };
        if answered_at.date() > as_of.date() {
            return AnswerState::Unattested;
        }
        let expiry = self.expires_at.unwrap_or_else(|| answered_at.plus_days(DEFAULT_DAYS));
        if expiry.date() < as_of.date() {
            return AnswerState::Stale;
        }
        let said = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.trim().is_empty());
        match (self.answer, self.has_evidence()) {
            (Answer::NotApplicable, true) if said(&self.reason) && said(&self.approver) => AnswerState::NotApplicable,
            (Answer::NotApplicable, _) => AnswerState::Unsupported,
            (_, true) => AnswerState::Evidenced,
            (_, false) => AnswerState::Unevidenced,
        }
    }

    /// Evidence is a document's digest or a URL.
    fn has_evidence(&self) -> bool {
        let is_digest = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_url = |text: &str| text.starts_with("https://") || text.starts_with("http://");
        self.evidence_sha256.as_deref().is_some_and(|text| is_digest(text.trim()))
            || self.evidence_ref.as_deref().is_some_and(|text| is_url(text.trim()))
    }

    /// What it proves at a moment; `None` where the question does not apply.
    fn interval(&self, as_of: Moment) -> Option<Interval> {
        match self.state(as_of) {
            AnswerState::Evidenced => Some(Interval::exactly(self.answer.value())),
            AnswerState::Unevidenced => Some(Interval { low: 0.0, high: self.answer.value() }),
            AnswerState::NotApplicable => None,
            AnswerState::Stale | AnswerState::Unattested | AnswerState::Unsupported => Some(Interval::OPEN),
        }
    }
}

/// When an answer was given, and what it comes to.
type Dated = (Option<Moment>, Option<Interval>);

/// All answers, and what they come to.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// Every answer that was given, in the order of questions, scopes and dates.
    pub given: Vec<Attestation>,
    values: BTreeMap<String, Option<Interval>>,
}

impl Answers {
    /// Settles which answer holds for each question: for one scope the newest, on ties the weakest; over several
    /// scopes the weakest.
    #[must_use]
    pub fn new(mut given: Vec<Attestation>, as_of: Moment) -> Self {
        given.sort_by(|a, b| {
            (&a.question_id, &a.scope_id, a.answered_at, &a.source_id, &a.locator).cmp(&(
                &b.question_id,
                &b.scope_id,
                b.answered_at,
                &b.source_id,
                &b.locator,
            ))
        });
        let mut newest: BTreeMap<(&str, &str), Dated> = BTreeMap::new();
        for answer in &given {
            // An answer dated after the assessment has not been given yet.
            let dated = answer.answered_at.filter(|at| at.date() <= as_of.date());
            let value = answer.interval(as_of);
            newest
                .entry((&answer.question_id, &answer.scope_id))
                .and_modify(|known| {
                    if dated > known.0 {
                        *known = (dated, value);
                    } else if dated == known.0 {
                        known.1 = weakest(known.1, value);
                    }
                })
                .or_insert((dated, value));
        }
        let mut values: BTreeMap<String, Option<Interval>> = BTreeMap::new();
        for ((question, _), (_, value)) in newest {
            values.entry(question.to_owned()).and_modify(|known| *known = weakest(*known, value)).or_insert(value);
        }
        Self { given, values }
    }

    /// What is proven and possible for a question; `None` where it does not apply. Unanswered is open.
    #[must_use]
    pub fn value(&self, question: &str) -> Option<Interval> {
        self.values.get(question).copied().unwrap_or(Some(Interval::OPEN))
    }

    /// Every question that was answered, with what it comes to.
    pub fn settled_values(&self) -> impl Iterator<Item = (&str, Option<Interval>)> {
        self.values.iter().map(|(question, value)| (question.as_str(), *value))
    }

    /// The same with one answer set, for what-if.
    #[must_use]
    pub fn with(&self, question: &str, value: Option<Interval>) -> Self {
        let mut changed = self.clone();
        changed.values.insert(question.to_owned(), value);
        changed
    }

    /// Restores answers whose values were settled before.
    #[must_use]
    pub fn settled(given: Vec<Attestation>, values: BTreeMap<String, Option<Interval>>) -> Self {
        Self { given, values }
    }
}

/// The weaker of two values; what does not apply is weaker than nothing.
fn weakest(one: Option<Interval>, other: Option<Interval>) -> Option<Interval> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.weaker(other)),
        (some, None) | (None, some) => some,
    }
}

/// Reads every answer of the inventory.
///
/// # Errors
/// When the work folder cannot be read.
pub fn read_answers(store: &Store) -> Result<Vec<Attestation>, Error> {
    const TEXTS: usize = 11;
    let columns: &'static [&'static str] = &[
        "question_id",
        "scope_id",
        "answer",
        "reason",
        "approver",
        "answered_by",
        "role",
        "evidence_ref",
        "evidence_sha256",
        "comment",
        "source_id",
        "locator",
        "answered_at",
        "expires_at",
    ];
    let mut answers = Vec::new();
    for batch in store.read(AttestationRow::TABLE, columns)? {
        let batch = batch?;
        let arrow = |source| Error::Arrow { table: AttestationRow::TABLE.name, source };
        let texts: Vec<_> = batch
            .columns()
            .iter()
            .take(TEXTS + 1)
            .map(|column| cast(column, &DataType::Utf8))
            .collect::<Result<_, _>>()
            .map_err(arrow)?;
        let moments: Vec<_> = batch
            .columns()
            .iter()
            .skip(TEXTS + 1)
            .map(|column| cast(column, &DataType::Int64))
            .collect::<Result<_, _>>()
            .map_err(arrow)?;
        for row in 0..batch.num_rows() {
            let text = |at: usize| {
                let column = texts.get(at)?.as_string::<i32>();
                column.is_valid(row).then(|| column.value(row).to_owned())
            };
            let moment = |at: usize| {
                let column = moments.get(at)?.as_primitive::<Int64Type>();
                column.is_valid(row).then(|| Moment::from_micros(column.value(row)))
            };
            let Some(answer) = text(2).as_deref().and_then(Answer::parse) else { continue };
            answers.push(Attestation {
                question_id: text(0).unwrap_or_default(),
                scope_id: text(1).unwrap_or_default(),
                answer,
                reason: text(3),
                approver: text(4),
                answered_by: text(5),
                role: text(6),
                answered_at: moment(0),
                expires_at: moment(1),
                evidence_ref: text(7),
                evidence_sha256: text(8),
                comment: text(9),
                source_id: text(10).unwrap_or_default(),
                locator: text(11).unwrap_or_default(),
            });
        }
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(word: Answer, at: &str, evidence: bool) -> Attestation {
        Attestation {
            question_id: "q".into(),
            scope_id: "*".into(),
            answer: word,
            reason: None,
            approver: None,
            answered_by: Some("A. Person".into()),
            role: None,
            answered_at: Some(Moment::parse(at).unwrap()),
            expires_at: None,
            evidence_ref: evidence.then(|| "https://wiki.example/policy".into()),
            evidence_sha256: None,
            comment: None,
            source_id: String::new(),
            locator: String::new(),
        }
    }

    fn value(given: Vec<Attestation>) -> Option<(f64, f64)> {
        let as_of = Moment::parse("2026-06-30").unwrap();
        Answers::new(given, as_of).value("q").map(|interval| (interval.low, interval.high))
    }

    #[test]
    fn evidence_decides_what_is_proven() {
        assert_eq!(value(vec![answer(Answer::Largely, "2026-05-01", true)]), Some((0.85, 0.85)));
        assert_eq!(value(vec![answer(Answer::Largely, "2026-05-01", false)]), Some((0.0, 0.85)));
        assert_eq!(value(vec![answer(Answer::Not, "2026-05-01", false)]), Some((0.0, 0.0)));
        let reference =
            Attestation { evidence_ref: Some("see binder 3".into()), ..answer(Answer::Fully, "2026-05-01", false) };
        assert_eq!(value(vec![reference]), Some((0.0, 1.0)), "a binder is neither a digest nor a URL");
        assert_eq!(value(vec![]), Some((0.0, 1.0)));
    }

    #[test]
    fn an_answer_holds_for_365_days() {
        assert_eq!(value(vec![answer(Answer::Fully, "2025-06-30", true)]), Some((1.0, 1.0)));
        assert_eq!(value(vec![answer(Answer::Fully, "2025-06-29", true)]), Some((0.0, 1.0)));
        assert_eq!(value(vec![answer(Answer::Fully, "2026-07-01", true)]), Some((0.0, 1.0)), "not given yet");
    }

    #[test]
    fn not_applicable_needs_reason_approver_and_evidence() {
        let bare = answer(Answer::NotApplicable, "2026-05-01", true);
        assert_eq!(value(vec![bare.clone()]), Some((0.0, 1.0)));
        let supported = Attestation { reason: Some("no vendors".into()), approver: Some("CISO".into()), ..bare };
        assert_eq!(value(vec![supported]), None);
    }

    #[test]
    fn the_newest_answer_counts_and_over_scopes_the_weakest() {
        let old = answer(Answer::Fully, "2026-04-01", true);
        let new = answer(Answer::Partially, "2026-05-01", true);
        assert_eq!(value(vec![new.clone(), old.clone()]), Some((0.5, 0.5)));
        let tie = answer(Answer::Not, "2026-05-01", false);
        assert_eq!(value(vec![tie, new.clone()]), Some((0.0, 0.0)));
        let elsewhere = Attestation { scope_id: "prod".into(), ..old };
        assert_eq!(value(vec![elsewhere, new]), Some((0.5, 0.5)));
    }

    #[test]
    fn an_answer_without_a_name_is_kept_and_proves_nothing() {
        let nameless = Attestation { answered_by: Some(" ".into()), ..answer(Answer::Fully, "2026-05-01", true) };
        assert_eq!(value(vec![nameless]), Some((0.0, 1.0)));
    }
}
