//! Reasoning settings: the neutral effort or budget as `thinkingConfig`, in both directions.
//!
//! Gemini 3 and later take a level in words and cannot be kept from thinking; 2.5 takes a budget in tokens; earlier
//! models do not think. Level and budget together are refused by the API, so only one is ever written (section 2; the
//! figures are those of `docs/wire/caching-thinking-tools.md`, section 3).

use super::model_name::Family;
use crate::json::{Extra, Fields, Json, ObjectWriter};
use crate::model::{Effort, ReasoningRequest, Request};
use alloc::{borrow::Cow, borrow::ToOwned};

pub(super) const CONFIG: &str = "thinkingConfig";
const LEVELS_SINCE: (u32, u32) = (3, 0);
const THINKS_SINCE: (u32, u32) = (2, 5);
/// What stands in `ReasoningRequest::display` where thoughts are not to be shown.
const OMITTED: &str = "omitted";

/// What is asked of a model in its own terms.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Thinking<'a> {
    /// Nothing is said.
    Unsaid,
    /// As much as the model sees fit.
    Dynamic,
    Level(Cow<'a, str>),
    Budget(u64),
    /// The model cannot do it; the text says why.
    Unsupported(&'static str),
}

/// What `request` asks of its model.
pub(super) fn plan(request: &Request) -> Thinking<'_> {
    let Some(ReasoningRequest { effort, budget_tokens, .. }) = &request.reasoning else {
        return Thinking::Unsaid;
    };
    let family = Family::from_model(&request.model);
    if !family.is_since(THINKS_SINCE) {
        return match effort {
            Some(Effort::None) => Thinking::Unsaid,
            _ => Thinking::Unsupported("this model does not think; choose Gemini 2.5 or later"),
        };
    }
    match (effort, budget_tokens) {
        (None, None) => Thinking::Dynamic,
        (Some(effort), _) if family.is_since(LEVELS_SINCE) => level(effort, family),
        (None, Some(budget)) if family.is_since(LEVELS_SINCE) => level(&effort_of(*budget), family),
        (_, Some(budget)) => Thinking::Budget(*budget),
        (Some(effort), None) => budget(effort, family),
    }
}

fn level<'a>(effort: &Effort, family: Family) -> Thinking<'a> {
    let word = match effort {
        // The least there is: thinking cannot be turned off.
        Effort::None | Effort::Minimal if family.is_pro => "LOW",
        Effort::None | Effort::Minimal => "MINIMAL",
        Effort::Low => "LOW",
        Effort::Medium if family.is_pro && family.is((3, 0)) => "HIGH",
        Effort::Medium => "MEDIUM",
        Effort::High | Effort::XHigh | Effort::Max => "HIGH",
        Effort::Other(word) => return Thinking::Level(Cow::Owned(word.to_owned())),
    };
    Thinking::Level(Cow::Borrowed(word))
}

/// The effort that a budget stands for where the model takes none.
fn effort_of(budget: u64) -> Effort {
    match budget {
        0 => Effort::None,
        1..=1024 => Effort::Minimal,
        1025..=4096 => Effort::Low,
        4097..=12_288 => Effort::Medium,
        _ => Effort::High,
    }
}

fn budget<'a>(effort: &Effort, family: Family) -> Thinking<'a> {
    Thinking::Budget(match effort {
        // The least that this kind takes.
        Effort::None if family.is_pro => 128,
        Effort::None => 0,
        Effort::Minimal => 1024,
        Effort::Low => 2048,
        Effort::Medium => 8192,
        Effort::XHigh | Effort::Max if family.is_pro => 32_768,
        Effort::High | Effort::XHigh | Effort::Max => 24_576,
        Effort::Other(_) => {
            return Thinking::Unsupported("this model takes no effort of that name; give a budget");
        }
    })
}

/// Writes `thinkingConfig`. `own` are the caller's own fields of it.
pub(super) fn encode(
    request: &Request,
    thinking: &Thinking<'_>,
    own: &Extra,
    settings: &mut ObjectWriter<'_>,
) {
    let (level, budget) = match thinking {
        Thinking::Unsaid | Thinking::Unsupported(_) if own.is_empty() => return,
        Thinking::Unsaid | Thinking::Unsupported(_) => {
            settings.object_with(CONFIG, own, |_| {});
            return;
        }
        // A caller's own figure wins over ours; the API takes only one.
        Thinking::Level(_) | Thinking::Budget(_)
            if own.get("thinkingLevel").is_some() || own.get("thinkingBudget").is_some() =>
        {
            (None, None)
        }
        Thinking::Dynamic => (None, None),
        Thinking::Level(word) => (Some(word), None),
        Thinking::Budget(budget) => (None, Some(*budget)),
    };
    let reasoning = request.reasoning.as_ref();
    let is_shown = reasoning
        .is_some_and(|asked| asked.effort != Some(Effort::None) && asked.display.as_deref() != Some(OMITTED));
    settings.object_with(CONFIG, own, |object| {
        if is_shown {
            object.field("includeThoughts", true);
        }
        object.optional("thinkingLevel", level.map(|word| &**word)).optional("thinkingBudget", budget);
    });
}

