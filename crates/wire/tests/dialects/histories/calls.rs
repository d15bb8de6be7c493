//! Calls and their results: ids, names, and which result is of which call.

use super::receivers::{self, Form, Receiver, Said};
use super::{assistant, call, result, result_of, user};
use ferrule_wire::framing::StreamLimits;
use ferrule_wire::json::Extra;
use ferrule_wire::model::{Message, Part, PartKind, Role, Tool, ToolKind};
use std::collections::BTreeSet;

/// Ids that some provider gave and another refuses, in every turn.
fn ids() -> Vec<String> {
    vec![
        "functions.f:0".into(),
        "call_abc".into(),
        "a b/c+d=".into(),
        "x".repeat(70),
        "é".into(),
        "toolu_01A09q90qw90lq917835lq9".into(),
        "made_r1_0".into(),
    ]
}

/// Each call has a number, and so has its result. Several at once, their results in another order.
fn history() -> Vec<Message> {
    let mut messages = vec![user("Hi")];
    for (number, id) in ids().iter().enumerate() {
        messages.push(assistant(vec![call(id, "f", number)]));
        messages.push(Message::new(Role::Tool, vec![result(id, &format!("result {number}"))]));
    }
    let ids = ["p.1", "p.2", "p.3"];
    messages.push(assistant(ids.iter().enumerate().map(|(at, id)| call(id, "f", 10 + at)).collect()));
    let results = [2, 0, 1].map(|at| result(ids[at], &format!("result {}", 10 + at)));
    messages.push(Message::new(Role::Tool, results.to_vec()));
    // The same id again, as servers that count within an answer give.
    messages.push(assistant(vec![call("functions.f:0", "f", 20)]));
    messages.push(Message::new(Role::Tool, vec![result("functions.f:0", "result 20")]));
    messages
}

/// Whether a receiver takes `id`.
fn takes_id(receiver: &Receiver, id: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    let is_nine = id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    !id.is_empty()
        && match (receiver.form(), receiver.row.id) {
            (_, "mistral" | "codestral") => is_nine,
            (Form::Bedrock, _) if receiver.model.contains("mistral") => is_nine,
            (Form::Bedrock, _) if receiver.model.contains("claude") => {
                id.len() <= 64 && id.bytes().all(is_word)
            }
            (Form::Bedrock, _) => {
                id.len() <= 64 && id.bytes().all(|byte| is_word(byte) || b".:".contains(&byte))
            }
            (Form::Anthropic, _) => id.bytes().all(is_word),
            (Form::Responses, _) | (_, "openrouter") => id.len() <= 64,
            (_, "openai" | "azure" | "azure-deployments" | "azure-ai" | "github" | "github-copilot") => {
                id.len() <= 40
            }
            _ => true,
        }
}

fn number_of(said: &Said) -> usize {
    let digits: String = said.what.chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("{said:?}"))
}

/// Every result is of its call: by its id, or where there is none, by its place.
fn check_pairs(name: &str, calls: &[Said], results: &[Said]) {
    assert_eq!(calls.len(), results.len(), "{name}: {calls:?} {results:?}");
    for (place, answered) in results.iter().enumerate() {
        let number = number_of(answered);
        let called = match &answered.id {
            // The last one before, where ids repeat.
            Some(id) => calls.iter().find(|call| call.id.as_ref() == Some(id) && number_of(call) == number),
            None => calls.get(place),
        };
        assert!(
            called.is_some_and(|call| number_of(call) == number),
            "{name}: {answered:?} of {called:?} in {calls:?}"
        );
    }
}

