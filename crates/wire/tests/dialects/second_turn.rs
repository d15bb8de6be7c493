//! The second turn: every recorded answer, plain and streamed, goes back to every provider of the table, and what leaves
//! has the form that the provider's requests have (`docs/wire/requests-accepted.md`). An emulated provider refuses what
//! its provider refuses, so it is asked.

use super::streams::accumulate;
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
    model::{Message, Part, PartKind, Request, Response, Role, StreamEvent, ToolResult},
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

/// Answers whose parts some providers have no words for (refusals, pictures, calls with free text), or have nowhere in
/// their documents.
fn is_odd(message: &Message) -> bool {
    message.content.iter().any(|part| match &part.kind {
        PartKind::Refusal(_) | PartKind::Image(_) => true,
        PartKind::ToolCall(call) => call.custom,
        PartKind::ProviderItem { item, .. } => item.text().contains("somethingNew"),
        _ => false,
    })
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

/// Messages as the providers' own clients dump them, whose programs keep conversations so.
fn dumped() -> [(&'static str, &'static str); 8] {
    [
        (
            "openai-python",
            r#"{"content":"Hi","refusal":null,"role":"assistant","annotations":[],"audio":null,"function_call":null,"tool_calls":null}"#,
        ),
        (
            "openai-python, cited and parsed",
            r#"{"content":"{}","refusal":null,"role":"assistant","annotations":[{"type":"url_citation","url_citation":{"url":"u"}}],"parsed":{"a":1},"audio":{"id":"a","data":"AA","expires_at":1,"transcript":"Hi"}}"#,
        ),
        (
            "openai-python, a call",
            r#"{"content":null,"role":"assistant","tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":"{}","parsed_arguments":{}}}]}"#,
        ),
        (
            "openai-python, Azure and OpenRouter",
            r#"{"content":"Hi","role":"assistant","content_filter_results":{"hate":{"filtered":false}},"native_finish_reason":"STOP","reasoning":null,"reasoning_details":null}"#,
        ),
        (
            "anthropic",
            r#"{"id":"msg_1","type":"message","model":"claude","role":"assistant","stop_reason":"tool_use","stop_sequence":null,"stop_details":null,"container":{"id":"c"},"context_management":null,"usage":{"input_tokens":1},"content":[{"type":"text","text":"Hi","citations":null,"parsed_output":null},{"type":"tool_use","id":"toolu_1","name":"f","input":{},"caller":{"type":"direct"}}]}"#,
        ),
        ("mistralai", r#"{"role":"assistant","content":"Hi","tool_calls":null,"prefix":false}"#),
        (
            "google-genai",
            r#"{"role":"assistant","content":"Hi","groundingMetadata":{"webSearchQueries":["q"]},"safetyRatings":[],"avgLogprobs":-0.1,"finishReason":"STOP","citationMetadata":null,"tokenCount":3}"#,
        ),
        (
            "cohere and perplexity",
            r#"{"role":"assistant","content":"Hi","citations":[{"start":0,"end":2,"text":"Hi"}],"search_results":[],"related_questions":null,"tool_plan":null}"#,
        ),
    ]
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
        for Answer { label, message } in answers.iter().filter(|answer| !is_odd(&answer.message)) {
            let body = body(row, message);
            assert!(
                !body.contains(ANSWER_FIELDS) && !body.contains(SIGNED_BY),
                "{label} to {}: {body}",
                row.id
            );
            if let Some(error) = provider.refusal(body.as_bytes()) {
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
