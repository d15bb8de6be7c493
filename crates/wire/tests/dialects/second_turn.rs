//! The second turn: every recorded answer, plain and streamed, goes back to every provider of the table, and what leaves
//! has the form that the provider's requests have (`docs/wire/requests-accepted.md`). An emulated provider refuses what
//! its provider refuses, so it is asked.

use super::{dumped_messages::dumped, streams::accumulate};
use ferrule_wire::{
    dialect::{
        Dialect, message_dicts, registry,
        shared::{
            answer_fields::ANSWER_FIELDS,
            foreign::{MarkedStream, SIGNED_BY, for_signer, mark_response},
        },
    },
    encode::EncodeOptions,
    framing::StreamLimits,
    json::Json,
    model::{ErrorKind, Message, Part, PartKind, Request, Response, Role, StreamEvent, ToolResult},
    operation::OperationKind,
    providers::{self, ProviderRow},
    server::EmulatedProvider,
};
use std::{collections::BTreeSet, fs, path::PathBuf};

/// An answer as it is kept for the next turn.
pub(crate) struct Answer {
    /// Where it comes from.
    pub(crate) label: String,
    pub(crate) message: Message,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/wire")
}

fn marked(mut response: Response, signer: &str, dialect: &dyn Dialect) -> Response {
    mark_response(&mut response, signer, dialect.format());
    response
}

/// What is read of a streamed body, marked as it comes.
fn streamed(body: &[u8], signer: &str, dialect: &'static dyn Dialect) -> Response {
    let mut decoder = dialect.stream_decoder(StreamLimits::default());
    let mut marks = MarkedStream::new(signer, dialect.format());
    let mut all = Vec::new();
    for piece in body.chunks(61) {
        let mut events = Vec::new();
        let outcome = decoder.push(piece, &mut events);
        marks.mark(&mut events);
        all.append(&mut events);
        if outcome.is_err() {
            break;
        }
    }
    let mut events: Vec<StreamEvent> = Vec::new();
    _ = decoder.finish(&mut events);
    marks.mark(&mut events);
    all.append(&mut events);
    accumulate(&all)
}

fn add(answers: &mut Vec<Answer>, known: &mut BTreeSet<String>, label: &str, response: Response) {
    for choice in response.choices {
        let has_news = known.insert(format!("{:?}", choice.message));
        if has_news && !choice.message.content.is_empty() {
            answers.push(Answer { label: label.to_owned(), message: choice.message });
        }
    }
}

/// Every answer of the fixtures, as it is received from the provider whose fixture it is.
pub(crate) fn answers() -> Vec<Answer> {
    let (mut answers, mut known) = (Vec::new(), BTreeSet::new());
    for dialect in registry::all() {
        let Ok(files) = fs::read_dir(folder().join(dialect.name())) else { continue };
        let row = providers::all().iter().find(|row| row.dialect == dialect.name());
        let signer = row.map_or(dialect.name(), |row| row.id);
        for path in files.map(|file| file.unwrap().path()) {
            let label = path.display().to_string();
            let mut body = fs::read(&path).unwrap();
            if let Some(end) = body.iter().position(|byte| *byte == b'\n')
                && body.starts_with(b"# source")
            {
                body.drain(..=end);
            }
            add(&mut answers, &mut known, &label, streamed(&body, signer, dialect));
            if let Ok(response) = dialect.decode_response(&body) {
                add(&mut answers, &mut known, &label, marked(response, signer, dialect));
            }
        }
    }
    for row in providers::all() {
        let text =
            fs::read_to_string(folder().join("providers").join(row.id).with_extension("json")).unwrap();
        let fixture: serde_json::Value = serde_json::from_str(&text).unwrap();
        let dialect = registry::find(row.dialect).unwrap();
        let signer = dialect.signer(row.id, "m").into_owned();
        if let Some(reply) = fixture.get("reply")
            && let Ok(mut response) = dialect.decode_response(reply.to_string().as_bytes())
        {
            row.quirks.adjust(&mut response);
            add(&mut answers, &mut known, &format!("{}, plain", row.id), marked(response, &signer, dialect));
        }
        if let Some(frames) = fixture.get("stream").and_then(|frames| frames.as_array()) {
            let body: String =
                frames.iter().map(|frame| format!("data: {}\n\n", frame.as_str().unwrap())).collect();
            add(
                &mut answers,
                &mut known,
                &format!("{}, streamed", row.id),
                streamed(body.as_bytes(), &signer, dialect),
            );
        }
    }
    for (label, message) in dumped() {
        let message = Json::parse(message).unwrap();
        let messages = message_dicts::decode_messages(message.value(), "message").unwrap();
        answers.extend(messages.into_iter().map(|message| Answer { label: label.to_owned(), message }));
    }
    answers
}

