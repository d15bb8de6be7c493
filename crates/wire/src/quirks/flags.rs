//! Quirk flags: how a provider may differ from its dialect, one field each.
//!
//! Read at run time from a user's configuration (the names are those of the fields, in `snake_case`) and at build time
//! from `providers.toml`: `build.rs` compiles this file as well, so that both know the same names.

use crate::operation::kind::OperationKind;
use alloc::borrow::Cow;
use serde::{Deserialize, Serialize};

pub use super::feature::Feature;

/// A text that may stand in the built-in table or come from configuration.
pub type Text = Cow<'static, str>;
/// A list that may stand in the built-in table or come from configuration.
pub type List<T> = Cow<'static, [T]>;

/// How a provider differs from its dialect. The default differs in nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quirks {
    /// The provider's id, for the texts of errors. Not configured: it is the id of the row.
    #[serde(skip)]
    pub provider: Text,
    /// What the provider has; every operation of its dialect where nobody says it.
    pub operations: List<OperationKind>,
    /// What replaces the dialect's path, for instance `/deployments/{model}{path}`; empty: nothing. `{path}` stands for
    /// the dialect's, `{model}` for the model's name, escaped.
    pub path: Text,
    /// What the model's name begins with where it has no `/` in it: Fireworks' `accounts/fireworks/models/`.
    pub model_prefix: Text,
    /// What is taken off the beginning of the model's name: `litellm_proxy/`.
    pub model_prefix_stripped: Text,
    /// What the provider refuses or ignores.
    pub unsupported: List<Feature>,
    /// Whether it renders any conversation that it is sent, calls without results and unknown roles included.
    pub any_conversation: bool,
    /// Whether `top_k` may be asked for, which OpenAI does not have.
    pub top_k: bool,
    /// The name of the limit on the answer's length.
    pub max_tokens_parameter: MaxTokensParameter,
    /// The name of the seed; empty: the dialect's own.
    pub seed_parameter: Text,
    /// The name of the length of embeddings; empty: the dialect's own.
    pub dimensions_parameter: Text,
    /// The name of the number of documents that a ranking returns; empty: the dialect's own.
    pub top_n_parameter: Text,
    /// How it is said what embeddings are for.
    pub embedding_purposes: EmbeddingPurposes,
    /// The highest temperature; a higher one is refused.
    pub temperature_max: Option<f64>,
    /// Whether a temperature of 0 is refused.
    pub temperature_above_zero: bool,
    /// The word for "call some tool".
    pub required_word: RequiredWord,
    /// How one tool is named that must be called.
    pub named_choice: NamedChoice,
    /// What ids of tool calls have to look like.
    pub tool_id_rule: ToolIdRule,
    /// How reasoning is asked for.
    pub reasoning_request: ReasoningRequestForm,
    /// Where the answer's reasoning stands, the usual place first.
    pub reasoning_in: List<ReasoningPlace>,
    /// When reasoning is sent back in the history.
    pub reasoning_echo: ReasoningEcho,
    /// Whether a message of the assistant with calls has to have its reasoning, even an empty one.
    pub reasoning_beside_calls: bool,
    /// How documents and audio stand in messages.
    pub media_parts: MediaParts,
    /// Which images, documents and audio are accepted in messages: types, sizes and counts.
    pub media: MediaLimits,
    /// Whether a tool's result may hold images, and what else a message may.
    pub tool_result_media: bool,
    /// The field of the last message, where that is the assistant's, which says that it is to be continued; empty:
    /// none.
    pub prefill_parameter: Text,
    /// Keywords that are taken out of JSON schemas, wherever they stand.
    pub schema_strip: List<Text>,
    /// Whether references inside a JSON schema (`$ref`) are replaced by what they refer to.
    pub schema_inline: bool,
    /// Whether the two are for tools alone, and the schema of an answer is taken as it is.
    pub answer_schema_whole: bool,
    /// The subset of JSON Schema of a strict answer or tool.
    pub strict_schema: SchemaSubset,
    /// What a model's name contains that can be strict; empty: all can.
    pub strict_models: List<Text>,
    /// The version of the API, where that is not in the address; empty: the dialect's own.
    pub api_version: Text,
    /// How a place in the prompt is marked up to which it is cached.
    pub cache_control: CacheControl,
    /// Whether a key says which requests share a cached prompt, where prompts are cached without breakpoints.
    pub prompt_cache_key: bool,
    /// The form of the tools that the provider runs itself.
    pub hosted_tools: HostedTools,
    /// Whether nulls in messages are refused.
    pub drop_null_keys: bool,
    /// Whether user and assistant must take turns after the system's message: neighbours of one role are joined.
    pub alternate_roles: bool,
    /// Fields of every request, unless the caller says otherwise.
    pub parameters: List<Parameter>,
    /// Where a stream says what it used.
    pub usage_in_stream: UsageInStream,
    /// Whether the answer's tokens are counted without those of its reasoning.
    pub usage_excludes_reasoning: bool,
    /// Whether a stream ends with `[DONE]`.
    pub done_marker: DoneMarker,
    /// Whether a stream never says why it ended.
    pub stream_without_finish_reason: bool,
    /// Hosts besides its own that its answers may lead to, for what follows up a request.
    pub follow_up_hosts: List<Text>,
    /// What an error looks like.
    pub error_shape: ErrorShape,
    /// Whether errors come with status 200.
    pub errors_in_success: ErrorsInSuccess,
}

