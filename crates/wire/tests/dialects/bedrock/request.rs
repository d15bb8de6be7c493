//! Requests.

use super::strategies::{request, request_to_nova};
use super::{
    CLAUDE, LLAMA, NOVA, OLD_CLAUDE, OPEN_AI, ask, body, decode, dialect, encode, field, hello, json, refused,
};
use ferrule_wire::dialect::KeyHeader;
use ferrule_wire::encode::EncodeOptions;
use ferrule_wire::model::{
    CacheBreakpoint, CacheLifetime, Effort, Message, Part, PartKind, Reasoning, ReasoningRequest, Request,
    ResponseFormat, Role,
};
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_request_is_read_back_as_it_was_written(request in prop_oneof![request(), request_to_nova()]) {
        let encoded = encode(&request).unwrap();
        prop_assert_eq!(&encoded.dropped, &[]);
        prop_assert_eq!(sorted(decode(&encoded)), sorted(request));
    }
}

/// Fields of nested objects come after those that stand alone.
fn sorted(request: Request) -> Request {
    let mut fields: Vec<_> =
        request.extra.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
    fields.sort_by(|(first, _), (second, _)| first.cmp(second));
    Request { extra: fields.into_iter().collect(), ..request }
}

#[test]
fn path_key_and_media_type() {
    let path = |request: &Request| encode(request).unwrap().path;
    assert_eq!(path(&hello("m:0")), "/model/m%3A0/converse");
    assert_eq!(path(&Request { stream: true, ..hello("a/b") }), "/model/a%2Fb/converse-stream");
    assert_eq!(encode(&hello("m")).unwrap().headers, []);
    assert_eq!(dialect().key_header(), KeyHeader::Bearer);
    assert_eq!(dialect().stream_media_types(), ["application/vnd.amazon.eventstream"]);
    assert_eq!(body(&hello("m")), r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#);
}

#[test]
fn turns_alternate_and_say_something() {
    let request = ask(
        CLAUDE,
        vec![
            Message::text(Role::System, "a"),
            Message::text(Role::Developer, "b"),
            Message::text(Role::User, "c"),
            Message::new(Role::User, vec![Part::text(""), Part::text("d")]),
            Message::text(Role::Assistant, ""),
            Message::text(Role::User, "e"),
            Message::text(Role::Assistant, "f"),
            Message::text(Role::Assistant, "g"),
            Message::text(Role::User, " \n"),
            Message::text(Role::User, "h"),
            Message::new(Role::User, vec![]),
        ],
    );
    assert_eq!(field(&request, "system"), r#"[{"text":"a"},{"text":"b"}]"#);
    assert_eq!(
        field(&request, "messages"),
        r#"[{"role":"user","content":[{"text":"c"},{"text":"d"},{"text":"e"}]},{"role":"assistant","content":[{"text":"f"},{"text":"g"}]},{"role":"user","content":[{"text":"h"}]}]"#
    );
}

#[test]
fn only_users_and_models_speak_and_users_begin() {
    let messages = |messages: Vec<Message>| refused(&ask(CLAUDE, messages));
    let (user, said) = (Message::text(Role::User, "u"), Message::text(Role::Assistant, "a"));
    assert_eq!(messages(vec![user.clone(), Message::text(Role::System, "s")]), "messages[1]");
    assert_eq!(messages(vec![user.clone(), Message::text(Role::Other("x".into()), "s")]), "messages[1]");
    assert_eq!(messages(vec![said]), "messages[0]");
    let named = Message { name: Some("Ada".into()), ..user.clone() };
    assert_eq!(messages(vec![named]), "messages[0].name");
    let mut system = Message::text(Role::System, "s");
    system.extra.insert("x", json("1"));
    assert_eq!(messages(vec![system, user]), "messages[0].extra");
}

#[test]
fn cache_points_stand_behind_what_they_close() {
    let cached =
        |text: &str, lifetime| Part { cache: Some(CacheBreakpoint { lifetime }), ..Part::text(text) };
    let request = Request {
        cache: Some(CacheBreakpoint { lifetime: None }),
        ..ask(
            CLAUDE,
            vec![
                Message::new(Role::System, vec![cached("s", Some(CacheLifetime::OneHour)), cached("", None)]),
                Message::new(
                    Role::User,
                    vec![cached("a", Some(CacheLifetime::FiveMinutes)), Part::text("b")],
                ),
            ],
        )
    };
    assert_eq!(
        field(&request, "system"),
        r#"[{"text":"s"},{"cachePoint":{"type":"default","ttl":"1h"}},{"cachePoint":{"type":"default"}}]"#
    );
    assert_eq!(
        field(&request, "messages"),
        r#"[{"role":"user","content":[{"text":"a"},{"cachePoint":{"type":"default","ttl":"5m"}},{"text":"b"},{"cachePoint":{"type":"default"}}]}]"#
    );
    // One that has more to say, or nothing before it, is kept whole.
    let odd = br#"{"messages":[{"role":"user","content":[{"cachePoint":{"type":"default"}},{"text":"a"},{"cachePoint":{"type":"new"}}]}]}"#;
    let read = dialect().decode_request(odd).unwrap();
    let kept =
        |position: usize| matches!(read.messages[0].content[position].kind, PartKind::ProviderItem { .. });
    assert!(kept(0) && !kept(1) && kept(2));
}

fn thinking(model: &str, effort: Option<Effort>, budget_tokens: Option<u64>) -> Request {
    let reasoning = Some(ReasoningRequest { effort, budget_tokens, display: None });
    Request { reasoning, ..hello(model) }
}

#[test]
fn each_family_is_asked_to_think_in_its_own_terms() {
    for (model, effort, budget, expected) in [
        (
            CLAUDE,
            Some(Effort::High),
            None,
            r#"{"thinking":{"type":"adaptive"},"output_config":{"effort":"high"}}"#,
        ),
        (CLAUDE, Some(Effort::None), None, r#"{"thinking":{"type":"disabled"}}"#),
        (OLD_CLAUDE, Some(Effort::Low), None, r#"{"thinking":{"type":"enabled","budget_tokens":2048}}"#),
        (OLD_CLAUDE, None, Some(5000), r#"{"thinking":{"type":"enabled","budget_tokens":5000}}"#),
        (OPEN_AI, Some(Effort::Minimal), None, r#"{"reasoning_effort":"low"}"#),
        (OPEN_AI, Some(Effort::Max), None, r#"{"reasoning_effort":"high"}"#),
        (OPEN_AI, Some(Effort::None), None, ""),
        (
            NOVA,
            Some(Effort::Medium),
            None,
            r#"{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"medium"}}"#,
        ),
        (NOVA, None, None, r#"{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"medium"}}"#),
        (NOVA, Some(Effort::None), None, r#"{"reasoningConfig":{"type":"disabled"}}"#),
        (LLAMA, Some(Effort::None), None, ""),
    ] {
        let request = thinking(model, effort, budget);
        assert_eq!(field(&request, "additionalModelRequestFields"), expected, "{model}");
    }
    // The limit counts the budget in, so it is raised above it.
    assert_eq!(field(&thinking(OLD_CLAUDE, None, Some(5000)), "inferenceConfig"), r#"{"maxTokens":9096}"#);
    for (model, effort, budget, expected) in [
        (LLAMA, Some(Effort::Low), None, "reasoning"),
        ("amazon.nova-pro-v1:0", Some(Effort::Low), None, "reasoning"),
        ("anthropic.claude-3-haiku-20240307-v1:0", Some(Effort::Low), None, "reasoning"),
        ("arn:aws:bedrock:us-west-2:1:application-inference-profile/x", Some(Effort::Low), None, "reasoning"),
        (OPEN_AI, None, Some(1), "reasoning.budget_tokens"),
        (NOVA, Some(Effort::Low), Some(1), "reasoning.budget_tokens"),
    ] {
        assert_eq!(refused(&thinking(model, effort, budget)), expected, "{model}");
    }
}

#[test]
fn top_k_is_each_familys_own() {
    let with_top_k = |model: &str| Request { top_k: Some(5), ..hello(model) };
    for (model, expected) in [
        (CLAUDE, r#"{"top_k":5}"#),
        ("mistral.mistral-large-2407-v1:0", r#"{"top_k":5}"#),
        (NOVA, r#"{"inferenceConfig":{"topK":5}}"#),
        ("amazon.nova-lite-v1:0", r#"{"inferenceConfig":{"topK":5}}"#),
    ] {
        assert_eq!(field(&with_top_k(model), "additionalModelRequestFields"), expected, "{model}");
    }
    for model in [LLAMA, OPEN_AI, "anthropic.claude-opus-4-7-v1:0"] {
        assert_eq!(refused(&with_top_k(model)), "top_k", "{model}");
    }
}

#[test]
fn the_callers_own_fields_win_and_the_others_stay() {
    let mut request =
        Request { top_k: Some(5), max_tokens: Some(7), ..thinking(CLAUDE, Some(Effort::High), None) };
    request.extra.insert(
        "additionalModelRequestFields",
        json(r#"{"anthropic_beta":["x"],"top_k":9,"output_config":{"y":1}}"#),
    );
    request.extra.insert("inferenceConfig", json(r#"{"z":1}"#));
    request.extra.insert("guardrailConfig", json(r#"{"guardrailIdentifier":"g"}"#));
    assert_eq!(
        field(&request, "additionalModelRequestFields"),
        r#"{"thinking":{"type":"adaptive"},"output_config":{"effort":"high","y":1},"anthropic_beta":["x"],"top_k":9}"#
    );
    assert_eq!(field(&request, "inferenceConfig"), r#"{"maxTokens":7,"z":1}"#);
    assert_eq!(field(&request, "guardrailConfig"), r#"{"guardrailIdentifier":"g"}"#);
}

#[test]
fn a_schema_is_a_text() {
    let schema = json(r#"{"type": "object"}"#);
    let format =
        ResponseFormat::JsonSchema { name: Some("n".into()), description: None, schema, strict: Some(true) };
    let request = Request { response_format: Some(format), ..hello(CLAUDE) };
    assert_eq!(
        field(&request, "outputConfig"),
        r#"{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{\"type\": \"object\"}","name":"n"}}}}"#
    );
    let with = |format| Request { response_format: Some(format), ..hello(CLAUDE) };
    assert_eq!(field(&with(ResponseFormat::Text), "outputConfig"), "");
    assert_eq!(refused(&with(ResponseFormat::Json)), "response_format");
    let loose =
        ResponseFormat::JsonSchema { name: None, description: None, schema: json("{}"), strict: Some(false) };
    assert_eq!(refused(&with(loose)), "response_format.strict");
}

#[test]
fn what_converse_has_no_place_for_is_refused_or_listed() {
    let hello = || hello(CLAUDE);
    let cases = [
        (Request { seed: Some(1), ..hello() }, "seed"),
        (Request { n: Some(2), ..hello() }, "n"),
        (Request { logprobs: Some(true), ..hello() }, "logprobs"),
        (Request { top_logprobs: Some(1), ..hello() }, "top_logprobs"),
        (Request { frequency_penalty: Some(1.0), ..hello() }, "frequency_penalty"),
        (Request { presence_penalty: Some(1.0), ..hello() }, "presence_penalty"),
        (Request { user: Some("u".into()), ..hello() }, "user"),
        (Request { temperature: Some(1.5), ..hello() }, "temperature"),
        (
            Request { temperature: Some(0.5), model: "anthropic.claude-opus-4-7".into(), ..hello() },
            "temperature",
        ),
        (Request { top_p: Some(0.5), model: "anthropic.claude-opus-4-7".into(), ..hello() }, "top_p"),
    ];
    for (request, expected) in cases {
        assert_eq!(refused(&request), expected);
        let dropped = dialect().encode_request(&request, EncodeOptions::DROP).unwrap();
        let fields: Vec<_> = dropped.dropped.iter().map(|dropped| dropped.field.as_str()).collect();
        assert_eq!(fields, [expected]);
        assert_eq!(dropped.body, encode(&Request { model: request.model.clone(), ..hello() }).unwrap().body);
    }
    let neutral = Request {
        n: Some(1),
        logprobs: Some(false),
        top_logprobs: Some(0),
        frequency_penalty: Some(0.0),
        ..hello()
    };
    assert_eq!(body(&neutral), body(&hello()));
}

#[test]
fn labels_are_request_metadata() {
    let request = Request { metadata: vec![("team".into(), "a".into())], ..hello(CLAUDE) };
    assert_eq!(field(&request, "requestMetadata"), r#"{"team":"a"}"#);
}

#[test]
fn another_providers_thoughts_are_left_out_for_claude_alone() {
    let thought = |signature: Option<&str>| {
        Part::new(PartKind::Reasoning(Reasoning { text: "hm".into(), signature: signature.map(Into::into) }))
    };
    let said = |model: &str, parts: Vec<Part>| {
        let request = ask(model, vec![Message::text(Role::User, "u"), Message::new(Role::Assistant, parts)]);
        let messages = field(&request, "messages");
        let (_, content) = messages.split_once(r#""assistant","content":"#).unwrap();
        content.strip_suffix("}]").unwrap().to_owned()
    };
    let unsigned = r#"{"reasoningContent":{"reasoningText":{"text":"hm"}}}"#;
    assert_eq!(said(CLAUDE, vec![thought(None), Part::text("a")]), r#"[{"text":"a"}]"#);
    assert_eq!(said(CLAUDE, vec![thought(None)]), r#"[{"text":"hm"}]"#);
    assert_eq!(said(LLAMA, vec![thought(None), Part::text("a")]), format!(r#"[{unsigned},{{"text":"a"}}]"#));
    assert_eq!(
        said(CLAUDE, vec![thought(Some("c2ln"))]),
        r#"[{"reasoningContent":{"reasoningText":{"text":"hm","signature":"c2ln"}}}]"#
    );
}

#[test]
fn requests_that_are_none_are_refused_with_the_place() {
    for (body, place) in [
        (r#"{"messages":[7]}"#, "messages[0]: expected an object"),
        (r#"{"messages":[{"content":[]}]}"#, "messages[0].role"),
        (r#"{"messages":[{"role":"user"}]}"#, "messages[0].content"),
        ("[]", "expected a JSON object"),
        ("{", "EOF"),
    ] {
        let error = dialect().decode_request(body.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(place), "{error}");
    }
}
