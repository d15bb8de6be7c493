//! Reasoning settings: the neutral effort or budget as `thinking` and `output_config.effort`, in both directions.
//!
//! Claude 4.6 and later think adaptively, by an effort in words; 3.7 to 4.5 take a budget in tokens; earlier models
//! do not think. A model whose name has no version counts as newer than all.

use crate::dialect::shared::nested;
use crate::json::{Extra, Fields, Json, ObjectWriter};
use crate::model::{Effort, ReasoningRequest, Request};
use alloc::string::String;

/// Who signs the thoughts of Claude: the id of Anthropic's row in the table of providers.
pub(crate) const SIGNER: &str = "anthropic";

/// The API requires `max_tokens`; this is sent where the caller names no limit.
pub const DEFAULT_MAX_TOKENS: u64 = 4096;

/// The version in a model's name.
pub(super) type Version = (u32, u32);

/// From here on models think by effort.
const ADAPTIVE_SINCE: Version = (4, 6);
/// From here on models think.
const THINKS_SINCE: Version = (3, 7);

/// The version in names such as `claude-sonnet-4-5-20250929`, `claude-3-7-sonnet-latest`,
/// `us.anthropic.claude-opus-4-1-20250805-v1:0` or `anthropic/claude-sonnet-4.5`.
pub(super) fn version(model: &str) -> Option<Version> {
    let (_, name) = model.rsplit_once("claude")?;
    let mut words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    // Longer numbers are dates.
    let number = |word: &str| if word.len() <= 2 { word.parse().ok() } else { None };
    let major = words.by_ref().find_map(|word| number(word.strip_prefix('v').unwrap_or(word)))?;
    Some((major, words.next().and_then(number).unwrap_or(0)))
}

/// Whether prompts of a model may be cached for an hour on Bedrock, where older ones have five minutes only.
pub(crate) fn has_hour_cache(model: &str) -> bool {
    version(model).is_some_and(|version| version >= (4, 5))
}

