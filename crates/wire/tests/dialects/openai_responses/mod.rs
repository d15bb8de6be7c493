//! The OpenAI Responses dialect: its traps, and that what is written is read back the same.

mod request;
mod response;
mod strategies;
mod stream;

use crate::strategies::json;
use ferrule_wire::dialect::{Dialect, openai_responses::OpenAiResponses};
use ferrule_wire::json::Extra;

fn dialect() -> &'static dyn Dialect {
    &OpenAiResponses
}

fn extra(name: &str, value: &str) -> Extra {
    [(name.to_owned(), json(value))].into_iter().collect()
}
