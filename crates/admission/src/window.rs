//! Windows of budgets: the period that an amount applies to.

use jiff::{RoundMode, Timestamp, ToSpan, Unit, Zoned, ZonedRound, tz::TimeZone};
use std::fmt;

/// The period that an amount applies to.
#[derive(Clone, Debug, PartialEq)]
pub enum Window {
    /// All time.
    Total,
    /// The last milliseconds, this many.
    Rolling(u64),
    /// A period of the calendar, in a time zone.
    Calendar(Period, TimeZone),
}

/// A unit of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A week, starting on Monday.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

const PERIODS: [(&str, Period); 5] = [
    ("hour", Period::Hour),
    ("day", Period::Day),
    ("week", Period::Week),
    ("month", Period::Month),
    ("year", Period::Year),
];

impl Window {
    /// Parses `month`, `rolling 24h` or `total`; calendar periods use the time zone `zone`, such as `Europe/Oslo`, or
    /// UTC.
    pub fn read(text: &str, zone: Option<&str>) -> Result<Self, String> {
        let zone = match zone {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name)
                .map_err(|_| format!("there is no time zone {name:?}: write it as \"Europe/Oslo\""))?,
        };
        if text == "total" {
            return Ok(Self::Total);
        }
        if let Some((_, period)) = PERIODS.iter().find(|(name, _)| *name == text) {
            return Ok(Self::Calendar(*period, zone));
        }
        let wrong = || {
            format!(
                "{text:?} is not a window: there are hour, day, week, month, year, total, and rolling ones such as \
                 \"rolling 24h\""
            )
        };
        let length = text.strip_prefix("rolling ").ok_or_else(wrong)?.trim();
        let (count, unit) = length
            .find(|digit: char| !digit.is_ascii_digit())
            .and_then(|end| length.split_at_checked(end))
            .ok_or_else(wrong)?;
        let unit = match unit.trim() {
            "s" => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        let length = count.parse::<u64>().ok().and_then(|count| count.checked_mul(unit));
        length.filter(|length| *length > 0).map(Self::Rolling).ok_or_else(wrong)
    }

    /// Its name with its time zone, which distinguishes it from other windows.
    pub fn name(&self) -> String {
        match self {
            Self::Calendar(_, zone) => format!("{self} {}", zone.iana_name().unwrap_or("UTC")),
            Self::Total | Self::Rolling(_) => self.to_string(),
        }
    }

    /// The end of the period that contains `wall` (seconds since 1970), if it has one.
    pub fn end(&self, wall: i64) -> Option<i64> {
        let Self::Calendar(period, zone) = self else { return None };
        let now = Timestamp::from_second(wall).ok()?.to_zoned(zone.clone());
        // A window whose end cannot be found never restarts.
        Some(next(*period, &now).map_or(i64::MAX, |end| end.timestamp().as_second()))
    }
}

fn next(period: Period, now: &Zoned) -> Option<Zoned> {
    if period == Period::Hour {
        let begin = now.round(ZonedRound::new().smallest(Unit::Hour).mode(RoundMode::Trunc)).ok()?;
        return begin.checked_add(1.hour()).ok();
    }
    let date = now.date();
    let next = match period {
        Period::Hour | Period::Day => date.checked_add(1.day()),
        Period::Week => {
            let passed = date.weekday().to_monday_zero_offset();
            date.checked_add((7 - i64::from(passed)).days())
        }
        Period::Month => date.first_of_month().checked_add(1.month()),
        Period::Year => date.first_of_year().checked_add(1.year()),
    };
    next.ok()?.to_zoned(now.time_zone().clone()).ok()
}

/// As the configuration writes it.
impl fmt::Display for Window {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Total => formatter.write_str("total"),
            Self::Calendar(period, _) => {
                let name = PERIODS.iter().find(|(_, one)| one == period).map_or("", |(name, _)| *name);
                formatter.write_str(name)
            }
            Self::Rolling(length) => {
                let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
                let whole = |(unit, _): &&(u64, &str)| length.is_multiple_of(*unit);
                let (unit, name) = units.iter().find(whole).copied().unwrap_or((1_000, "s"));
                write!(formatter, "rolling {}{name}", length / unit)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_second()
    }

    #[test]
    fn calendars_end_by_their_time_zone() {
        for (window, zone, now, end) in [
            ("day", None, "2026-11-30T16:00:00Z", "2026-12-01T00:00:00Z"),
            ("day", Some("Europe/Oslo"), "2026-11-30T22:59:59Z", "2026-11-30T23:00:00Z"),
            ("day", Some("Europe/Oslo"), "2026-11-30T23:00:00Z", "2026-12-01T23:00:00Z"),
            ("month", Some("Europe/Oslo"), "2026-11-30T16:00:00Z", "2026-11-30T23:00:00Z"),
            // The clocks go back there on the 25th of October, so that the day has 25 hours.
            ("day", Some("Europe/Oslo"), "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
            ("month", Some("America/New_York"), "2026-11-01T03:59:59Z", "2026-11-01T04:00:00Z"),
            ("week", None, "2026-11-30T00:00:00Z", "2026-12-07T00:00:00Z"),
            ("week", None, "2026-12-06T23:59:59Z", "2026-12-07T00:00:00Z"),
            ("year", Some("Asia/Tokyo"), "2026-12-31T14:59:59Z", "2026-12-31T15:00:00Z"),
            ("hour", Some("Asia/Kolkata"), "2026-12-31T14:10:00Z", "2026-12-31T14:30:00Z"),
        ] {
            let window = Window::read(window, zone).unwrap();
            assert_eq!(window.end(seconds(now)), Some(seconds(end)), "{window} {zone:?} {now}");
        }
    }

    #[test]
    fn windows_parse_from_their_written_form() {
        for text in ["total", "rolling 24h", "rolling 90m", "rolling 30d", "month", "week"] {
            let read = Window::read(text, None).unwrap().to_string();
            let same = if text == "rolling 24h" { "rolling 1d" } else { text };
            assert_eq!(read, same);
        }
        for text in ["", "rolling", "rolling h", "rolling 0h", "rolling 1y", "fortnight", "rolling -1h"] {
            assert!(Window::read(text, None).unwrap_err().contains("rolling 24h"), "{text}");
        }
        assert!(Window::read("day", Some("Oslo")).unwrap_err().contains("Europe/Oslo"));
        assert_eq!(Window::read("total", None).unwrap().end(5), None);
        assert_eq!(Window::read("rolling 1h", None).unwrap(), Window::Rolling(3_600_000));
    }
}
