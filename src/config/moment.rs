//! Moments in time as everything in Rungs counts them: microseconds since 1970 in UTC.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// Microseconds of one day.
pub const DAY_MICROS: i64 = 86_400_000_000;

/// A moment, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(i64);

impl Moment {
    /// From microseconds since 1970 in UTC.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Reads a date or an RFC 3339 timestamp. A bare date means its last second, so that everything that
    /// happened on the day lies before it.
    ///
    /// # Errors
    /// The reason, in words, when the text is neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(date) = text.parse::<Date>()
            && text.len() == 10
        {
            let last_second = date.to_datetime(Time::constant(23, 59, 59, 0));
            return TimeZone::UTC
                .to_timestamp(last_second)
                .map(|timestamp| Self(timestamp.as_microsecond()))
                .map_err(|error| error.to_string());
        }
        text.parse::<Timestamp>()
            .map(|timestamp| Self(timestamp.as_microsecond()))
            .map_err(|_| format!("`{text}` is neither a date like 2026-06-30 nor a time like 2026-06-30T12:00:00Z"))
    }

    /// Microseconds since 1970 in UTC.
    #[must_use]
    pub fn micros(self) -> i64 {
        self.0
    }

    /// The day in UTC.
    #[must_use]
    pub fn date(self) -> Date {
        TimeZone::UTC.to_datetime(self.timestamp()).date()
    }

    /// Whole days from this moment to a later one; negative if it is earlier.
    #[must_use]
    pub fn days_until(self, later: Self) -> i64 {
        (later.0 - self.0).div_euclid(DAY_MICROS)
    }

    /// The same clock time `days` later.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(days.saturating_mul(DAY_MICROS)))
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX })
    }
}

impl fmt::Display for Moment {
    /// RFC 3339 in UTC, without a fraction where there is none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(f)
    }
}

impl serde::Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::Moment;

    #[test]
    fn a_bare_date_means_its_last_second() {
        assert_eq!(Moment::parse("2026-06-30").unwrap().to_string(), "2026-06-30T23:59:59Z");
    }

    #[test]
    fn offsets_are_turned_into_utc() {
        assert_eq!(Moment::parse("2026-06-30T01:30:00+02:00").unwrap().to_string(), "2026-06-29T23:30:00Z");
        assert!(Moment::parse("30.06.2026").is_err());
    }

    #[test]
    fn days_are_whole_and_signed() {
        let start = Moment::parse("2026-06-01T12:00:00Z").unwrap();
        assert_eq!(start.days_until(Moment::parse("2026-06-30T11:59:59Z").unwrap()), 28);
        assert_eq!(start.days_until(Moment::parse("2026-05-31T12:00:00Z").unwrap()), -1);
        assert_eq!(start.plus_days(29).to_string(), "2026-06-30T12:00:00Z");
    }
}
