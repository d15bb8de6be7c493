//! Response headers of emulated providers: each sends its own, and nobody else's
//! (`docs/wire/errors.md`, section 5, and the providers' pages).

use super::EmulatedProvider;
use crate::dialect::{ResponseContext, id_headers, openai_response_headers, rate_limit_headers};
use alloc::{string::String, vec::Vec};

/// What a provider that speaks OpenAI's format sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    /// All that OpenAI does.
    OpenAi,
    /// The id of the request under this name, and OpenAI's limits.
    Limited(&'static str),
    /// The id of the request under this name.
    Id(&'static str),
    /// Nothing: a program on one's own machine, or Google.
    Nothing,
}

/// By the ids of their rows; those that are not listed send the id under the usual name.
const OWN: &[(&[&str], Own)] = &[
    (&["", "openai", "openai-responses"], Own::OpenAi),
    (&["azure", "azure-deployments", "azure-ai"], Own::Limited("apim-request-id")),
    (&["groq"], Own::Limited("x-request-id")),
    (&["anthropic-compat"], Own::Id("request-id")),
    (&["bedrock-compat", "bedrock-mantle"], Own::Id("x-amzn-requestid")),
    (&["cohere-compat"], Own::Id("x-debug-trace-id")),
    (&["mistral", "codestral"], Own::Id("mistral-correlation-id")),
    (&["openrouter"], Own::Id("x-generation-id")),
    (&["huggingface"], Own::Id("inference-id")),
    (&["litellm"], Own::Id("x-litellm-call-id")),
    (&["cloudflare", "cloudflare-gateway"], Own::Id("cf-ray")),
    (&["gemini-compat", "vertex-openapi"], Own::Nothing),
    (
        &["ollama-compat", "vllm", "sglang", "lmstudio", "llamacpp", "llamafile", "tgi", "localai"],
        Own::Nothing,
    ),
];

impl EmulatedProvider {
    /// What it sends, where its dialect is OpenAI's; any other dialect says it itself.
    fn own_headers(&self) -> Option<Own> {
        if !matches!(self.format(), "openai-chat" | "openai-responses") {
            return None;
        }
        let row = OWN.iter().find(|(ids, _)| ids.contains(&self.id()));
        Some(row.map_or(Own::Id("x-request-id"), |(_, own)| *own))
    }

    /// The response header with the id of the request; `None` where no header has it.
    pub fn request_id_header(&self) -> Option<&'static str> {
        match self.own_headers() {
            None => self.server_facts().request_id_header,
            Some(Own::OpenAi) => Some("x-request-id"),
            Some(Own::Limited(name) | Own::Id(name)) => Some(name),
            Some(Own::Nothing) => None,
        }
    }

    /// The headers of a successful response.
    pub fn response_headers(&self, context: &ResponseContext<'_>) -> Vec<(&'static str, String)> {
        match self.own_headers() {
            None => (**self).response_headers(context),
            Some(Own::OpenAi) => openai_response_headers(context),
            Some(Own::Limited(_)) => {
                let mut headers = id_headers(self.request_id_header(), context);
                headers.extend(rate_limit_headers(context));
                headers
            }
            Some(Own::Id(_) | Own::Nothing) => id_headers(self.request_id_header(), context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::RateLimit;
    use crate::providers;
    use core::time::Duration;

    /// Whose each header is: providers whose headers begin so, by their ids.
    const WHOSE: &[(&str, &[&str])] = &[
        ("openai-", &["openai", "openai-responses"]),
        ("anthropic-", &["anthropic", "azure-anthropic"]),
        ("request-id", &["anthropic", "azure-anthropic", "vertex-anthropic", "anthropic-compat"]),
        ("x-amzn-", &["bedrock", "bedrock-compat", "bedrock-mantle"]),
        ("apim-", &["azure", "azure-deployments", "azure-ai"]),
        ("x-ratelimit-", &["openai", "openai-responses", "azure", "azure-deployments", "azure-ai", "groq"]),
        ("x-debug-trace-id", &["cohere", "cohere-compat"]),
        ("mistral-", &["mistral", "codestral"]),
        ("x-generation-id", &["openrouter"]),
        ("inference-id", &["huggingface"]),
        ("x-litellm-", &["litellm"]),
        ("cf-ray", &["cloudflare", "cloudflare-gateway"]),
    ];
    /// Those with no header for the id.
    const WITHOUT_ID: &[&str] = &[
        "gemini",
        "vertex",
        "vertex-express",
        "gemini-compat",
        "vertex-openapi",
        "ollama",
        "ollama-cloud",
        "ollama-compat",
        "vllm",
        "sglang",
        "lmstudio",
        "llamacpp",
        "llamafile",
        "tgi",
        "localai",
        "replicate",
        "ruvllm",
        "cursor-cli",
    ];

    #[test]
    fn every_provider_sends_its_own_headers_and_nobody_elses() {
        let context = ResponseContext {
            request_id: "req_1",
            organization: "us",
            processing: Duration::from_millis(3),
            rate_limit: Some(RateLimit { limit: 2, remaining: 1, reset: Duration::from_secs(1) }),
            now: 0,
        };
        for row in providers::all() {
            let provider = EmulatedProvider::from_row(row).unwrap();
            let headers = provider.response_headers(&context);
            for (name, value) in &headers {
                let whose = WHOSE.iter().find(|(prefix, _)| name.starts_with(prefix));
                let is_own = whose.map_or(*name == "x-request-id", |(_, ids)| ids.contains(&row.id));
                assert!(is_own, "{}: {name}: {value}", row.id);
            }
            for (prefix, ids) in WHOSE {
                let is_sent = headers.iter().any(|(name, _)| name.starts_with(prefix));
                assert!(is_sent || !ids.contains(&row.id), "{}: {prefix}", row.id);
            }
            let id = provider.request_id_header();
            assert_eq!(id.is_none(), WITHOUT_ID.contains(&row.id), "{}: {id:?}", row.id);
            let sent = headers.iter().find(|(name, _)| Some(*name) == id).map(|(_, value)| value.as_str());
            assert_eq!(sent, id.map(|_| "req_1"), "{}", row.id);
            // And our clients read it.
            assert!(id.is_none_or(|id| crate::error::REQUEST_ID_HEADERS.contains(&id)), "{}: {id:?}", row.id);
        }
    }
}
