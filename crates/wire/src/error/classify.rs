//! Classification of errors: the kind, and whether the same request may be sent again.
//!
//! The order: what codes and types say, what the text says, what the status says. Names are compared in lower case
//! and without AWS's `Exception` at their end.

use super::{
    names::{BROAD_NAMES, MINIMAX, MINIMAX_BROAD, NAMES, Names},
    shape::Reported,
    texts::*,
};
use crate::model::ErrorKind::{self, *};
use alloc::{format, string::String, vec::Vec};

/// What an error means for the call.
pub(super) struct Verdict {
    pub(super) kind: ErrorKind,
    pub(super) retryable: bool,
}

/// Says what an error means. `should_retry` is the header `x-should-retry`.
pub(super) fn classify(status: Option<u16>, should_retry: Option<&str>, reported: &Reported) -> Verdict {
    let error = Evidence::new(status, reported);
    let kind = error.kind();
    let retryable = match should_retry {
        // The same request will find the same limit, whatever the header says.
        _ if kind == QuotaExceeded || error.can_never_fit() => false,
        Some("true") => true,
        Some("false") => false,
        _ => match error.status {
            Some(409) => matches!(kind, InvalidRequest) || kind.is_retryable(),
            Some(501) => false,
            _ => kind.is_retryable(),
        },
    };
    Verdict { kind, retryable }
}

struct Evidence<'a> {
    status: Option<u16>,
    /// Codes and types, in lower case.
    names: Vec<String>,
    /// What the provider and its upstream say, in lower case.
    text: String,
    reported: &'a Reported,
}

impl<'a> Evidence<'a> {
    fn new(status: Option<u16>, reported: &'a Reported) -> Self {
        let names = [&reported.code, &reported.error_type].into_iter().flatten().chain(&reported.names);
        let names = names.map(|name| {
            let name = name.to_ascii_lowercase();
            name.strip_suffix("exception").map(String::from).unwrap_or(name)
        });
        // Bedrock answers 424 for what a model's own server said.
        let status =
            if status == Some(424) { reported.status.or(status) } else { status.or(reported.status) };
        let text = format!("{}\n{}", reported.message, reported.upstream).to_lowercase();
        Self { status, names: names.collect(), text, reported }
    }

    fn kind(&self) -> ErrorKind {
        self.kind_by_name_and_text()
            .or_else(|| self.kind_by_name())
            .or_else(|| self.kind_by_text())
            .or_else(|| self.kind_by_status())
            .or_else(|| self.look_up(if self.reported.minimax { MINIMAX_BROAD } else { BROAD_NAMES }))
            // Without a status this is an answer that began well and broke off, with words that say nothing more.
            .unwrap_or(StreamInterrupted)
    }

    fn is_named(&self, name: &str) -> bool {
        self.names.iter().any(|it| it == name)
    }