/// The conversation that goes on behind `said`, and every call of it answered.
pub(crate) fn conversation(model: &str, said: &Message) -> Request {
    let results: Vec<Part> = said
        .content
        .iter()
        .filter_map(|part| match &part.kind {
            PartKind::ToolCall(call) => Some(Part::new(PartKind::ToolResult(ToolResult {
                tool_call_id: call.id.clone(),
                name: Some(call.name.clone()),
                content: vec![Part::text("7")],
                is_error: None,
            }))),
            _ => None,
        })
        .collect();
    let mut messages = vec![Message::text(Role::User, "Hi"), said.clone()];
    if !results.is_empty() {
        messages.push(Message::new(Role::Tool, results));
    }
    messages.push(Message::text(Role::User, "Why?"));
    Request { model: model.into(), messages, max_tokens: Some(100), ..Request::default() }
}

/// The body that leaves for the provider of `row`, what it has no words for dropped.
fn body(row: &'static ProviderRow, said: &Message) -> String {
    let dialect = registry::find(row.dialect).unwrap();
    let request = conversation("m", said);
    let request = for_signer(&request, &dialect.signer(row.id, "m"));
    let options = EncodeOptions { drop_unsupported: true, quirks: &row.quirks };
    let encoded = dialect.encode_request(&request, options).unwrap();
    String::from_utf8(encoded.body).unwrap()
}

fn rows() -> impl Iterator<Item = &'static ProviderRow> {
    providers::all().iter().filter(|row| row.quirks.has(OperationKind::Chat))
}

#[test]
fn every_answer_goes_back_to_every_provider() {
    let answers = answers();
    assert!(answers.len() > 110, "only {} answers were found", answers.len());
    let mut refused = Vec::new();
    for row in rows() {
        let provider = EmulatedProvider::from_row(row).unwrap();
        for Answer { label, message } in &answers {
            let body = body(row, message);
            assert!(
                !body.contains(ANSWER_FIELDS) && !body.contains(SIGNED_BY),
                "{label} to {}: {body}",
                row.id
            );
            // A kind of block that no document has goes back to who wrote it, as the next one that they add has to.
            let is_new = row.dialect == "bedrock" && body.contains("somethingNew");
            if let Some(error) = provider.refusal(body.as_bytes()).filter(|_| !is_new) {
                refused.push(format!("{label} to {}: {}\n    {body}", row.id, error.message));
            }
        }
    }
    assert!(refused.is_empty(), "{} refused\n{}", refused.len(), refused[..refused.len().min(40)].join("\n"));
}

/// A caller's own field is sent to whoever is asked, in every format that has messages with fields.
#[test]
fn what_a_caller_writes_is_sent() {
    for row in rows() {
        let mut said = Message::text(Role::Assistant, "Yes.");
        said.extra.insert("my_field", Json::string("mine"));
        let dialect = registry::find(row.dialect).unwrap();
        let options = EncodeOptions { drop_unsupported: false, quirks: &row.quirks };
        // Some have no place for it, and say so.
        let Ok(encoded) = dialect.encode_request(&conversation("m", &said), options) else { continue };
        let body = String::from_utf8(encoded.body).unwrap();
        let has_fields = !["openai-completions", "replicate", "ruvllm", "cursor-cli"].contains(&row.dialect);
        assert_eq!(body.contains("mine"), has_fields, "{}: {body}", row.id);
    }
}

/// What is kept as a dictionary goes back as what was not.
#[test]
fn dictionaries_go_back_as_messages_do() {
    for Answer { label, message } in answers() {
        let kept = message_dicts::encode_message(&message);
        let read = message_dicts::decode_messages(kept.value(), "message").unwrap();
        assert_eq!(read, std::slice::from_ref(&message), "{label}: {kept:?}");
        for id in ["openai", "openai-responses", "anthropic", "gemini", "bedrock", "mistral", "openrouter"] {
            let row = providers::find(id).unwrap();
            assert_eq!(body(row, &read[0]), body(row, &message), "{label} to {id}");
        }
    }
}