#[test]
fn ids_are_made_valid_for_their_receiver_in_call_and_result() {
    for receiver in receivers::all().into_iter().filter(Receiver::calls_tools) {
        let (body, name) = (receiver.body(&history()), receiver.name());
        let (calls, results) = (receiver.calls(&body), receiver.results(&body));
        assert_eq!(calls.len(), 11, "{name}: {body}");
        check_pairs(&name, &calls, &results);
        let sent: Vec<&str> = calls.iter().filter_map(|call| call.id.as_deref()).collect();
        for id in &sent {
            assert!(takes_id(&receiver, id), "{name}: {id}");
        }
        if matches!(receiver.form(), Form::Anthropic | Form::Bedrock) {
            assert_eq!(sent.iter().collect::<BTreeSet<_>>().len(), 11, "{name}: {sent:?}");
        }
        // An id that is right stays as it is.
        if receiver.form() != Form::Gemini && takes_id(&receiver, "call_abc") {
            assert_eq!(calls[1].id.as_deref(), Some("call_abc"), "{name}");
        }
        // A conversation that goes on begins with the same bytes: caches depend on it.
        let longer = [history(), vec![assistant(vec![call("p.1", "g", 30)]), user("And?")]].concat();
        let again = receiver.calls(&receiver.body(&longer));
        assert_eq!(again[..11], calls, "{name}");
    }
}

#[test]
fn ids_that_we_made_go_to_nobody_whose_calls_have_none() {
    for receiver in receivers::all().into_iter().filter(Receiver::calls_tools) {
        let (body, name) = (receiver.body(&history()), receiver.name());
        let is_sent = body.to_string().contains("made_r1_0");
        let takes_none = matches!(receiver.form(), Form::Gemini | Form::Ollama);
        assert!(!(takes_none && is_sent), "{name}: {body}");
        let sends_ids = receiver.calls(&body).iter().any(|call| call.id.is_some());
        let refuses_ids = receiver.row.dialect == "vertex" && !receiver.model.contains("gemini-3");
        assert_eq!(sends_ids, !refuses_ids, "{name}: {body}");
    }
}

/// Calls that nobody gave an id: their results find them by name, and one after the other.
#[test]
fn calls_without_ids_have_their_own_results() {
    let history = [
        user("Hi"),
        assistant(vec![call("", "f", 1), call("", "g", 2), call("", "f", 3)]),
        Message::new(
            Role::Tool,
            vec![
                result_of("", Some("g"), vec![Part::text("result 2")], None),
                result_of("", Some("f"), vec![Part::text("result 1")], None),
                result_of("", None, vec![Part::text("result 3")], None),
            ],
        ),
        assistant(vec![call("", "g", 4)]),
        Message::new(Role::Tool, vec![result("", "result 4")]),
    ];
    for receiver in receivers::all().into_iter().filter(Receiver::calls_tools) {
        let (body, name) = (receiver.body(&history), receiver.name());
        let (calls, results) = (receiver.calls(&body), receiver.results(&body));
        match receiver.form() {
            // There each result says whose it is.
            Form::Ollama => {
                let names: Vec<_> = results.iter().filter_map(|result| result.name.as_deref()).collect();
                assert_eq!(names, ["g", "f", "f", "g"], "{name}: {body}");
            }
            _ => check_pairs(&name, &calls, &results),
        }
        if receiver.form() == Form::Gemini {
            let names: Vec<_> = results.iter().filter_map(|result| result.name.as_deref()).collect();
            assert_eq!(names, ["f", "g", "f", "g"], "{name}: {body}");
        }
    }
}

#[test]
fn a_result_says_whose_it_is_where_that_is_asked() {
    let history = [
        user("Hi"),
        assistant(vec![call("c1", "f", 1), call("c2", "g", 2)]),
        Message::new(Role::Tool, vec![result("c2", "result 2"), result("c1", "result 1")]),
    ];
    for receiver in receivers::all() {
        let names: Vec<Option<String>> =
            receiver.results(&receiver.body(&history)).into_iter().map(|result| result.name).collect();
        match receiver.form() {
            // In the order of the calls.
            Form::Gemini => assert_eq!(names, [Some("f".into()), Some("g".into())], "{}", receiver.name()),
            Form::Ollama => assert_eq!(names, [Some("g".into()), Some("f".into())], "{}", receiver.name()),
            _ => assert!(names.iter().all(Option::is_none)),
        }
    }
}

