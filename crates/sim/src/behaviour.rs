//! Behaviours: what each model name makes the simulator do. The list is in the crate's documentation.

use crate::script::{ErrorScript, Fault, Kind, MAX_TOKENS, Place, Reply, Retry};
use std::collections::BTreeMap;

/// The behaviour of a model name.
#[derive(Debug, Default)]
pub(crate) struct Behaviour {
    pub(crate) reply: Reply,
    pub(crate) fault: Option<Fault>,
    /// The fault strikes only the first N times that a request is sent, counted by its body.
    pub(crate) first_times: Option<u32>,
}

/// The names that `GET /models` lists.
pub(crate) const NAMES: &[&str] = &[
    "simulated",
    "echo",
    "tools",
    "reasoning",
    "json",
    "long-1000",
    "slow-20",
    "status-500",
    "fail-once-503",
    "rate-limit-seconds",
    "stall-mid-event",
    "reset-mid-event",
    "no-terminal",
    "error-mid-stream",
];

impl Behaviour {
    /// The behaviour of `model`; an ordinary answer if it is not one of our names. An owner (`owner/echo`) is ignored.
    pub(crate) fn for_model(model: &str) -> Self {
        let model = model.rsplit_once('/').map_or(model, |(_, name)| name);
        Self::by_prefix(model).unwrap_or_else(|| Self {
            reply: reply(model),
            fault: fault(model),
            first_times: None,
        })
    }

    fn by_prefix(model: &str) -> Option<Self> {
        let (word, rest) = model.split_once('-')?;
        let mut behaviour = Self::default();
        match word {
            "long" => {
                let tokens = rest.parse().ok().filter(|tokens| *tokens <= MAX_TOKENS)?;
                behaviour.reply.tokens = Some(tokens);
            }
            "slow" => {
                let rate: f64 = rest.parse().ok().filter(|rate: &f64| *rate > 0.0 && rate.is_finite())?;
                behaviour.reply.tokens_per_second = Some(rate);
            }
            "status" => behaviour.fault = Some(Fault::status(status(rest)?)),
            "fail" => {
                let (times, failure) = rest.split_once('-')?;
                behaviour.first_times = Some(match times {
                    "once" => 1,
                    "twice" => 2,
                    number => number.parse().ok()?,
                });
                behaviour.fault = Some(match status(failure) {
                    Some(status) => Fault::status(status),
                    None => fault(failure)?,
                });
            }
            "json" => behaviour.reply = Reply::text(serde_json::json!({ "name": rest }).to_string()),
            _ => return None,
        }
        Some(behaviour)
    }
}

fn status(text: &str) -> Option<u16> {
    text.parse().ok().filter(|status| (400..=599).contains(status))
}

fn reply(model: &str) -> Reply {
    let mut reply = Reply::default();
    match model {
        "echo" => reply.echo = true,
        "tools" => reply.use_tools = true,
        "reasoning" => reply.reason = true,
        "json" => reply.json = true,
        _ => {}
    }
    reply
}

fn fault(model: &str) -> Option<Fault> {
    const AFTER: usize = 2;
    let rate_limit = |retry| Fault::RateLimit { retry, delay_ms: 1000 };
    let stall = |at| Fault::Stall { at, after_chunks: AFTER, for_ms: None };
    let reset = |at| Fault::Reset { at, after_chunks: AFTER };
    let close = |at| Fault::Close { at, after_chunks: AFTER };
    Some(match model {
        "overloaded" => Fault::Overloaded {},
        "rate-limit-seconds" => rate_limit(Retry::Seconds),
        "rate-limit-date" => rate_limit(Retry::Date),
        "rate-limit-ms" => rate_limit(Retry::Milliseconds),
        "rate-limit-reset" => rate_limit(Retry::RatelimitReset),
        "rate-limit-anthropic-reset" => rate_limit(Retry::AnthropicReset),
        "rate-limit-message" => rate_limit(Retry::Message),
        "stall-headers" => stall(Place::BeforeHeaders),
        "stall-after-headers" => stall(Place::AfterHeaders),
        "stall-mid-event" => stall(Place::MidEvent),
        "stall-terminal" => stall(Place::BeforeTerminal),
        "reset-headers" => reset(Place::BeforeHeaders),
        "reset-after-headers" => reset(Place::AfterHeaders),
        "reset-mid-event" => reset(Place::MidEvent),
        "reset-terminal" => reset(Place::BeforeTerminal),
        "close-headers" => close(Place::BeforeHeaders),
        "close-after-headers" => close(Place::AfterHeaders),
        "close-mid-event" => close(Place::MidEvent),
        "close-terminal" => close(Place::BeforeTerminal),
        "no-terminal" => Fault::NoTerminal { keep_finish: false },
        "no-end-marker" => Fault::NoTerminal { keep_finish: true },
        "truncated-chunk" => Fault::TruncatedChunk { after_chunks: AFTER },
        "malformed" => Fault::MalformedJson { after_chunks: AFTER },
        "error-mid-stream" => Fault::ErrorEvent { after_chunks: AFTER, error: ErrorScript::default() },
        "wrong-content-type" => Fault::ContentType { value: "text/plain; charset=utf-8".into() },
        "html" => Fault::Html { status: 502 },
        "gzip" => Fault::Gzip {},
        "huge-line" => Fault::HugeLine { bytes: 100_000_000 },
        "slow-loris" => Fault::SlowLoris { byte_ms: 10 },
        "empty" => Fault::Empty {},
        "context-length" => Fault::Status {
            status: 400,
            headers: BTreeMap::new(),
            body: None,
            error: ErrorScript { kind: Some(Kind::ContextLength), ..ErrorScript::default() },
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_decide_what_happens() {
        assert_eq!(Behaviour::for_model("long-12").reply.tokens, Some(12));
        assert_eq!(Behaviour::for_model("slow-0.5").reply.tokens_per_second, Some(0.5));
        assert!(matches!(Behaviour::for_model("status-429").fault, Some(Fault::Status { status: 429, .. })));
        assert!(matches!(
            Behaviour::for_model("owner/status-429").fault,
            Some(Fault::Status { status: 429, .. })
        ));
        let twice = Behaviour::for_model("fail-twice-reset-headers");
        assert_eq!((twice.first_times, twice.fault.map(|fault| fault.name())), (Some(2), Some("reset")));
        for ordinary in [
            "gpt-5-mini",
            "claude-sonnet-4-5",
            "long-",
            "slow-0",
            "status-200",
            "fail-once",
            "long-99999999999",
        ] {
            let behaviour = Behaviour::for_model(ordinary);
            assert!(behaviour.fault.is_none() && behaviour.reply.tokens.is_none(), "{ordinary}");
        }
    }

    #[test]
    fn every_listed_name_has_a_behaviour() {
        for name in NAMES.iter().filter(|name| **name != "simulated") {
            let Behaviour { reply, fault, .. } = Behaviour::for_model(name);
            let replies =
                reply.echo || reply.use_tools || reply.reason || reply.json || reply.tokens.is_some();
            assert!(replies || reply.tokens_per_second.is_some() || fault.is_some(), "{name}");
        }
    }
}
