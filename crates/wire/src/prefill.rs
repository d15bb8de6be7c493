//! Prefill: which models continue an answer that the final assistant message of a request begins.
//!
//! Anthropic's models up to generation 4.5 do; later ones answer 400 (`docs/wire/anthropic.md`). Mistral, Moonshot and,
//! at its beta address, DeepSeek do if a field of that message says so (`prefill_parameter` in their rows). Other
//! models answer from the beginning, or their behaviour is not documented.

use crate::quirks::Quirks;

/// How a model treats the beginning of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefill {
    /// It continues the answer.
    Continued,
    /// The request is refused.
    Refused,
    /// It answers from the beginning, or its behaviour is unknown.
    Unknown,
}

/// Substrings of the names of Anthropic's models that continue an answer. A host's prefix, a date or a version may
/// surround them.
const CLAUDES: &[&str] = &[
    "claude-2",
    "claude-instant",
    "claude-3",
    "claude-opus-4-0",
    "claude-opus-4-1",
    "claude-opus-4-5",
    "claude-opus-4-20",
    "claude-opus-4@",
    "claude-sonnet-4-0",
    "claude-sonnet-4-5",
    "claude-sonnet-4-20",
    "claude-sonnet-4@",
    "claude-haiku-4-5",
];

/// DeepSeek's address for beta features, which include the prefix (`docs/wire/requests-accepted.md`).
const BETA: &str = "/beta";

impl Prefill {
    /// How `model` treats it, if served by a provider with these quirks, in the wire format `format`, at an address
    /// with this path.
    pub fn for_model(format: &str, quirks: &Quirks, model: &str, path: &str) -> Self {
        if quirks.provider == "deepseek" && !path.contains(BETA) {
            return Self::Unknown;
        }
        if !quirks.prefill_parameter.is_empty() {
            return Self::Continued;
        }
        if !matches!(format, "anthropic" | "bedrock") || !model.contains("claude") {
            return Self::Unknown;
        }
        let has_generation = model.contains(|letter: char| letter.is_ascii_digit());
        match CLAUDES.iter().any(|name| model.contains(name)) {
            true => Self::Continued,
            false if has_generation => Self::Refused,
            false => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generation_of_a_claude_decides() {
        let of = |format, model| Prefill::for_model(format, &Quirks::NONE, model, "/v1");
        for model in [
            "claude-3-5-haiku-latest",
            "claude-haiku-4-5",
            "claude-opus-4-20250514",
            "claude-sonnet-4@20250514",
        ] {
            assert_eq!(of("anthropic", model), Prefill::Continued, "{model}");
        }
        assert_eq!(of("bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"), Prefill::Continued);
        for model in ["claude-opus-4-6", "claude-sonnet-4-6", "claude-opus-5-5", "claude-fable-5"] {
            assert_eq!(of("anthropic", model), Prefill::Refused, "{model}");
        }
        assert_eq!(of("anthropic", "m"), Prefill::Unknown);
        assert_eq!(of("anthropic", "claude"), Prefill::Unknown);
        assert_eq!(of("openai-chat", "claude-haiku-4-5"), Prefill::Unknown);
    }

    #[test]
    fn a_field_says_so_and_deepseek_has_an_address_for_it() {
        let with = |provider: &'static str| Quirks {
            provider: provider.into(),
            prefill_parameter: "prefix".into(),
            ..Quirks::NONE
        };
        let of = |provider, path| Prefill::for_model("openai-chat", &with(provider), "m", path);
        assert_eq!(of("mistral", "/v1"), Prefill::Continued);
        assert_eq!(of("deepseek", "/v1"), Prefill::Unknown);
        assert_eq!(of("deepseek", "/beta"), Prefill::Continued);
    }
}