fn takes_name(form: Form, name: &str) -> bool {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let all = |also: &str| name.chars().all(|letter| is_word(letter) || also.contains(letter));
    match form {
        Form::Gemini => begins && all("-.:") && name.len() <= 64,
        Form::Cohere => begins && all("") && name.len() <= 64,
        Form::Anthropic => !name.is_empty() && all("-") && name.len() <= 128,
        Form::Ollama | Form::Prompt => true,
        _ => !name.is_empty() && all("-") && name.len() <= 64,
    }
}

#[test]
fn names_that_nobody_declared_are_made_valid() {
    let long = "n".repeat(200);
    let names =
        ["functions.get weather", "", "1st", "$.a", "wetter-für", "get_weather", "a.b", long.as_str()];
    let mut history = vec![user("Hi")];
    for (number, name) in names.iter().enumerate() {
        let id = format!("callid{number:03}");
        history.push(assistant(vec![call(&id, name, number)]));
        history.push(Message::new(Role::Tool, vec![result(&id, &format!("result {number}"))]));
    }
    let tools: Vec<Tool> = ["get_weather", "a_b", "functions_get_weather"]
        .map(|name| Tool {
            name: name.into(),
            description: None,
            kind: ToolKind::Function { parameters: None, strict: None },
            cache: None,
            extra: Extra::new(),
        })
        .to_vec();
    for receiver in receivers::all().into_iter().filter(Receiver::calls_tools) {
        let mut request = receiver.request(&history);
        for declared in [Vec::new(), tools.clone()] {
            request.tools = declared;
            let encoded = receiver.encode(&request, true).unwrap();
            let body: serde_json::Value = serde_json::from_slice(&encoded.body).unwrap();
            let (calls, title) = (receiver.calls(&body), receiver.name());
            let sent: Vec<&str> = calls.iter().filter_map(|call| call.name.as_deref()).collect();
            assert_eq!(sent.len(), names.len(), "{title}: {body}");
            for name in &sent {
                assert!(takes_name(receiver.form(), name), "{title}: {name:?}");
            }
            // What is right stays, and nothing else takes its name.
            assert_eq!(sent[5], "get_weather", "{title}");
            assert_eq!(sent.iter().collect::<BTreeSet<_>>().len(), names.len(), "{title}: {sent:?}");
            if receiver.form() != Form::Ollama {
                let taken = request
                    .tools
                    .iter()
                    .any(|tool| tool.name != "get_weather" && sent.contains(&tool.name.as_str()));
                assert!(!taken, "{title}: {sent:?}");
            }
            if receiver.form() == Form::Gemini {
                let answered: Vec<_> =
                    receiver.results(&body).into_iter().filter_map(|result| result.name).collect();
                assert_eq!(answered, sent, "{title}");
            }
            if receiver.form() == Form::Bedrock && request.tools.is_empty() {
                let declared = body["toolConfig"]["tools"].as_array().unwrap();
                let declared: BTreeSet<&str> =
                    declared.iter().filter_map(|tool| tool["toolSpec"]["name"].as_str()).collect();
                assert_eq!(declared, sent.iter().copied().collect(), "{title}");
            }
        }
    }
}

