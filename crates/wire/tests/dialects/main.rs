//! Every dialect, a module each: transcripts, quirks, and that what is written is read back the same. One program, so
//! that it is linked once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "the support code of tests"
)]

mod anthropic;
mod bedrock;
mod cohere;
mod cursor_cli;
mod gemini;
mod histories;
mod ollama;
mod openai_chat;
mod openai_completions;
mod openai_responses;
mod provider_items;
mod replicate;
mod requests;
mod ruvllm;
mod signers;
mod strategies;
mod streams;
mod transcripts;
mod translate;
mod watsonx;
