//! Encoding of Ollama chat requests.

use super::{
    carried::{CARRIED, NAME, takes_words},
    message::encode_messages,
    options,
};
use crate::dialect::shared::{
    foreign,
    functions::{self, Demand, Functions},
};
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::json::ObjectWriter;
use crate::model::{Effort, Request, ResponseFormat, Tool};
use crate::schema::{self, Held};
use alloc::{format, vec::Vec};

pub(super) fn encode(
    request: &Request,
    encode_options: EncodeOptions<'_>,
) -> Result<EncodedRequest, UnsupportedField> {
    let request = &*foreign::for_format(request, NAME, encode_options.quirks);
    let mut refusals = Refusals::new(NAME, encode_options);
    let request = &*CARRIED.fit(request, encode_options.quirks, &mut refusals)?;
    let messages = encode_messages(request, &mut refusals)?;
    let tools = tools(request, &mut refusals)?;
    let (extra, extra_options) = options::split(&request.extra);

    let mut out = Vec::with_capacity(messages.len() + 256);
    let mut body = ObjectWriter::begin_with(&mut out, &extra);
    body.field("model", &request.model);
    body.with("messages", |out| out.extend_from_slice(&messages));
    if !tools.is_empty() {
        body.array("tools", tools, |out, tool| {
            functions::write_declaration(out, tool, encode_options.quirks, None);
        });
    }
    match &request.response_format {
        Some(ResponseFormat::Json) => _ = body.field("format", "json"),
        Some(ResponseFormat::JsonSchema { schema, strict, .. }) => {
            let (schema, _) = schema::fitted(&schema::LLAMA_CPP, Held::Always, schema, *strict);
            body.field("format", &*schema);
        }
        Some(ResponseFormat::Text | ResponseFormat::Other(_)) | None => {}
    }
    if let Some(reasoning) = &request.reasoning {
        match &reasoning.effort {
            Some(Effort::None) => _ = body.field("think", false),
            Some(effort) if takes_words(&request.model) => _ = body.field("think", think_word(effort)),
            _ => _ = body.field("think", true),
        }
    }
    options::write(request, &extra_options, &mut body);
    body.optional("logprobs", request.logprobs).optional("top_logprobs", request.top_logprobs);
    // Said in any case: what is not said is streamed.
    body.field("stream", request.stream);
    body.finish();
    Ok(EncodedRequest { path: "/api/chat".into(), body: out, headers: Vec::new(), dropped: refusals.dropped })
}

/// The words are low, medium and high.
fn think_word(effort: &Effort) -> &str {
    match effort {
        Effort::Minimal => "low",
        Effort::XHigh | Effort::Max => "high",
        other => other.as_str(),
    }
}

/// The tools to declare. There is no choice among them: a model that may not call any gets none, and one that must
/// cannot be made to.
fn tools<'a>(request: &'a Request, refusals: &mut Refusals) -> Result<Vec<&'a Tool>, UnsupportedField> {
    let Functions { declared, demand } = functions::allowed(request, refusals)?;
    match demand {
        Demand::Free => {}
        Demand::None => return Ok(Vec::new()),
        Demand::Required => refusals.add("tool_choice", "a model cannot be made to call a tool")?,
        Demand::Other(_) => refusals.add("tool_choice", "a choice of another provider")?,
    }
    for (position, tool) in &declared {
        if functions::is_strict(tool) {
            refusals.note(format!("tools[{position}].strict"), "a model is not held to a tool's schema");
        }
    }
    Ok(declared.into_iter().map(|(_, tool)| tool).collect())
}
