//! Classification of errors: the kind, and whether the same request may be sent again.
//!
//! The order: what codes and types say, what the text says, what the status says. Names are compared in lower case
//! and without AWS's `Exception` at their end.

use super::shape::Reported;
use crate::model::ErrorKind::{self, *};
use alloc::{format, string::String, vec::Vec};

/// What an error means for the call.
pub(super) struct Verdict {
    pub(super) kind: ErrorKind,
    pub(super) retryable: bool,
}

/// Names that mean one thing wherever they occur. The first row that has one of an error's names counts, so what
/// never heals stands before what does: a spending limit is often reported beside `rate_limit_error`.
const NAMES: &[(ErrorKind, &[&str])] = &[
    (
        QuotaExceeded,
        &[
            "insufficient_quota",
            "billing_not_active",
            "billing_hard_limit_reached",
            "credit_balance_exhausted",
            "organization_spend_limit_exceeded",
            "project_spend_limit_exceeded",
            "organization_usage_limit_exceeded",
            "enforced_spend_limit_reached", // Anthropic, in details
            "billing_error",                // Anthropic
            "servicequotaexceeded",         // Bedrock
            "billing_disabled",             // Google, a reason beside `permission_denied`
            "budget_exceeded",              // LiteLLM
            "budgetexceedederror",
            "token_quota_reached", // watsonx
            "1113",                // Zhipu
        ],
    ),
    (
        ContextLength,
        &[
            "context_length_exceeded",
            "exceed_context_size_error",  // llama.cpp
            "contextwindowexceedederror", // LiteLLM
            "tokens_limit_reached",       // GitHub
            "1261",                       // Zhipu
        ],
    ),
    (
        ContentFiltered,
        &[
            "content_filter",
            "content_policy_violation",
            "responsibleaipolicyviolation", // Azure
            "contentpolicyviolationerror",  // LiteLLM
            "1301",                         // Zhipu
        ],
    ),
    (
        PermissionDenied,
        &[
            "unsupported_country_region_territory",
            "permission_error",
            "permission_denied", // Google
            "the caller does not have permission to execute the specified operation", // xAI
            "key_model_access_denied", // LiteLLM
        ],
    ),
    (
        Authentication,
        &[
            "invalid_api_key",
            "authentication_error",
            "auth_error",      // LiteLLM
            "api_key_invalid", // Google
            "unauthenticated",
            "the request does not have valid authentication credentials", // xAI
            "unrecognizedclient",                                         // AWS
            "invalidsignature",
            "expiredtoken",
            "missingauthenticationtoken",
            "invalidclienttokenid",
            "incompletesignature",
            "signaturedoesnotmatch",
            "requestexpired",
            "requesttimetooskewed",
            "1000", // Zhipu
            "1001",
            "1002",
            "1003",
            "1004",
        ],
    ),
    (
        NotFound,
        &[
            "model_not_found",
            "deploymentnotfound",
            "not_found_error",
            "not_found",
            "invalid_model", // Mistral
            "resourcenotfound",
            "some requested entity was not found", // xAI
        ],
    ),
    (
        Overloaded,
        &[
            "server_is_overloaded",
            "engine_overloaded",
            "overloaded_error",                     // Anthropic
            "overloaded",                           // Text Generation Inference
            "modelnotready",                        // Bedrock
            "serviceunavailable",                   // Bedrock
            "unavailable",                          // Google
            "the service is currently unavailable", // xAI
            "unavailable_error",                    // llama.cpp
            "queue_exceeded",                       // Cerebras
            "nocapacity",                           // Azure
        ],
    ),
    (
        RateLimited,
        &[
            "rate_limit_exceeded",
            "rate_limit_error",
            "tokens",
            "requests",
            "slow_down",
            "throttling",                       // Bedrock
            "throttled",                        // AWS
            "ratelimitreached",                 // Azure
            "resource_exhausted",               // Google
            "some resource has been exhausted", // xAI
            "1300",                             // Mistral
            "1302",                             // Zhipu
            "1303",
            "1305",
        ],
    ),
    (
        Timeout,
        &[
            "timeout_error",
            "modeltimeout",
            "deadline_exceeded",
            "vector_store_timeout",
            "deadline expired before operation could complete",
        ],
    ),
    (
        InvalidRequest,
        &[
            "string_above_max_length",
            "unsupported_parameter",
            "unsupported_value",
            "invalid_value",
            "invalid_type",
            "missing_required_parameter",
            "unsupported_image_media_type", // Responses
            "empty_image_file",
            "failed_to_download_image",
            "tool_use_failed", // Groq
            "json_validate_failed",
        ],
    ),
    (Cancelled, &["cancelled"]),
];

/// The numbers of MiniMax's `base_resp`: `docs/wire/errors.md`, section 2; those of its own failures from its list of
/// error codes.
const MINIMAX: &[(ErrorKind, &[&str])] = &[
    (Server, &["1000", "1024", "1033"]),
    (Timeout, &["1001"]),
    (RateLimited, &["1002"]),
    (Authentication, &["1004", "2049"]),
    (QuotaExceeded, &["1008"]),
    (InvalidRequest, &["1013", "2013"]),
    (ContentFiltered, &["1026", "1027"]),
    (ContextLength, &["1039"]),
];

