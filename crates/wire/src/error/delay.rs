//! Retry delays: how long to wait before sending the request again.

use super::headers::{Headers, forwarded_name};
use super::shape::Reported;
use crate::model::{DelaySource as Source, RetryAfter};
use alloc::format;
use core::time::Duration;

/// The first delay that the answer names, the most exact source first. A delay that is zero, negative or no number
/// is none; one that is too long to wait for is kept, for the caller to decide.
///
/// The headers that say when a limit is renewed come with every answer, so they count only where a limit is the
/// reason (`rate_limited`). `now` is in milliseconds since 1970.
pub(super) fn find(
    headers: Headers<'_>,
    reported: &Reported,
    rate_limited: bool,
    now: i64,
) -> Option<RetryAfter> {
    let said = |source, delay: Option<Duration>| delay.map(|delay| RetryAfter { delay, source });
    let reset = |delay: Option<Duration>| said(Source::RateLimitReset, delay.filter(|_| rate_limited));
    let text = reported.message.to_lowercase();
    let upstream = reported.upstream.to_lowercase();
    let exact = |value: Option<&str>| said(Source::RetryAfterMilliseconds, value.and_then(milliseconds));
    let whole =
        |value: Option<&str>| said(Source::RetryAfter, value.and_then(|value| retry_after(value, now)));
    exact(headers.get("retry-after-ms"))
        .or_else(|| whole(headers.get("retry-after")))
        .or_else(|| exact(headers.get_or_forwarded("retry-after-ms")))
        .or_else(|| whole(headers.get_or_forwarded("retry-after")))
        .or_else(|| said(Source::RetryInfo, reported.retry_delay.as_deref().and_then(duration)))
        .or_else(|| said(Source::Body, duration_after(&text, &["please retry in "])))
        .or_else(|| reset(anthropic_reset(headers, now)))
        .or_else(|| reset(rate_limit_reset(headers, now)))
        .or_else(|| reset(headers.get_or_forwarded("ratelimit").and_then(|value| parameter(value, "t"))))
        .or_else(|| said(Source::Body, duration_after(&text, RETRY_WORDS)))
        .or_else(|| said(Source::Body, duration_after(&upstream, RETRY_WORDS)))
        .or_else(|| said(Source::Body, reported.estimated_seconds.and_then(seconds)))
}

const RETRY_WORDS: &[&str] =
    &["try again in ", "try again after ", "retry after ", "retry in ", "please wait "];

fn milliseconds(value: &str) -> Option<Duration> {
    let milliseconds: f64 = value.trim().parse().ok()?;
    seconds(milliseconds / 1000.0)
}

fn seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok().filter(|delay| !delay.is_zero())
}

/// The time from `now` until `then`, both in milliseconds since 1970.
fn until(then: i64, now: i64) -> Option<Duration> {
    let milliseconds = u64::try_from(then.checked_sub(now)?).ok()?;
    Some(Duration::from_millis(milliseconds)).filter(|delay| !delay.is_zero())
}

/// Seconds or a date, as HTTP has it.
fn retry_after(value: &str, now: i64) -> Option<Duration> {
    let value = value.trim();
    if let Ok(number) = value.parse() {
        return seconds(number);
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value);
    // Replicate may write an ISO date.
    let date = date.ok().or_else(|| value.parse().ok())?;
    until(date.as_millisecond(), now)
}

/// Of the limits of which nothing remains, the latest reset; else that of the limit over all of them.
fn anthropic_reset(headers: Headers<'_>, now: i64) -> Option<Duration> {
    let used_up = |name: &str| {
        let limit = name.strip_prefix("anthropic-ratelimit-").and_then(|rest| rest.strip_suffix("-reset"));
        limit.is_some_and(|limit| {
            remaining(headers, &format!("anthropic-ratelimit-{limit}-remaining")) == Some(0.0)
        })
    };
    latest_reset(headers, now, used_up)
        .or_else(|| reset_value(headers.get_or_forwarded("anthropic-ratelimit-unified-reset")?, now))
}

/// `x-ratelimit-reset-tokens` and its kin: of the limits of which nothing remains, the latest reset. Where a server
/// does not say what remains, the limit is the one that was hit.
fn rate_limit_reset(headers: Headers<'_>, now: i64) -> Option<Duration> {
    latest_reset(headers, now, |name| {
        let limit = name.strip_prefix("x-ratelimit-reset");
        limit.is_some_and(|limit| {
            remaining(headers, &format!("x-ratelimit-remaining{limit}")).is_none_or(|count| count <= 0.0)
        })
    })
}

fn remaining(headers: Headers<'_>, name: &str) -> Option<f64> {
    headers.get_or_forwarded(name)?.trim().parse().ok()
}

fn latest_reset(headers: Headers<'_>, now: i64, used_up: impl Fn(&str) -> bool) -> Option<Duration> {
    let name_of = |name: &str| forwarded_name(name).unwrap_or(name).to_ascii_lowercase();
    let resets = headers.0.iter().filter(|(name, _)| used_up(&name_of(name)));
    resets.filter_map(|(_, value)| reset_value(value, now)).max()
}

/// A date, a duration (`6m0s`), seconds, or seconds or milliseconds since 1970.
pub(crate) fn reset_value(value: &str, now: i64) -> Option<Duration> {
    let value = value.trim();
    if let Ok(number) = value.parse::<f64>() {
        return match number {
            _ if number > 1e15 => None,
            _ if number > 1e12 => until(number as i64, now),
            _ if number > 1e9 => until((number * 1000.0) as i64, now),
            _ => seconds(number),
        };
    }
    match value.parse::<jiff::Timestamp>() {
        Ok(date) => until(date.as_millisecond(), now),
        Err(_) => duration(value),
    }
}

/// The number of seconds under `name` in `"api";r=999;t=295`.
fn parameter(value: &str, name: &str) -> Option<Duration> {
    let parameters = value.split([';', ',']).filter_map(|part| part.trim().split_once('='));
    let (_, value) = parameters.into_iter().find(|(key, _)| key.trim() == name)?;
    seconds(value.trim().parse().ok()?)
}

/// The duration behind the first of `words` that has one.
fn duration_after(text: &str, words: &[&str]) -> Option<Duration> {
    words.iter().find_map(|word| text.split(word).skip(1).find_map(duration))
}

/// The duration a text begins with: `34.4s`, `6m0s`, `120ms`, `1h2m3.5s`, `20 seconds`.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim_start();
    let mut total = Duration::ZERO;
    while let Some((part, after)) = one_unit(rest) {
        total = total.checked_add(part)?;
        rest = after;
    }
    (!total.is_zero()).then_some(total)
}

fn one_unit(text: &str) -> Option<(Duration, &str)> {
    let split_after =
        |text: &str, belongs: fn(char) -> bool| text.find(|it| !belongs(it)).unwrap_or(text.len());
    let (number, rest) = text.split_at_checked(split_after(text, |it| it.is_ascii_digit() || it == '.'))?;
    let rest = rest.trim_start_matches(' ');
    let (unit, rest) = rest.split_at_checked(split_after(rest, char::is_alphabetic))?;
    let factor = match unit {
        "ns" => 1e-9,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1e-6,
        "ms" | "millisecond" | "milliseconds" => 1e-3,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86400.0,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    let part = Duration::try_from_secs_f64(number * factor).ok()?;
    Some((part, rest))
}
