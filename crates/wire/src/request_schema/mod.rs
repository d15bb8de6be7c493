//! Request schemas: the fields that each provider takes at the top of a request and back in its messages, as data.
//!
//! Two halves stand on them. As a client, what a decoder kept of an answer goes back only where the schema has a place
//! for it ([`Schema::fit`]). As a server, an emulated provider refuses
//! what its schema does not have ([`Schema::refusal`]). The source of each is `docs/wire/requests-accepted.md`.

mod anthropic;
mod bedrock;
mod cohere;
mod gemini;
mod ollama;
mod openai_chat;
mod openai_responses;
mod refusal;
mod schema;
mod shape;
mod top_level;

pub(crate) use refusal::validation_list;
pub(crate) use schema::{Place, Schema};

use schema::Style;
use shape::{Fields, Shape};
use top_level::Names;

/// The fields of an assistant's message.
const fn assistant(messages: Shape) -> Fields {
    if let Shape::Tagged(_, mut roles) = messages {
        while let [(role, fields), rest @ ..] = roles {
            if matches!(role.as_bytes(), b"assistant") {
                return fields;
            }
            roles = rest;
        }
    }
    &[]
}

const fn openai_like(
    top_level: &'static [Names],
    body: Fields,
    messages: Shape,
    call: Fields,
    style: Option<Style>,
) -> Schema {
    Schema {
        top_level,
        body,
        message: assistant(messages),
        text: openai_chat::TEXT,
        reasoning: &[],
        call,
        other: &[],
        style,
    }
}

macro_rules! openai_like {
    ($messages:ident, $call:ident, $style:expr) => {
        openai_like!($messages, $call, $style, &[])
    };
    ($messages:ident, $call:ident, $style:expr, $top_level:expr) => {
        openai_like(
            $top_level,
            &[("messages", Shape::List(&openai_chat::$messages))],
            openai_chat::$messages,
            openai_chat::$call,
            $style,
        )
    };
}

static OPENAI: Schema = openai_like!(OPENAI, CALL, Some(Style::OpenAi), &[top_level::OPENAI]);
static AZURE: Schema = openai_like!(OPENAI, CALL, Some(Style::Azure), &[top_level::OPENAI, top_level::AZURE]);
static MISTRAL: Schema = openai_like!(MISTRAL, MISTRAL_CALL, Some(Style::Mistral), &[top_level::MISTRAL]);
static GROQ: Schema = openai_like!(GROQ, CALL, Some(Style::Groq), &[top_level::GROQ]);
static CEREBRAS: Schema =
    openai_like!(CEREBRAS, CEREBRAS_CALL, Some(Style::Cerebras), &[top_level::CEREBRAS]);
static TOGETHER: Schema = openai_like!(TOGETHER, CEREBRAS_CALL, Some(Style::Other));
static FIREWORKS: Schema = openai_like!(FIREWORKS, CALL, Some(Style::Fireworks));
static PERPLEXITY: Schema = openai_like!(PERPLEXITY, CALL, Some(Style::Other));
static OPENROUTER: Schema = openai_like!(OPENROUTER, GENERIC_CALL, None);
static GENERIC: Schema = openai_like!(GENERIC, GENERIC_CALL, None);

static RESPONSES: Schema = Schema {
    top_level: &[top_level::RESPONSES],
    body: &[("input", Shape::Either(&[Shape::Text, Shape::List(&openai_responses::ITEM)]))],
    message: openai_responses::MESSAGE,
    text: &[
        ("annotations", Shape::List(&Shape::AnyObject)),
        ("responses_item", Shape::Object(openai_responses::MESSAGE)),
    ],
    reasoning: &[("responses_item", Shape::Object(openai_responses::REASONING))],
    call: &[("responses_item", Shape::Object(openai_responses::CALL))],
    other: &[("responses_item", Shape::AnyObject)],
    style: Some(Style::OpenAi),
};

static ANTHROPIC: Schema = Schema {
    top_level: &[top_level::ANTHROPIC],
    body: &[("messages", Shape::List(&anthropic::MESSAGE)), ("system", anthropic::SYSTEM)],
    message: assistant(anthropic::MESSAGE),
    text: anthropic::TEXT,
    reasoning: anthropic::THINKING,
    call: anthropic::CALL,
    other: &[],
    style: Some(Style::Anthropic),
};

static GEMINI: Schema = Schema {
    top_level: &[top_level::GEMINI],
    body: &[("contents", Shape::List(&gemini::CONTENT)), ("systemInstruction", gemini::CONTENT)],
    message: gemini::CONTENT_FIELDS,
    text: gemini::PART_FIELDS,
    reasoning: gemini::PART_FIELDS,
    call: gemini::PART_FIELDS,
    other: gemini::PART_FIELDS,
    style: Some(Style::Google),
};

static BEDROCK: Schema = Schema {
    top_level: &[top_level::BEDROCK],
    body: &[("messages", Shape::List(&Shape::Object(bedrock::MESSAGE))), ("system", bedrock::SYSTEM)],
    message: bedrock::MESSAGE,
    text: bedrock::TEXT,
    reasoning: bedrock::REASONING,
    call: bedrock::CALL,
    other: &[],
    style: Some(Style::Aws),
};

static COHERE: Schema = Schema {
    top_level: &[],
    body: &[("messages", Shape::List(&cohere::MESSAGE))],
    message: assistant(cohere::MESSAGE),
    text: &[],
    reasoning: &[],
    call: cohere::CALL,
    other: &[],
    style: Some(Style::Other),
};

static OLLAMA: Schema = Schema {
    top_level: &[],
    body: &[("messages", Shape::List(&Shape::Object(ollama::MESSAGE)))],
    message: ollama::MESSAGE,
    text: &[],
    reasoning: &[],
    call: ollama::CALL,
    other: &[],
    style: Some(Style::Ollama),
};

/// The schema of the provider `id` that speaks the wire format `format`.
pub(crate) fn find(format: &str, id: &str) -> &'static Schema {
    match (format, id) {
        ("openai-responses", _) => &RESPONSES,
        ("anthropic", _) => &ANTHROPIC,
        ("gemini", _) => &GEMINI,
        ("bedrock", _) => &BEDROCK,
        ("cohere", _) => &COHERE,
        ("ollama", _) => &OLLAMA,
        (_, "openai") => &OPENAI,
        (_, "azure" | "azure-deployments") => &AZURE,
        (_, "mistral" | "codestral") => &MISTRAL,
        (_, "groq") => &GROQ,
        (_, "cerebras") => &CEREBRAS,
        (_, "together") => &TOGETHER,
        (_, "fireworks") => &FIREWORKS,
        (_, "perplexity") => &PERPLEXITY,
        (_, "openrouter") => &OPENROUTER,
        // Among them is whatever somebody has of their own, which may well be a LiteLLM proxy.
        _ => &GENERIC,
    }
}
