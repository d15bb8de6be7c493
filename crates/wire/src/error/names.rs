//! Names of errors: the codes and types that providers write, by the kind of error they mean.
//!
//! They are in lower case, and without AWS's `Exception` at their end.

use crate::model::ErrorKind::{self, *};

/// Names of kinds.
pub(super) type Names = &'static [(ErrorKind, &'static [&'static str])];

/// Names that mean one thing wherever they occur. The first row that has one of an error's names counts, so what
/// never heals comes before what does: a spending limit is often reported with `rate_limit_error`.
pub(super) const NAMES: Names = &[
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
            "billing_disabled",             // Google, a reason with `permission_denied`
            "budget_exceeded",              // LiteLLM
            "budgetexceedederror",
            "token_quota_reached", // watsonx
            "quota_exceeded",
            "quotaexceeded", // Volcengine
            "setlimitexceeded",
            "accountoverdueerror",
            "exceeded_current_quota_error", // Moonshot
            "insufficient_balance",
            "insufficient_balance_error", // MiniMax
            "not_enough_balance",         // Novita
            "arrearage",                  // DashScope
            "allocationquota.freetieronly",
            "1112", // Zhipu: the account is locked, in arrears; a limit of a day, of hours, of a plan
            "1113",
            "1304",
            "1308",
            "1309",
            "1310",
        ],
    ),
    (
        ContextLength,
        &[
            "context_length_exceeded",
            "exceed_context_size_error",        // llama.cpp
            "contextwindowexceedederror",       // LiteLLM
            "tokens_limit_reached",             // GitHub
            "model_max_prompt_tokens_exceeded", // GitHub Copilot
            "1261",                             // Zhipu
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
            "model_decommissioned", // Groq
            "model_not_available",  // Together
            "modeldeprecated",      // Azure
            "deploymentnotfound",
            "not_found_error",
            "not_found",
            "invalid_model",       // Mistral
            "model_not_available", // Together
            "model_not_supported", // Hugging Face, DashScope, watsonx
            "model_not_exist",
            "model_decommissioned",            // Groq
            "unknown_model",                   // GitHub
            "modelnotfound",                   // DashScope
            "invalidendpointormodel.notfound", // Volcengine
            "1211",                            // Zhipu
            "resourcenotfound",
            "some requested entity was not found", // xAI
        ],
    ),
    (
        Overloaded,
        &[
            "server_is_overloaded",
            "insufficient_system_resource", // DeepSeek
            "engine_overloaded",
            "engine_overloaded_error",              // Moonshot
            "serveroverloaded",                     // Volcengine
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
            "timeout", // Cohere's finish reason
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
            "not_supported_error", // llama.cpp
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
pub(super) const MINIMAX: Names = &[
    (Server, &["1000", "1024", "1033"]),
    (Timeout, &["1001"]),
    (RateLimited, &["1002"]),
    (Authentication, &["1004", "2049"]),
    (QuotaExceeded, &["1008"]),
    (ContentFiltered, &["1026", "1027"]),
    (ContextLength, &["1039"]),
];

/// Those of MiniMax's numbers that stand for many things, which the text distinguishes.
pub(super) const MINIMAX_BROAD: Names = &[(InvalidRequest, &["1013", "2013"])];

/// Names that some providers give to many things: they count only where neither text nor status says more.
pub(super) const BROAD_NAMES: Names = &[
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