/// Takes `thinkingConfig` out of `generationConfig`; what has no name here goes to `kept`.
pub(super) fn take(settings: &mut Fields<'_>, kept: &mut Extra) -> Option<ReasoningRequest> {
    let mut config = settings.take_object(CONFIG)?;
    config.camel_case();
    let is_shown = config.take_bool("includeThoughts") == Some(true);
    let effort = config.take_string("thinkingLevel").map(|word| match word.as_str() {
        "MINIMAL" | "minimal" => Effort::Minimal,
        "LOW" | "low" => Effort::Low,
        "MEDIUM" | "medium" => Effort::Medium,
        "HIGH" | "high" => Effort::High,
        "XHIGH" | "xhigh" => Effort::XHigh,
        _ => Effort::Other(word),
    });
    let budget = config.take_u64("thinkingBudget");
    if !config.is_empty() {
        kept.insert(CONFIG, Json::object(&config.rest(), |_| {}));
    }
    let is_off = effort.is_none() && budget == Some(0);
    Some(ReasoningRequest {
        effort: if is_off { Some(Effort::None) } else { effort },
        budget_tokens: budget.filter(|_| !is_off),
        display: (!is_shown && !is_off).then(|| OMITTED.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let level = |word: &'static str| Thinking::Level(Cow::Borrowed(word));
        for (model, effort, budget, expected) in [
            ("gemini-3-pro-preview", Some("none"), None, level("LOW")),
            ("gemini-3-flash-preview", Some("none"), None, level("MINIMAL")),
            ("gemini-3-flash-preview", Some("minimal"), None, level("MINIMAL")),
            ("gemini-3-pro-preview", Some("minimal"), None, level("LOW")),
            ("gemini-3-pro-preview", Some("medium"), None, level("HIGH")),
            ("gemini-3.1-pro-preview", Some("medium"), None, level("MEDIUM")),
            ("gemini-3-flash-preview", Some("medium"), None, level("MEDIUM")),
            ("gemini-flash-latest", Some("max"), None, level("HIGH")),
            ("gemini-3-flash-preview", None, Some(0), level("MINIMAL")),
            ("gemini-3-flash-preview", None, Some(2048), level("LOW")),
            ("gemini-3-flash-preview", None, Some(8192), level("MEDIUM")),
            ("gemini-3-flash-preview", None, Some(24_576), level("HIGH")),
            ("gemini-3-flash-preview", Some("low"), Some(24_576), level("LOW")),
            ("gemini-3-flash-preview", None, None, Thinking::Dynamic),
            ("gemini-2.5-flash", Some("none"), None, Thinking::Budget(0)),
            ("gemini-2.5-pro", Some("none"), None, Thinking::Budget(128)),
            ("gemini-2.5-flash", Some("minimal"), None, Thinking::Budget(1024)),
            ("gemini-2.5-flash", Some("low"), None, Thinking::Budget(2048)),
            ("gemini-2.5-flash", Some("medium"), None, Thinking::Budget(8192)),
            ("gemini-2.5-flash", Some("high"), None, Thinking::Budget(24_576)),
            ("gemini-2.5-flash", Some("max"), None, Thinking::Budget(24_576)),
            ("gemini-2.5-pro", Some("max"), None, Thinking::Budget(32_768)),
            ("gemini-2.5-pro", Some("max"), Some(7), Thinking::Budget(7)),
            ("gemini-2.0-flash", Some("none"), None, Thinking::Unsaid),
        ] {
            assert_eq!(plan(&asked(model, effort, budget)), expected, "{model} {effort:?} {budget:?}");
        }
        for (model, effort) in
            [("gemini-2.0-flash", "low"), ("gemma-3-27b-it", "low"), ("gemini-2.5-pro", "vast")]
        {
            assert!(matches!(plan(&asked(model, Some(effort), None)), Thinking::Unsupported(_)), "{model}");
        }
    }
}
