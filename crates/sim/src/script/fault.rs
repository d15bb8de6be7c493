//! Faults: what goes wrong with an answer.

use super::{error::ScriptError, headers::check_headers, provider_error::ErrorScript};
use ferrule_wire::server::RetryHint;
use serde::{Deserialize, Deserializer, de};
use std::{collections::BTreeMap, fmt};

/// A fault. In a script each is an object with one name (`{"stall": {"at": "mid_event"}}`), or just the name.
#[derive(Clone, Debug, Deserialize)]
#[serde(remote = "Self", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Fault {
    /// An error status. The body is given, or made from the error by the dialect.
    Status {
        #[serde(default = "server_error")]
        status: u16,
        #[serde(default)]
        headers: BTreeMap<String, String>,
        #[serde(default)]
        body: Option<serde_json::Value>,
        #[serde(default)]
        error: ErrorScript,
    },
    /// Status 429, with the time until a retry.
    RateLimit {
        #[serde(default)]
        retry: Retry,
        #[serde(default = "one_second")]
        delay_ms: u64,
    },
    /// The provider is overloaded: 529 at Anthropic, 503 elsewhere.
    Overloaded {},
    /// The connection is reset (a real TCP reset).
    Reset {
        #[serde(default)]
        at: Place,
        #[serde(default = "two")]
        after_chunks: usize,
    },
    /// The connection is closed properly, but too early.
    Close {
        #[serde(default)]
        at: Place,
        #[serde(default = "two")]
        after_chunks: usize,
    },
    /// Nothing is sent for a time, or until the client leaves.
    Stall {
        #[serde(default)]
        at: Place,
        #[serde(default = "two")]
        after_chunks: usize,
        #[serde(default)]
        for_ms: Option<u64>,
    },
    /// The body is complete as HTTP, but lacks its end in the dialect.
    NoTerminal {
        /// Send the finish reason; leave out just the dialect's own end marker.
        #[serde(default)]
        keep_finish: bool,
    },
    /// The chunked encoding is cut in the middle of a chunk.
    TruncatedChunk {
        #[serde(default = "two")]
        after_chunks: usize,
    },
    /// An event (or the whole body if not streamed) is not JSON.
    MalformedJson {
        #[serde(default = "two")]
        after_chunks: usize,
    },
    /// The answer reports an error in the middle, under status 200.
    ErrorEvent {
        #[serde(default = "two")]
        after_chunks: usize,
        #[serde(default)]
        error: ErrorScript,
    },
    /// The correct body with the wrong content type.
    ContentType {
        #[serde(default = "text_plain")]
        value: String,
    },
    /// A page from a proxy in front of the provider.
    Html {
        #[serde(default = "bad_gateway")]
        status: u16,
    },
    /// Compressed with gzip, whether the client accepts it or not.
    Gzip {},
    /// A line of this many bytes, generated as it is sent.
    HugeLine {
        #[serde(default = "hundred_megabytes")]
        bytes: u64,
    },
    /// Headers and body, byte by byte.
    SlowLoris {
        #[serde(default = "ten")]
        byte_ms: u64,
    },
    /// Status 200 and an empty body.
    Empty {},
}

/// The point in an answer at which a fault strikes.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    BeforeHeaders,
    AfterHeaders,
    #[default]
    MidEvent,
    BeforeTerminal,
}

/// How a 429 states the time until a retry.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Retry {
    /// `retry-after: 1`
    #[default]
    Seconds,
    /// `retry-after: Sat, 21 Nov 2026 10:00:00 GMT`
    Date,
    /// `retry-after-ms: 1000`
    Milliseconds,
    /// `x-ratelimit-reset-requests: 1s`
    RatelimitReset,
    /// `anthropic-ratelimit-requests-reset: 2026-11-21T10:00:00Z`
    AnthropicReset,
    /// In the message.
    Message,
    /// Not at all.
    None,
}

impl Retry {
    /// The hint that a server writes; `None` for none.
    pub(crate) const fn hint(self) -> Option<RetryHint> {
        Some(match self {
            Self::Seconds => RetryHint::Seconds,
            Self::Date => RetryHint::Date,
            Self::Milliseconds => RetryHint::Milliseconds,
            Self::RatelimitReset => RetryHint::RateLimitReset,
            Self::AnthropicReset => RetryHint::AnthropicReset,
            Self::Message => RetryHint::Message,
            Self::None => return None,
        })
    }
}

const fn server_error() -> u16 {
    500
}
const fn bad_gateway() -> u16 {
    502
}
const fn one_second() -> u64 {
    1000
}
const fn two() -> usize {
    2
}
const fn ten() -> u64 {
    10
}
const fn hundred_megabytes() -> u64 {
    100_000_000
}
fn text_plain() -> String {
    "text/plain; charset=utf-8".to_owned()
}

impl Fault {
    /// Its name in scripts and in the record.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::RateLimit { .. } => "rate_limit",
            Self::Overloaded {} => "overloaded",
            Self::Reset { .. } => "reset",
            Self::Close { .. } => "close",
            Self::Stall { .. } => "stall",
            Self::NoTerminal { .. } => "no_terminal",
            Self::TruncatedChunk { .. } => "truncated_chunk",
            Self::MalformedJson { .. } => "malformed_json",
            Self::ErrorEvent { .. } => "error_event",
            Self::ContentType { .. } => "content_type",
            Self::Html { .. } => "html",
            Self::Gzip {} => "gzip",
            Self::HugeLine { .. } => "huge_line",
            Self::SlowLoris { .. } => "slow_loris",
            Self::Empty {} => "empty",
        }
    }

    /// The error status `status`, with its usual error.
    pub(crate) fn status(status: u16) -> Self {
        Self::Status { status, headers: BTreeMap::new(), body: None, error: ErrorScript::default() }
    }

    pub(super) fn check(&self, field: &str) -> Result<(), ScriptError> {
        match self {
            Self::Status { status, .. } | Self::Html { status } if !(200..=599).contains(status) => {
                Err(ScriptError::new(
                    &format!("{field}.{}.status", self.name()),
                    "expected a status from 200 to 599",
                ))
            }
            Self::Status { headers, .. } => check_headers(headers, &format!("{field}.status")),
            Self::ContentType { value } if http::HeaderValue::try_from(value).is_err() => {
                Err(ScriptError::new(&format!("{field}.content_type.value"), "expected a header value"))
            }
            _ => Ok(()),
        }
    }
}

/// A name alone means `{name: {}}`.
impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FaultVisitor;
        impl<'de> de::Visitor<'de> for FaultVisitor {
            type Value = Fault;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a fault's name, or an object with that name")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Fault, E> {
                let object: serde_json::Value = [(name, serde_json::json!({}))].into_iter().collect();
                Fault::deserialize(object).map_err(E::custom)
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Fault, A::Error> {
                Fault::deserialize(de::value::MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_any(FaultVisitor)
    }
}
