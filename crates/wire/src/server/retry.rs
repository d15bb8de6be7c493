//! Retry hints: how servers say when a client may send a request again.

use crate::dialect::go_duration;
use alloc::{format, string::String, string::ToString as _, vec, vec::Vec};
use core::time::Duration;
use jiff::{RoundMode, SignedDuration, Timestamp, TimestampRound, Unit};

/// Where a server says when to send a request again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RetryHint {
    /// `retry-after: 1`
    #[default]
    Seconds,
    /// `retry-after: Sat, 21 Nov 2026 10:00:00 GMT`
    Date,
    /// `retry-after-ms: 1000`
    Milliseconds,
    /// `x-ratelimit-reset-requests: 1s`
    RateLimitReset,
    /// `anthropic-ratelimit-requests-reset: 2026-11-21T10:00:00Z`
    AnthropicReset,
    /// In the message of the error.
    Message,
}

/// What a hint adds to an error response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetryAdvice {
    /// Headers, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The message of the error, where the hint is given there.
    pub message: Option<String>,
}

impl RetryHint {
    /// The hint to come back after `delay`; `now` is in milliseconds since 1970.
    pub fn advice(self, delay: Duration, now: i64) -> RetryAdvice {
        let seconds = delay.as_secs_f64();
        let due = time_after(now, delay);
        let headers = match self {
            Self::Seconds => vec![("retry-after", seconds.to_string())],
            Self::Date => {
                // In whole seconds, and never sooner than asked for.
                let round = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Ceil);
                let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
                let date = due.round(round).and_then(|due| printer.timestamp_to_rfc9110_string(&due));
                date.map(|date| vec![("retry-after", date)]).unwrap_or_default()
            }
            Self::Milliseconds => {
                vec![("retry-after-ms", u64::try_from(delay.as_millis()).unwrap_or(u64::MAX).to_string())]
            }
            Self::RateLimitReset => vec![
                ("x-ratelimit-limit-requests", "60".into()),
                ("x-ratelimit-remaining-requests", "0".into()),
                ("x-ratelimit-reset-requests", go_duration(delay)),
            ],
            Self::AnthropicReset => vec![
                ("anthropic-ratelimit-requests-limit", "60".into()),
                ("anthropic-ratelimit-requests-remaining", "0".into()),
                ("anthropic-ratelimit-requests-reset", due.to_string()),
            ],
            Self::Message => {
                let message = format!("Rate limit reached. Please try again in {seconds}s.");
                return RetryAdvice { headers: Vec::new(), message: Some(message) };
            }
        };
        RetryAdvice { headers, message: None }
    }
}

fn time_after(now: i64, delay: Duration) -> Timestamp {
    let now = Timestamp::from_millisecond(now).unwrap_or_default();
    let delay = SignedDuration::try_from(delay).ok();
    delay.and_then(|delay| now.checked_add(delay).ok()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{self, Headers};

    #[test]
    fn clients_read_every_hint_as_the_delay_it_gives() {
        let now = 1_767_225_600_000;
        for delay in [Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(90)] {
            for hint in [
                RetryHint::Seconds,
                RetryHint::Date,
                RetryHint::Milliseconds,
                RetryHint::RateLimitReset,
                RetryHint::AnthropicReset,
                RetryHint::Message,
            ] {
                let RetryAdvice { headers, message } = hint.advice(delay, now);
                let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let body = format!(r#"{{"error":{{"message":"{}"}}}}"#, message.unwrap_or_default());
                let error = error::decode(429, Headers(&headers), body.as_bytes(), now);
                // Dates have whole seconds.
                let seconds = Duration::from_secs_f64(delay.as_secs_f64().ceil());
                let expected = if hint == RetryHint::Date { seconds } else { delay };
                assert_eq!(error.retry_after.map(|retry| retry.delay), Some(expected), "{hint:?}");
            }
        }
    }
}
