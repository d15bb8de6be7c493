//! Tests of the program's lines as `docs/wire/cursor-cli.md` has them.

use ferrule_wire::dialect::{Dialect, Program, cursor_cli::CursorCli};
use ferrule_wire::encode::EncodeOptions;
use ferrule_wire::framing::{StreamError, StreamLimits};
use ferrule_wire::json::Json;
use ferrule_wire::model::*;
use proptest::prelude::*;

/// The example of `docs/wire/cursor-cli.md`, section 3.
const TRANSCRIPT: &str = r#"{"type":"system","subtype":"init","apiKeySource":"env","cwd":"/w","session_id":"s","model":"M","permissionMode":"default"}
{"type":"user","message":{"role":"user","content":[{"type":"text","text":"hi"}]},"session_id":"s"}
{"type":"assistant","message":{"role":"assistant","content":[{"type":"text","text":"Hel"}]},"session_id":"s","timestamp_ms":1}
{"type":"assistant","message":{"role":"assistant","content":[{"type":"text","text":"lo"}]},"session_id":"s","timestamp_ms":2}
{"type":"assistant","message":{"role":"assistant","content":[{"type":"text","text":"Hello"}]},"session_id":"s"}
{"type":"result","subtype":"success","is_error":false,"duration_ms":5,"duration_api_ms":5,"result":"Hello","session_id":"s","request_id":"r"}
"#;

fn read(body: &str, size: usize) -> (Vec<StreamEvent>, Result<(), StreamError>) {
    let mut decoder = CursorCli.stream_decoder(StreamLimits::default());
    let mut events = Vec::new();
    let mut end = Ok(());
    for piece in body.as_bytes().chunks(size.max(1)) {
        end = decoder.push(piece, &mut events);
        if end.is_err() {
            return (events, end);
        }
    }
    if end.is_ok() {
        end = decoder.finish(&mut events);
    }
    (events, end)
}

fn texts(body: &str) -> Vec<String> {
    let (events, end) = read(body, body.len());
    assert_eq!(end, Ok(()));
    let text =
        |event| if let StreamEvent::TextDelta { text, .. } = event { Some(text.into_string()) } else { None };
    events.into_iter().filter_map(text).collect()
}

fn said(text: &str, rest: &str) -> String {
    let text = Json::string(text);
    format!(
        r#"{{"type":"assistant","message":{{"role":"assistant","content":[{{"type":"text","text":{}}}]}}{rest}}}{}"#,
        text.text(),
        "\n"
    )
}

const RESULT: &str = r#"{"type":"result","subtype":"success","is_error":false,"result":"","session_id":"s"}"#;

#[test]
fn the_transcript_says_hello_once() {
    assert_eq!(texts(TRANSCRIPT), ["Hel", "lo"]);
    let (events, _) = read(TRANSCRIPT, 7);
    assert_eq!(events, read(TRANSCRIPT, TRANSCRIPT.len()).0);
    let StreamEvent::Start(start) = &events[0] else { panic!("{events:?}") };
    assert_eq!((start.id.as_str(), start.model.as_str()), ("s", "M"));
    let response = CursorCli.decode_response(TRANSCRIPT.as_bytes()).unwrap();
    let choice = &response.choices[0];
    assert_eq!(choice.finish_reason, Some(FinishReason::Stop));
    assert_eq!(response.usage, None);
    assert_eq!(response.extra.get("request_id").map(Json::text), Some("\"r\""));
}

#[test]
fn repeats_before_tools_and_segments_without_pieces_are_said_once() {
    let piece = r#","timestamp_ms":1"#;
    let before_tool = r#","timestamp_ms":2,"model_call_id":"c""#;
    let body = [
        said("I look.", piece),
        said("I look.", before_tool),
        r#"{"type":"tool_call","subtype":"started","call_id":"c","tool_call":{"readToolCall":{"args":{"path":"a"}}}}"#.into(),
        "\n".into(),
        said("Now ", piece),
        said("Now I know.", ""),
        said(" Whole.", ""),
        RESULT.into(),
    ]
    .concat();
    assert_eq!(texts(&body), ["I look.", "Now ", "I know.", " Whole."]);
    let (events, _) = read(&body, 1);
    assert!(
        events.iter().any(
            |event| matches!(event, StreamEvent::Unknown { event: Some(kind), .. } if kind == "tool_call")
        )
    );
}

