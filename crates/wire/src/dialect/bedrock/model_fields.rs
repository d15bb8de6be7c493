//! `additionalModelRequestFields`: what a family of models takes besides Converse's own fields, in both directions. How
//! much to think stands here, and sampling among the likeliest tokens (`docs/wire/bedrock.md`, section 2).

use super::family::Family;
use super::tools;
use crate::dialect::anthropic::{
    Thinking, decode_choice, encode_thinking, plan, take_nested_thinking, take_reasoning,
};
use crate::dialect::shared::nested;
use crate::json::{Extra, Fields, Json, ObjectWriter, Value};
use crate::model::{Effort, ReasoningRequest, Request, ToolChoice};
use alloc::{string::String, vec::Vec};

/// Anthropic's names of features that are not for everybody yet.
const BETAS: &str = "anthropic_beta";
/// The field's name.
pub(super) const FIELDS: &str = "additionalModelRequestFields";

/// What is asked of a model about thinking, in its family's terms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ReasoningForm<'a> {
    /// Nothing is said.
    Unsaid,
    /// As Anthropic's own API has it.
    Claude(Thinking<'a>),
    /// `reasoning_effort`.
    OpenAi(&'a str),
    /// `reasoningConfig`; off where there is no effort.
    Nova(Option<&'a str>),
    /// The model cannot be asked for it.
    Unsupported { field: &'static str, reason: &'static str },
}

/// What `request` asks of its model.
pub(super) fn reasoning_form(request: &Request) -> ReasoningForm<'_> {
    let Some(reasoning) = &request.reasoning else { return ReasoningForm::Unsaid };
    let family = Family::from_model(&request.model);
    if family == Family::Claude {
        return match plan(request) {
            Thinking::Unsupported(reason) => ReasoningForm::Unsupported { field: "reasoning", reason },
            thinking => ReasoningForm::Claude(thinking),
        };
    }
    let is_off = reasoning.effort == Some(Effort::None);
    if family != Family::Nova && is_off {
        return ReasoningForm::Unsaid;
    }
    let unsupported = |field, reason| ReasoningForm::Unsupported { field, reason };
    match family {
        Family::OpenAi | Family::Nova if reasoning.budget_tokens.is_some() => {
            unsupported("reasoning.budget_tokens", "this model takes an effort instead")
        }
        Family::OpenAi | Family::Nova if reasoning.display.is_some() => {
            unsupported("reasoning.display", "what is shown of its reasoning cannot be chosen")
        }
        Family::OpenAi => reasoning
            .effort
            .as_ref()
            .map_or(ReasoningForm::Unsaid, |effort| ReasoningForm::OpenAi(word(effort))),
        Family::Nova if is_off => ReasoningForm::Nova(None),
        Family::Nova => ReasoningForm::Nova(Some(reasoning.effort.as_ref().map_or("medium", word))),
        Family::Nova1 => unsupported("reasoning", "this model does not reason; choose Nova 2"),
        _ => unsupported(
            "reasoning",
            "how this model is asked is not known from its id; give `additionalModelRequestFields`",
        ),
    }
}

/// Models other than Claude know three efforts.
fn word(effort: &Effort) -> &str {
    match effort {
        Effort::None | Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High | Effort::XHigh | Effort::Max => "high",
        Effort::Other(word) => word,
    }
}

/// Why a model cannot be asked for `top_k`, where it cannot.
pub(super) fn top_k_unsupported(family: Family) -> Option<&'static str> {
    match family {
        Family::Claude | Family::Nova | Family::Nova1 | Family::Mistral => None,
        Family::OpenAi => Some("this model does not take it"),
        Family::Other => {
            Some("how this model is asked is not known from its id; give `additionalModelRequestFields`")
        }
    }
}

