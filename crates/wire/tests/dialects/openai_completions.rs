//! The legacy Completions dialect: prompts, what is refused, and that what is written is read back the same.

use crate::strategies::{choice as choice_of, json, short_text as text, unknown_field as extra};
use crate::streams::{Read, accumulate, decode_within, pieces, streamed};
use ferrule_wire::dialect::{Dialect, openai_completions::OpenAiCompletions};
use ferrule_wire::encode::EncodeOptions;
use ferrule_wire::framing::{StreamError, StreamLimits};
use ferrule_wire::json::Extra;
use ferrule_wire::model::*;
use ferrule_wire::operation::OperationKind;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

const REFUSE: EncodeOptions<'_> = EncodeOptions::REFUSE;

prop_compose! {
    fn request()(
        prompt in of(text()), max_tokens in of(1..999u64), (temperature, top_p) in (of(0.0..2.0), of(0.0..1.0)),
        (frequency_penalty, presence_penalty) in (of(-2.0..2.0), of(-2.0..2.0)),
        stop in vec(text(), 0..3), (seed, n, top_logprobs) in (of(any::<i64>()), of(1..9u64), of(0..5u64)),
        user in of(text()), stream in any::<bool>(), extra in extra(),
    ) -> Request {
        Request {
            model: "m".into(), messages: prompt.map(|prompt| Message::text(Role::User, prompt)).into_iter().collect(),
            max_tokens, temperature, top_p, frequency_penalty, presence_penalty, stop, seed, n,
            logprobs: top_logprobs.map(|_| true), top_logprobs, user, stream, extra, ..Request::default()
        }
    }
}

