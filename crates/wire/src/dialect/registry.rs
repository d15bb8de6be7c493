//! Registry of wire formats: the only file that names every one of them.

use super::{
    Dialect, anthropic, bedrock, cohere, cursor_cli, gemini, ollama, openai_chat, openai_completions,
    openai_responses, replicate, ruvllm, watsonx,
};

/// Every wire format, one line each.
static DIALECTS: &[&dyn Dialect] = &[
    &openai_chat::OpenAiChat,
    &anthropic::Anthropic,
    &anthropic::AnthropicVertex,
    &bedrock::Bedrock,
    &cohere::Cohere,
    &gemini::Gemini::API,
    &gemini::Gemini::VERTEX,
    &ollama::Ollama,
    &openai_responses::OpenAiResponses,
    &openai_completions::OpenAiCompletions,
    &ruvllm::RuvLlm,
    &watsonx::Watsonx,
    &cursor_cli::CursorCli,
    &replicate::Replicate,
];

/// Every wire format.
pub fn all() -> impl Iterator<Item = &'static dyn Dialect> {
    DIALECTS.iter().copied()
}

/// The wire format with the name `name` in configuration.
pub fn find(name: &str) -> Option<&'static dyn Dialect> {
    all().find(|dialect| dialect.name() == name)
}
