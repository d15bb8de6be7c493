//! Reasoning settings in each provider's words (`docs/wire/caching-thinking-tools.md`, section 3).

use super::{Feature, Quirks, ReasoningRequestForm};
use crate::encode::{Refusals, UnsupportedField};
use crate::json::ObjectWriter;
use crate::model::{Effort, ReasoningRequest, Request};
use crate::options::rules;

/// Refuses what the provider has no words for.
pub(crate) fn refuse(
    request: &Request,
    quirks: &Quirks,
    refusals: &mut Refusals,
) -> Result<(), UnsupportedField> {
    use ReasoningRequestForm as Form;
    let Some(reasoning) = &request.reasoning else { return Ok(()) };
    let form = quirks.reasoning_request;
    if let Some(effort) = &reasoning.effort {
        match form {
            Form::Effort if !quirks.supports(Feature::ReasoningEffort) => {
                let reason = quirks.reason("has no words for how much to reason");
                refusals.add("reasoning.effort", &reason)?;
            }
            // It is said that there is to be reasoning, only not how much.
            Form::PromptMode
                if matches!(effort, Effort::None | Effort::High) && !is_magistral(&request.model) => {}
            Form::EnableThinking | Form::PromptMode
                if *effort != Effort::None && reasoning.budget_tokens.is_none() =>
            {
                refusals
                    .note("reasoning.effort", &quirks.reason("takes whether to reason, but not how much"));
            }
            Form::Thinking if *effort != Effort::None && !quirks.supports(Feature::ReasoningEffort) => {
                refusals
                    .note("reasoning.effort", &quirks.reason("takes whether to reason, but not how much"));
            }
            _ => {}
        }
    }
    if reasoning.budget_tokens.is_some() {
        match form {
            Form::EnableThinking => {}
            Form::Object if reasoning.effort.is_none() => {}
            Form::Object => {
                let reason = quirks.reason("takes words or a number of tokens, not both");
                refusals.add("reasoning.budget_tokens", &reason)?;
            }
            _ => rules::in_words(reasoning, refusals)?,
        }
    }
    match form {
        Form::Object => Ok(()),
        _ => rules::shown_as_it_is(reasoning, refusals),
    }
}

/// Whether a model of Mistral's is of the family that is asked by a mode; newer ones take an effort.
fn is_magistral(model: &str) -> bool {
    model.to_ascii_lowercase().contains("magistral")
}

/// Writes what [`refuse`] left.
pub(crate) fn write(quirks: &Quirks, reasoning: &ReasoningRequest, model: &str, body: &mut ObjectWriter<'_>) {
    use ReasoningRequestForm as Form;
    let ReasoningRequest { effort, budget_tokens, display } = reasoning;
    let effort = effort.as_ref();
    let wanted = match (effort, budget_tokens) {
        (Some(effort), _) => Some(*effort != Effort::None),
        (None, Some(budget)) => Some(*budget > 0),
        (None, None) => None,
    };
    let words = effort.map(Effort::as_str).filter(|_| quirks.supports(Feature::ReasoningEffort));
    match quirks.reasoning_request {
        Form::Effort => _ = body.optional("reasoning_effort", words),
        Form::Object if effort.is_some() || budget_tokens.is_some() || display.is_some() => {
            body.object("reasoning", |object| {
                // `docs/wire/openrouter.md`, section 2: `max` is not known there.
                let word =
                    effort.map(|effort| if *effort == Effort::Max { "xhigh" } else { effort.as_str() });
                object.optional("effort", word);
                object.optional("max_tokens", budget_tokens.filter(|_| effort.is_none()));
                object.optional("exclude", display.as_deref().map(|display| display == "omitted"));
            });
        }
        Form::Object => {}
        Form::Thinking => {
            if let Some(wanted) = wanted.filter(|_| effort.is_some()) {
                body.object("thinking", |object| {
                    object.field("type", if wanted { "enabled" } else { "disabled" });
                });
                body.optional("reasoning_effort", words.filter(|_| wanted));
            }
        }
        Form::EnableThinking => {
            body.optional("enable_thinking", wanted);
            body.optional("thinking_budget", budget_tokens.filter(|_| wanted == Some(true)));
        }
        Form::PromptMode if !is_magistral(model) => {
            if let Some(wanted) = wanted.filter(|_| effort.is_some()) {
                body.field("reasoning_effort", if wanted { "high" } else { "none" });
            }
        }
        Form::PromptMode => {
            if effort.is_some() && wanted == Some(true) {
                body.field("prompt_mode", "reasoning");
            }
        }
        Form::TemplateArguments => {
            if let Some(wanted) = wanted.filter(|_| effort.is_some()) {
                body.object("chat_template_kwargs", |object| _ = object.field("enable_thinking", wanted));
                body.optional("reasoning_effort", words.filter(|_| wanted));
            }
        }
    }
}
