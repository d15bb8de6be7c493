//! The dialects of Cohere and Ollama: transcripts (those of Replicate and Cursor, too), quirks, and that what is written
//! is read back the same.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod cohere;
mod ollama;
mod strategies;
mod transcripts;
mod translate;

use ferrule_wire::dialect::{Dialect, EncodeOptions, StreamError, StreamLimits};
use ferrule_wire::json::Json;
use ferrule_wire::model::{Accumulator, Request, Response, StreamEvent, replay};

/// The events of a body in pieces of `size`, and how it ended.
fn decode(dialect: &dyn Dialect, body: &[u8], size: usize) -> (Vec<StreamEvent>, Result<(), StreamError>) {
    let mut decoder = dialect.stream_decoder(StreamLimits::default());
    let mut events = Vec::new();
    let mut outcome = body.chunks(size.max(1)).try_for_each(|piece| decoder.push(piece, &mut events));
    if outcome.is_ok() {
        outcome = decoder.finish(&mut events);
        assert!(decoder.is_done() || outcome.is_err());
    }
    (events, outcome)
}

fn accumulate(events: &[StreamEvent]) -> Response {
    let mut accumulator = Accumulator::new();
    events.iter().for_each(|event| accumulator.push(event));
    accumulator.response()
}

/// The body of a stream of `response`, its texts in pieces.
fn stream_of(dialect: &dyn Dialect, response: &Response) -> Vec<u8> {
    let mut encoder = dialect.stream_encoder(&Request { stream: true, ..Request::default() });
    let mut body = Vec::new();
    for event in replay(response, |text| text.split_inclusive(' ').collect()) {
        encoder.push(&event, &mut body);
    }
    encoder.finish(&mut body);
    body
}

/// The body of a request that can be carried whole.
fn written(dialect: &dyn Dialect, request: &Request) -> String {
    let encoded = dialect.encode_request(request, EncodeOptions::REFUSE).unwrap();
    assert!(encoded.dropped.is_empty());
    String::from_utf8(encoded.body).unwrap()
}

/// The field that a request is refused for; left out instead, it is the only one named.
fn refused(dialect: &dyn Dialect, request: &Request) -> String {
    let refusal = dialect.encode_request(request, EncodeOptions::REFUSE).unwrap_err();
    assert_eq!(refusal.dialect, dialect.name());
    let encoded = dialect.encode_request(request, EncodeOptions::DROP).unwrap();
    assert_eq!(encoded.dropped, std::slice::from_ref(&refusal));
    assert!(dialect.decode_request(&encoded.body).is_ok());
    refusal.field
}

/// The only field that is left out, with a word about it, of a request that is not refused.
fn noted(dialect: &dyn Dialect, request: &Request) -> String {
    let encoded = dialect.encode_request(request, EncodeOptions::REFUSE).unwrap();
    let [dropped] = encoded.dropped.as_slice() else { panic!("{:?}", encoded.dropped) };
    dropped.field.clone()
}

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}
