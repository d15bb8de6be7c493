//! Every form of rate-limit headers that is known, as the providers write them.

use super::*;

/// 2026-01-01T00:00:00Z.
const NOW: i64 = 1_767_225_600_000;

const UNKNOWN: RateLimit = RateLimit { limit: None, remaining: None, resets_in: None, window: None };

/// A limit, what is left of it, when it is renewed and what it is for, the last two in seconds, 0 where not said.
fn limit(limit: u64, remaining: u64, resets_in: f64, window: u64) -> RateLimit {
    RateLimit {
        limit: Some(limit),
        remaining: Some(remaining),
        resets_in: (resets_in > 0.0).then(|| Duration::from_secs_f64(resets_in)),
        window: (window > 0).then(|| Duration::from_secs(window)),
    }
}

#[test]
fn every_form_is_read() {
    let openai: &[(&str, &str)] = &[
        ("content-type", "application/json"),
        ("x-request-id", "req_1"),
        ("x-ratelimit-limit-requests", "60"),
        ("x-ratelimit-remaining-requests", "59"),
        ("x-ratelimit-reset-requests", "1s"),
        ("x-ratelimit-limit-tokens", "150000"),
        ("x-ratelimit-remaining-tokens", "149984"),
        ("x-ratelimit-reset-tokens", "6m0s"),
    ];
    let anthropic: &[(&str, &str)] = &[
        ("anthropic-ratelimit-requests-limit", "50"),
        ("anthropic-ratelimit-requests-remaining", "49"),
        ("anthropic-ratelimit-requests-reset", "2026-01-01T00:00:02Z"),
        ("anthropic-ratelimit-input-tokens-limit", "40000"),
        ("anthropic-ratelimit-input-tokens-remaining", "39000"),
        ("anthropic-ratelimit-output-tokens-limit", "8000"),
        ("anthropic-ratelimit-output-tokens-remaining", "1000"),
        ("anthropic-ratelimit-unified-status", "allowed"),
        ("anthropic-ratelimit-unified-5h-remaining", "0"),
    ];
    let azure: &[(&str, &str)] =
        &[("x-ratelimit-remaining-requests", "9"), ("x-ratelimit-remaining-tokens", "900")];
    let left = |remaining| RateLimit { remaining: Some(remaining), ..UNKNOWN };
    let groq: &[(&str, &str)] = &[
        ("x-ratelimit-limit-requests", "14400"),
        ("x-ratelimit-remaining-requests", "14370"),
        ("x-ratelimit-reset-requests", "2m59.56s"),
        ("x-ratelimit-limit-tokens", "18000"),
        ("x-ratelimit-remaining-tokens", "17997"),
        ("x-ratelimit-reset-tokens", "7.66s"),
    ];
    let cerebras: &[(&str, &str)] = &[
        ("x-ratelimit-limit-requests-day", "1000"),
        ("x-ratelimit-remaining-requests-day", "10"),
        ("x-ratelimit-reset-requests-day", "33011.5"),
        ("x-ratelimit-limit-tokens-minute", "60000"),
        ("x-ratelimit-remaining-tokens-minute", "50000"),
        ("x-ratelimit-reset-tokens-minute", "11.5"),
    ];
    let mistral: &[(&str, &str)] = &[
        ("x-ratelimit-limit-req-minute", "60"),
        ("x-ratelimit-remaining-req-minute", "12"),
        ("x-ratelimitbysize-limit-minute", "500000"),
        ("x-ratelimitbysize-remaining-minute", "250000"),
        ("x-ratelimitbysize-limit-month", "1000000000"),
        ("x-ratelimitbysize-remaining-month", "999000000"),
    ];
    let openrouter: &[(&str, &str)] = &[
        ("x-ratelimit-limit", "20"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "1767225630000"),
    ];
    let together: &[(&str, &str)] = &[
        ("x-ratelimit-limit", "10"),
        ("x-ratelimit-remaining", "9"),
        ("x-ratelimit-reset", "1"),
        ("x-tokenlimit-limit", "3000"),
        ("x-tokenlimit-remaining", "1500"),
    ];
    let fireworks: &[(&str, &str)] = &[
        ("x-ratelimit-limit-requests", "600"),
        ("x-ratelimit-remaining-requests", "599"),
        ("x-ratelimit-limit-tokens-prompt", "60000"),
        ("x-ratelimit-remaining-tokens-prompt", "50000"),
        ("x-ratelimit-limit-tokens-generated", "6000"),
        ("x-ratelimit-remaining-tokens-generated", "3000"),
        ("x-ratelimit-over-limit", "no"),
    ];
    let hugging_face: &[(&str, &str)] = &[
        ("ratelimit", "\"api\";r=999;t=295"),
        ("ratelimit-policy", "\"fixed window\";\"api\";q=1000;w=300"),
    ];
    let early_draft: &[(&str, &str)] =
        &[("ratelimit-limit", "10;w=60"), ("ratelimit-remaining", "3"), ("ratelimit-reset", "7")];
    let cohere: &[(&str, &str)] =
        &[("x-trial-endpoint-call-limit", "40"), ("x-trial-endpoint-call-remaining", "39")];
    let litellm: &[(&str, &str)] = &[
        ("llm_provider-x-ratelimit-limit-requests", "100"),
        ("llm_provider-x-ratelimit-remaining-requests", "40"),
        ("x-ratelimit-limit-tokens", "1000"),
        ("llm_provider-x-ratelimit-limit-tokens", "1000"),
        ("x-ratelimit-remaining-tokens", "10"),
        ("llm_provider-x-ratelimit-remaining-tokens", "10"),
    ];
    let table = [
        ("openai", openai, limit(60, 59, 1.0, 0), limit(150_000, 149_984, 360.0, 0)),
        ("anthropic", anthropic, limit(50, 49, 2.0, 0), limit(8000, 1000, 0.0, 0)),
        ("azure", azure, left(9), left(900)),
        ("groq", groq, limit(14_400, 14_370, 179.56, 0), limit(18_000, 17_997, 7.66, 0)),
        ("cerebras", cerebras, limit(1000, 10, 33_011.5, 86_400), limit(60_000, 50_000, 11.5, 60)),
        ("mistral", mistral, limit(60, 12, 0.0, 60), limit(500_000, 250_000, 0.0, 60)),
        ("openrouter", openrouter, limit(20, 0, 30.0, 0), UNKNOWN),
        ("together", together, limit(10, 9, 1.0, 0), limit(3000, 1500, 0.0, 0)),
        ("fireworks", fireworks, limit(600, 599, 0.0, 0), limit(6000, 3000, 0.0, 0)),
        ("hugging face", hugging_face, limit(1000, 999, 295.0, 300), UNKNOWN),
        ("early draft", early_draft, limit(10, 3, 7.0, 0), UNKNOWN),
        ("cohere", cohere, limit(40, 39, 0.0, 0), UNKNOWN),
        ("litellm", litellm, limit(100, 40, 0.0, 0), limit(1000, 10, 0.0, 0)),
    ];
    for (who, headers, requests, tokens) in table {
        assert_eq!(read(headers.iter().copied(), NOW), RateLimits { requests, tokens }, "{who}");
    }
}

#[test]
fn what_is_no_figure_is_not_known() {
    let read = |headers: &[(&str, &str)]| read(headers.iter().copied(), NOW);
    let wrong = [("x-ratelimit-limit", "10"), ("x-ratelimit-remaining", "-1"), ("x-ratelimit-reset", "soon")];
    let requests = RateLimit { limit: Some(10), ..UNKNOWN };
    assert_eq!(read(&wrong), RateLimits { requests, tokens: UNKNOWN });
    for name in [
        "x-ratelimit",
        "x-ratelimit-",
        "x-ratelimit-limited",
        "x-ratelimit-remaining-images",
        "x-ratelimit-limit-audio-seconds",
        "anthropic-ratelimit-unified-remaining",
        "retry-after",
    ] {
        assert!(read(&[(name, "1")]).is_empty(), "{name}");
    }
    assert!(read(&[]).is_empty());
    assert_eq!(read(&[("x-ratelimit-remaining", "1e300")]).requests.remaining, Some(u64::MAX));
}