/// The name of the limit on the answer's length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxTokensParameter {
    /// OpenAI's own, which counts reasoning.
    #[default]
    MaxCompletionTokens,
    /// The older one, which most others have.
    MaxTokens,
}

/// How it is said what embeddings are for: the words of `input_type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmbeddingPurposes {
    /// It is not said.
    #[default]
    None,
    /// `query` and `document`: Voyage.
    Document,
    /// `query` and `passage`: NVIDIA.
    Passage,
}

/// The word for "call some tool".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequiredWord {
    /// `required`.
    #[default]
    Required,
    /// `any`.
    Any,
}

/// How one tool is named that must be called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedChoice {
    /// By name.
    #[default]
    Named,
    /// It is the only tool of the request, and some tool must be called: llama.cpp takes an object for `auto`.
    OnlyTool,
}

/// What ids of tool calls have to look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolIdRule {
    /// Anything.
    #[default]
    Any,
    /// Nine letters and digits: Mistral.
    NineAlphanumeric,
    /// At most 40 characters: OpenAI, Azure.
    #[serde(rename = "up_to_40")]
    UpTo40,
    /// At most 64 characters: OpenAI's Responses, OpenRouter.
    #[serde(rename = "up_to_64")]
    UpTo64,
    /// At most 64 letters, digits, `_` and `-`: Claude.
    Word,
    /// The same with `.` and `:` among them: Bedrock.
    DottedWord,
}

/// How reasoning is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningRequestForm {
    /// `reasoning_effort`, in words.
    #[default]
    Effort,
    /// `reasoning: {effort | max_tokens | enabled, exclude}`: OpenRouter.
    Object,
    /// `thinking: {type: enabled | disabled}`, and `reasoning_effort` with it unless that is unsupported.
    Thinking,
    /// `enable_thinking` and `thinking_budget`: Alibaba.
    EnableThinking,
    /// `prompt_mode: reasoning` for Magistral, for other models `reasoning_effort`, which is `high` or `none`: Mistral.
    PromptMode,
    /// `chat_template_kwargs: {enable_thinking}`: servers that render the model's own template.
    TemplateArguments,
}

/// Where the answer's reasoning stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningPlace {
    /// `reasoning_content` next to the content.
    ReasoningContent,
    /// `reasoning` next to the content.
    Reasoning,
    /// `reasoning_details` next to the content.
    ReasoningDetails,
    /// Parts of the content.
    ContentParts,
    /// Between `<think>` and `</think>` at the beginning of the content.
    ThinkTags,
}

/// When reasoning is sent back in the history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningEcho {
    /// In every message of the assistant.
    #[default]
    Always,
    /// Only after the last message of the user: while tools are called.
    SameTurn,
    /// In every message that calls tools, and after the last message of the user: DeepSeek.
    WithCalls,
    /// Never: left out without a word, as the provider wants it so and nothing is lost.
    Never,
}

