//! Encoding of Messages requests: the body of `POST /v1/messages`.

use super::block::{encode_block, encode_blocks, encode_cache, encode_content};
use super::carried::{CARRIED, NAME, refuses_sampling};
use super::reasoning::{self, Thinking};
use super::system::leading_system;
use super::tools;
use super::unsupported;
use crate::dialect::shared::{foreign, nested};
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::json::{Extra, Json, ObjectWriter, write_array};
use crate::model::{Message, Part, PartKind, Reasoning, Request, ResponseFormat, Role};
use crate::schema::{self, Held};
use alloc::{borrow::ToOwned, vec::Vec};

/// The API version asked for: the one that every host and model knows.
const API_VERSION: &str = "2023-06-01";

pub(super) fn encode(
    request: &Request,
    options: EncodeOptions<'_>,
) -> Result<EncodedRequest, UnsupportedField> {
    let (body, dropped) = encode_body(request, options, |body| {
        body.field("model", &request.model);
    })?;
    Ok(EncodedRequest {
        path: "/v1/messages".to_owned(),
        body,
        headers: alloc::vec![("anthropic-version", API_VERSION.to_owned())],
        dropped,
    })
}

/// The body, which begins with what `begin` writes, and what was left out.
pub(super) fn encode_body(
    request: &Request,
    options: EncodeOptions<'_>,
    begin: impl FnOnce(&mut ObjectWriter<'_>),
) -> Result<(Vec<u8>, Vec<UnsupportedField>), UnsupportedField> {
    let request = &*foreign::for_format(request, NAME);
    let mut refusals = Refusals::new(NAME, options);
    let request = &*CARRIED.fit(request, options.quirks, &mut refusals)?;
    unsupported::check(request, &mut refusals)?;
    Ok((body(&foreign::without_items(request, NAME), reasoning::plan(request), begin), refusals.dropped))
}

fn body(request: &Request, thinking: Thinking<'_>, begin: impl FnOnce(&mut ObjectWriter<'_>)) -> Vec<u8> {
    let mut extra = request.extra.clone();
    let nested_output = nested::take(&mut extra, "output_config");
    let nested_metadata = nested::take(&mut extra, "metadata");
    let nested_thinking = reasoning::take_nested_thinking(&mut extra);

    let mut out = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut out, &extra);
    begin(&mut body);
    body.field("max_tokens", reasoning::max_tokens(request, thinking));
    encode_messages(request, &mut body);
    tools::encode(request, &mut body);
    reasoning::encode(request, thinking, &nested_thinking, &mut body);
    encode_output_config(request, thinking, &nested_output, &mut body);
    encode_sampling(request, &mut body);
    if !request.stop.is_empty() {
        body.field("stop_sequences", &request.stop);
    }
    encode_metadata(request, &nested_metadata, &mut body);
    body.optional("cache_control", request.cache.as_ref().map(encode_cache));
    if request.stream {
        body.field("stream", true);
    }
    body.finish();
    out
}

fn encode_messages(request: &Request, body: &mut ObjectWriter<'_>) {
    let (system, turns) = request.messages.split_at_checked(leading_system(request)).unwrap_or_default();
    match system {
        [] => {}
        [message] if !message.content.is_empty() => {
            body.with("system", |out| encode_content(&message.content, out));
        }
        messages => {
            let parts = messages.iter().flat_map(|message| &message.content);
            body.with("system", |out| encode_blocks(parts, out));
        }
    }
    body.with("messages", |out| write_array(out, Turns(turns), |out, turn| encode_turn(&turn, out)));
}

/// One message as the API counts them.
enum Turn<'a> {
    Plain(&'a Message),
    /// The results of tools, which the API wants together and first in the user's turn.
    Results(&'a [Message], Option<&'a Message>),
}

struct Turns<'a>(&'a [Message]);

impl<'a> Iterator for Turns<'a> {
    type Item = Turn<'a>;

