//! Token counting for OpenAI's models.
//!
//! Two vocabularies are built in, compressed, and unpacked on first use. What a prompt contains besides text (roles,
//! tools) is counted by the rules that OpenAI has published; beyond those the number is an estimate, and marked as
//! such. Nothing is sent anywhere. `ferrule-python` is the caller.

mod merge;
mod prompt;
mod ranks;
mod split;
mod vocabulary;

pub use prompt::{Count, count_prompt, count_text};
pub use vocabulary::Vocabulary;
