//! One reader for all the ways in which exports write a moment.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::config::Moment;

/// Epoch numbers below this are seconds, from it on milliseconds (seconds would be past the year 5000).
const FIRST_MILLIS: f64 = 1e11;

/// Reads a moment: RFC 3339 with any fraction and offset, the same with a blank for `T`, without a zone
/// (taken as UTC), with a zone's abbreviation after the offset, with a one-digit offset hour, a date alone
/// (its first second), and epoch seconds or milliseconds as a number. `None` if it is none of these.
pub(super) fn parse(text: &str) -> Option<Moment> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(Moment::from_micros(timestamp.as_microsecond()));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return text.parse().ok().and_then(epoch);
    }
    if text.len() == 10
        && let Ok(date) = text.parse::<Date>()
    {
        return utc(date.at(0, 0, 0, 0));
    }
    if let Some(moment) = text.parse::<DateTime>().ok().filter(|_| !has_offset(text)).and_then(utc) {
        return Some(moment);
    }
    repaired(text)?.parse::<Timestamp>().ok().map(|t| Moment::from_micros(t.as_microsecond()))
}

/// A moment from epoch seconds or milliseconds, told apart by magnitude.
pub(super) fn epoch(number: f64) -> Option<Moment> {
    let seconds = if number.abs() < FIRST_MILLIS { number } else { number / 1000.0 };
    // Beyond the year 9999 it is no moment that an export can mean.
    if !(-62_000_000_000.0..=253_402_300_799.0).contains(&seconds) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked above")]
    let micros = (seconds * 1e6).round() as i64;
    Some(Moment::from_micros(micros))
}

fn utc(datetime: DateTime) -> Option<Moment> {
    TimeZone::UTC.to_timestamp(datetime).ok().map(|t| Moment::from_micros(t.as_microsecond()))
}

fn has_offset(text: &str) -> bool {
    let Some((_, time)) = text.split_once(['T', ' ']) else { return false };
    time.contains(['+', '-', 'Z', 'z'])
}

/// `2022-06-16 10:17:40 -0700 PDT` and `2021-03-01T00:00:00-8:00` as RFC 3339.
fn repaired(text: &str) -> Option<String> {
    let (date, rest) = text.split_once(['T', ' '])?;
    let at = rest.find(['+', '-'])?;
    let (time, offset) = rest.split_at_checked(at)?;
    let offset = offset.split_whitespace().next()?;
    let (sign, digits) = offset.split_at_checked(1)?;
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "00"),
    };
    Some(format!("{date}T{}{sign}{hours:0>2}:{minutes:0>2}", time.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_field_is_read() {
        let noon = "2026-06-30T12:00:00Z";
        for (text, expected) in [
            ("2026-06-30T12:00:00Z", noon),
            ("2026-06-30T12:00:00+00:00", noon),
            ("2026-06-30 12:00:00+00:00", noon),
            ("2026-06-30T14:00:00+02:00", noon),
            ("2026-06-30T12:00:00", noon),
            ("2026-06-30 12:00:00.000", noon),
            ("1782820800", noon),
            ("1782820800.0", noon),
            ("1782820800000", noon),
            ("2025-01-16T08:47:09.000-07:00", "2025-01-16T15:47:09Z"),
            ("2026-06-30T12:00:28.7147707+00:00", "2026-06-30T12:00:28.71477Z"),
            ("2026-06-30T12:00:43.47026926Z", "2026-06-30T12:00:43.470269Z"),
            ("2026-01-31", "2026-01-31T00:00:00Z"),
            ("2022-06-16 10:17:40 -0700 PDT", "2022-06-16T17:17:40Z"),
            ("2022-06-16 10:17:40 -0700", "2022-06-16T17:17:40Z"),
            ("2021-03-01T00:00:00-8:00", "2021-03-01T08:00:00Z"),
        ] {
            assert_eq!(parse(text).map(|moment| moment.to_string()).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in ["", "N/A", "no_information", "2026-13-01", "yesterday", "99999999999999999", "1.2.3"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
