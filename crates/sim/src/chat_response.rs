//! Chat responses: from a request and a scripted reply to a whole neutral response.
//!
//! The same request gets the same response, ids included.

use crate::{
    clock::CREATED,
    prompt::{count_input, last_user_text, texts, tool_results},
    random,
    schema::smallest,
    script::{Content, Reply, ScriptedCall, finish_reason},
    tokens,
};
use ferrule_wire::{
    dialect::ServerFacts,
    json::{Extra, Json},
    model::{
        Choice, Effort, FinishReason, Message, Part, PartKind, Reasoning, Request, Response, ResponseFormat,
        Role, Tool, ToolCall, ToolChoice, ToolKind, Usage,
    },
    prefill::Prefill,
    server::EmulatedProvider,
};

/// The maximum number of characters of the prompt that an ordinary answer quotes.
const MAX_QUOTED: usize = 200;
/// The maximum number of choices per request, as at OpenAI.
const MAX_CHOICES: u64 = 128;
/// The total length of the choices of one request, in bytes, unless one alone is longer.
const MAX_BYTES: u64 = 64 << 20;

/// The response to `request` that `reply` describes. `number` identifies the request: ids are made from it.
pub(crate) fn chat_response(
    request: &Request,
    reply: &Reply,
    number: u64,
    provider: EmulatedProvider,
) -> Response {
    let facts = provider.server_facts();
    let mut content = content(request, reply, number, facts);
    if provider.prefill(&request.model) == Prefill::Continued {
        leave_out_prefill(request, &mut content);
    }
    let (mut reason, mut stop_sequence) = (FinishReason::Stop, None);
    let calls_tools = content.iter().any(|part| matches!(part.kind, PartKind::ToolCall(_)));
    if calls_tools {
        reason = FinishReason::ToolCalls;
    } else if content.iter().any(|part| matches!(part.kind, PartKind::Refusal(_))) {
        reason = FinishReason::Refusal;
    } else if let Some((ended, text)) = shorten(request, &mut content) {
        (reason, stop_sequence) = (ended, text);
    }
    if let Some(word) = &reply.finish_reason {
        reason = finish_reason(word);
    }
    if reply.stop_sequence.is_some() {
        stop_sequence.clone_from(&reply.stop_sequence);
    }

    // Many copies of a long answer must not fill the memory.
    let max_choices = (MAX_BYTES / text_bytes(&content).max(1)).clamp(1, MAX_CHOICES);
    let count = request.n.unwrap_or(1).clamp(1, max_choices);
    let mut usage = count_usage(request, &content, count);
    if let Some(figures) = &reply.usage {
        figures.apply(&mut usage);
    }
    let choice = |index| Choice {
        index,
        message: Message::new(Role::Assistant, content.clone()),
        finish_reason: Some(reason.clone()),
        stop_sequence: stop_sequence.clone(),
        logprobs: None,
        extra: Extra::new(),
    };
    let id = || format!("{}{}", facts.response_id_prefix, random::id(number));
    let mut response = Response {
        id: reply.id.clone().unwrap_or_else(id),
        model: reply.model.clone().unwrap_or_else(|| request.model.clone()),
        created: Some(CREATED),
        choices: (0..count as u32).map(choice).collect(),
        usage: Some(usage),
        extra: Extra::new(),
    };
    provider.patch_response(&mut response);
    response
}

