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
mod bodies;
mod citations;
mod cohere;
mod cursor_cli;
mod dumped_messages;
mod figures;
mod further_fields;
mod gemini;
mod histories;
mod known_fields;
mod many_events;
mod many_keys;
mod odd_forms;
mod ollama;
mod openai_chat;
mod openai_completions;
mod openai_responses;
mod paging;
mod provider_items;
mod replicate;
mod requests;
mod rewritten;
mod ruvllm;
mod second_turn;
mod signers;
mod strategies;
mod streams;
mod surrogates;
mod tool_deltas;
mod transcripts;
mod translate;
mod user_parts;
mod watsonx;
mod whole_items;