/// How documents and audio stand in messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaParts {
    /// `file: {file_data, file_id, filename}` and `input_audio: {data, format}`.
    #[default]
    #[serde(rename = "openai")]
    OpenAi,
    /// `document_url`, an address or a data URL, with `document_name`; `file_id`; `input_audio`, an address or base64:
    /// Mistral.
    Mistral,
}

/// Types, sizes and counts of images, documents and audio in messages. What is empty or absent is not known, and not
/// checked. Sizes are of the files, in bytes, before base64: `docs/wire/caching-thinking-tools.md`, section 5.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MediaLimits {
    /// Media types of images.
    pub image_types: List<Text>,
    /// The size of an image.
    pub image_bytes: Option<u64>,
    /// How many images in a request.
    pub images: Option<u64>,
    /// How many images in a message.
    pub images_per_message: Option<u64>,
    /// Media types of documents.
    pub document_types: List<Text>,
    /// The size of a document.
    pub document_bytes: Option<u64>,
    /// How many documents in a message.
    pub documents_per_message: Option<u64>,
    /// Media types of audio.
    pub audio_types: List<Text>,
    /// The size of all files in a request together.
    pub request_bytes: Option<u64>,
}

impl MediaLimits {
    /// Nothing is known.
    pub const NONE: Self = Self {
        image_types: Cow::Borrowed(&[]),
        image_bytes: None,
        images: None,
        images_per_message: None,
        document_types: Cow::Borrowed(&[]),
        document_bytes: None,
        documents_per_message: None,
        audio_types: Cow::Borrowed(&[]),
        request_bytes: None,
    };
}

impl Default for MediaLimits {
    fn default() -> Self {
        Self::NONE
    }
}

/// The subset of JSON Schema that a strict answer or tool has to be in: `docs/wire/schema-subsets.md`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchemaSubset {
    /// OpenAI's, which most others have taken over.
    #[default]
    #[serde(rename = "openai")]
    OpenAi,
    /// That of OpenAI's fine-tuned models, which take no bounds.
    #[serde(rename = "openai_fine_tuned")]
    OpenAiFineTuned,
    /// Anthropic's.
    Anthropic,
    /// Gemini's.
    Gemini,
    /// Mistral's.
    Mistral,
    /// Cohere's.
    Cohere,
    /// That of llama.cpp's grammars, Ollama's too.
    LlamaCpp,
    /// xAI's.
    Xai,
    /// Cerebras'.
    Cerebras,
    /// Fireworks'.
    Fireworks,
    /// DeepSeek's.
    #[serde(rename = "deepseek")]
    DeepSeek,
    /// vLLM's.
    Vllm,
}

/// How a place in the prompt is marked up to which it is cached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheControl {
    /// `prompt_cache_breakpoint` and `prompt_cache_options`, OpenAI's own.
    #[default]
    Breakpoint,
    /// `cache_control`, as Anthropic has it.
    Passthrough,
    /// Not at all: the provider caches by itself. Left out, and listed as such.
    Strip,
}

/// The form of the tools that a provider of OpenAI's chat form runs itself (`docs/wire/late-2026.md`, section 9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostedTools {
    /// There are none.
    #[default]
    None,
    /// `web_search_options`: OpenAI.
    #[serde(rename = "openai")]
    OpenAi,
    /// `{type: "openrouter:web_search", parameters}`: OpenRouter.
    #[serde(rename = "openrouter")]
    OpenRouter,
    /// `{type: "browser_search"}`, `{type: "code_interpreter"}`: Groq.
    Groq,
    /// Every answer is searched for; options say how: Perplexity.
    Perplexity,
}

/// A field of every request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name.
    pub name: Text,
    /// Its value, as JSON.
    pub json: Text,
}

/// Where a stream says what it used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageInStream {
    /// In a chunk of its own at the end.
    #[default]
    Chunk,
    /// In the chunk that says why the answer ended.
    Finish,
    /// In each chunk, so far.
    Every,
    /// Nowhere.
    Never,
}

/// Whether a stream ends with `[DONE]`. Read alike: an answer that said why it ended is whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoneMarker {
    /// It does.
    #[default]
    Always,
    /// Some do.
    Maybe,
    /// None does: the end of the body is the end of the answer.
    Never,
}

