//! Subsets of JSON Schema, one for each provider that holds a model to a schema: data, which `fit.rs` applies.
//!
//! What each takes is from `docs/wire/schema-subsets.md`, sections 1, 2 and 7.

use crate::quirks::SchemaSubset;

/// What a provider takes of JSON Schema, and how the rest is said.
#[derive(Debug)]
pub(crate) struct Subset {
    /// The keywords that are taken, in groups. The values of all others go into the description.
    pub(super) keywords: &'static [&'static [&'static str]],
    /// The formats of strings that are taken; `None`: all.
    pub(super) formats: Option<&'static [&'static str]>,
    /// The regular expressions that are taken.
    pub(super) patterns: Patterns,
    /// Whether an object has no other properties than those that are listed.
    pub(super) closed: bool,
    /// Which properties are required.
    pub(super) required: Required,
    /// Whether `type` may be a list.
    pub(super) type_lists: bool,
    /// The types of values that an `enum` may have.
    pub(super) enum_values: &'static [&'static str],
    /// Whether what is referred to is written out in place of each reference that has no cycle.
    pub(super) inline: bool,
    /// Whether other keywords may be siblings of `$ref`.
    pub(super) reference_siblings: bool,
    /// Whether a definition may refer to itself; otherwise it is written out [`super::fit::LEVELS`] times.
    pub(super) recursion: bool,
    /// The greatest `minItems` that is taken.
    pub(super) max_min_items: u64,
    /// Whether bounds of numbers hold for integers alone.
    pub(super) integer_bounds: bool,
    /// Whether lengths may be combined with `pattern` and `format`.
    pub(super) lengths_beside_patterns: bool,
    /// What a schema becomes that allows anything.
    pub(super) anything: Anything,
    /// Whether the whole schema has to be an object.
    pub(super) object_root: bool,
}

/// Which regular expressions are taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Patterns {
    Any,
    /// Without lookaround.
    NoLookaround,
    /// Without lookaround, word boundaries and backreferences, and with small repetitions only.
    Simple,
    /// From `^` to `$`.
    Anchored,
    /// A whole match is meant: `^` and `$` are taken off.
    Unanchored,
}

/// Which properties are required.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Required {
    AsWritten,
    /// All of them.
    All,
    /// All of them where the caller asks for strictness. Optional ones are limited in number.
    AllWhereStrict,
    /// At least one of each object's.
    One,
}

/// What a schema becomes that allows anything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Anything {
    Itself,
    /// Any of the primitive types.
    Primitives,
    String,
}

const BASIC: &[&str] =
    &["type", "enum", "anyOf", "$ref", "$defs", "properties", "required", "items", "title", "description"];
const CLOSED: &[&str] = &["additionalProperties"];
const CONST: &[&str] = &["const"];
const NUMBERS: &[&str] = &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
const TEXTS: &[&str] = &["minLength", "maxLength", "pattern", "format"];
const LISTS: &[&str] = &["minItems", "maxItems"];
const SCALARS: &[&str] = &["string", "integer", "number", "boolean", "null"];

/// The strictest of all, from which the others differ: closed objects, all properties required, references without
/// neighbours, and bounds in the description.
const STRICTEST: Subset = Subset {
    keywords: &[BASIC, CLOSED, CONST],
    formats: None,
    patterns: Patterns::Any,
    closed: true,
    required: Required::All,
    type_lists: true,
    enum_values: SCALARS,
    inline: false,
    reference_siblings: false,
    recursion: true,
    max_min_items: u64::MAX,
    integer_bounds: false,
    lengths_beside_patterns: true,
    anything: Anything::Primitives,
    object_root: true,
};

/// OpenAI's structured outputs and strict functions; Groq's, too.
const OPENAI: Subset = Subset {
    keywords: &[BASIC, CLOSED, CONST, NUMBERS, TEXTS, LISTS],
    formats: Some(&["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"]),
    patterns: Patterns::NoLookaround,
    ..STRICTEST
};

/// OpenAI's fine-tuned models: no bounds at all.
const OPENAI_FINE_TUNED: Subset = Subset { ..STRICTEST };

/// Anthropic's `output_config.format` and strict tools, and Bedrock's. `allOf` is taken without references.
pub(crate) const ANTHROPIC: Subset = Subset {
    keywords: &[BASIC, CLOSED, CONST, &["allOf", "default", "pattern", "format", "minItems"]],
    formats: Some(&[
        "date-time",
        "time",
        "date",
        "duration",
        "email",
        "hostname",
        "uri",
        "ipv4",
        "ipv6",
        "uuid",
    ]),
    patterns: Patterns::Simple,
    required: Required::AllWhereStrict,
    recursion: false,
    max_min_items: 1,
    object_root: false,
    ..STRICTEST
};

/// Gemini's `responseJsonSchema`. Cycles are unrolled there, too, but only where they are optional.
pub(crate) const GEMINI: Subset = Subset {
    keywords: &[BASIC, CLOSED, LISTS, &["prefixItems", "minimum", "maximum", "format", "propertyOrdering"]],
    formats: Some(&["date-time", "date", "time"]),
    closed: false,
    required: Required::AsWritten,
    enum_values: &["string", "integer", "number"],
    recursion: false,
    anything: Anything::Itself,
    object_root: false,
    ..STRICTEST
};