    fn says(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    fn says_any(&self, texts: &[&str]) -> bool {
        texts.iter().any(|text| self.says(text))
    }

    fn look_up(&self, table: Names) -> Option<ErrorKind> {
        let row = table.iter().find(|(_, names)| names.iter().any(|name| self.is_named(name)));
        row.map(|(kind, _)| *kind)
    }

    /// Names whose meaning depends on the message.
    fn kind_by_name_and_text(&self) -> Option<ErrorKind> {
        if self.reported.daily_quota {
            return Some(QuotaExceeded);
        }
        // Google says the same of limits by the minute.
        if self.is_named("resource_exhausted") {
            if self.says("check your plan and billing") && self.says_limit_zero() {
                return Some(QuotaExceeded);
            }
        } else if self.status.is_none_or(|status| matches!(status, 400..=403 | 412 | 429))
            && self.says_any(QUOTA_TEXTS)
        {
            return Some(QuotaExceeded);
        }
        if matches!(self.status, Some(400 | 401 | 403))
            && (self.says_any(AUTHENTICATION_TEXTS) || self.reported.message.trim() == "unauthorized")
        {
            return Some(Authentication);
        }
        if self.status == Some(429) && self.says("overload") && !self.has_a_known_name() {
            return Some(Overloaded);
        }
        if self.is_named("throttling") && self.says("tokens per day") {
            return Some(QuotaExceeded);
        }
        if self.is_named("failed_precondition") {
            if self.says("billing") {
                return Some(QuotaExceeded);
            }
            return self.says_any(&["location", "country", "region"]).then_some(PermissionDenied);
        }
        if self.is_named("accessdenied") {
            let credentials = self.says_any(&["token", "signature", "api key"]);
            return Some(if credentials { Authentication } else { PermissionDenied });
        }
        if self.is_named("invalid_prompt") && self.says_any(&["safety", "policy", "flagged"]) {
            return Some(ContentFiltered);
        }
        // Limits on spending have many names.
        if self.names.iter().any(|name| name.ends_with("_spend_limit_exceeded")) {
            return Some(QuotaExceeded);
        }
        if self.is_named("validation") && self.says("model identifier is invalid") {
            return Some(NotFound);
        }
        if self.is_named("image_content_policy_violation") {
            return Some(ContentFiltered);
        }
        // Images that cannot be read, in many words.
        if self.names.iter().any(|name| name.starts_with("invalid_image") || name.starts_with("image_")) {
            return Some(InvalidRequest);
        }
        None
    }

    fn kind_by_name(&self) -> Option<ErrorKind> {
        // The key is good, but not for this account or from this address, whatever the code says.
        if self.status == Some(401) && self.says_any(ACCOUNT_TEXTS) {
            return Some(PermissionDenied);
        }
        self.look_up(if self.reported.minimax { MINIMAX } else { NAMES })
    }

    fn kind_by_text(&self) -> Option<ErrorKind> {
        let status = self.status.unwrap_or(400);
        if status == 403 && self.says("credits") {
            return Some(QuotaExceeded); // xAI
        }
        if status == 429 && self.says("trial key") && self.says("month") {
            return Some(QuotaExceeded); // Cohere
        }
        if status == 429 && self.says("calls / month") {
            return Some(QuotaExceeded); // Cohere
        }
        if self.says("tokens per min") {
            return matches!(status, 400 | 413 | 429).then_some(RateLimited);
        }
        if matches!(status, 400 | 404 | 410 | 422)
            && (self.is_about_the_model() || self.says("model") && self.says_any(RETIRED_TEXTS))
        {
            return Some(NotFound);
        }
        // Inside an answer with status 200 the text is all there is.
        if self.status.is_none() {
            for (kind, texts) in TEXTS_WITHOUT_STATUS {
                if self.says_any(texts) {
                    return Some(*kind);
                }
            }
        }
        // These statuses say what they mean; a word in the text must not overrule them.
        if !matches!(status, 401 | 402 | 403 | 404 | 429) && self.is_too_long() {
            return Some(ContextLength);
        }
        if self.status.is_none_or(|status| status >= 500) && self.says_any(HOPELESS_TEXTS) {
            return Some(InvalidRequest);
        }
        if matches!(status, 400 | 403 | 413 | 422 | 451)
            && (self.reported.moderated
                || self.says_any(CONTENT_TEXTS)
                || status == 403 && self.says("safety"))
        {
            return Some(ContentFiltered);
        }
        None
    }

    /// Whether the model is not there.
    fn is_about_the_model(&self) -> bool {
        self.says_any(MODEL_TEXTS)
            || self.text.split("model").skip(1).any(|after| {
                let words = after.lines().next().unwrap_or_default().split_whitespace();
                // A name in quotes or none at all stands between, then what is said of it.
                (0..=MODEL_NAME_WORDS).any(|skipped| {
                    let rest: Vec<&str> = words.clone().skip(skipped).take(5).collect();
                    let rest = rest.join(" ");
                    MODEL_ENDS.iter().any(|end| rest.starts_with(end)) || rest == "is not supported"
                })
            })
    }

    fn is_too_long(&self) -> bool {
        self.says_any(CONTEXT_TEXTS)
            || CONTEXT_TEXT_PAIRS.iter().any(|(first, second)| self.says(first) && self.says(second))
            || self.is_named("request_too_large") && self.says("token")
            || !self.says_any(NOT_CONTEXT_TEXTS)
                && (self.says_any(CONTEXT_MEASURES) && self.says_any(EXCESS)
                    || self.says_any(PROMPTS) && self.says_any(PROMPT_EXCESS) && self.says_any(PROMPT_UNITS))
    }

    /// Whether a code or type says what it is.
    fn has_a_known_name(&self) -> bool {
        self.names.iter().any(|name| NAMES.iter().any(|(_, names)| names.contains(&name.as_str())))
    }

    fn kind_by_status(&self) -> Option<ErrorKind> {
        Some(match self.status? {
            401 => Authentication,
            402 => QuotaExceeded,
            403 => PermissionDenied,
            404 => NotFound,
            408 | 504 => Timeout,
            424 => Server,
            429 => RateLimited,
            // Cohere's invalid token, or Groq's lack of capacity.
            498 if self.says("token") => Authentication,
            498 | 503 | 529 => Overloaded,
            499 => Cancelled,
            400..=499 => InvalidRequest,
            500.. => Server,
            _ => return None,
        })
    }

    /// Google says `limit: 0` where a plan has no quota at all.
    fn says_limit_zero(&self) -> bool {
        self.text
            .split("limit: 0")
            .skip(1)
            .any(|after| !after.starts_with(|next: char| next.is_ascii_digit() || next == '.'))
    }

    /// One request asks for more tokens than a whole minute allows: `Limit 6000, Requested 7000`.
    fn can_never_fit(&self) -> bool {
        let number_after = |word: &str| self.text.split(word).skip(1).find_map(leading_number);
        match (number_after("requested"), number_after("limit")) {
            (Some(requested), Some(limit)) => requested > limit && limit > 0,
            _ => false,
        }
    }
}

/// The number a text begins with, after a colon or spaces: ` 6,000, Requested`.
fn leading_number(text: &str) -> Option<u64> {
    let text = text.trim_start_matches([':', ' ']);
    let digits = text.chars().take_while(|it| it.is_ascii_digit() || *it == ',').filter(|it| *it != ',');
    digits.collect::<String>().parse().ok()
}
