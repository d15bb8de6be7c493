//! Period of a table of prices: between two points in time, on some days of the week, at some hours of the day.

use jiff::{
    Timestamp,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};

const DAY: i64 = 86_400;

/// When prices apply; by default always. All times are UTC.
#[derive(Clone, Debug, Default)]
pub(crate) struct Period {
    /// In seconds since 1970.
    from: Option<i64>,
    /// In seconds since 1970, exclusive.
    until: Option<i64>,
    /// Seconds of the day; the end is exclusive, and may be on the next day.
    between: Option<(i64, i64)>,
    /// Bits of the days of the week, Monday first.
    days: Option<u8>,
    /// Days since 1970 on which it does not apply.
    except: Box<[i64]>,
}

/// A period as written: dates are `2026-08-17`, points in time `2026-08-16T16:00:00Z`, times of day `16:30:00`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WrittenPeriod<'a> {
    pub(crate) from: Option<&'a str>,
    pub(crate) until: Option<&'a str>,
    pub(crate) between: Option<(&'a str, &'a str)>,
    pub(crate) days: Option<&'a [String]>,
    pub(crate) except: &'a [String],
}

impl Period {
    pub(crate) fn read(written: &WrittenPeriod<'_>) -> Result<Self, String> {
        let days =
            |names: &[String]| names.iter().try_fold(0, |days, name| Ok::<_, String>(days | day(name)?));
        Ok(Self {
            from: written.from.map(moment).transpose()?,
            until: written.until.map(moment).transpose()?,
            between: written
                .between
                .map(|(start, end)| Ok::<_, String>((time(start)?, time(end)?)))
                .transpose()?,
            days: written.days.map(days).transpose()?,
            except: written
                .except
                .iter()
                .map(|date| Ok(moment(date)?.div_euclid(DAY)))
                .collect::<Result<_, String>>()?,
        })
    }

    pub(crate) fn holds(&self, at: i64) -> bool {
        let time = at.rem_euclid(DAY);
        let day = at.div_euclid(DAY);
        // The first of January 1970 was a Thursday.
        let weekday = 1_u8 << (day + 3).rem_euclid(7);
        self.from.is_none_or(|from| at >= from)
            && !self.is_over(at)
            && self.between.is_none_or(|(start, end)| {
                if end < start { time >= start || time < end } else { start <= time && time < end }
            })
            && self.days.is_none_or(|days| days & weekday != 0)
            && !self.except.contains(&day)
    }

    /// Whether it has ended for good.
    pub(crate) fn is_over(&self, at: i64) -> bool {
        self.until.is_some_and(|until| at >= until)
    }
}

fn moment(text: &str) -> Result<i64, String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment.as_second());
    }
    let date: Date =
        text.parse().map_err(|_| format!("`{text}` is not a date (YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ)"))?;
    let start = date.to_zoned(TimeZone::UTC).map_err(|error| error.to_string())?;
    Ok(start.timestamp().as_second())
}

fn time(text: &str) -> Result<i64, String> {
    let time: Time = text.parse().map_err(|_| format!("`{text}` is not a time of day (HH:MM:SS)"))?;
    Ok(i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second()))
}

fn day(name: &str) -> Result<u8, String> {
    let weekday = match name {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        _ => return Err(format!("`{name}` is not a day of the week (mon, tue, wed, thu, fri, sat, sun)")),
    };
    Ok(1 << weekday.to_monday_zero_offset())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_the_week_are_the_calendars() {
        for (name, date) in
            [("mon", "2026-11-30"), ("thu", "1970-01-01"), ("wed", "1969-12-31"), ("sun", "2028-02-27")]
        {
            let days = [name.to_owned()];
            let written =
                WrittenPeriod { from: None, until: None, between: None, days: Some(&days), except: &[] };
            let period = Period::read(&written).unwrap();
            let at = moment(date).unwrap();
            assert!(period.holds(at) && period.holds(at + DAY - 1), "{name}");
            assert!(!period.holds(at - 1) && !period.holds(at + DAY), "{name}");
        }
    }
}