/// What is asked of a model in its own terms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Thinking<'a> {
    /// Nothing is said.
    Unsaid,
    /// Not at all.
    Disabled,
    /// As the model sees fit, guided by an effort.
    Adaptive(Option<&'a str>),
    /// Up to this many tokens; newer models also take an effort.
    Budget(u64, Option<&'a str>),
    /// The model cannot do it; the text says why.
    Unsupported(&'static str),
}

/// What `request` asks of its model.
pub(crate) fn plan(request: &Request) -> Thinking<'_> {
    let Some(ReasoningRequest { effort, budget_tokens, .. }) = &request.reasoning else {
        return Thinking::Unsaid;
    };
    let version = version(&request.model);
    if version.is_some_and(|version| version < THINKS_SINCE) {
        return match effort {
            Some(Effort::None) => Thinking::Unsaid,
            _ => Thinking::Unsupported("this model does not think; choose Claude 3.7 or later"),
        };
    }
    let adaptive = version.is_none_or(|version| version >= ADAPTIVE_SINCE);
    match (effort, budget_tokens) {
        (Some(Effort::None), _) => Thinking::Disabled,
        (effort, Some(budget)) => Thinking::Budget(*budget, effort.as_ref().filter(|_| adaptive).map(word)),
        (effort, None) if adaptive => Thinking::Adaptive(effort.as_ref().map(word)),
        (Some(Effort::Other(_)), None) => {
            Thinking::Unsupported("this model takes no effort of that name; give a budget")
        }
        (effort, None) => Thinking::Budget(budget(effort.as_ref()), None),
    }
}

fn word(effort: &Effort) -> &str {
    match effort {
        // The least there is.
        Effort::Minimal => "low",
        effort => effort.as_str(),
    }
}

/// Tokens for an effort, small enough to leave Opus 4 (32,000 tokens of output) room for an answer.
fn budget(effort: Option<&Effort>) -> u64 {
    match effort {
        Some(Effort::Minimal) => 1024,
        Some(Effort::Low) => 2048,
        Some(Effort::High) => 16_384,
        Some(Effort::XHigh | Effort::Max) => 24_576,
        _ => 8192,
    }
}

/// The `max_tokens` to send: the caller's or the default, raised above the budget, which the API counts in.
pub(crate) fn max_tokens(request: &Request, thinking: Thinking<'_>) -> u64 {
    match (thinking, request.max_tokens) {
        (Thinking::Budget(budget, _), asked) if asked.is_none_or(|asked| asked <= budget) => {
            budget.saturating_add(asked.unwrap_or(DEFAULT_MAX_TOKENS).clamp(1, DEFAULT_MAX_TOKENS))
        }
        (_, asked) => asked.unwrap_or(DEFAULT_MAX_TOKENS),
    }
}

/// Writes `thinking`. `nested` are the fields of it that have no name in the model.
pub(crate) fn encode(request: &Request, thinking: Thinking<'_>, nested: &Extra, body: &mut ObjectWriter<'_>) {
    let display = request.reasoning.as_ref().and_then(|reasoning| reasoning.display.as_ref());
    let (word, budget, display) = match thinking {
        Thinking::Unsaid | Thinking::Unsupported(_) => {
            if !nested.is_empty() {
                body.object_with("thinking", nested, |_| {});
            }
            return;
        }
        Thinking::Disabled => ("disabled", None, None),
        Thinking::Adaptive(_) => ("adaptive", None, display),
        Thinking::Budget(budget, _) => ("enabled", Some(budget), display),
    };
    body.object_with("thinking", nested, |object| {
        object.field("type", word).optional("budget_tokens", budget).optional("display", display);
    });
}

/// Takes `thinking` out; `effort` is that of `output_config`. What has no name here goes back to `extra`.
pub(crate) fn take(
    body: &mut Fields<'_>,
    effort: Option<String>,
    extra: &mut Extra,
) -> Option<ReasoningRequest> {
    let mut effort = effort.map(|word| Effort::from(word.as_str()));
    let known = body.get("thinking").and_then(|whole| {
        let mut fields = whole.object()?;
        let word = fields.take_string("type")?;
        match word.as_str() {
            "enabled" | "adaptive" => Some((false, fields)),
            "disabled" => Some((true, fields)),
            _ => None,
        }
    });
    let Some((disabled, mut fields)) = known else {
        return effort.map(|effort| ReasoningRequest { effort: Some(effort), ..ReasoningRequest::default() });
    };
    body.take("thinking");
    let budget_tokens = fields.take_u64("budget_tokens");
    let display = fields.take_string("display");
    if disabled {
        effort = Some(Effort::None);
    }
    if !fields.is_empty() {
        let nested = fields.rest();
        extra.insert("thinking", Json::object(&nested, |_| {}));
    }
    Some(ReasoningRequest { effort, budget_tokens, display })
}

/// Takes the fields of `thinking` without a name in the model out of `extra`. One with a `type` stands for itself
/// and stays.
pub(crate) fn take_nested_thinking(extra: &mut Extra) -> Extra {
    let stands_alone =
        |thinking: &Json| thinking.value().object().is_none_or(|fields| fields.get("type").is_some());
    if extra.get("thinking").is_none_or(stands_alone) {
        Extra::new()
    } else {
        nested::take(extra, "thinking")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions_out_of_names() {
        for (model, expected) in [
            ("claude-sonnet-4-5-20250929", Some((4, 5))),
            ("claude-3-7-sonnet-20250219", Some((3, 7))),
            ("claude-3-7-sonnet-latest", Some((3, 7))),
            ("claude-3-opus-20240229", Some((3, 0))),
            ("claude-opus-4-6", Some((4, 6))),
            ("claude-opus-4-20250514", Some((4, 0))),
            ("claude-haiku-4-5@20251001", Some((4, 5))),
            ("us.anthropic.claude-opus-4-1-20250805-v1:0", Some((4, 1))),
            ("anthropic/claude-sonnet-4.5", Some((4, 5))),
            ("anthropic.claude-v2:1", Some((2, 1))),
            ("claude-sonnet-5", Some((5, 0))),
            ("claude-next", None),
            ("MiniMax-M2", None),
        ] {
            assert_eq!(version(model), expected, "{model}");
        }
    }

    fn asked(model: &str, effort: Option<&str>, budget_tokens: Option<u64>) -> Request {
        Request {
            model: model.into(),
            reasoning: Some(ReasoningRequest {
                effort: effort.map(Effort::from),
                budget_tokens,
                display: None,
            }),
            ..Request::default()
        }
    }

    #[test]
    fn each_generation_is_asked_in_its_own_terms() {
        for (model, effort, budget, expected) in [
            ("claude-opus-4-6", Some("high"), None, Thinking::Adaptive(Some("high"))),
            ("claude-opus-4-6", Some("minimal"), None, Thinking::Adaptive(Some("low"))),
            ("claude-sonnet-5", Some("max"), None, Thinking::Adaptive(Some("max"))),
            ("something-new", Some("xhigh"), None, Thinking::Adaptive(Some("xhigh"))),
            ("claude-opus-4-6", None, None, Thinking::Adaptive(None)),
            ("claude-opus-4-6", Some("low"), Some(2000), Thinking::Budget(2000, Some("low"))),
            ("claude-opus-4-6", Some("none"), None, Thinking::Disabled),
            ("claude-sonnet-4-5", Some("minimal"), None, Thinking::Budget(1024, None)),
            ("claude-sonnet-4-5", Some("low"), None, Thinking::Budget(2048, None)),
            ("claude-sonnet-4-5", Some("medium"), None, Thinking::Budget(8192, None)),
            ("claude-sonnet-4-5", Some("high"), None, Thinking::Budget(16_384, None)),
            ("claude-3-7-sonnet-latest", Some("max"), None, Thinking::Budget(24_576, None)),
            ("claude-sonnet-4-5", Some("high"), Some(5000), Thinking::Budget(5000, None)),
            ("claude-sonnet-4-5", Some("none"), None, Thinking::Disabled),
            ("claude-3-5-haiku-latest", Some("none"), None, Thinking::Unsaid),
        ] {
            assert_eq!(plan(&asked(model, effort, budget)), expected, "{model} {effort:?} {budget:?}");
        }
        assert!(matches!(
            plan(&asked("claude-3-5-haiku-latest", Some("low"), None)),
            Thinking::Unsupported(_)
        ));
        assert!(matches!(plan(&asked("claude-sonnet-4-5", Some("vast"), None)), Thinking::Unsupported(_)));
    }

    #[test]
    fn max_tokens_is_more_than_the_budget() {
        for (asked_for, budget, expected) in [
            (None, None, DEFAULT_MAX_TOKENS),
            (Some(100), None, 100),
            (None, Some(2000), 6096),
            (Some(3000), Some(2000), 3000),
            (Some(2000), Some(2000), 4000),
            (Some(20_000), Some(24_576), 28_672),
            (None, Some(u64::MAX), u64::MAX),
        ] {
            let request = Request { max_tokens: asked_for, ..Request::default() };
            let thinking = budget.map_or(Thinking::Unsaid, |budget| Thinking::Budget(budget, None));
            assert_eq!(max_tokens(&request, thinking), expected);
        }
    }
}
