//! Measures of requests: the maximum that one may use, as far as the request itself determines it.

use ferrule_tokens::{count_prompt, count_text};
use ferrule_wire::{
    json::Extra,
    model::{Part, PartKind, Request, Tool, ToolKind},
};

/// Longer texts are not tokenized; their number of tokens is estimated from above.
const LONG_BYTES: usize = 128 << 10;
/// Fewer bytes than the average token in any language.
const BYTES_PER_TOKEN: usize = 2;
/// How far a count with another model's vocabulary may be too small.
const INEXACT: u64 = 4;

/// The fields in which providers limit the length of an answer.
pub(crate) const OWN_LIMITS: [&str; 3] = ["max_tokens", "max_completion_tokens", "max_output_tokens"];

/// The maximum usage of a request.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// The maximum number of prompt tokens; `None` if it depends on the model, as with images.
    pub(crate) input: Option<u64>,
    /// The maximum number of answer tokens that the request sets, if it does.
    pub(crate) output: Option<u64>,
    /// The number of answers.
    pub(crate) answers: u64,
    /// Other units it uses, by name.
    pub(crate) other_units: Vec<(&'static str, u64)>,
    /// Whether it asks for parts to be cached, which may cost more than uncached input.
    pub(crate) caches: bool,
    /// The service tier.
    pub(crate) tier: Option<String>,
    pub(crate) kind: Kind,
}

/// Whether the cost of a request can be bounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// By its tokens and the other measured quantities.
    #[default]
    Bounded,
    /// It costs nothing.
    Free,
    /// No, for this reason.
    Unbounded(&'static str),
}

impl Measured {
    /// A request that costs nothing: lists, counts.
    pub(crate) fn free() -> Self {
        Self { input: Some(0), output: Some(0), answers: 1, kind: Kind::Free, ..Self::default() }
    }

    /// With `most` as the limit on output tokens if the request has none.
    pub(crate) fn or_output(mut self, most: Option<u64>) -> Self {
        self.output = self.output.or(most);
        self
    }

    /// A request that cannot be measured, and why.
    pub(crate) fn unbounded(why: &'static str) -> Self {
        Self { answers: 1, kind: Kind::Unbounded(why), ..Self::default() }
    }

    /// Texts whose response contains no text.
    pub(crate) fn texts<'a>(model: &str, texts: impl Iterator<Item = &'a str>) -> Self {
        let sum = texts.fold(0_u64, |sum, text| sum.saturating_add(text_tokens(model, text)));
        Self { input: Some(sum), output: Some(0), answers: 1, ..Self::default() }
    }

    /// A text to speak: measured in characters, or in audio tokens, whose number is not known in advance.
    pub(crate) fn characters(model: &str, text: &str, characters: u64) -> Self {
        let other_units = vec![("input_characters", characters)];
        Self { output: None, other_units, ..Self::texts(model, std::iter::once(text)) }
    }

    /// A conversation, with `defaults` for options that it does not set.
    pub(crate) fn chat(request: &Request, defaults: Option<&Request>) -> Self {
        let own_tools = !request.tools.is_empty();
        let tools =
            if own_tools { &request.tools } else { defaults.map_or(&request.tools, |other| &other.tools) };
        let number = |names: &[&str]| {
            let of = |extra: &Extra| names.iter().find_map(|name| extra.get(name)?.value().u64());
            of(&request.extra).or_else(|| of(&defaults?.extra))
        };
        let output = number(&OWN_LIMITS).or(request.max_tokens).or_else(|| defaults?.max_tokens);
        let answers = number(&["n"]).or(request.n).or_else(|| defaults?.n).unwrap_or(1).max(1);
        let searches = |request: &Request| request.extra.get("web_search_options").is_some();
        let kind = if tools.iter().any(is_hosted) || searches(request) || defaults.is_some_and(searches) {
            Kind::Unbounded("its hosted tools are charged for as they are used")
        } else {
            Kind::Bounded
        };
        let parts = || request.messages.iter().flat_map(|message| &message.content);
        let caches = request.cache.is_some() || request.prompt_cache.is_some();
        let tier = request.service_tier.clone().or_else(|| defaults?.service_tier.clone());
        Self {
            input: if parts().any(is_media) { None } else { Some(prompt_tokens(request, own_tools, tools)) },
            output,
            answers,
            other_units: Vec::new(),
            caches: caches || parts().any(|part| part.cache.is_some()),
            tier,
            kind,
        }
    }
}

fn is_hosted(tool: &Tool) -> bool {
    !matches!(tool.kind, ToolKind::Function { .. } | ToolKind::Custom { .. })
}

/// Whether the number of tokens depends on the model.
fn is_media(part: &Part) -> bool {
    match &part.kind {
        PartKind::Text(_)
        | PartKind::ToolCall(_)
        | PartKind::Reasoning(_)
        | PartKind::RedactedReasoning { .. }
        | PartKind::Refusal(_) => false,
        PartKind::ToolResult(result) => result.content.iter().any(is_media),
        _ => true,
    }
}

fn bytes_of(parts: &[Part]) -> usize {
    let bytes = |part: &Part| match &part.kind {
        PartKind::Text(text) | PartKind::Refusal(text) => text.len(),
        PartKind::ToolResult(result) => bytes_of(&result.content),
        PartKind::ToolCall(call) => call.name.len() + call.arguments.len(),
        PartKind::Reasoning(reasoning) => reasoning.text.len(),
        PartKind::RedactedReasoning { data } => data.len(),
        _ => 0,
    };
    parts.iter().map(bytes).sum()
}

fn prompt_tokens(request: &Request, own_tools: bool, tools: &[Tool]) -> u64 {
    let bytes: usize = request.messages.iter().map(|message| bytes_of(&message.content)).sum();
    let others = if own_tools { 0 } else { tools.iter().map(tool_bytes).sum::<usize>() };
    let more = others.div_ceil(BYTES_PER_TOKEN) as u64;
    if bytes > LONG_BYTES {
        let tools: usize = request.tools.iter().map(tool_bytes).sum();
        let around = 16 * (request.messages.len() + request.tools.len());
        return more.saturating_add(((bytes + tools).div_ceil(BYTES_PER_TOKEN) + around) as u64);
    }
    let counted = count_prompt(request);
    let margin = if counted.exact { 0 } else { counted.tokens.div_ceil(INEXACT) };
    counted.tokens.saturating_add(margin).saturating_add(more)
}

fn tool_bytes(tool: &Tool) -> usize {
    let schema = match &tool.kind {
        ToolKind::Function { parameters: Some(schema), .. } => schema.text().len(),
        _ => 0,
    };
    schema + tool.description.as_deref().map_or(0, str::len) + 64
}

fn text_tokens(model: &str, text: &str) -> u64 {
    if text.len() > LONG_BYTES {
        return text.len().div_ceil(BYTES_PER_TOKEN) as u64;
    }
    let counted = count_text(model, text);
    let margin = if counted.exact { 0 } else { counted.tokens.div_ceil(INEXACT) };
    // Some models add a token at the beginning and at the end.
    counted.tokens.saturating_add(margin).saturating_add(2)
}