/// Names that some providers give to many things: they count only where neither text nor status says more.
const BROAD_NAMES: &[(ErrorKind, &[&str])] = &[
    (
        InvalidRequest,
        &[
            "invalid_request_error",
            "invalid_argument",
            "client specified an invalid argument", // xAI
            "validation",
            "template_error",
            "tool_error",
        ],
    ),
    (
        InvalidRequest,
        &["request_too_large", "conflict", "conflict_error", "failed_precondition", "invalid_prompt"],
    ),
    (
        Server,
        &[
            "server_error",
            "api_error",
            "internal",
            "internal_error",
            "internalserver",
            "internalfailure", // AWS
            "modelerror",
            "modelstreamerror",
            "generation", // Text Generation Inference
            "incomplete_generation",
            "incomplete_generation_stream",
        ],
    ),
];

const AUTHENTICATION_TEXTS: &[&str] =
    &["incorrect api key", "api key not valid", "api key expired", "invalid api key", "api key is valid"];

const ACCOUNT_TEXTS: &[&str] =
    &["must be a member of an organization", "ip not authorized", "ip is not authorized", "ip allowlist"];

const QUOTA_TEXTS: &[&str] =
    &["credit balance is too low", "spend limit", "spending limit", "budgetexceedederror"];

const MODEL_TEXTS: &[&str] = &[
    "model not found",
    "no such model",
    "unknown model",
    "not a valid model",
    "model not exist", // DeepSeek
    "model does not exist",
];

/// What local servers answer with 500, and will answer again: llama.cpp (`docs/wire/errors.md`, section 2).
const HOPELESS_TEXTS: &[&str] = &[
    "image input is not supported",
    "audio input is not supported",
    "does not support image",
    "[json.exception.",
];

/// What a text means where no status says more.
const TEXTS_WITHOUT_STATUS: &[(ErrorKind, &[&str])] = &[
    (RateLimited, &["rate limit", "too many requests"]),
    (Overloaded, &["overloaded", "temporarily unavailable", "at capacity"]),
    (Timeout, &["timed out", "deadline exceeded"]),
];

const CONTEXT_TEXTS: &[&str] = &[
    "maximum context length",
    "context_length_exceeded",
    "prompt is too long",
    "input is too long",
    "too many tokens",
    "too many input tokens",
    "exceeds the maximum number of tokens allowed",
    "exceeds the available context size",
    "exceed_context_size_error",
    "exceed context limit",
    "longer than the model's context length",
    "maximum input length is",
    "input tokens exceed the configured limit",
    "requested token count exceeds",
    "exceeds the context length",
    "exceeds maximum context length",
    "context window",
    "contextwindowexceedederror",
    "reduce the length of the messages",
    "input tokens exceeded", // Bedrock
    "number of input tokens exceeds",
    "exceeded max context length",   // Ollama
    "total length of all messages",  // Perplexity
    "input is too large to process", // llama.cpp
];

/// Two texts that mean a prompt too long where both occur.
const CONTEXT_TEXT_PAIRS: &[(&str, &str)] =
    &[("inputs", "max_new_tokens"), ("current length is", "while limit is")];

const CONTENT_TEXTS: &[&str] = &[
    "content_policy_violation",
    "contentpolicyviolationerror",
    "responsibleaipolicyviolation",
    "content management policy",
    "content filtering policy",
    "violating our usage policy",
    "safety system",
    "content_filter",
    "flagged",
];

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
            .or_else(|| self.look_up(BROAD_NAMES))
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

    fn look_up(&self, table: &[(ErrorKind, &[&str])]) -> Option<ErrorKind> {
        let row = table.iter().find(|(_, names)| names.iter().any(|name| self.is_named(name)));
        row.map(|(kind, _)| *kind)
    }

    /// Names that mean different things by the text beside them.
    fn kind_by_name_and_text(&self) -> Option<ErrorKind> {
        if self.reported.daily_quota {
            return Some(QuotaExceeded);
        }
        if self.is_named("resource_exhausted")
            && self.says("check your plan and billing")
            && self.says_limit_zero()
        {
            return Some(QuotaExceeded);
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
        if matches!(status, 400 | 401 | 403) && self.says_any(AUTHENTICATION_TEXTS) {
            return Some(Authentication);
        }
        if matches!(status, 400 | 403 | 429) && self.says_any(QUOTA_TEXTS) {
            return Some(QuotaExceeded);
        }
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
        if matches!(status, 400 | 404) && self.says_any(MODEL_TEXTS) {
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
        if status >= 500 && self.says_any(HOPELESS_TEXTS) {
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

    fn is_too_long(&self) -> bool {
        self.says_any(CONTEXT_TEXTS)
            || CONTEXT_TEXT_PAIRS.iter().any(|(first, second)| self.says(first) && self.says(second))
            || self.is_named("request_too_large") && self.says("token")
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
