//! Levels of domains and of the whole, computed twice: from what is proven and from what is possible.

use crate::assessment::{Interval, Rated, Rating, Scored, rate_practice};
use crate::frameworks::Model;

/// Levels run from 1 to this.
pub const TOP_LEVEL: u8 = 5;

/// A practice and its rating.
#[derive(Debug, Clone, PartialEq)]
pub struct PracticeResult {
    /// Its id.
    pub id: String,
    /// Its level, 1 to 5.
    pub level: u8,
    /// What it comes to.
    pub rated: Rated,
}

impl PracticeResult {
    /// Its rating at one end; `None` where it does not apply.
    fn rating(&self, end: End) -> Option<Rating> {
        self.rated.rating.map(|(low, high)| match end {
            End::Proven => low,
            End::Possible => high,
        })
    }
}

/// Which end of an interval a level is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Proven,
    Possible,
}

/// One domain.
#[derive(Debug, Clone, PartialEq)]
pub struct DomainResult {
    /// Its id.
    pub id: String,
    /// Greatest level that holds, from what is proven.
    pub proven: u8,
    /// Greatest level that holds, from what is possible.
    pub possible: u8,
    /// Practices that keep the next proven level from holding.
    pub blocks_proven: Vec<String>,
    /// Practices that keep the next possible level from holding.
    pub blocks_possible: Vec<String>,
    /// Its practices, by level.
    pub practices: Vec<PracticeResult>,
}

impl DomainResult {
    /// Whether the domain provably fails to hold a level.
    #[must_use]
    pub fn holds_back(&self, level: u8) -> bool {
        domain_applies(&self.practices) && !holds(&self.practices, End::Proven, level)
    }
}

/// What stands at one level over all domains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileLevel {
    /// 1 to 5.
    pub level: u8,
    /// Domains that provably do not hold it back.
    pub holding_proven: usize,
    /// Domains that may not hold it back.
    pub holding_possible: usize,
    /// Practices whose evidence is against it.
    pub failing: Vec<String>,
    /// Practices that more evidence could settle.
    pub unproven: Vec<String>,
}

/// Identity maturity of one population.
#[derive(Debug, Clone, PartialEq)]
pub struct Maturity {
    /// Greatest level that holds in every applicable domain, from what is proven.
    pub proven: u8,
    /// The same from what is possible.
    pub possible: u8,
    /// Mean of the domains' proven levels: a mean, not a level. `None` where no domain applies.
    pub mean_proven: Option<f64>,
    /// Mean of the domains' possible levels.
    pub mean_possible: Option<f64>,
    /// Level by level, how many domains do not hold it back.
    pub profile: Vec<ProfileLevel>,
    /// Domains, in the order of the model.
    pub domains: Vec<DomainResult>,
}

/// Assesses the model for one population.
#[must_use]
pub fn assess(model: &Model, scored: &Scored) -> Maturity {
    let domains: Vec<DomainResult> = model
        .domains
        .iter()
        .map(|domain| {
            let mut practices: Vec<PracticeResult> = model
                .practices
                .iter()
                .filter(|practice| practice.domain == domain.id)
                .map(|practice| PracticeResult {
                    id: practice.id.clone(),
                    level: practice.level,
                    rated: rate_practice(&practice.id, scored),
                })
                .collect();
            practices.sort_by(|a, b| (a.level, &a.id).cmp(&(b.level, &b.id)));
            assess_domain(&domain.id, practices)
        })
        .collect();
    whole(domains)
}

fn assess_domain(id: &str, practices: Vec<PracticeResult>) -> DomainResult {
    let level = |end| greatest(&practices, end);
    let blocks = |end, reached: u8| blocking(&practices, end, reached + 1);
    let (proven, possible) = (level(End::Proven), level(End::Possible));
    DomainResult {
        id: id.to_owned(),
        proven,
        possible,
        blocks_proven: blocks(End::Proven, next_held(&practices, End::Proven)),
        blocks_possible: blocks(End::Possible, next_held(&practices, End::Possible)),
        practices,
    }
}

/// Whether the model has a practice at that level of a domain. Where it has none, the level counts as one
/// practice rated N..F: not provable, possible.
fn has_practice(practices: &[PracticeResult], level: u8) -> bool {
    practices.iter().any(|practice| practice.level == level)
}

/// Whether a level holds: its practices L or F, all below it F (ISO/IEC 33020). What does not apply holds
/// nothing back.
fn holds(practices: &[PracticeResult], end: End, level: u8) -> bool {
    (1..=level).all(|below| {
        let needed = if below == level { Rating::L } else { Rating::F };
        if !has_practice(practices, below) {
            return end == End::Possible;
        }
        practices
            .iter()
            .filter(|practice| practice.level == below)
            .all(|practice| practice.rating(end).is_none_or(|rating| rating >= needed))
    })
}

/// Whether something applies at a level: a practice that does, or the one that the model lacks.
fn applies(practices: &[PracticeResult], level: u8) -> bool {
    !has_practice(practices, level)
        || practices.iter().any(|practice| practice.level == level && practice.rated.strict.is_some())
}

/// Whether the domain concerns the organisation at all.
fn domain_applies(practices: &[PracticeResult]) -> bool {
    practices.is_empty() || practices.iter().any(|practice| practice.rated.strict.is_some())
}

fn greatest(practices: &[PracticeResult], end: End) -> u8 {
    if !domain_applies(practices) {
        return 0;
    }
    (1..=TOP_LEVEL).filter(|level| holds(practices, end, *level) && applies(practices, *level)).max().unwrap_or(0)
}

