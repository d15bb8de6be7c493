//! What a request may hold that this API cannot carry.
//!
//! Looked for before anything is written: the first find refuses the request, or all of them are left out and named.
//!
//! Left out without a word, because nothing is lost: reasoning without a signature (another provider's, which this
//! API would reject; it becomes text where it is all a message says), the name of a tool beside its result (the id
//! says it), the name of a response format, that it is strict (it always is), and settings at their neutral value.

use super::block::{self, takes_cache};
use super::reasoning::{Thinking, Version, version};
use super::{carried::NAME, system::leading_system};
use crate::dialect::openai_responses::is_item;
use crate::encode::UnsupportedField;
use crate::model::{Image, Message, Part, PartKind, Request, ResponseFormat, ToolKind};
use alloc::{format, string::String, vec::Vec};

/// From here on models refuse sampling settings.
const NO_SAMPLING_SINCE: Version = (4, 7);

/// Everything in `request` that cannot be carried.
pub(super) fn find(request: &Request, thinking: Thinking<'_>) -> Vec<UnsupportedField> {
    let mut found = Found(Vec::new());
    found.settings(request);
    found.sampling(request);
    if let Thinking::Unsupported(reason) = thinking {
        found.add("reasoning", reason);
    }
    for (position, tool) in request.tools.iter().enumerate() {
        if matches!(tool.kind, ToolKind::Custom { .. }) {
            found.add(format!("tools[{position}]"), "tools take JSON here; give the tool a schema");
        }
    }
    let leading = leading_system(request);
    for (position, message) in request.messages.iter().enumerate() {
        found.message(&format!("messages[{position}]"), message, position < leading);
    }
    found.0
}

struct Found(Vec<UnsupportedField>);

impl Found {
    fn add(&mut self, field: impl Into<String>, reason: &str) {
        self.0.push(UnsupportedField { field: field.into(), dialect: NAME, reason: reason.into() });
    }

    fn settings(&mut self, request: &Request) {
        if request.seed.is_some() {
            self.add("seed", "sampling cannot be made repeatable");
        }
        if request.n.is_some_and(|n| n != 1) {
            self.add("n", "one answer per request; send it several times");
        }
        if request.logprobs == Some(true) {
            self.add("logprobs", "log probabilities are not reported");
        }
        if request.top_logprobs.is_some_and(|count| count > 0) {
            self.add("top_logprobs", "log probabilities are not reported");
        }
        for (name, penalty) in
            [("frequency_penalty", request.frequency_penalty), ("presence_penalty", request.presence_penalty)]
        {
            if penalty.is_some_and(|penalty| penalty != 0.0) {
                self.add(name, "there are no penalties");
            }
        }
        for (name, value) in &request.metadata {
            // The user may be named in either place, and only once.
            if name != "user_id" || request.user.as_ref().is_some_and(|user| user != value) {
                self.add(format!("metadata.{name}"), "only the user's id is recorded");
            }
        }
        match &request.response_format {
            Some(ResponseFormat::Json) => self.add("response_format", "JSON needs a schema here; give one"),
            Some(ResponseFormat::JsonSchema { description, strict, .. }) => {
                if description.is_some() {
                    self.add("response_format.description", "put the description into the schema");
                }
                if *strict == Some(false) {
                    self.add("response_format.strict", "the model is always held to the schema");
                }
            }
            _ => {}
        }
    }

    fn sampling(&mut self, request: &Request) {
        let refuses = refuses_sampling(request);
        let reason = "this model takes no sampling settings";
        match request.temperature {
            Some(temperature) if temperature > 1.0 => self.add("temperature", "it goes from 0 to 1"),
            Some(temperature) if refuses && temperature != 1.0 => self.add("temperature", reason),
            _ => {}
        }
        if refuses && request.top_p.is_some_and(|top_p| top_p != 1.0) {
            self.add("top_p", reason);
        }
        if refuses && request.top_k.is_some() {
            self.add("top_k", reason);
        }
    }

    fn message(&mut self, path: &str, message: &Message, is_leading_system: bool) {
        if message.name.is_some() {
            self.add(format!("{path}.name"), "speakers have no names; write it into the text");
        }
        if is_leading_system && !message.extra.is_empty() {
            self.add(format!("{path}.extra"), "the system text is no message and has no further fields");
        }
        self.parts(path, &message.content);
    }

    fn parts(&mut self, path: &str, parts: &[Part]) {
        for (position, Part { kind, cache, .. }) in parts.iter().enumerate() {
            let path = format!("{path}.content[{position}]");
            if let Some(reason) = block::unsupported(kind) {
                self.add(path.clone(), reason);
            }
            if cache.is_some() && !takes_cache(kind) {
                self.add(
                    format!("{path}.cache"),
                    "reasoning cannot end a cached prompt; mark the part after it",
                );
            }
            match kind {
                PartKind::Image(Image { detail: Some(detail), .. }) if detail != "auto" => {
                    self.add(format!("{path}.detail"), "how closely to look cannot be chosen");
                }
                PartKind::Unknown(whole) if is_item(whole) => {
                    self.add(path, "a hosted tool's item, which is for its own provider only");
                }
                PartKind::ToolResult(result) => self.parts(&path, &result.content),
                _ => {}
            }
        }
    }
}

/// Whether the model refuses `temperature`, `top_p` and `top_k` but for their neutral values.
pub(crate) fn refuses_sampling(request: &Request) -> bool {
    version(&request.model).is_some_and(|version| version >= NO_SAMPLING_SINCE)
}
