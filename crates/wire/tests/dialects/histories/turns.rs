//! Empty turns and blank texts, refusals, and what only another provider has.

use super::receivers::{self, Form, Receiver, under};
use super::{assistant, call, json, result_of, thought, user};
use ferrule_wire::model::{Message, Part, PartKind, Role};
use serde_json::Value;

/// A conversation with nothing in every place where nothing may be.
fn with_blanks() -> Vec<Message> {
    vec![
        Message::text(Role::System, ""),
        Message::new(Role::System, vec![Part::text(" \n"), Part::text("Be brief.")]),
        user("Hi"),
        // Claude's own end of turn without a word.
        assistant(vec![]),
        user("Are you there?"),
        assistant(vec![Part::text("")]),
        Message::new(
            Role::User,
            vec![Part::text("One."), Part::text(""), Part::text("  "), Part::text("Two.")],
        ),
        assistant(vec![thought("", None), Part::text(" \n ")]),
        user(" "),
        assistant(vec![thought("hm", None), Part::text("")]),
        user("And?"),
        assistant(vec![Part::text(""), call("toolu_000001", "f", 1), call("toolu_000002", "f", 2)]),
        Message::new(
            Role::Tool,
            vec![
                result_of("toolu_000001", None, vec![Part::text("")], Some(true)),
                result_of("toolu_000002", None, vec![], None),
            ],
        ),
        assistant(vec![Part::new(PartKind::Refusal(String::new())), Part::text("Done.")]),
        Message::new(Role::System, vec![]),
        user("Thanks."),
    ]
}

/// What each form takes of texts that say nothing: none at all, none without a character, any.
fn refused(form: Form, text: &str) -> bool {
    match form {
        Form::Anthropic | Form::Bedrock | Form::Cohere => text.trim().is_empty(),
        Form::Gemini => text.is_empty(),
        Form::Chat | Form::Responses | Form::Ollama | Form::Prompt => false,
    }
}

fn says_nothing(turn: &Value, form: Form) -> bool {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    match form {
        Form::Gemini => is_empty(&turn["parts"]),
        _ => {
            let others = [
                "tool_calls",
                "tool_plan",
                "reasoning",
                "reasoning_content",
                "reasoning_details",
                "thinking",
            ];
            is_empty(&turn["content"]) && others.iter().all(|name| is_empty(&turn[*name]))
        }
    }
}

#[test]
fn nothing_is_left_of_what_says_nothing() {
    for receiver in receivers::all() {
        let (body, form, name) = (receiver.body(&with_blanks()), receiver.form(), receiver.name());
        let mut texts = Vec::new();
        under(&body, "text", &mut texts);
        for text in texts {
            assert!(!text.as_str().is_some_and(|text| refused(form, text)), "{name}: a blank text in {body}");
        }
        for turn in receiver.turns(&body) {
            let is_item = form == Form::Responses && turn.get("role").is_none();
            // A result may be empty; what a user says too where any text is taken.
            let may_be_empty = matches!(turn["role"].as_str(), Some("tool" | "user")) && !refused(form, "");
            let is_result = turn["role"] == "tool";
            assert!(
                is_item || is_result || may_be_empty || !says_nothing(&turn, form),
                "{name}: {turn} in {body}"
            );
        }
        if receiver.row.quirks.alternate_roles || form == Form::Bedrock {
            let roles: Vec<String> =
                receiver.turns(&body).iter().map(|turn| turn["role"].to_string()).collect();
            assert!(
                roles.windows(2).all(|pair| pair[0] != pair[1] || pair[0] == "\"tool\""),
                "{name}: {roles:?}"
            );
        }
        assert!(body.to_string().contains("Be brief."), "{name}: {body}");
    }
}

#[test]
fn instructions_that_say_nothing_are_none() {
    for blank in ["", " \n"] {
        for receiver in receivers::all().into_iter().filter(|receiver| refused(receiver.form(), blank)) {
            let body = receiver.body(&[Message::text(Role::System, blank), user("Hi")]);
            for name in ["system", "systemInstruction", "instructions"] {
                assert!(body.get(name).is_none(), "{}: {body}", receiver.name());
            }
            assert_eq!(receiver.turns(&body).len(), 1, "{}: {body}", receiver.name());
        }
    }
}

#[test]
fn a_failure_without_a_word_is_given_one_where_there_has_to_be() {
    for receiver in receivers::all() {
        let results = receiver.results(&receiver.body(&with_blanks()));
        if matches!(receiver.form(), Form::Anthropic | Form::Bedrock) {
            assert!(results[0].what.contains("The tool failed"), "{}: {results:?}", receiver.name());
            assert!(!results[1].what.contains("failed"), "{}: {results:?}", receiver.name());
        }
    }
}