/// Answers whose calls have no id, as servers send them.
const WITHOUT_IDS: [(&str, &str, &str); 6] = [
    (
        "openai-chat",
        r#"{"id":"r1","choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":"{}"}},{"id":"","function":{"name":"g","arguments":"{}"}}]}}]}"#,
        "data: {\"id\":\"r1\",\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}},{\"index\":1,\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n",
    ),
    (
        "openai-responses",
        r#"{"id":"r1","output":[{"type":"function_call","name":"f","arguments":"{}"},{"type":"function_call","name":"g","arguments":"{}"}]}"#,
        "",
    ),
    (
        "anthropic",
        r#"{"id":"r1","content":[{"type":"tool_use","id":"","name":"f","input":{}},{"type":"tool_use","id":"","name":"g","input":{}}]}"#,
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"r1\",\"content\":[]}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"\",\"name\":\"f\",\"input\":{}}}\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"\",\"name\":\"g\",\"input\":{}}}\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    ),
    (
        "gemini",
        r#"{"responseId":"r1","candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}},{"functionCall":{"name":"g"}}]},"finishReason":"STOP"}]}"#,
        "data: {\"responseId\":\"r1\",\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{}}},{\"functionCall\":{\"name\":\"g\",\"args\":{}}}]},\"finishReason\":\"STOP\"}]}\n\n",
    ),
    (
        "cohere",
        r#"{"id":"r1","message":{"tool_calls":[{"function":{"name":"f","arguments":"{}"}},{"function":{"name":"g","arguments":"{}"}}]}}"#,
        "",
    ),
    (
        "ollama",
        r#"{"created_at":"2026-01-01T00:00:00Z","message":{"content":"","tool_calls":[{"function":{"name":"f","arguments":{}}},{"function":{"name":"g","arguments":{}}}]},"done":true}"#,
        "{\"created_at\":\"2026-01-01T00:00:00Z\",\"message\":{\"content\":\"\",\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":{}}},{\"function\":{\"name\":\"g\",\"arguments\":{}}}]},\"done\":false}\n{\"created_at\":\"2026-01-01T00:00:00Z\",\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\"}\n",
    ),
];

#[test]
fn every_call_of_an_answer_has_an_id_plain_and_streamed_and_it_goes_nowhere_it_is_refused() {
    for (name, plain, stream) in WITHOUT_IDS {
        let dialect = ferrule_wire::dialect::registry::find(name).unwrap();
        let mut answers = vec![dialect.decode_response(plain.as_bytes()).unwrap()];
        if !stream.is_empty() {
            let mut decoder = dialect.stream_decoder(StreamLimits::default());
            let mut events = Vec::new();
            decoder.push(stream.as_bytes(), &mut events).unwrap();
            decoder.finish(&mut events).unwrap();
            answers.push(crate::streams::accumulate(&events));
        }
        for answer in &answers {
            let message = answer.choices[0].message.clone();
            let ids: Vec<&str> = message
                .content
                .iter()
                .filter_map(|part| match &part.kind {
                    PartKind::ToolCall(call) => Some(call.id.as_str()),
                    _ => None,
                })
                .collect();
            assert_eq!(ids.len(), 2, "{name}: {message:?}");
            assert!(ids[0] != ids[1] && ids.iter().all(|id| id.starts_with("made_")), "{name}: {ids:?}");
            let results = vec![result(ids[1], "result 2"), result(ids[0], "result 1")];
            let history = [user("Hi"), message.clone(), Message::new(Role::Tool, results)];
            for receiver in receivers::all().into_iter().filter(Receiver::calls_tools) {
                let body = receiver.body(&history);
                let calls = receiver.calls(&body);
                assert!(
                    calls.iter().all(|call| call.id.as_ref().is_none_or(|id| takes_id(&receiver, id))),
                    "{name} to {}: {body}",
                    receiver.name()
                );
                if matches!(receiver.form(), Form::Gemini | Form::Ollama) {
                    assert!(!body.to_string().contains("made_"), "{name} to {}: {body}", receiver.name());
                }
            }
        }
        assert!(
            answers.windows(2).all(|pair| {
                let ids = |answer: &ferrule_wire::model::Response| {
                    format!("{:?}", answer.choices[0].message.content)
                };
                ids(&pair[0]) == ids(&pair[1])
            }),
            "{name}: {answers:?}"
        );
    }
}
