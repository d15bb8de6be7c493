//! What a request may hold that Converse cannot carry.
//!
//! Left out without a word, because nothing is lost: another provider's thoughts (see `turns`), texts without a
//! character, the name of a tool beside its result (the id says it), that a response format is strict (it always is),
//! and settings at their neutral value.

use super::family::Family;
use super::model_fields::{Asked, top_k_unsupported};
use super::{carried::NAME, tools, turns};
use crate::dialect::anthropic::refuses_sampling;
use crate::encode::{EncodeOptions, Refusals, UnsupportedField};
use crate::model::{Image, Message, Part, PartKind, Request, ResponseFormat, ToolChoice};
use alloc::{format, vec::Vec};

type Checked = Result<(), UnsupportedField>;

/// Refuses the first thing in `request` that cannot be carried, or lists all of them.
pub(super) fn check(
    request: &Request,
    asked: Asked<'_>,
    options: EncodeOptions<'_>,
) -> Result<Vec<UnsupportedField>, UnsupportedField> {
    let mut check = Check { family: Family::of(&request.model), refusals: Refusals::new(NAME, options) };
    check.settings(request)?;
    check.sampling(request)?;
    check.response_format(request)?;
    if let Asked::Unsupported { field, reason } = asked {
        check.refusals.add(field, reason)?;
    }
    check.tools(request)?;
    check.messages(request)?;
    Ok(check.refusals.dropped)
}

struct Check {
    family: Family,
    refusals: Refusals,
}

impl Check {
    fn settings(&mut self, request: &Request) -> Checked {
        let refused = [
            (request.seed.is_some(), "seed", "sampling cannot be made repeatable"),
            (request.n.is_some_and(|n| n != 1), "n", "one answer per request; send it several times"),
            (request.logprobs == Some(true), "logprobs", "log probabilities are not reported"),
            (
                request.top_logprobs.is_some_and(|count| count > 0),
                "top_logprobs",
                "log probabilities are not reported",
            ),
            (
                request.frequency_penalty.is_some_and(|penalty| penalty != 0.0),
                "frequency_penalty",
                "there are no penalties",
            ),
            (
                request.presence_penalty.is_some_and(|penalty| penalty != 0.0),
                "presence_penalty",
                "there are no penalties",
            ),
            (request.user.is_some(), "user", "users are not named; put it into `metadata`, which is logged"),
        ];
        refused
            .into_iter()
            .filter(|(is_refused, ..)| *is_refused)
            .try_for_each(|(_, field, reason)| self.refusals.add(field, reason))
    }

    fn sampling(&mut self, request: &Request) -> Checked {
        let refuses = self.family == Family::Claude && refuses_sampling(request);
        let reason = "this model takes no sampling settings";
        match request.temperature {
            Some(temperature) if temperature > 1.0 => {
                self.refusals.add("temperature", "it goes from 0 to 1")?;
            }
            Some(temperature) if refuses && temperature != 1.0 => self.refusals.add("temperature", reason)?,
            _ => {}
        }
        if refuses && request.top_p.is_some_and(|top_p| top_p != 1.0) {
            self.refusals.add("top_p", reason)?;
        }
        let top_k = if refuses { Some(reason) } else { top_k_unsupported(self.family) };
        match top_k {
            Some(reason) if request.top_k.is_some() => self.refusals.add("top_k", reason),
            _ => Ok(()),
        }
    }

    fn response_format(&mut self, request: &Request) -> Checked {
        match &request.response_format {
            Some(ResponseFormat::Json) => {
                self.refusals.add("response_format", "JSON needs a schema here; give one")
            }
            Some(ResponseFormat::JsonSchema { strict: Some(false), .. }) => {
                self.refusals.add("response_format.strict", "the model is always held to the schema")
            }
            _ => Ok(()),
        }
    }

    fn tools(&mut self, request: &Request) -> Checked {
        for (position, tool) in request.tools.iter().enumerate() {
            if let Some(reason) = tools::unsupported(tool) {
                self.refusals.add(format!("tools[{position}]"), reason)?;
            }
        }
        if request.tool_choice == Some(ToolChoice::None)
            && !request.tools.is_empty()
            && tools::has_history(request)
        {
            let reason =
                "tools cannot be forbidden once the conversation holds calls, for they must be declared";
            self.refusals.add("tool_choice", reason)?;
        }
        if request.parallel_tool_calls == Some(false)
            && self.family != Family::Claude
            && !request.tools.is_empty()
        {
            self.refusals.add("parallel_tool_calls", "this model cannot be held to one call at a time")?;
        }
        Ok(())
    }

    fn messages(&mut self, request: &Request) -> Checked {
        let leading = turns::leading_system(request);
        let mut has_begun = false;
        for (position, message) in request.messages.iter().enumerate() {
            let path = format!("messages[{position}]");
            if position < leading {
                self.instructions(&path, message)?;
                continue;
            }
            match turns::is_user(&message.role) {
                None => {
                    self.refusals.add(path, "users and models speak here, and instructions stand first")?;
                    continue;
                }
                Some(is_user) if !has_begun && !is_user => {
                    self.refusals.add(path.as_str(), "the user speaks first here")?;
                }
                _ => {}
            }
            has_begun = true;
            self.name(&path, message)?;
            self.parts(&path, &message.content, false)?;
        }
        Ok(())
    }

    fn instructions(&mut self, path: &str, message: &Message) -> Checked {
        self.name(path, message)?;
        if !message.extra.is_empty() {
            let reason = "instructions are no message and have no further fields";
            self.refusals.add(format!("{path}.extra"), reason)?;
        }
        for (position, part) in message.content.iter().enumerate() {
            if !turns::is_instruction(part) {
                self.refusals.add(format!("{path}.content[{position}]"), "instructions are texts")?;
            }
        }
        Ok(())
    }

    fn name(&mut self, path: &str, message: &Message) -> Checked {
        if message.name.is_none() {
            return Ok(());
        }
        self.refusals.add(format!("{path}.name"), "speakers have no names; write it into the text")
    }

    fn parts(&mut self, path: &str, parts: &[Part], is_result: bool) -> Checked {
        for (position, Part { kind, cache, .. }) in parts.iter().enumerate() {
            let path = format!("{path}.content[{position}]");
            if let Some(reason) = turns::unsupported(kind) {
                self.refusals.add(path.as_str(), reason)?;
            }
            if cache.is_some() && is_result {
                let reason = "a result has no cache points inside; mark the result itself";
                self.refusals.add(format!("{path}.cache"), reason)?;
            }
            match kind {
                PartKind::Image(Image { detail: Some(detail), .. }) if detail != "auto" => {
                    self.refusals.add(format!("{path}.detail"), "how closely to look cannot be chosen")?;
                }
                PartKind::ToolResult(result) => self.parts(&path, &result.content, true)?,
                _ => {}
            }
        }
        Ok(())
    }
}
