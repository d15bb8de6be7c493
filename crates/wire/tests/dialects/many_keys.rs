//! Objects of very many keys, wherever a body has an object: read in a time that grows with the body, in every dialect.
//! In the square of it, each of these bodies would take minutes.

use crate::bodies::{Said, changed, plain, streamed};
use crate::streams::{accumulate, decode};
use ferrule_wire::dialect::Dialect;
use ferrule_wire::dialect::registry::all;
use ferrule_wire::encode::EncodeOptions;
use ferrule_wire::error::Headers;
use ferrule_wire::json::{Json, MAX_KEYS};
use ferrule_wire::model::{Message, Request, Role};
use ferrule_wire::operation::{
    EmbeddingResponse, Embeddings, HttpRequest, Listed, ModelListing, ModelPage, RankedDocument,
    RerankResponse, Reranking, Vectors,
};
use std::fmt::Write as _;

const KEYS: usize = 40_000;

fn keys(count: usize) -> String {
    (0..count).fold(String::new(), |mut text, key| {
        write!(text, ",\"k{key}\":0").unwrap();
        text
    })
}

/// A body with so many keys in its first object.
fn in_first_object(body: &[u8], keys: &str) -> String {
    let body = std::str::from_utf8(body).unwrap();
    let (before, after) = body.split_once('{').unwrap();
    format!("{before}{{\"k\":0{keys},{after}")
}

#[test]
fn plain_answers() {
    let keys = keys(KEYS);
    for dialect in all() {
        let body = plain(dialect, Said::Text, "ALPHA");
        let response = dialect.decode_response(in_first_object(&body, &keys).as_bytes()).unwrap();
        assert_eq!(Said::Text.text_in(&response).as_deref(), Some("ALPHA"), "{}", dialect.name());
        // A list of texts has no place for keys, and a block of Bedrock's has one field.
        if !matches!(dialect.name(), "replicate" | "bedrock") {
            let body = changed(dialect, &body, &[("\"ALPHA\"", &format!("\"ALPHA\"{keys}"))], false);
            let response = dialect.decode_response(&body).unwrap();
            // And written again, with all of them among the fields that nobody knows.
            let again = dialect.decode_response(&dialect.encode_response(&response)).unwrap();
            assert_eq!(Said::Text.text_in(&again).as_deref(), Some("ALPHA"), "{}", dialect.name());
        }
    }
}

#[test]
fn streams() {
    let keys = keys(KEYS);
    for dialect in all().filter(|dialect| dialect.name() != "replicate") {
        let body = streamed(dialect, Said::Text, "ALPHA", "OMEGA");
        let in_delta = ("\"ALPHA\"", format!("\"ALPHA\"{keys}"));
        let at_the_end = ("\"OMEGA\"", format!("\"OMEGA\"{keys}"));
        let replace = [(in_delta.0, in_delta.1.as_str()), (at_the_end.0, &at_the_end.1)];
        let (events, outcome) = decode(dialect, [changed(dialect, &body, &replace, true).as_slice()]);
        assert_eq!(outcome, Ok(()), "{}", dialect.name());
        let response = accumulate(&events);
        assert_eq!(Said::Text.text_in(&response).as_deref(), Some("ALPHAOMEGA"), "{}", dialect.name());
    }
}

#[test]
fn other_operations() {
    let keys = keys(KEYS);
    for dialect in all() {
        check::<ModelListing>(dialect, &keys, &ModelPage::named(&["m"]));
        let mut vectors = Vectors::default();
        vectors.push(&[1.0, 2.0]).unwrap();
        check::<Embeddings>(dialect, &keys, &EmbeddingResponse { vectors, ..EmbeddingResponse::default() });
        let results = vec![RankedDocument { index: 0, score: 1.0 }];
        check::<Reranking>(dialect, &keys, &RerankResponse { results, ..RerankResponse::default() });
    }
}

/// Reads a response with so many keys in its first object, where the dialect has the operation.
fn check<O: Listed>(dialect: &dyn Dialect, keys: &str, response: &O::Response) {
    let Some(codec) = dialect.operations().get::<O>() else { return };
    let written = codec.encode_response(response, HttpRequest::json(b"{}"));
    // What only says that the server is there has no fields to add to.
    if !written.body.starts_with(b"{\"") {
        return;
    }
    let body = in_first_object(&written.body, keys);
    let read = codec.decode_response(Headers::default(), body.as_bytes());
    assert!(read.is_ok(), "{} {:?}: {:?}", dialect.name(), O::KIND, read.err());
}

#[test]
fn requests() {
    let keys = keys(KEYS);
    for dialect in all() {
        let request = Request {
            model: "m".into(),
            messages: vec![Message::text(Role::User, "hi")],
            ..Request::default()
        };
        let body = dialect.encode_request(&request, EncodeOptions::DROP).unwrap().body;
        let body = in_first_object(&body, &keys);
        let read = dialect.decode_request(body.as_bytes()).unwrap();
        let _ = dialect.encode_request(&read, EncodeOptions::DROP);
    }
}

#[test]
fn more_keys_than_the_bound_are_refused_by_name() {
    let body = format!("{{\"a\":[{{\"k\":0{}}}]}}", keys(MAX_KEYS));
    let error = Json::parse(&body).unwrap_err().to_string();
    assert_eq!(error, format!("an object has more than {MAX_KEYS} keys"));
}
