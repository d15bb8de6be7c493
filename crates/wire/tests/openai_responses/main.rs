//! The OpenAI Responses dialect: its traps, and that what is written is read back the same.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod request;
mod response;
mod strategies;
mod stream;

use ferrule_wire::dialect::{Dialect, openai_responses::OpenAiResponses};
use ferrule_wire::json::{Extra, Json};
use ferrule_wire::model::{Accumulator, Response, StreamEvent};

fn dialect() -> &'static dyn Dialect {
    &OpenAiResponses
}

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

fn extra(name: &str, value: &str) -> Extra {
    [(name.to_owned(), json(value))].into_iter().collect()
}

fn accumulate(events: &[StreamEvent]) -> Response {
    let mut accumulator = Accumulator::new();
    events.iter().for_each(|event| accumulator.push(event));
    accumulator.response()
}