/// Unknown fields of a message, a part and a call: the provider, the body, what it says, its status.
const REFUSED: [(&str, &str, &str, u16); 24] = [
    (
        "openai",
        r#"{"messages":[{"role":"assistant","content":"a","annotations":[]}]}"#,
        "Unknown parameter: 'messages[0].annotations'.",
        400,
    ),
    (
        "openai",
        r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a","cache_control":{}}]}]}"#,
        "Unknown parameter: 'messages[0].content[0].cache_control'.",
        400,
    ),
    (
        "azure",
        r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","index":0,"function":{"name":"f","arguments":"{}"}}]}]}"#,
        "Unknown parameter: 'messages[0].tool_calls[0].index'.",
        400,
    ),
    (
        "openai-responses",
        r#"{"input":[{"role":"user","content":"a"},{"type":"reasoning","id":"rs_1","summary":[],"status":"completed"}]}"#,
        "Unknown parameter: 'input[1].status'.",
        400,
    ),
    (
        "anthropic",
        r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"text","text":"b","parsed":1}]}]}"#,
        "messages.1.content.0.text.parsed: Extra inputs are not permitted",
        400,
    ),
    (
        "anthropic",
        r#"{"messages":[{"role":"assistant","content":"b","container":{}}]}"#,
        "messages.0.container: Extra inputs are not permitted",
        400,
    ),
    (
        "gemini",
        r#"{"contents":[{"role":"model","parts":[{"text":"a"}],"groundingMetadata":{}}]}"#,
        "Invalid JSON payload received. Unknown name \"groundingMetadata\" at 'contents[0]': Cannot find field.",
        400,
    ),
    (
        "vertex",
        r#"{"contents":[{"role":"model","parts":[{"text":"a","cited":1}]}]}"#,
        "Invalid JSON payload received. Unknown name \"cited\" at 'contents[0].parts[0]': Cannot find field.",
        400,
    ),
    (
        "bedrock",
        r#"{"messages":[{"role":"user","content":[{"text":"a"}],"name":"b"}]}"#,
        "Unknown parameter in messages[0]: \"name\"",
        400,
    ),
    (
        "mistral",
        r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","reasoning_content":"c"}]}"#,
        r#"{"detail":[{"type":"extra_forbidden","loc":["body","messages",1,"assistant","reasoning_content"],"msg":"Extra inputs are not permitted"}]}"#,
        422,
    ),
    (
        "groq",
        r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","reasoning_content":"c"}]}"#,
        "'messages.1' : for 'role:assistant' the following must be satisfied[('messages.1' : property 'reasoning_content' is unsupported)]",
        400,
    ),
    (
        "cerebras",
        r#"{"messages":[{"role":"assistant","content":"b","reasoning_content":"c"}]}"#,
        "messages.0.assistant.reasoning_content: property 'messages.0.assistant.reasoning_content' is unsupported",
        400,
    ),
    (
        "fireworks",
        r#"{"messages":[{"role":"assistant","content":"b","reasoning":"c"}]}"#,
        "Extra inputs are not permitted, field: 'messages[0].reasoning'",
        400,
    ),
    (
        "cohere",
        r#"{"messages":[{"role":"assistant","content":"b","refusal":null}]}"#,
        "messages[0]: unknown field \"refusal\"",
        400,
    ),
    ("openai", r#"{"messages":[],"my_field":1}"#, "Unknown parameter: 'my_field'.", 400),
    ("azure", r#"{"messages":[],"my_field":1}"#, "Unrecognized request argument supplied: my_field", 400),
    ("openai-responses", r#"{"input":"a","max_tokens":1}"#, "Unknown parameter: 'max_tokens'.", 400),
    ("anthropic", r#"{"messages":[],"max_tokens":1,"seed":1}"#, "seed: Extra inputs are not permitted", 400),
    (
        "gemini",
        r#"{"contents":[],"temperature":1}"#,
        r#"Invalid JSON payload received. Unknown name "temperature": Cannot find field."#,
        400,
    ),
    (
        "vertex",
        r#"{"contents":[],"max_tokens":1}"#,
        r#"Invalid JSON payload received. Unknown name "max_tokens": Cannot find field."#,
        400,
    ),
    ("bedrock", r#"{"messages":[],"temperature":1}"#, r#"Unknown parameter in input: "temperature""#, 400),
    (
        "mistral",
        r#"{"messages":[],"my_field":1}"#,
        r#"{"detail":[{"type":"extra_forbidden","loc":["body","my_field"],"msg":"Extra inputs are not permitted"}]}"#,
        422,
    ),
    ("groq", r#"{"messages":[],"my_field":1}"#, "property 'my_field' is unsupported", 400),
    ("cerebras", r#"{"messages":[],"my_field":1}"#, "property 'my_field' is unsupported", 400),
];

#[test]
fn strict_providers_refuse_unknown_fields_in_their_own_words() {
    for (id, body, message, status) in REFUSED {
        let provider = EmulatedProvider::find(id).unwrap();
        let error = provider.refusal(body.as_bytes()).unwrap_or_else(|| panic!("{id} takes {body}"));
        assert_eq!((error.message.as_str(), error.status), (message, Some(status)), "{id}");
        // And its clients understand it.
        let (status, written) = provider.encode_error_with_status(&error, status, false);
        let read = provider.decode_error(status, ferrule_wire::error::Headers(&[]), &written, 0);
        assert_eq!(read.kind, ErrorKind::InvalidRequest, "{id}: {}", String::from_utf8_lossy(&written));
    }
    // Those who ignore what they do not know, and those of whom nobody knows.
    for id in ["ollama", "openrouter", "deepseek", "litellm"] {
        let body = br#"{"messages":[{"role":"assistant","content":"b","my_field":1}],"my_field":1}"#;
        assert_eq!(EmulatedProvider::find(id).unwrap().refusal(body), None, "{id}");
    }
    // Ollama refuses wrong types.
    let body = br#"{"messages":[{"role":"user","content":["a"]}]}"#;
    assert!(EmulatedProvider::find("ollama").unwrap().refusal(body).is_some());
}

/// What is said of a choice is on the choice, plain and streamed, and what comes later and is empty replaces nothing.
#[test]
fn fields_of_a_choice_are_the_same_plain_and_streamed() {
    for (name, plain, streamed) in [
        (
            "openai-chat",
            r#"{"choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop","content_filter_results":{"hate":{"filtered":false}},"native_finish_reason":"STOP"}]}"#,
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"content_filter_results\":{\"hate\":{\"filtered\":false}}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\",\"content_filter_results\":{},\"native_finish_reason\":\"STOP\"}]}\n\ndata: [DONE]\n\n",
        ),
        (
            "openai-completions",
            r#"{"choices":[{"index":0,"text":"a","finish_reason":"stop","content_filter_results":{"hate":1}}]}"#,
            "data: {\"choices\":[{\"index\":0,\"text\":\"a\",\"content_filter_results\":{\"hate\":1}}]}\n\ndata: {\"choices\":[{\"index\":0,\"text\":\"\",\"finish_reason\":\"stop\",\"content_filter_results\":{}}]}\n\ndata: [DONE]\n\n",
        ),
        (
            "anthropic",
            r#"{"type":"message","role":"assistant","content":[{"type":"text","text":"a"}],"stop_reason":"end_turn","stop_details":{"type":"x"},"container":{"id":"c"}}"#,
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"container\":null}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"a\"}}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_details\":{\"type\":\"x\"},\"container\":{\"id\":\"c\"}}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        ),
        (
            "gemini",
            r#"{"candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"a"}]},"finishReason":"STOP","groundingMetadata":{"webSearchQueries":["q"]},"avgLogprobs":-0.1}]}"#,
            "data: {\"candidates\":[{\"index\":0,\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"a\"}]},\"groundingMetadata\":{\"webSearchQueries\":[\"q\"]}}]}\n\ndata: {\"candidates\":[{\"index\":0,\"finishReason\":\"STOP\",\"avgLogprobs\":-0.1,\"groundingMetadata\":{}}]}\n\n",
        ),
    ] {
        let dialect = registry::find(name).unwrap();
        let plain = dialect.decode_response(plain.as_bytes()).unwrap();
        let streamed = streamed_answer(streamed, dialect);
        for answer in [&plain, &streamed] {
            assert!(answer.choices[0].message.extra.is_empty(), "{name}: {:?}", answer.choices[0].message);
        }
        let fields = |answer: &Response| -> Vec<(String, String)> {
            let fields = answer.choices[0].extra.iter();
            let mut fields: Vec<_> =
                fields.map(|(name, value)| (name.to_owned(), value.text().to_owned())).collect();
            fields.sort();
            fields
        };
        assert!(!fields(&plain).is_empty(), "{name}");
        assert_eq!(fields(&plain), fields(&streamed), "{name}");
    }
}

fn streamed_answer(body: &str, dialect: &'static dyn Dialect) -> Response {
    streamed(body.as_bytes(), "s", dialect)
}