#[test]
fn the_result_says_what_was_not_said() {
    let result = RESULT.replace(
        r#""result":"""#,
        r#""result":"Hello, world","usage":{"inputTokens":5,"outputTokens":2,"cacheReadTokens":3}"#,
    );
    let body = said("Hello", r#","timestamp_ms":1"#) + &result;
    assert_eq!(texts(&body), ["Hello", ", world"]);
    let usage = CursorCli.decode_response(body.as_bytes()).unwrap().usage.unwrap();
    assert_eq!(
        (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens),
        (Some(8), Some(2), Some(3))
    );
    assert_eq!(usage.cache_write_tokens, None);
}

#[test]
fn lines_that_are_no_json_and_types_that_are_new_do_no_harm() {
    let body = format!("A new version is there!\n{{broken\n\n{{\"type\":\"brandnew\"}}\n{TRANSCRIPT}");
    assert_eq!(texts(&body), ["Hel", "lo"]);
}

#[test]
fn an_end_without_a_result_is_an_interruption_and_an_error_is_one() {
    let cut = TRANSCRIPT.rsplit_once("{\"type\":\"result\"").unwrap().0;
    assert_eq!(read(cut, 9).1, Err(StreamError::Interrupted));
    let error = ProviderError::new(ErrorKind::Server, "You are not logged in.");
    let body = CursorCli.encode_error(&error);
    let Err(StreamError::Provider(read)) = CursorCli.decode_response(&body) else { panic!() };
    assert_eq!((read.kind, read.message.as_str()), (ErrorKind::Authentication, "You are not logged in."));
}

fn program() -> Program {
    CursorCli.program().unwrap()
}

#[test]
fn a_request_becomes_a_command_line() {
    let mut request = Request {
        model: "gpt-5".into(),
        messages: vec![Message::text(Role::System, "Be brief."), Message::text(Role::User, "Hi")],
        ..Request::default()
    };
    request.extra.insert("mode", Json::string("plan"));
    request.extra.insert("approve_mcps", Json::written(true));
    request.extra.insert("force", Json::written(false));
    let encoded = CursorCli.encode_request(&request, EncodeOptions::REFUSE).unwrap();
    let line = (program().command_line)(&encoded.body);
    assert_eq!(
        line.arguments,
        [
            "-p",
            "--output-format",
            "stream-json",
            "--stream-partial-output",
            "--model=gpt-5",
            "--mode=plan",
            "--approve-mcps"
        ]
    );
    assert_eq!(line.input, b"Be brief.\n\nHi");
    request.model = "auto".into();
    request.extra = ferrule_wire::json::Extra::new();
    let encoded = CursorCli.encode_request(&request, EncodeOptions::REFUSE).unwrap();
    assert_eq!((program().command_line)(&encoded.body).arguments.len(), 4);
    let read = CursorCli.decode_request(&encoded.body).unwrap();
    assert_eq!(read.messages, [Message::text(Role::User, "Be brief.\n\nHi")]);
}

#[test]
fn what_the_program_decides_itself_is_refused() {
    let mut request = Request {
        temperature: Some(1.0),
        messages: vec![Message::text(Role::User, "x")],
        ..Request::default()
    };
    request.extra.insert("api_key", Json::string("k"));
    let refused = CursorCli.encode_request(&request, EncodeOptions::REFUSE).unwrap_err();
    assert_eq!((refused.field.as_str(), refused.dialect), ("temperature", CursorCli.name()));
    let encoded = CursorCli.encode_request(&request, EncodeOptions::DROP).unwrap();
    assert_eq!(
        encoded.dropped.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(),
        ["temperature", "api_key"]
    );
}

#[test]
fn only_the_result_is_the_last_line() {
    assert!((program().is_last)(RESULT.as_bytes()));
    assert!(!(program().is_last)(br#"{"type":"assistant","result":1}"#));
    assert!(!(program().is_last)(b"result"));
}

proptest! {
    #[test]
    fn an_answer_is_read_back_as_it_was_written(text in ".{1,40}", thought in ".{0,20}", size in 1_usize..50) {
        let mut encoder = CursorCli.stream_encoder(&Request::default());
        let mut body = Vec::new();
        if !thought.is_empty() {
            encoder.push(&StreamEvent::ReasoningDelta { choice: 0, part: 0, text: thought.as_str().into() }, &mut body);
        }
        for piece in text.split_inclusive(' ') {
            encoder.push(&StreamEvent::TextDelta { choice: 0, part: 1, text: piece.into() }, &mut body);
        }
        encoder.finish(&mut body);
        let body = String::from_utf8(body).unwrap();
        let (events, end) = read(&body, size);
        prop_assert_eq!(end, Ok(()));
        let mut answer = Accumulator::new();
        events.iter().for_each(|event| answer.push(event));
        let response = answer.response();
        let mut parts = response.choices[0].message.content.iter();
        if !thought.is_empty() {
            let Some(PartKind::Reasoning(reasoning)) = parts.next().map(|part| &part.kind) else { panic!() };
            prop_assert_eq!(&reasoning.text, &thought);
        }
        prop_assert_eq!(parts.next().map(|part| &part.kind), Some(&PartKind::Text(text)));
    }
}