/// Gemini's `parametersJsonSchema`, which hands on more.
pub(crate) const GEMINI_TOOLS: Subset = Subset {
    keywords: &[
        BASIC,
        CLOSED,
        LISTS,
        TEXTS,
        &[
            "prefixItems",
            "minimum",
            "maximum",
            "default",
            "propertyOrdering",
            "minProperties",
            "maxProperties",
        ],
    ],
    formats: None,
    ..GEMINI
};

/// Mistral documents no subset; its client closes objects and sends the rest as it is.
const MISTRAL: Subset = Subset {
    keywords: &[BASIC, CLOSED, CONST, &["default"]],
    required: Required::AsWritten,
    recursion: false,
    anything: Anything::String,
    ..STRICTEST
};

/// Cohere's `json_schema` and `strict_tools`: no unions at all; what may be null is optional.
pub(crate) const COHERE: Subset = Subset {
    keywords: &[&[
        "type",
        "enum",
        "properties",
        "required",
        "items",
        "title",
        "description",
        "pattern",
        "format",
    ]],
    formats: Some(&["date-time", "uuid", "date", "time"]),
    patterns: Patterns::Unanchored,
    closed: false,
    required: Required::One,
    type_lists: false,
    enum_values: &["string", "integer", "number", "boolean"],
    inline: true,
    recursion: false,
    anything: Anything::String,
    ..STRICTEST
};

/// Grammars of llama.cpp, which Ollama's `format` is.
pub(crate) const LLAMA_CPP: Subset = Subset {
    keywords: &[BASIC, CLOSED, CONST, NUMBERS, TEXTS, LISTS, &["oneOf", "allOf", "default"]],
    formats: Some(&["date-time", "date", "time", "uuid"]),
    patterns: Patterns::Anchored,
    closed: false,
    required: Required::AsWritten,
    inline: true,
    integer_bounds: true,
    anything: Anything::Itself,
    object_root: false,
    ..STRICTEST
};

const XAI: Subset = Subset {
    keywords: &[
        BASIC,
        CLOSED,
        CONST,
        NUMBERS,
        TEXTS,
        LISTS,
        &["oneOf", "default", "examples", "minProperties", "maxProperties"],
    ],
    formats: Some(&["date", "time", "date-time", "email", "uuid", "ipv4", "ipv6", "uri"]),
    patterns: Patterns::Simple,
    closed: false,
    required: Required::AsWritten,
    recursion: false,
    ..STRICTEST
};

const CEREBRAS: Subset = Subset {
    keywords: &[BASIC, CLOSED, CONST, &["prefixItems"]],
    type_lists: false,
    recursion: false,
    ..STRICTEST
};

/// What it does not know it ignores.
const FIREWORKS: Subset = Subset {
    keywords: &[BASIC, CLOSED, NUMBERS, TEXTS, LISTS, &["allOf", "default", "uniqueItems"]],
    closed: false,
    required: Required::AsWritten,
    anything: Anything::Itself,
    ..STRICTEST
};

/// Strict tools at the address for beta features.
const DEEPSEEK: Subset = Subset {
    keywords: &[BASIC, CLOSED, &["format"]],
    formats: Some(&["email", "hostname", "ipv4", "ipv6", "uuid"]),
    type_lists: false,
    inline: true,
    recursion: false,
    ..STRICTEST
};

/// vLLM's back end xgrammar.
const VLLM: Subset = Subset {
    keywords: &[
        BASIC,
        CLOSED,
        CONST,
        TEXTS,
        LISTS,
        &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"],
        &["oneOf", "allOf", "default", "prefixItems", "patternProperties", "minProperties", "maxProperties"],
    ],
    formats: Some(&[
        "email",
        "date",
        "time",
        "date-time",
        "duration",
        "ipv4",
        "ipv6",
        "hostname",
        "uuid",
        "uri",
        "uri-reference",
        "uri-template",
        "json-pointer",
        "relative-json-pointer",
    ]),
    closed: false,
    required: Required::AsWritten,
    reference_siblings: true,
    lengths_beside_patterns: false,
    anything: Anything::Itself,
    object_root: false,
    ..STRICTEST
};

/// The subset that a provider's row names.
pub(crate) const fn subset(name: SchemaSubset) -> &'static Subset {
    match name {
        SchemaSubset::OpenAi => &OPENAI,
        SchemaSubset::OpenAiFineTuned => &OPENAI_FINE_TUNED,
        SchemaSubset::Anthropic => &ANTHROPIC,
        SchemaSubset::Gemini => &GEMINI,
        SchemaSubset::Mistral => &MISTRAL,
        SchemaSubset::Cohere => &COHERE,
        SchemaSubset::LlamaCpp => &LLAMA_CPP,
        SchemaSubset::Xai => &XAI,
        SchemaSubset::Cerebras => &CEREBRAS,
        SchemaSubset::Fireworks => &FIREWORKS,
        SchemaSubset::DeepSeek => &DEEPSEEK,
        SchemaSubset::Vllm => &VLLM,
    }
}

impl Subset {
    pub(super) fn takes(&self, keyword: &str) -> bool {
        self.keywords.iter().any(|group| group.contains(&keyword))
    }
}
