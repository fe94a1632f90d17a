//! Levels, domains and practices.

use super::Parts;
use crate::assessment::Scored;
use crate::frameworks::Library;
use crate::maturity::{DomainResult, Maturity, Verdict};
use crate::record::convert::ratings;
use crate::record::v1;

pub(super) fn maturity(parts: &Parts<'_>) -> v1::Maturity {
    let model = &parts.library.model;
    v1::Maturity {
        model: v1::Model {
            id: model.id.clone(),
            title: model.title.clone(),
            edition: model.edition.clone(),
            levels: model
                .levels
                .iter()
                .map(|level| v1::Level {
                    level: level.level,
                    title: level.title.clone(),
                    summary: level.summary.clone(),
                })
                .collect(),
        },
        identity: identity_maturity(parts.identity, parts.library, parts.whole),
        ai_identity: identity_maturity(parts.ai_identity, parts.library, parts.ai),
        ai: v1::AiMaturity {
            claimed: parts.ai_maturity.claimed,
            effective: parts.ai_maturity.effective.map(|(low, high)| v1::Effective { low, high }),
            verdict: parts.ai_maturity.verdict.map(|verdict| {
                match verdict {
                    Verdict::Supported => "supported",
                    Verdict::Unproven => "unproven",
                    Verdict::Fragile => "fragile",
                }
                .to_owned()
            }),
            binding: parts.ai_maturity.binding.clone(),
        },
    }
}

pub(super) fn identity_maturity(maturity: &Maturity, library: &Library, scored: &Scored) -> v1::IdentityMaturity {
    v1::IdentityMaturity {
        proven: maturity.proven,
        possible: maturity.possible,
        mean_proven: maturity.mean_proven,
        mean_possible: maturity.mean_possible,
        profile: maturity
            .profile
            .iter()
            .map(|level| v1::ProfileLevel {
                level: level.level,
                holding: v1::Holding { low: level.holding_proven, high: level.holding_possible },
                failing: level.failing.clone(),
                unproven: level.unproven.clone(),
            })
            .collect(),
        domains: maturity.domains.iter().map(|result| domain(result, library, scored)).collect(),
    }
}

pub(super) fn domain(result: &DomainResult, library: &Library, scored: &Scored) -> v1::Domain {
    let known = library.model.domain(&result.id);
    v1::Domain {
        id: result.id.clone(),
        title: known.map(|domain| domain.title.clone()).unwrap_or_default(),
        asks: known.map(|domain| domain.asks.clone()).unwrap_or_default(),
        proven: result.proven,
        possible: result.possible,
        blocks: v1::Blocks { proven: result.blocks_proven.clone(), possible: result.blocks_possible.clone() },
        practices: result
            .practices
            .iter()
            .map(|practice| v1::Practice {
                id: practice.id.clone(),
                title: library.model.practice(&practice.id).map(|known| known.title.clone()).unwrap_or_default(),
                level: practice.level,
                strict: practice.rated.strict.map(Into::into),
                rating: ratings(&practice.rated),
                capped_by: practice.rated.capped_by.clone(),
                parts: scored.parts(&practice.id).iter().map(|part| part.id.clone()).collect(),
            })
            .collect(),
    }
}