    fn next(&mut self) -> Option<Turn<'a>> {
        let count = self.0.iter().take_while(|message| message.role == Role::Tool).count();
        let (results, rest) = self.0.split_at_checked(count)?;
        let mergeable = |message: &&Message| message.role == Role::User && message.extra.is_empty();
        let (message, after) = match rest.split_first() {
            Some((message, after)) if results.is_empty() || mergeable(&message) => (Some(message), after),
            _ => (None, rest),
        };
        self.0 = after;
        match message {
            Some(message) if results.is_empty() => Some(Turn::Plain(message)),
            None if results.is_empty() => None,
            user => Some(Turn::Results(results, user)),
        }
    }
}

fn encode_turn(turn: &Turn<'_>, out: &mut Vec<u8>) {
    match turn {
        Turn::Plain(message) => {
            let mut object = ObjectWriter::begin_with(out, &message.extra);
            object.field("role", role(&message.role));
            object.with("content", |out| encode_message_content(&message.content, out));
            object.finish();
        }
        Turn::Results(results, user) => {
            let extra: Extra = results
                .iter()
                .flat_map(|message| message.extra.iter())
                .map(|(name, value)| (name.to_owned(), value.clone()))
                .collect();
            let parts = results.iter().chain(*user).flat_map(|message| &message.content);
            let mut object = ObjectWriter::begin_with(out, &extra);
            object.field("role", "user").with("content", |out| encode_blocks(parts, out));
            object.finish();
        }
    }
}

fn role(role: &Role) -> &str {
    match role {
        Role::System | Role::Developer => "system",
        Role::User | Role::Tool => "user",
        Role::Assistant => "assistant",
        Role::Other(word) => word,
    }
}

/// Reasoning without a signature is another provider's: the API takes it neither as a thought nor could it tell.
/// It is left out, or told as text where the message says nothing else.
fn encode_message_content(parts: &[Part], out: &mut Vec<u8>) {
    let unsigned = |part: &Part| matches!(part.kind, PartKind::Reasoning(Reasoning { signature: None, .. }));
    if !parts.iter().any(unsigned) {
        encode_content(parts, out);
    } else if parts.iter().all(unsigned) {
        write_array(out, parts, |out, part| match &part.kind {
            PartKind::Reasoning(reasoning) => encode_block(&Part::text(reasoning.text.clone()), out),
            _ => encode_block(part, out),
        });
    } else {
        encode_blocks(parts.iter().filter(|part| !unsigned(part)), out);
    }
}

fn encode_output_config(
    request: &Request,
    thinking: Thinking<'_>,
    nested: &Extra,
    body: &mut ObjectWriter<'_>,
) {
    let effort = match thinking {
        Thinking::Adaptive(effort) | Thinking::Budget(_, effort) => effort,
        _ => None,
    };
    let format = match &request.response_format {
        Some(ResponseFormat::JsonSchema { schema, strict, .. }) => {
            let (schema, _) = schema::fitted(&schema::ANTHROPIC, Held::Always, schema, *strict);
            Some(Json::object(&Extra::new(), |format| {
                format.field("type", "json_schema").field("schema", &*schema);
            }))
        }
        Some(ResponseFormat::Other(whole)) => Some(whole.clone()),
        Some(ResponseFormat::Text | ResponseFormat::Json) | None => None,
    };
    if effort.is_some() || format.is_some() || !nested.is_empty() {
        body.object_with("output_config", nested, |config| {
            config.optional("effort", effort).optional("format", format);
        });
    }
}

fn encode_sampling(request: &Request, body: &mut ObjectWriter<'_>) {
    // Of these, only neutral values are left where the model takes none.
    if !refuses_sampling(request) {
        body.optional("temperature", request.temperature);
        body.optional("top_p", request.top_p).optional("top_k", request.top_k);
    }
}

fn encode_metadata(request: &Request, nested: &Extra, body: &mut ObjectWriter<'_>) {
    let labelled = request.metadata.iter().find(|(name, _)| name == "user_id").map(|(_, value)| value);
    let user = request.user.as_ref().or(labelled);
    if user.is_some() || !nested.is_empty() {
        body.object_with("metadata", nested, |metadata| {
            metadata.optional("user_id", user);
        });
    }
}