fn content(request: &Request, reply: &Reply, number: u64, facts: &ServerFacts) -> Vec<Part> {
    let call = |position: u64, scripted: &ScriptedCall| {
        let id = scripted.id.clone().unwrap_or_else(|| call_id(number, position, facts));
        tool_call(id, &scripted.name, arguments(&scripted.arguments), false)
    };
    if let Some(content) = &reply.content {
        let part = |(position, content): (u64, &Content)| match content {
            Content::Text(text) => Part::text(text),
            Content::Reasoning { text, signature } => reasoning(text, signature.clone()),
            Content::RedactedReasoning(data) => Part::new(PartKind::RedactedReasoning { data: data.clone() }),
            Content::ToolCall(scripted) => call(position, scripted),
            Content::Refusal(text) => Part::new(PartKind::Refusal(text.clone())),
        };
        return (0..).zip(content).map(part).collect();
    }
    let mut parts = Vec::new();
    if let Some(text) = &reply.reasoning {
        parts.push(reasoning(text, signature(number, facts)));
    } else if reply.reason || wants_reasoning(request) {
        let text =
            format!("The question is \"{}\". Let me think about it.", quoted(&last_user_text(request)));
        parts.push(reasoning(&text, signature(number, facts)));
    }
    if let Some(text) = &reply.refusal {
        parts.push(Part::new(PartKind::Refusal(text.clone())));
    }
    if let Some(text) = &reply.text {
        parts.push(Part::text(text));
    }
    if let Some(calls) = &reply.tool_calls {
        parts.extend((0..).zip(calls).map(|(position, scripted)| call(position, scripted)));
    }
    let has_content = reply.refusal.is_some() || reply.text.is_some() || reply.tool_calls.is_some();
    if !has_content {
        let calls = called_tools(request, reply.use_tools);
        if calls.is_empty() {
            parts.push(Part::text(text(request, reply)));
        }
        parts.extend((0u64..).zip(calls).map(|(position, tool)| {
            let (arguments, custom) = generated_arguments(tool);
            tool_call(call_id(number, position, facts), &tool.name, arguments, custom)
        }));
    }
    parts
}

fn text(request: &Request, reply: &Reply) -> String {
    let prompt = last_user_text(request);
    if reply.echo {
        return prompt;
    }
    if let Some(count) = reply.tokens {
        return tokens::filler(count);
    }
    match &request.response_format {
        Some(ResponseFormat::JsonSchema { schema, .. }) => return satisfying(schema, "response").to_string(),
        Some(ResponseFormat::Json) => return serde_json::json!({ "answer": quoted(&prompt) }).to_string(),
        _ if reply.json => return serde_json::json!({ "answer": quoted(&prompt) }).to_string(),
        _ => {}
    }
    if let Some(results) = tool_results(request) {
        return format!("The tool says: {results}");
    }
    format!("You said \"{}\". This is a simulated answer of {}.", quoted(&prompt), request.model)
}

