//! Streams of very many events that each bring something new, in every dialect: further fields, and calls. What reads and
//! gathers them takes time and memory that grow with the stream, not with its square. Answers of more calls than anybody
//! makes are refused by name.

use crate::bodies::{Said, says, streamed};
use crate::streams::{accumulate, decode};
use ferrule_wire::dialect::Dialect;
use ferrule_wire::dialect::registry::{all, find};
use ferrule_wire::dialect::shared::foreign::MarkedStream;
use ferrule_wire::framing::{EventStreamReader, HeaderValue, StreamLimits, write_frame};
use ferrule_wire::json::Json;
use ferrule_wire::model::{Choice, Message, Part, PartKind, Response, Role};

const EVENTS: usize = 5_000;

/// A body in which the frame that holds `marked` stands so often, each time as `change` makes it of the number.
fn repeated(
    dialect: &dyn Dialect,
    body: &[u8],
    marked: &str,
    change: impl Fn(&str, usize) -> String,
) -> Vec<u8> {
    let mut out = Vec::new();
    if dialect.name() == "bedrock" {
        let mut reader = EventStreamReader::new(StreamLimits::default());
        let read = reader.push(body, &mut |frame| {
            let payload = std::str::from_utf8(frame.payload).unwrap();
            let headers: Vec<(&str, HeaderValue<'_>)> = frame.headers().collect();
            for number in 0..if payload.contains(marked) { EVENTS } else { 1 } {
                let changed = change(payload, number);
                write_frame(headers.iter().copied(), changed.as_bytes(), &mut out);
            }
            Ok(())
        });
        assert_eq!(read, Ok(()));
        return out;
    }
    let body = std::str::from_utf8(body).unwrap();
    let end = if body.contains("data:") { "\n\n" } else { "\n" };
    for frame in body.split_inclusive(end) {
        for number in 0..if frame.contains(marked) { EVENTS } else { 1 } {
            out.extend_from_slice(change(frame, number).as_bytes());
        }
    }
    out
}

#[test]
fn each_delta_brings_another_further_field() {
    for dialect in all().filter(|dialect| !matches!(dialect.name(), "replicate" | "cursor-cli")) {
        for said in Said::ALL.into_iter().filter(|said| says(dialect, *said, true)) {
            let body = streamed(dialect, said, "ALPHA", "OMEGA");
            // In arguments the text stands inside another one.
            let marked = if said == Said::Arguments { "ALPHA" } else { "\"ALPHA\"" };
            let body = repeated(dialect, &body, marked, |frame, number| {
                frame.replace("\"ALPHA\"", &format!("\"ALPHA\",\"k{number}\":0"))
            });
            let (events, _) = decode(dialect, [body.as_slice()]);
            let mut marks = MarkedStream::new("signer", dialect.format());
            let mut batches = Vec::new();
            for batch in events.chunks(7) {
                let mut batch = batch.to_vec();
                marks.mark(&mut batch);
                batches.append(&mut batch);
            }
            let bytes: usize = batches.iter().map(|event| format!("{event:?}").len()).sum();
            assert!(bytes < 1_000 * EVENTS, "{}: {bytes} bytes of events", dialect.name());
            assert!(!accumulate(&batches).choices.is_empty(), "{}", dialect.name());
        }
    }
}

#[test]
fn so_many_fields_are_marked_as_one() {
    let dialect = find("openai-chat").unwrap();
    let body = streamed(dialect, Said::Text, "ALPHA", "OMEGA");
    let body = repeated(dialect, &body, "\"ALPHA\"", |frame, number| {
        frame.replace("\"ALPHA\"", &format!("\"ALPHA\",\"k{number}\":0"))
    });
    let (mut events, _) = decode(dialect, [body.as_slice()]);
    MarkedStream::new("signer", dialect.format()).mark(&mut events);
    let response = accumulate(&events);
    let extra = &response.choices[0].message.extra;
    assert!(extra.iter().count() > EVENTS);
    let mark = extra.get("answer_fields").map(Json::text).unwrap();
    assert_eq!(mark, r#"{"format":"openai-chat","names":["*"]}"#);
    // None of them is sent.
    let message = response.choices[0].message.clone();
    let messages = vec![Message::text(Role::User, "a"), message, Message::text(Role::User, "b")];
    let request = ferrule_wire::model::Request { model: "m".into(), messages, ..Default::default() };
    let options = ferrule_wire::encode::EncodeOptions::DROP;
    let body = dialect.encode_request(&request, options).unwrap().body;
    assert!(body.len() < EVENTS * 16, "{}", body.len());
    assert!(!String::from_utf8(body).unwrap().contains("\"k7\""));
}

#[test]
fn more_calls_than_anybody_makes() {
    for dialect in all().filter(|dialect| says(*dialect, Said::Arguments, true)) {
        let body = streamed(dialect, Said::Arguments, "ALPHA", "");
        let body = repeated(dialect, &body, "call_1", |frame, number| {
            let index = format!("\"index\":{number},");
            frame.replace("call_1", &format!("call_{number}")).replace("\"index\":0,", &index)
        });
        let (events, outcome) = decode(dialect, [body.as_slice()]);
        match outcome {
            Ok(()) => drop(accumulate(&events)),
            Err(error) => assert!(
                format!("{error:?}").contains("more than") || format!("{error:?}").contains("too many"),
                "{}: {error:?}",
                dialect.name()
            ),
        }
    }
}

/// Sources are named by their numbers, so that little text could mean more than any memory holds.
#[test]
fn a_source_that_is_named_again_and_again_does_not_fill_the_memory() {
    let long = "x".repeat(1 << 20);
    let supports =
        vec![r#"{"segment":{"endIndex":1,"text":"a"},"groundingChunkIndices":[0]}"#; 50_000].join(",");
    let grounding = format!(
        r#"{{"groundingChunks":[{{"web":{{"uri":"u","title":"{long}"}}}}],"groundingSupports":[{supports}]}}"#
    );
    let sources = vec![r#"{"type":"tool","id":"a"}"#; 50_000].join(",");
    let citations = format!(r#"[{{"start":0,"end":1,"text":"a","sources":[{sources}]}}]"#);
    let spans =
        vec![r#"{"type":"url_citation","url":"u","start_index":0,"end_index":1048576}"#; 50_000].join(",");
    for (in_choice, name, value) in [
        (true, "groundingMetadata", grounding),
        (false, "citations", citations),
        (false, "annotations", format!("[{spans}]")),
    ] {
        let mut choice = Choice {
            index: 0,
            message: Message::new(Role::Assistant, vec![Part::new(PartKind::Text(long.clone()))]),
            finish_reason: None,
            stop_sequence: None,
            logprobs: None,
            extra: Default::default(),
        };
        let extra = if in_choice { &mut choice.extra } else { &mut choice.message.extra };
        extra.insert(name, Json::parse(&value).unwrap());
        let found = Response { choices: vec![choice], ..Response::default() }.citations();
        let bytes: usize = found
            .iter()
            .flat_map(|found| [&found.title, &found.text, &found.cited_text].into_iter().flatten())
            .map(String::len)
            .sum();
        assert!(!found.is_empty() && bytes < 100 << 20, "{name}: {} with {bytes} bytes", found.len());
    }
}
