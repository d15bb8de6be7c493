//! From other dialects to this one and back: what both can carry arrives.

use super::{CLAUDE, decode, dialect, encode, json};
use ferrule_wire::dialect::{Dialect, EncodeOptions, StreamLimits, find};
use ferrule_wire::json::Extra;
use ferrule_wire::model::{
    Accumulator, Choice, Effort, FinishReason, Image, Message, Part, PartKind, Reasoning, ReasoningRequest,
    Request, Response, ResponseFormat, Role, Source, Tool, ToolCall, ToolChoice, ToolKind, ToolResult, Usage,
    replay,
};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

fn others() -> [&'static dyn Dialect; 2] {
    [find("openai-chat").unwrap(), find("anthropic").unwrap()]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), r#"[a-z "\\é\n]{0,12}"#]
        .prop_filter("no text is no part", |text| !text.is_empty())
}

fn call(id: String, name: String) -> Part {
    let arguments = r#"{"x":1.0,"é":[1, 2]}"#.into();
    Part::new(PartKind::ToolCall(ToolCall { id, name, arguments, custom: false }))
}

/// What the model said: thoughts first, a text, then calls, which is the order OpenAI's form has.
fn said(thought: impl Strategy<Value = Option<String>>) -> impl Strategy<Value = Vec<Part>> {
    let call = ("[a-z0-9]{4,8}", "[a-z_]{1,8}").prop_map(|(id, name)| call(id, name));
    (thought, of(text()), prop::collection::vec(call, 0..3)).prop_map(|(thought, text, calls)| {
        let thought = thought.map(|text| Part::new(PartKind::Reasoning(Reasoning { text, signature: None })));
        let parts: Vec<Part> = thought.into_iter().chain(text.map(Part::text)).chain(calls).collect();
        if parts.is_empty() { vec![Part::text("so")] } else { parts }
    })
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    let picture = Part::new(PartKind::Image(Image {
        source: Source::Base64 { media_type: "image/png".into(), data: "AAAA".into() },
        detail: None,
    }));
    let shown = prop_oneof![3 => text().prop_map(Part::text), 1 => Just(picture)];
    let user =
        prop::collection::vec(shown, 1..3).prop_map(|content| Message::new(Role::User, content)).boxed();
    let result = ("[a-z0-9]{4,8}", text()).prop_map(|(tool_call_id, text)| {
        let content = vec![Part::text(text)];
        Part::new(PartKind::ToolResult(ToolResult { tool_call_id, name: None, content, is_error: None }))
    });
    let results = prop::collection::vec(result, 1..3).prop_map(|results| Message::new(Role::Tool, results));
    let turn = (said(Just(None)), of(results), user.clone()).prop_map(|(said, results, user)| {
        [Some(Message::new(Role::Assistant, said)), results, Some(user)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
    });
    let system = of(text().prop_map(|text| Message::text(Role::System, text)));
    (system, user, prop::collection::vec(turn, 0..3)).prop_map(|(system, user, turns)| {
        system.into_iter().chain([user]).chain(turns.into_iter().flatten()).collect()
    })
}

prop_compose! {
    fn request()(
        messages in messages(),
        tools in prop::collection::vec(("[a-z_]{1,8}", of(text()), of(any::<bool>())), 1..3),
        tool_choice in of(select(vec![ToolChoice::Auto, ToolChoice::Required, ToolChoice::Named("f".into())])),
        one_call_at_a_time in any::<bool>(),
        schema in any::<bool>(),
        effort in of(select(vec![Effort::Low, Effort::Medium, Effort::High])),
        max_tokens in 1u64..10_000,
        temperature in of(select(vec![0.0, 0.5, 1.0])), top_p in of(select(vec![0.5, 0.9])),
        stop in prop::collection::vec(text(), 0..3),
        stream in any::<bool>(),
    ) -> Request {
        let tools = tools.into_iter().map(|(name, description, strict)| Tool {
            name, description, cache: None, extra: Extra::new(),
            kind: ToolKind::Function { parameters: Some(json(r#"{"a": 1}"#)), strict },
        }).collect();
        Request {
            model: CLAUDE.into(), messages, tools, tool_choice,
            parallel_tool_calls: one_call_at_a_time.then_some(false),
            response_format: schema.then(|| ResponseFormat::JsonSchema {
                name: None, description: None, schema: json(r#"{"b": 2}"#), strict: None,
            }),
            reasoning: effort.map(|effort| ReasoningRequest { effort: Some(effort), ..ReasoningRequest::default() }),
            max_tokens: Some(max_tokens), temperature, top_p, stop, stream, ..Request::default()
        }
    }
}

/// Without what only some have: the name and the strictness of a schema, a choice that is the default.
fn shared(mut request: Request) -> Request {
    if let Some(ResponseFormat::JsonSchema { name, strict, .. }) = &mut request.response_format {
        *name = None;
        *strict = None;
    }
    if request.tool_choice == Some(ToolChoice::Auto) {
        request.tool_choice = None;
    }
    request
}

prop_compose! {
    fn response()(
        content in said(of(text())),
        reason in select(vec![FinishReason::Stop, FinishReason::Length, FinishReason::ToolCalls]),
        input in 0u64..1000, output in 0u64..1000, cached in of(0u64..100),
    ) -> Response {
        let choice = Choice {
            index: 0, message: Message::new(Role::Assistant, content), finish_reason: Some(reason),
            stop_sequence: None, logprobs: None, extra: Extra::new(),
        };
        let usage = Usage {
            input_tokens: Some(input + cached.unwrap_or(0)), output_tokens: Some(output),
            cache_read_tokens: cached, ..Usage::default()
        };
        Response { choices: vec![choice], usage: Some(usage), ..Response::default() }
    }
}

/// Without what Converse's bodies have no place for.
fn told(response: Response) -> Response {
    Response { id: String::new(), model: String::new(), created: None, ..response }
}

fn accumulated(dialect: &dyn Dialect, response: &Response) -> Response {
    let mut encoder = dialect.stream_encoder(&Request { stream: true, ..Request::default() });
    let mut body = Vec::new();
    for event in replay(response, |text| text.split_inclusive(' ').collect()) {
        encoder.push(&event, &mut body);
    }
    encoder.finish(&mut body);
    let mut decoder = dialect.stream_decoder(StreamLimits::default());
    let mut events = Vec::new();
    decoder.push(&body, &mut events).unwrap();
    decoder.finish(&mut events).unwrap();
    let mut accumulator = Accumulator::new();
    events.iter().for_each(|event| accumulator.push(event));
    accumulator.response()
}

proptest! {
    #[test]
    fn a_request_to_others_arrives_here_and_back(request in request()) {
        for other in others() {
            let there = other.encode_request(&request, EncodeOptions::REFUSE).unwrap();
            let asked = other.decode_request(&there.body).unwrap();
            prop_assert_eq!(shared(asked.clone()), shared(request.clone()));
            let arrived = decode(&encode(&asked).unwrap());
            prop_assert_eq!(shared(arrived.clone()), shared(asked));
            let back = other.encode_request(&arrived, EncodeOptions::REFUSE).unwrap();
            prop_assert_eq!(shared(other.decode_request(&back.body).unwrap()), shared(arrived));
        }
    }

    #[test]
    fn an_answer_arrives_both_ways(response in response()) {
        for other in others() {
            for (first, second) in [(other, dialect()), (dialect(), other)] {
                let answered = first.decode_response(&first.encode_response(&response)).unwrap();
                let arrived = second.decode_response(&second.encode_response(&answered)).unwrap();
                prop_assert_eq!(told(arrived), told(response.clone()));
                let answered = accumulated(first, &response);
                prop_assert_eq!(told(accumulated(second, &answered)), told(response.clone()));
            }
        }
    }
}
