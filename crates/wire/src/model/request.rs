//! Chat requests.

use super::{CacheBreakpoint, Message, Tool, ToolChoice};
use crate::json::{Extra, Json};
use alloc::{string::String, vec::Vec};

/// What is asked of a model. Absent means: the provider's default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// The provider's name of the model.
    pub model: String,
    /// The conversation, instructions included.
    pub messages: Vec<Message>,
    /// The tools it may call.
    pub tools: Vec<Tool>,
    /// Which of them it may or must call.
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may call several at once.
    pub parallel_tool_calls: Option<bool>,
    /// The shape of the answer.
    pub response_format: Option<ResponseFormat>,
    /// How much to think.
    pub reasoning: Option<ReasoningRequest>,
    /// The most tokens to answer with, reasoning included.
    pub max_tokens: Option<u64>,
    /// Randomness; the range is the provider's.
    pub temperature: Option<f64>,
    /// Nucleus sampling, 0 to 1.
    pub top_p: Option<f64>,
    /// Sample among this many tokens only.
    pub top_k: Option<u64>,
    /// Against repeating what is frequent, -2 to 2.
    pub frequency_penalty: Option<f64>,
    /// Against repeating what is present, -2 to 2.
    pub presence_penalty: Option<f64>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// For repeatable sampling.
    pub seed: Option<i64>,
    /// How many answers.
    pub n: Option<u64>,
    /// Whether to report log probabilities.
    pub logprobs: Option<bool>,
    /// Of how many alternatives at each place.
    pub top_logprobs: Option<u64>,
    /// Labels for the provider's records.
    pub metadata: Vec<(String, String)>,
    /// Who the provider's abuse checks should hold responsible, as an opaque id.
    pub user: Option<String>,
    /// OpenAI's newer name of the same.
    pub safety_identifier: Option<String>,
    /// At what price and speed, in the provider's words.
    pub service_tier: Option<String>,
    /// How long the answer's text is, in words.
    pub verbosity: Option<String>,
    /// Anthropic's names of features that are not for everybody yet.
    pub betas: Vec<String>,
    /// Automatic caching of the whole prompt.
    pub cache: Option<CacheBreakpoint>,
    /// Caching of what stays the same from call to call, as the provider has it.
    pub prompt_cache: Option<CacheBreakpoint>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Fields without a name of their own here; they win over ours of the same name.
    pub extra: Extra,
}

impl Request {
    /// Takes the options over from `defaults` that this request says nothing of. Its prompt stays, and whether it is
    /// streamed. Taken apart in full, so that a new field is not forgotten here.
    pub fn fill_in(&mut self, defaults: &Self) {
        fn of_option<T: Clone>(own: &mut Option<T>, default: &Option<T>) {
            if own.is_none() {
                own.clone_from(default);
            }
        }
        fn of_list<T: Clone>(own: &mut Vec<T>, default: &[T]) {
            if own.is_empty() {
                own.extend_from_slice(default);
            }
        }
        let Self {
            model: _,
            messages: _,
            tools,
            tool_choice,
            parallel_tool_calls,
            response_format,
            reasoning,
            max_tokens,
            temperature,
            top_p,
            top_k,
            frequency_penalty,
            presence_penalty,
            stop,
            seed,
            n,
            logprobs,
            top_logprobs,
            metadata,
            user,
            safety_identifier,
            service_tier,
            verbosity,
            betas,
            cache,
            prompt_cache,
            stream: _,
            extra,
        } = defaults;
        of_list(&mut self.tools, tools);
        of_option(&mut self.tool_choice, tool_choice);
        of_option(&mut self.parallel_tool_calls, parallel_tool_calls);
        of_option(&mut self.response_format, response_format);
        of_option(&mut self.reasoning, reasoning);
        of_option(&mut self.max_tokens, max_tokens);
        of_option(&mut self.temperature, temperature);
        of_option(&mut self.top_p, top_p);
        of_option(&mut self.top_k, top_k);
        of_option(&mut self.frequency_penalty, frequency_penalty);
        of_option(&mut self.presence_penalty, presence_penalty);
        of_list(&mut self.stop, stop);
        of_option(&mut self.seed, seed);
        of_option(&mut self.n, n);
        of_option(&mut self.logprobs, logprobs);
        of_option(&mut self.top_logprobs, top_logprobs);
        of_list(&mut self.metadata, metadata);
        of_option(&mut self.user, user);
        of_option(&mut self.safety_identifier, safety_identifier);
        of_option(&mut self.service_tier, service_tier);
        of_option(&mut self.verbosity, verbosity);
        of_list(&mut self.betas, betas);
        of_option(&mut self.cache, cache);
        of_option(&mut self.prompt_cache, prompt_cache);
        for (name, value) in extra.iter() {
            if self.extra.get(name).is_none() {
                self.extra.insert(name, value.clone());
            }
        }
    }
}

/// The shape of the answer.
#[derive(Clone, Debug, PartialEq)]
pub enum ResponseFormat {
    /// Text, said explicitly.
    Text,
    /// Any JSON object.
    Json,
    /// JSON that follows a schema.
    JsonSchema {
        /// A name for it (`[a-zA-Z0-9_-]{1,64}`); `response` where the dialect needs one and there is none.
        name: Option<String>,
        /// What it is, for the model.
        description: Option<String>,
        /// The schema.
        schema: Json,
        /// Whether the provider must hold the model to it.
        strict: Option<bool>,
    },
    /// A format only one dialect knows, whole.
    Other(Json),
}

/// How much to think before answering.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReasoningRequest {
    /// In words.
    pub effort: Option<Effort>,
    /// In tokens.
    pub budget_tokens: Option<u64>,
    /// What to show of it (`summarized`, `omitted`, ...), where the dialect has it.
    pub display: Option<String>,
}

/// How much to think, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Not at all.
    None,
    /// As little as can be.
    Minimal,
    /// A little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// More.
    XHigh,
    /// As much as can be.
    Max,
    /// In the provider's words.
    Other(String),
}

impl Effort {
    /// The field's word for it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh => "xhigh",
            Self::Max => "max",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for Effort {
    fn from(word: &str) -> Self {
        match word {
            "none" => Self::None,
            "minimal" => Self::Minimal,
            "low" => Self::Low,
            "medium" => Self::Medium,
            "high" => Self::High,
            "xhigh" => Self::XHigh,
            "max" => Self::Max,
            other => Self::Other(other.into()),
        }
    }
}
