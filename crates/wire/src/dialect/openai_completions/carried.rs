//! Options that a Completions request carries, and the name that they are refused under.

use crate::dialect::shared::content;
use crate::encode::{Refusals, UnsupportedField};
use crate::model::{Effort, Request};
use crate::options::Carried;
use crate::options::RequestOption::{
    Cache, FrequencyPenalty, Logprobs, MaxTokens, Metadata, N, ParallelToolCalls, PresencePenalty, Reasoning,
    Seed, Stop, Temperature, ToolChoice, Tools, TopLogprobs, TopP, User,
};
use crate::quirks::Quirks;
use alloc::format;

type Checked = Result<(), UnsupportedField>;

/// The name of the format in configuration.
pub(super) const NAME: &str = "openai-completions";

const CHAT: &str = "use Chat Completions";

pub(super) const CARRIED: Carried<Request> = Carried {
    content: Some(content::fit),
    options: &[
        MaxTokens,
        Temperature,
        TopP,
        FrequencyPenalty,
        PresencePenalty,
        Stop,
        Seed,
        N,
        Logprobs,
        TopLogprobs,
        User,
    ],
    rules: &[(Tools, no_tool), (ParallelToolCalls, no_parallel_calls), (Reasoning, no_reasoning)],
    reasons: &[(ToolChoice, CHAT), (Metadata, CHAT), (Cache, CHAT)],
    ..Carried::NOTHING
};

fn no_tool(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    (0..request.tools.len()).try_for_each(|position| {
        refusals.add(format!("tools[{position}]"), "there are no tools; use Chat Completions")
    })
}

/// Without tools there are no calls, whether allowed or forbidden.
fn no_parallel_calls(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    match request.parallel_tool_calls {
        Some(_) => refusals.add("parallel_tool_calls", CHAT),
        None => Ok(()),
    }
}

/// These models do not reason, so that they shall not is what they do.
fn no_reasoning(request: &Request, _: &Quirks, refusals: &mut Refusals) -> Checked {
    let Some(reasoning) = &request.reasoning else { return Ok(()) };
    let is_off = reasoning.effort.as_ref().is_none_or(|effort| *effort == Effort::None);
    if is_off && reasoning.budget_tokens.is_none() && reasoning.display.is_none() {
        return Ok(());
    }
    refusals.add("reasoning", CHAT)
}