/// What an error looks like. All of them are read wherever they come; this says which one a provider writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorShape {
    /// `{"error":{"message","type","param","code"}}`.
    #[default]
    #[serde(rename = "openai")]
    OpenAi,
    /// `{"message","type","param","code"}`: Cerebras.
    Flat,
    /// `{"object":"error","message","type","param","code"}`: Mistral, older vLLM.
    Object,
    /// `{"code":"text","error":"text"}`: xAI.
    CodeAndText,
    /// `{"error":"text","error_type":"word"}`: Text Generation Inference.
    TextAndType,
    /// `{"error":{"code":number,"message","metadata"}}`: OpenRouter.
    Numbered,
    /// `{"error":{"code":number,"message","type"}}`: llama.cpp, newer vLLM.
    NumberedType,
    /// `{"error":{"code":"number","message"}}`: Zhipu, LiteLLM.
    CodeText,
    /// `[{"error":{"code":number,"message","status"}}]`: Google.
    GoogleList,
    /// `{"error_code","message"}`: Databricks.
    ErrorCode,
    /// `{"success":false,"errors":[{"code","message"}],"messages":[],"result":null}`: Cloudflare.
    Cloudflare,
    /// `{"errors":[{"code","message"}],"trace","status_code"}`: watsonx.
    Watsonx,
    /// `{"base_resp":{"status_code","status_msg"}}`: MiniMax.
    BaseResponse,
    /// `{"message"}`: Snowflake and others.
    Message,
    /// `{"detail":"text"}`.
    Detail,
}

/// Whether errors come with status 200. They are read wherever they come; this says what a provider does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorsInSuccess {
    /// They do not.
    #[default]
    Never,
    /// Some do where a stream was asked for: xAI.
    Streams,
    /// They do: MiniMax.
    Always,
}

impl Quirks {
    /// No difference.
    pub const NONE: Self = Self {
        provider: Cow::Borrowed(""),
        operations: Cow::Borrowed(&OperationKind::ALL),
        path: Cow::Borrowed(""),
        model_prefix: Cow::Borrowed(""),
        model_prefix_stripped: Cow::Borrowed(""),
        unsupported: Cow::Borrowed(&[]),
        any_conversation: false,
        top_k: false,
        max_tokens_parameter: MaxTokensParameter::MaxCompletionTokens,
        seed_parameter: Cow::Borrowed(""),
        dimensions_parameter: Cow::Borrowed(""),
        top_n_parameter: Cow::Borrowed(""),
        embedding_purposes: EmbeddingPurposes::None,
        temperature_max: None,
        temperature_above_zero: false,
        required_word: RequiredWord::Required,
        named_choice: NamedChoice::Named,
        tool_id_rule: ToolIdRule::Any,
        reasoning_request: ReasoningRequestForm::Effort,
        reasoning_in: Cow::Borrowed(&[]),
        reasoning_echo: ReasoningEcho::Always,
        reasoning_beside_calls: false,
        media_parts: MediaParts::OpenAi,
        media: MediaLimits::NONE,
        tool_result_media: false,
        prefill_parameter: Cow::Borrowed(""),
        schema_strip: Cow::Borrowed(&[]),
        follow_up_hosts: Cow::Borrowed(&[]),
        schema_inline: false,
        answer_schema_whole: false,
        strict_schema: SchemaSubset::OpenAi,
        strict_models: Cow::Borrowed(&[]),
        cache_control: CacheControl::Breakpoint,
        api_version: Cow::Borrowed(""),
        prompt_cache_key: false,
        hosted_tools: HostedTools::None,
        drop_null_keys: false,
        alternate_roles: false,
        parameters: Cow::Borrowed(&[]),
        usage_in_stream: UsageInStream::Chunk,
        usage_excludes_reasoning: false,
        done_marker: DoneMarker::Always,
        stream_without_finish_reason: false,
        error_shape: ErrorShape::OpenAi,
        errors_in_success: ErrorsInSuccess::Never,
    };
}

impl Default for Quirks {
    fn default() -> Self {
        Self::NONE
    }
}