/// The tools that the answer calls: as required by the request's tool choice, or by its text.
///
/// If the last message of the conversation has tool results, none is called, whatever the choice, so that a tool loop
/// ends.
fn called_tools(request: &Request, use_tools: bool) -> Vec<&Tool> {
    if tool_results(request).is_some() {
        return Vec::new();
    }
    let callable = || request.tools.iter().filter(|tool| !matches!(tool.kind, ToolKind::Hosted(_)));
    let text = last_user_text(request).to_lowercase();
    let named = || callable().find(|tool| !tool.name.is_empty() && text.contains(&tool.name.to_lowercase()));
    let asked = use_tools || text.contains("use the tool");
    let several = text.contains("use the tools") && request.parallel_tool_calls != Some(false);
    match &request.tool_choice {
        Some(ToolChoice::Named(name)) => callable().filter(|tool| tool.name == *name).take(1).collect(),
        Some(ToolChoice::Subset { required, names }) if *required || asked => {
            let allowed = callable().filter(|tool| names.contains(&tool.name));
            allowed.take(if several { usize::MAX } else { 1 }).collect()
        }
        Some(ToolChoice::None | ToolChoice::Subset { .. }) => Vec::new(),
        _ if several => callable().collect(),
        Some(ToolChoice::Required) => named().or_else(|| callable().next()).into_iter().collect(),
        _ if asked => named().or_else(|| callable().next()).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn generated_arguments(tool: &Tool) -> (String, bool) {
    match &tool.kind {
        ToolKind::Function { parameters: Some(schema), .. } => {
            (satisfying(schema, &tool.name).to_string(), false)
        }
        ToolKind::Custom { .. } => (format!("input of {}", tool.name), true),
        ToolKind::Function { parameters: None, .. } | ToolKind::Hosted(_) => ("{}".to_owned(), false),
    }
}

fn satisfying(schema: &Json, name: &str) -> serde_json::Value {
    serde_json::from_str(schema.text()).map_or(serde_json::Value::Null, |schema| smallest(&schema, name))
}

fn arguments(scripted: &serde_json::Value) -> String {
    match scripted {
        serde_json::Value::Null => "{}".to_owned(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn tool_call(id: String, name: &str, arguments: String, custom: bool) -> Part {
    Part::new(PartKind::ToolCall(ToolCall { id, name: name.to_owned(), arguments, custom }))
}

fn call_id(number: u64, position: u64, facts: &ServerFacts) -> String {
    format!("{}{}", facts.tool_call_id_prefix, random::id(number.wrapping_add(position + 1)))
}

fn reasoning(text: &str, signature: Option<String>) -> Part {
    Part::new(PartKind::Reasoning(Reasoning { text: text.to_owned(), signature }))
}

/// The signature of reasoning, if the dialect has one. Google's clients read it as base64.
fn signature(number: u64, facts: &ServerFacts) -> Option<String> {
    facts.signs_reasoning.then(|| format!("sim+{}", random::id(number.wrapping_mul(3))))
}

fn wants_reasoning(request: &Request) -> bool {
    request.reasoning.as_ref().is_some_and(|reasoning| match &reasoning.effort {
        Some(Effort::None) => false,
        Some(_) => true,
        // Requested without an effort.
        None => reasoning.budget_tokens.is_none_or(|budget| budget > 0),
    })
}

fn quoted(text: &str) -> &str {
    tokens::cut_characters(text, MAX_QUOTED).0
}

/// Removes the part of the answer that the last message, the assistant's, already contains.
fn leave_out_prefill(request: &Request, content: &mut [Part]) {
    let Some(last) = request.messages.last().filter(|last| last.role == Role::Assistant) else { return };
    let begun = texts(&last.content);
    for part in content {
        if let PartKind::Text(text) = &mut part.kind
            && let Some(rest) = text.strip_prefix(begun.as_str())
        {
            *text = rest.to_owned();
            return;
        }
    }
}

/// Truncates the text at the request's limits. Returns the reason, and the stop sequence that was reached.
fn shorten(request: &Request, content: &mut [Part]) -> Option<(FinishReason, Option<String>)> {
    let mut left = request.max_tokens.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let mut ended = None;
    for part in content {
        let text = match &mut part.kind {
            PartKind::Text(text) => text,
            PartKind::Reasoning(reasoning) => &mut reasoning.text,
            _ => continue,
        };
        if ended.is_some() {
            text.clear();
            continue;
        }
        let stops = request.stop.iter().filter(|stop| !stop.is_empty());
        let stop = stops
            .filter_map(|stop| Some((text.find(stop.as_str())?, stop)))
            .min_by_key(|(position, _)| *position);
        if let Some((position, stop)) = stop {
            text.truncate(position);
            ended = Some((FinishReason::StopSequence, Some(stop.clone())));
        }
        if let Some(left) = &mut left {
            let count = tokens::count(text) as usize;
            if count > *left {
                let length = if *left == 0 { 0 } else { tokens::cut(text, *left).0.len() };
                text.truncate(length);
                ended = Some((FinishReason::Length, None));
            }
            *left = left.saturating_sub(count);
        }
    }
    ended
}

fn count_usage(request: &Request, content: &[Part], choices: u64) -> Usage {
    let count = |reasoning: bool| -> u64 {
        let parts = content.iter().filter(|part| matches!(part.kind, PartKind::Reasoning(_)) == reasoning);
        parts.map(|part| tokens::count(&texts(std::slice::from_ref(part)))).sum()
    };
    let reasoning = count(true) * choices;
    Usage {
        input_tokens: Some(count_input(request)),
        output_tokens: Some(reasoning + count(false) * choices),
        cache_read_tokens: Some(0),
        reasoning_tokens: Some(reasoning),
        ..Usage::default()
    }
}

/// The total length of the texts of `parts`, in bytes.
fn text_bytes(parts: &[Part]) -> u64 {
    parts.iter().map(|part| texts(std::slice::from_ref(part)).len() as u64).sum()
}