fn choice(index: u32) -> impl Strategy<Value = Choice> {
    let ended = prop_oneof![
        Just((FinishReason::Stop, None)),
        Just((FinishReason::Length, None)),
        text().prop_map(|stop| (FinishReason::StopSequence, Some(stop))),
    ];
    let logprobs =
        of(Just(r#"{"tokens":["a"],"token_logprobs":[-0.5],"top_logprobs":null,"text_offset":[0]}"#));
    (of(text()), ended, logprobs).prop_map(move |(text, (reason, stop_sequence), logprobs)| {
        let message = Message::new(Role::Assistant, text.map(Part::text).into_iter().collect());
        Choice { index, stop_sequence, logprobs: logprobs.map(json), ..choice_of(message, Some(reason)) }
    })
}

prop_compose! {
    fn response()(
        first in choice(0), second in of(choice(1)), extra in extra(), used in of((0..99u64, 0..99u64)),
    ) -> Response {
        let usage = used.map(|(input, output)| Usage {
            input_tokens: Some(input), output_tokens: Some(output), ..Usage::default()
        });
        let choices = std::iter::once(first).chain(second).collect();
        Response { id: "cmpl-1".into(), model: "m".into(), created: Some(7), choices, usage, extra }
    }
}

fn decode(body: &[u8], sizes: &[usize]) -> Read {
    // An error may come behind the end.
    decode_within(&OpenAiCompletions, pieces(body, sizes), StreamLimits::default()).read
}

proptest! {
    #[test]
    fn a_request_is_read_as_it_was_written(request in request()) {
        let encoded = OpenAiCompletions.encode_request(&request, REFUSE).unwrap();
        prop_assert_eq!(encoded.path.as_str(), "/completions");
        prop_assert_eq!(OpenAiCompletions.decode_request(&encoded.body).unwrap(), request);
    }

    #[test]
    fn an_answer_is_read_as_it_was_written(response in response()) {
        let body = OpenAiCompletions.encode_response(&response);
        prop_assert_eq!(OpenAiCompletions.decode_response(&body).unwrap(), response);
    }

    #[test]
    fn a_stream_is_read_as_the_answer_it_was_made_of(response in response(), sizes in vec(1..40usize, 1..6)) {
        let body = streamed(&OpenAiCompletions, &response);
        let read = decode(&body, &[body.len()]);
        prop_assert_eq!(&read.1, &Ok(()));
        prop_assert_eq!(accumulate(&read.0), response);
        prop_assert_eq!(decode(&body, &sizes), read);
    }

    /// The template's chunks give what the full reader gives: `slow` has a field in each chunk that no other has.
    #[test]
    fn the_fast_path_gives_the_same_as_the_full_reader(
        texts in vec((prop_oneof!["[a-z é]{0,6}", any::<String>()], 0u32..3), 1..20),
    ) {
        let (mut fast, mut slow) = (String::new(), String::new());
        for (text, index) in &texts {
            let text = serde_json::to_string(text).unwrap();
            let chunk = format!(r#"{{"id":"c","model":"m","choices":[{{"text":{text},"index":{index},"logprobs":null}}]"#);
            fast += &format!("data: {chunk}}}\n\n");
            // A null says nothing, but its chunk is longer than the template.
            slow += &format!("data: {chunk},\"x\":null  , \"y\":null}}\n\ndata: {{\"choices\":[]}}\n\n");
        }
        let end = "data: [DONE]\n\n";
        let read = decode((fast + end).as_bytes(), &[4096]);
        prop_assert_eq!(read, decode((slow + end).as_bytes(), &[4096]));
    }

    #[test]
    fn any_bytes_end_without_a_panic(
        body in vec(any::<u8>(), 0..200),
        text in "(data: |event: error\n|\\{\"choices\":\\[|\\{\"text\":|\"index\":|\"a\"|1|null|,|\\[|\\]|\\}|\n){0,40}",
    ) {
        for body in [body.as_slice(), text.as_bytes()] {
            let _ = decode(body, &[7]);
            let _ = (OpenAiCompletions.decode_request(body), OpenAiCompletions.decode_response(body));
        }
    }
}

fn prompt(messages: Vec<Message>) -> String {
    let request = Request { model: "m".into(), messages, ..Request::default() };
    let encoded = OpenAiCompletions.encode_request(&request, REFUSE).unwrap();
    let body = serde_json::from_slice::<serde_json::Value>(&encoded.body).unwrap();
    body.get("prompt").unwrap().as_str().unwrap().to_owned()
}

#[test]
fn messages_become_one_prompt() {
    let message = Message::text;
    assert_eq!(prompt(vec![message(Role::User, "Hi")]), "Hi");
    assert_eq!(prompt(vec![]), "");
    assert_eq!(
        prompt(vec![message(Role::User, "Hi"), message(Role::System, "Be brief.")]),
        "Be brief.\n\nHi"
    );
    let dialogue = vec![
        message(Role::Developer, "Be brief."),
        message(Role::User, "Hi"),
        Message::new(
            Role::Assistant,
            vec![
                Part::new(PartKind::Reasoning(Reasoning { text: "hm".into(), signature: None })),
                Part::text("Yo"),
            ],
        ),
        message(Role::User, "Why?"),
    ];
    assert_eq!(prompt(dialogue), "Be brief.\n\nUser: Hi\n\nAssistant: Yo\n\nUser: Why?\n\nAssistant:");
}

#[test]
fn what_is_no_text_is_refused_or_named() {
    let image = Image { source: Source::Url("https://e.org/a.png".into()), detail: None };
    let call = ToolCall { id: "c".into(), name: "f".into(), arguments: "{}".into(), custom: false };
    let kind = ToolKind::Function { parameters: None, strict: None };
    let request = Request {
        model: "m".into(),
        messages: vec![
            Message::new(Role::User, vec![Part::text("Hi"), Part::new(PartKind::Image(image))]),
            Message::new(Role::Assistant, vec![Part::new(PartKind::ToolCall(call))]),
        ],
        tools: vec![Tool { name: "f".into(), description: None, kind, cache: None, extra: Extra::new() }],
        tool_choice: Some(ToolChoice::Auto),
        parallel_tool_calls: Some(true),
        response_format: Some(ResponseFormat::Json),
        reasoning: Some(ReasoningRequest { effort: Some(Effort::Low), ..ReasoningRequest::default() }),
        top_k: Some(1),
        metadata: vec![("a".into(), "b".into())],
        cache: Some(CacheBreakpoint { lifetime: None }),
        ..Request::default()
    };
    let encoded = OpenAiCompletions.encode_request(&request, EncodeOptions::DROP).unwrap();
    let fields: Vec<&str> = encoded.dropped.iter().map(|dropped| dropped.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "tools[0]",
            "tool_choice",
            "parallel_tool_calls",
            "response_format",
            "reasoning",
            "top_k",
            "provider_metadata",
            "cache",
            "messages[0].content[1]",
            "messages[1].content[0]",
        ]
    );
    let refused = OpenAiCompletions.encode_request(&request, REFUSE).unwrap_err();
    assert_eq!((refused.field.as_str(), refused.dialect), ("tools[0]", "openai-completions"));
}

#[test]
fn prompts_are_read_in_every_form() {
    let read = |prompt: &str| {
        OpenAiCompletions.decode_request(format!(r#"{{"model":"m","prompt":{prompt}}}"#).as_bytes()).unwrap()
    };
    for prompt in ["\"Hi\"", "[\"Hi\"]"] {
        let request = read(prompt);
        assert_eq!(request.messages, [Message::text(Role::User, "Hi")]);
        assert!(request.extra.is_empty());
    }
    // Several texts, or tokens, are no conversation: they go on as they came.
    for prompt in [r#"["a","b"]"#, "[1,2]"] {
        let request = read(prompt);
        assert!(request.messages.is_empty());
        let encoded = OpenAiCompletions.encode_request(&request, REFUSE).unwrap();
        assert_eq!(
            std::str::from_utf8(&encoded.body).unwrap(),
            format!(r#"{{"model":"m","prompt":{prompt}}}"#)
        );
    }
    assert!(OpenAiCompletions.decode_request(b"{}").is_err());
}

#[test]
fn its_address_is_not_that_of_chat() {
    for (path, operation) in [
        ("/v1/completions", Some(OperationKind::Chat)),
        ("/v1/chat/completions", None),
        ("/v1/models", Some(OperationKind::ModelListing)),
    ] {
        assert_eq!(OpenAiCompletions.endpoint(path).map(|endpoint| endpoint.operation), operation, "{path}");
    }
}

#[test]
fn errors_come_in_every_place() {
    let error = ProviderError::new(ErrorKind::RateLimited, "Slow down.");
    let body = OpenAiCompletions.encode_error(&error);
    let Err(StreamError::Provider(read)) = OpenAiCompletions.decode_response(&body) else { panic!() };
    assert_eq!(read.kind, ErrorKind::RateLimited);
    let mut encoder = OpenAiCompletions.stream_encoder(&Request::default());
    let mut body = Vec::new();
    encoder.error(&error, &mut body);
    let Err(StreamError::Provider(read)) = decode(&body, &[5]).1 else { panic!() };
    assert_eq!(read.kind, ErrorKind::RateLimited);
}
