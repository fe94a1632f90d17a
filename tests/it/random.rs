//! Random worlds: a small library of checks, questions, practices and controls, and an estate that it is used on.
//! Plain data that shrinks well; [`frameworks`] and [`estate`] say what the crate makes of it. Knows how evidence
//! becomes the program's inputs, and nothing of scores.

pub mod estate;
pub mod frameworks;
pub mod learning;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use rungs::config::Moment;

pub use estate::{Estate, Evidence, Row, Scope};
pub use frameworks::Frameworks;

/// Cases of a property, unless `PROPTEST_CASES` asks for more.
const CASES: u32 = 1000;

/// The day of every random assessment.
pub fn as_of() -> Moment {
    Moment::parse("2026-06-30").unwrap()
}

/// Frameworks, and the estate that is measured with them.
#[derive(Debug, Clone)]
pub struct World {
    pub frameworks: Frameworks,
    pub estate: Estate,
}

/// Any world at all.
pub fn worlds() -> impl Strategy<Value = World> {
    (frameworks::frameworks(), estate::estates()).prop_map(|(frameworks, estate)| World { frameworks, estate })
}

/// Holds a property against many random values: always the same ones, so that a failure can be repeated.
/// `PROPTEST_CASES` and `PROPTEST_RNG_SEED` ask for more and for others.
pub fn for_all<S: Strategy>(values: S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let asked = Config::default();
    let config = Config {
        cases: asked.cases.max(CASES),
        rng_seed: match asked.rng_seed {
            RngSeed::Random => RngSeed::Fixed(0),
            fixed @ RngSeed::Fixed(_) => fixed,
        },
        // A seed that is the same on every run needs no file that remembers failures.
        failure_persistence: None,
        ..asked
    };
    if let Err(failure) = TestRunner::new(config).run(&values, property) {
        panic!("{failure}");
    }
}

/// The element that a random number means.
pub fn pick<T>(from: &[T], number: usize) -> Option<&T> {
    from.get(number.checked_rem(from.len())?)
}

/// Numbers to [`pick`] with.
pub fn numbers() -> impl Strategy<Value = usize> {
    0..10_000_usize
}