/// Left out, it would make the assistant's turn one that is to be continued, or let the conversation begin with it.
#[test]
fn a_users_empty_turn_at_either_end_is_refused_by_name() {
    let (hi, yo, blank) = (user("Hi"), assistant(vec![Part::text("Yo")]), user(" "));
    for receiver in receivers::all() {
        let refuses = refused(receiver.form(), " ");
        let field = |messages: &[Message]| {
            let refusal = receiver.encode(&receiver.request(messages), false).err();
            refusal.map(|refusal| refusal.field)
        };
        let expected = |field: &str| refuses.then(|| field.to_owned());
        let name = receiver.name();
        assert_eq!(
            field(&[hi.clone(), yo.clone(), blank.clone()]),
            expected("messages[2].content"),
            "{name}"
        );
        assert_eq!(field(std::slice::from_ref(&blank)), expected("messages[0].content"), "{name}");
        assert_eq!(field(&[blank.clone(), hi.clone(), yo.clone(), hi.clone()]), None, "{name}");
        assert_eq!(
            field(&[hi.clone(), yo.clone(), blank.clone(), hi.clone(), blank.clone()]),
            None,
            "{name}"
        );
        let begins = field(&[blank.clone(), yo.clone(), hi.clone()]);
        assert_eq!(begins.is_some(), refuses, "{name}: {begins:?}");
    }
}

#[test]
fn white_space_at_the_end_of_an_answer_to_go_on_with_is_left_out() {
    let history = [user("Hi"), assistant(vec![Part::text("Yo ")])];
    let written = |id: &str| receivers::receiver(id).body(&history).to_string();
    assert!(written("anthropic").contains(r#""Yo""#) && written("openai").contains(r#""Yo ""#));
}

#[test]
fn a_refusal_is_a_text_for_who_has_no_such_part() {
    let refusal = || Part::new(PartKind::Refusal("I will not.".into()));
    let history = [
        user("Hi"),
        assistant(vec![refusal()]),
        Message::new(Role::User, vec![refusal(), Part::text("Why?")]),
        assistant(vec![call("callid001", "f", 1)]),
        Message::new(Role::Tool, vec![result_of("callid001", None, vec![refusal()], None)]),
    ];
    for receiver in receivers::all() {
        if receiver.calls_tools() {
            receiver.encode(&receiver.request(&history), false).unwrap_or_else(|error| panic!("{error}"));
        }
        let body = receiver.body(&history[..3]).to_string();
        assert!(body.contains("I will not."), "{}: {body}", receiver.name());
        let has_part =
            ["openai", "openai-responses", "azure", "azure-deployments", "github"].contains(&receiver.row.id);
        assert_eq!(body.matches("\"refusal\"").count() > 0, has_part, "{}: {body}", receiver.name());
    }
}

/// Hosted tools' calls and results of every format that has them, as its answers write them.
const HOSTED: [(&str, &str); 9] = [
    ("openai-responses", r#"{"type":"program","id":"it_1","call_id":"c","code":"1"}"#),
    ("openai-responses", r#"{"type":"program_output","id":"it_1","call_id":"c","result":"1"}"#),
    ("openai-responses", r#"{"type":"additional_tools","id":"it_1","role":"developer","tools":[]}"#),
    ("openai-responses", r#"{"type":"tool_search_output","id":"it_1","tools":[]}"#),
    ("openai-responses", r#"{"type":"compaction_trigger","id":"it_1"}"#),
    ("openai-responses", r#"{"type":"web_search_call","id":"it_1","status":"completed"}"#),
    ("anthropic", r#"{"type":"server_tool_use","id":"it_1","name":"web_search","input":{}}"#),
    ("anthropic", r#"{"type":"web_search_tool_result","tool_use_id":"it_1","content":[]}"#),
    ("gemini", r#"{"executableCode":{"language":"PYTHON","code":"it_1"}}"#),
];

fn format_of(receiver: &Receiver) -> &'static str {
    match receiver.form() {
        Form::Responses => "openai-responses",
        Form::Anthropic => "anthropic",
        Form::Gemini => "gemini",
        _ => "another",
    }
}

#[test]
fn hosted_items_go_to_their_format_and_are_named_to_others() {
    for (format, item) in HOSTED {
        let history = [
            user("Hi"),
            assistant(vec![Part::provider_item(format, json(item))]),
            user("And?"),
            assistant(vec![Part::provider_item(format, json(item)), Part::text("So.")]),
            user("Why?"),
        ];
        for receiver in receivers::all() {
            let name = receiver.name();
            let body = receiver.body(&history);
            let is_own = format_of(&receiver) == format;
            assert_eq!(body.to_string().contains("it_1"), is_own, "{name}: {body}");
            let refusal = receiver.encode(&receiver.request(&history), false).err();
            assert_eq!(refusal.is_none(), is_own, "{name}: {item}");
            let dropped = receiver.encode(&receiver.request(&history), true).unwrap().dropped;
            if let Some(refusal) = refusal {
                assert_eq!(refusal.field, "messages[1].content[0]", "{name}");
                let fields: Vec<&str> = dropped.iter().map(|dropped| dropped.field.as_str()).collect();
                assert!(fields.contains(&"messages[3].content[0]"), "{name}: {fields:?}");
                if receiver.form() != Form::Prompt {
                    let kind = json(item).value().object().unwrap().iter().next().unwrap().1.string();
                    let kind = kind.unwrap_or_else(|| "executableCode".into());
                    assert!(refusal.reason.contains(&kind), "{name}: {}", refusal.reason);
                }
                for turn in receiver.turns(&body) {
                    assert!(!says_nothing(&turn, receiver.form()), "{name}: {body}");
                }
            }
        }
    }
}
