//! Rate-limit headers: the provider's limits as reported in the headers of a response.
//!
//! `docs/wire/rate-limits.md` lists the formats. [`FAMILIES`] is the table of prefixes of their names; the rest of a
//! name says which limit it is about, and which figure of it.

use crate::error::reset_value;
use alloc::vec::Vec;
use core::time::Duration;

/// The rate limits reported in the headers of one response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// The request limit with the smallest share left.
    pub requests: RateLimit,
    /// The token limit with the smallest share left.
    pub tokens: RateLimit,
}

/// One rate limit. Figures that the provider does not report are `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// How many are allowed.
    pub limit: Option<u64>,
    /// How many are left.
    pub remaining: Option<u64>,
    /// The time until the limit is fully renewed.
    pub resets_in: Option<Duration>,
    /// The window of `limit`, if the header's name includes it.
    pub window: Option<Duration>,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    Requests,
    Tokens,
}

/// The prefixes of these headers' names, and what they count if the rest of the name does not say so.
const FAMILIES: &[(&str, Counted)] = &[
    // OpenAI, Azure, Groq, xAI, Cerebras, Mistral, Fireworks, OpenRouter, Together, the LiteLLM proxy and others.
    ("x-ratelimit-", Counted::Requests),
    ("anthropic-ratelimit-", Counted::Requests),
    // Replicate, and others that follow the early IETF drafts.
    ("ratelimit-", Counted::Requests),
    // Mistral's limits of tokens.
    ("x-ratelimitbysize-", Counted::Tokens),
    ("ratelimitbysize-", Counted::Tokens),
    // Together's limit of tokens.
    ("x-tokenlimit-", Counted::Tokens),
    // Cohere's limit of trial keys.
    ("x-trial-endpoint-call-", Counted::Requests),
];

/// The prefix that a LiteLLM proxy adds to the names of its upstream's headers.
const FORWARDED: &str = "llm_provider-";

/// The figure of a limit that a header reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Figure {
    Limit,
    Remaining,
    Reset,
}

/// The name of one limit: the parts of a header's name before and after the word for the figure. It is the same for all
/// headers of one limit.
type Name<'a> = (&'a str, &'a str, &'a str);

impl RateLimits {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl RateLimit {
    /// The share that is left, in millionths. It needs both figures.
    fn share(&self) -> u64 {
        match (self.remaining, self.limit) {
            (Some(0), _) => 0,
            (Some(left), Some(limit)) if limit > 0 => left.saturating_mul(1_000_000) / limit,
            _ => u64::MAX,
        }
    }
}

/// Reads `headers`, whose names are in lower case. `now` is in milliseconds since 1970.
pub fn read<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>, now: i64) -> RateLimits {
    let mut limits: Vec<(Name<'a>, Counted, RateLimit)> = Vec::new();
    for (name, value) in headers {
        let name = name.strip_prefix(FORWARDED).unwrap_or(name);
        // Most headers can be ruled out by their first letter.
        if !matches!(name.as_bytes().first(), Some(b'x' | b'r' | b'a')) {
            continue;
        }
        let Some((limit, counted, figure, window)) = described(name) else {
            draft(name, value, &mut limits);
            continue;
        };
        let place = limits.iter().position(|(known, ..)| *known == limit);
        let place = place.unwrap_or_else(|| {
            limits.push((limit, counted, RateLimit { window, ..RateLimit::default() }));
            limits.len() - 1
        });
        let Some((_, _, limit)) = limits.get_mut(place) else { continue };
        match figure {
            // A proxy passes on its upstream's headers under both names: the first one is used.
            Figure::Limit => limit.limit = limit.limit.or_else(|| count(value)),
            Figure::Remaining => limit.remaining = limit.remaining.or_else(|| count(value)),
            Figure::Reset => limit.resets_in = limit.resets_in.or_else(|| reset_value(value, now)),
        }
    }
    let mut read = RateLimits::default();
    for (_, counted, limit) in limits {
        let tightest = match counted {
            Counted::Requests => &mut read.requests,
            Counted::Tokens => &mut read.tokens,
        };
        if *tightest == RateLimit::default() || limit.share() < tightest.share() {
            *tightest = limit;
        }
    }
    read
}

/// The limit that a header is about, what it counts, the figure that the header reports, and the limit's window.
fn described(name: &str) -> Option<(Name<'_>, Counted, Figure, Option<Duration>)> {
    let (prefix, usual) = FAMILIES.iter().find(|(prefix, _)| name.starts_with(prefix))?;
    let rest = name.get(prefix.len()..)?;
    let mut figure = None;
    let mut window = None;
    let mut tokens = *usual == Counted::Tokens;
    let (mut is_of_requests, mut others) = (false, false);
    let mut start = 0;
    for word in rest.split('-') {
        match word {
            "limit" | "remaining" | "reset" if figure.is_none() => {
                let which = match word {
                    "limit" => Figure::Limit,
                    "remaining" => Figure::Remaining,
                    _ => Figure::Reset,
                };
                let (before, after) = (rest.get(..start)?, rest.get(start + word.len()..)?);
                figure = Some((which, before, after));
            }
            "second" => window = Some(Duration::from_secs(1)),
            "minute" => window = Some(Duration::from_secs(60)),
            "hour" => window = Some(Duration::from_secs(3600)),
            "day" => window = Some(Duration::from_secs(86_400)),
            "month" => window = Some(Duration::from_secs(30 * 86_400)),
            "token" | "tokens" => tokens = true,
            "request" | "requests" | "req" => is_of_requests = true,
            _ if word.bytes().all(|byte| byte.is_ascii_digit()) => {}
            _ => others = true,
        }
        start += word.len() + 1;
    }
    let (figure, before, after) = figure?;
    // Limits of images, seconds of audio, or a subscription: neither requests nor tokens.
    if others && !tokens && !is_of_requests {
        return None;
    }
    let counted = if tokens { Counted::Tokens } else { Counted::Requests };
    Some(((prefix, before, after), counted, figure, window))
}

/// The IETF's later draft, as used by Hugging Face: `ratelimit: "api";r=999;t=295` with
/// `ratelimit-policy: "fixed window";"api";q=1000;w=300`.
fn draft<'a>(name: &'a str, value: &str, limits: &mut Vec<(Name<'a>, Counted, RateLimit)>) {
    if !matches!(name, "ratelimit" | "ratelimit-policy") {
        return;
    }
    const NAME: Name<'static> = ("ratelimit", "", "");
    let figure = |wanted: &str| {
        let mut parts = value.split([';', ',']).filter_map(|part| part.trim().split_once('='));
        parts.find(|(name, _)| name.trim() == wanted).and_then(|(_, value)| count(value))
    };
    let place = limits.iter().position(|(known, ..)| *known == NAME).unwrap_or_else(|| {
        limits.push((NAME, Counted::Requests, RateLimit::default()));
        limits.len() - 1
    });
    let Some((_, _, limit)) = limits.get_mut(place) else { return };
    if name == "ratelimit" {
        limit.remaining = figure("r");
        limit.resets_in = figure("t").map(Duration::from_secs);
    } else {
        limit.limit = figure("q");
        limit.window = figure("w").map(Duration::from_secs);
    }
}

/// A figure of 0 or more; `60;w=60` names its window.
fn count(value: &str) -> Option<u64> {
    let value = value.split([';', ',']).next().unwrap_or(value).trim();
    let count = value.parse::<f64>().ok()?;
    // A figure beyond the range becomes the largest one.
    (count.is_finite() && count >= 0.0).then_some(count as u64)
}

#[cfg(test)]
mod tests;