/// The last level up to which nothing holds back, whether or not something applies there.
fn next_held(practices: &[PracticeResult], end: End) -> u8 {
    (1..=TOP_LEVEL).take_while(|level| holds(practices, end, *level)).last().unwrap_or(0)
}

/// Practices that keep a level from holding.
fn blocking(practices: &[PracticeResult], end: End, level: u8) -> Vec<String> {
    if level > TOP_LEVEL || !domain_applies(practices) {
        return Vec::new();
    }
    practices
        .iter()
        .filter(|practice| practice.level <= level)
        .filter(|practice| {
            let needed = if practice.level == level { Rating::L } else { Rating::F };
            practice.rating(end).is_some_and(|rating| rating < needed)
        })
        .map(|practice| practice.id.clone())
        .collect()
}

fn whole(domains: Vec<DomainResult>) -> Maturity {
    let applicable: Vec<&DomainResult> = domains.iter().filter(|domain| domain_applies(&domain.practices)).collect();
    let level = |end| {
        (1..=TOP_LEVEL)
            .filter(|level| applicable.iter().all(|domain| holds(&domain.practices, end, *level)))
            .filter(|level| applicable.iter().any(|domain| applies(&domain.practices, *level)))
            .max()
            .unwrap_or(0)
    };
    let profile = (1..=TOP_LEVEL).map(|level| profile(&domains, level)).collect();
    let mean = |pick: fn(&DomainResult) -> u8| {
        Interval::mean(applicable.iter().map(|domain| (1.0, Interval::exactly(f64::from(pick(domain))))))
            .map(|mean| mean.low)
    };
    Maturity {
        proven: level(End::Proven),
        possible: level(End::Possible),
        mean_proven: mean(|domain| domain.proven),
        mean_possible: mean(|domain| domain.possible),
        profile,
        domains,
    }
}

fn profile(domains: &[DomainResult], level: u8) -> ProfileLevel {
    let holding = |end| {
        domains
            .iter()
            .filter(|domain| !domain_applies(&domain.practices) || holds(&domain.practices, end, level))
            .count()
    };
    let mut failing = Vec::new();
    let mut unproven = Vec::new();
    for domain in domains {
        let against = blocking(&domain.practices, End::Possible, level);
        let open = blocking(&domain.practices, End::Proven, level);
        unproven.extend(open.into_iter().filter(|practice| !against.contains(practice)));
        failing.extend(against);
    }
    ProfileLevel {
        level,
        holding_proven: holding(End::Proven),
        holding_possible: holding(End::Possible),
        failing,
        unproven,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn practice(level: u8, low: Rating, high: Rating) -> PracticeResult {
        let end = |rating| match rating {
            Rating::N => 0.0,
            Rating::P => 0.3,
            Rating::L => 0.7,
            Rating::F => 1.0,
        };
        let strict = Some(Interval { low: end(low), high: end(high) });
        let rated = Rated { strict, accepted: strict, rating: Some((low, high)), capped_by: Vec::new() };
        PracticeResult { id: format!("d.l{level}"), level, rated }
    }

    fn not_applicable(level: u8) -> PracticeResult {
        let rated = Rated { strict: None, accepted: None, rating: None, capped_by: Vec::new() };
        PracticeResult { id: format!("d.na{level}"), level, rated }
    }

    fn levels(practices: Vec<PracticeResult>) -> (u8, u8) {
        let domain = assess_domain("d", practices);
        (domain.proven, domain.possible)
    }

    use Rating::{F, L, N, P};

    #[test]
    fn worked_example_of_a_model_without_upper_levels() {
        assert_eq!(levels((1..=3).map(|level| practice(level, F, F)).collect()), (3, 5));
    }

    #[test]
    fn a_level_needs_l_at_it_and_f_below_it() {
        assert_eq!(
            levels(vec![practice(1, L, L), practice(2, F, F)]),
            (1, 1),
            "level 1 must be F before level 2 holds"
        );
        assert_eq!(levels(vec![practice(1, F, F), practice(2, L, F), practice(3, P, F)]), (2, 5));
        assert_eq!(levels(vec![practice(1, P, P)]), (0, 0));
    }

    #[test]
    fn what_does_not_apply_holds_nothing_back_and_earns_nothing() {
        assert_eq!(levels(vec![practice(1, F, F), not_applicable(2), practice(3, F, F)]), (3, 5));
        assert_eq!(levels(vec![practice(1, F, F), not_applicable(2)]), (1, 5));
        assert_eq!(levels(vec![not_applicable(1), not_applicable(2)]), (0, 0));
    }

    #[test]
    fn a_level_that_the_model_lacks_is_possible_and_not_provable() {
        assert_eq!(levels(vec![practice(1, F, F), practice(3, F, F)]), (1, 5));
        assert_eq!(levels(vec![practice(1, F, F), practice(3, N, N)]), (1, 2));
    }

    #[test]
    fn the_weakest_domain_decides_and_the_profile_says_which_practice() {
        let strong = assess_domain("strong", (1..=5).map(|level| practice(level, F, F)).collect());
        let weak = assess_domain("weak", vec![practice(1, N, F), practice(2, N, N)]);
        let out = assess_domain("out", vec![not_applicable(1)]);
        let maturity = whole(vec![strong, weak, out]);
        assert_eq!((maturity.proven, maturity.possible), (0, 1));
        let first = &maturity.profile[0];
        assert_eq!((first.holding_proven, first.holding_possible), (2, 3));
        assert_eq!((first.failing.len(), first.unproven.as_slice()), (0, ["d.l1".to_owned()].as_slice()));
        assert_eq!(maturity.profile[1].failing, ["d.l2"]);
        assert_eq!(maturity.mean_proven, Some(2.5));
    }
}
