//! Token counting for OpenAI's models.
//!
//! Two vocabularies are built in, compressed, and unpacked when they are first used. What a prompt has in addition to its
//! text (roles, tools) is counted by the rules OpenAI has published; where those do not reach, the number is an estimate and
//! says so. Nothing is sent anywhere. `ferrule-python` is the caller.

mod merge;
mod prompt;
mod ranks;
mod split;
mod vocabulary;

pub use prompt::{Count, count_prompt, count_text};
pub use vocabulary::Vocabulary;
