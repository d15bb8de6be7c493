//! Encoding of Cohere chat requests.

use super::{
    carried::{CARRIED, NAME},
    message::encode_messages,
};
use crate::dialect::shared::{
    foreign,
    functions::{self, Demand, Functions},
};
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::json::{ObjectWriter, WriteJson};
use crate::model::{Effort, ReasoningRequest, Request, ResponseFormat};
use alloc::{format, vec::Vec};

pub(super) fn encode(
    request: &Request,
    options: EncodeOptions<'_>,
) -> Result<EncodedRequest, UnsupportedField> {
    let request = &*foreign::for_format(request, NAME);
    let mut refusals = Refusals::new(NAME, options);
    let request = &*CARRIED.fit(request, options.quirks, &mut refusals)?;
    let messages = encode_messages(request, options.quirks.tool_id_rule, &mut refusals)?;
    let Functions { declared, demand } = functions::allowed(request, &mut refusals)?;
    // The API says it of all tools or of none.
    let all_strict = !declared.is_empty() && declared.iter().all(|(_, tool)| functions::is_strict(tool));
    if let Some((position, _)) =
        declared.iter().find(|(_, tool)| functions::is_strict(tool)).filter(|_| !all_strict)
    {
        refusals.note(format!("tools[{position}].strict"), "all tools are strict or none");
    }
    let mut out = Vec::with_capacity(messages.len() + 256);
    let mut body = ObjectWriter::begin_with(&mut out, &request.extra);
    body.field("model", &request.model);
    body.with("messages", |out| out.extend_from_slice(&messages));
    if !declared.is_empty() {
        body.array("tools", &declared, |out, (_, tool)| {
            functions::write_declaration(out, tool, options.quirks);
        });
    }
    if all_strict {
        body.field("strict_tools", true);
    }
    match demand {
        Demand::Free => {}
        Demand::None => _ = body.field("tool_choice", "NONE"),
        Demand::Required => _ = body.field("tool_choice", "REQUIRED"),
        Demand::Other(whole) => _ = body.field("tool_choice", whole),
    }
    if let Some(format) = &request.response_format {
        body.with("response_format", |out| write_format(out, format));
    }
    if let Some(reasoning) = &request.reasoning {
        let disabled = reasoning.effort == Some(Effort::None);
        body.object("thinking", |thinking| {
            thinking.field("type", if disabled { "disabled" } else { "enabled" });
            thinking.optional("token_budget", budget(reasoning).filter(|_| !disabled));
        });
    }
    body.optional("max_tokens", request.max_tokens);
    body.optional("temperature", request.temperature);
    body.optional("p", request.top_p).optional("k", request.top_k);
    body.optional("frequency_penalty", request.frequency_penalty);
    body.optional("presence_penalty", request.presence_penalty);
    if !request.stop.is_empty() {
        body.field("stop_sequences", &request.stop);
    }
    body.optional("seed", request.seed).optional("logprobs", request.logprobs);
    body.field("stream", request.stream);
    body.finish();
    Ok(EncodedRequest { path: "/v2/chat".into(), body: out, headers: Vec::new(), dropped: refusals.dropped })
}

/// The API thinks up to a number of tokens; the words for less than all are those of
/// `docs/wire/caching-thinking-tools.md`, section 3.
fn budget(reasoning: &ReasoningRequest) -> Option<u64> {
    reasoning.budget_tokens.or(match &reasoning.effort {
        Some(Effort::Minimal) => Some(512),
        Some(Effort::Low) => Some(2048),
        Some(Effort::Medium) => Some(8192),
        _ => None,
    })
}

fn write_format(out: &mut Vec<u8>, format: &ResponseFormat) {
    match format {
        ResponseFormat::Text => out.extend_from_slice(br#"{"type":"text"}"#),
        ResponseFormat::Json => out.extend_from_slice(br#"{"type":"json_object"}"#),
        ResponseFormat::Other(whole) => whole.write_json(out),
        ResponseFormat::JsonSchema { schema, .. } => {
            let mut object = ObjectWriter::begin(out);
            object.field("type", "json_object").field("json_schema", schema);
            object.finish();
        }
    }
}