/// Writes the field where there is anything to say. `given` are the caller's own fields of it, which win.
pub(super) fn encode(
    request: &Request,
    reasoning_form: ReasoningForm<'_>,
    given: Extra,
    body: &mut ObjectWriter<'_>,
) {
    let family = Family::from_model(&request.model);
    let mut given = given;
    let nested_thinking = take_nested_thinking(&mut given);
    let nested_output = nested::take(&mut given, "output_config");
    let nested_inference = nested::take(&mut given, "inferenceConfig");
    let mut out = Vec::new();
    let mut fields = ObjectWriter::begin_with(&mut out, &given);
    let (thinking, effort) = match reasoning_form {
        ReasoningForm::Claude(thinking @ (Thinking::Adaptive(effort) | Thinking::Budget(_, effort))) => {
            (thinking, effort)
        }
        ReasoningForm::Claude(thinking) => (thinking, None),
        _ => (Thinking::Unsaid, None),
    };
    encode_thinking(request, thinking, &nested_thinking, &mut fields);
    if effort.is_some() || !nested_output.is_empty() {
        fields.object_with("output_config", &nested_output, |config| {
            config.optional("effort", effort);
        });
    }
    match reasoning_form {
        ReasoningForm::OpenAi(effort) => {
            fields.field("reasoning_effort", effort);
        }
        ReasoningForm::Nova(effort) => {
            fields.object("reasoningConfig", |config| {
                config.field("type", if effort.is_some() { "enabled" } else { "disabled" });
                config.optional("maxReasoningEffort", effort);
            });
        }
        _ => {}
    }
    let is_nova = matches!(family, Family::Nova | Family::Nova1);
    if request.top_k.is_some() && is_nova || !nested_inference.is_empty() {
        fields.object_with("inferenceConfig", &nested_inference, |config| {
            config.optional("topK", request.top_k.filter(|_| is_nova));
        });
    }
    fields.optional("top_k", request.top_k.filter(|_| !is_nova));
    if disables_parallel_calls(request) {
        encode_one_call_at_a_time(request, &mut fields);
    }
    if !request.betas.is_empty() {
        fields.field(BETAS, &request.betas);
    }
    fields.finish();
    if out != b"{}" {
        body.with(FIELDS, |body| body.extend_from_slice(&out));
    }
}

/// Whether the request asks Claude to call one tool at a time.
fn disables_parallel_calls(request: &Request) -> bool {
    request.parallel_tool_calls == Some(false)
        && Family::from_model(&request.model) == Family::Claude
        && tools::are_declared(request)
        && !matches!(request.tool_choice, Some(ToolChoice::None | ToolChoice::Other(_)))
}

/// Claude's own `tool_choice`, which says this in addition to Converse's choice.
fn encode_one_call_at_a_time(request: &Request, fields: &mut ObjectWriter<'_>) {
    let (word, name) = match &request.tool_choice {
        Some(ToolChoice::Required | ToolChoice::Subset { required: true, .. }) => ("any", None),
        Some(ToolChoice::Named(name)) => ("tool", Some(name)),
        _ => ("auto", None),
    };
    fields.object("tool_choice", |choice| {
        choice.field("type", word).optional("name", name).field("disable_parallel_tool_use", true);
    });
}

/// What the field says in the model's terms.
#[derive(Debug, Default)]
pub(super) struct FamilyFields {
    pub(super) reasoning: Option<ReasoningRequest>,
    pub(super) top_k: Option<u64>,
    pub(super) parallel_tool_calls: Option<bool>,
    pub(super) betas: Vec<String>,
}

/// Takes the field out. What has no name in the model goes to `extra`.
pub(super) fn take(body: &mut Fields<'_>, extra: &mut Extra) -> FamilyFields {
    let Some(mut fields) = body.take_object(FIELDS) else { return FamilyFields::default() };
    let mut rest = Extra::new();
    let mut effort = fields.take_string("reasoning_effort");
    if let Some(mut config) = fields.take_object("output_config") {
        effort = config.take_string("effort").or(effort);
        nested::keep(&mut rest, "output_config", config);
    }
    if let Some(word) = take_nova_effort(&mut fields) {
        effort = Some(word);
    }
    let reasoning = take_reasoning(&mut fields, effort, &mut rest);
    let mut top_k = fields.take_u64("top_k");
    if let Some(mut config) = fields.take_object("inferenceConfig") {
        top_k = config.take_u64("topK").or(top_k);
        nested::keep(&mut rest, "inferenceConfig", config);
    }
    let one_at_a_time = fields
        .get("tool_choice")
        .and_then(decode_choice)
        .is_some_and(|(_, parallel)| parallel == Some(false));
    if one_at_a_time {
        fields.take("tool_choice");
    }
    let names = fields.get(BETAS).and_then(Value::array);
    let names = names.and_then(|names| names.into_iter().map(Value::string).collect::<Option<Vec<_>>>());
    if names.is_some() {
        fields.take(BETAS);
    }
    let betas = names.unwrap_or_default();
    let mut all = fields.rest();
    for (name, value) in rest.iter() {
        all.insert(name, value.clone());
    }
    if !all.is_empty() {
        extra.insert(FIELDS, Json::object(&all, |_| {}));
    }
    FamilyFields { reasoning, top_k, parallel_tool_calls: one_at_a_time.then_some(false), betas }
}

fn take_nova_effort(fields: &mut Fields<'_>) -> Option<String> {
    let mut config = fields.get("reasoningConfig")?.object()?;
    let word = config.take_string("type")?;
    let effort = match word.as_str() {
        "enabled" => config.take_string("maxReasoningEffort")?,
        "disabled" => "none".into(),
        _ => return None,
    };
    if !config.is_empty() {
        return None;
    }
    fields.take("reasoningConfig");
    Some(effort)
}
