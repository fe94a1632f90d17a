//! From practices to levels: what maturity is proven, what is possible, what holds it back, and how far it
//! caps the maturity that an AI programme claims (docs/scoring.md section 6).

mod cap;
mod level;

pub use cap::{AiMaturity, Verdict, cap_ai_maturity};
pub use level::{DomainResult, Maturity, PracticeResult, ProfileLevel, TOP_LEVEL, assess};
