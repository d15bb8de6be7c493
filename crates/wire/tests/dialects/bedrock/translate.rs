//! From other dialects to this one and back: what both can carry arrives.

use super::{CLAUDE, decode, dialect, encode, json};
use crate::strategies::{choice, some_text as text, text_result};
use crate::streams::{read_whole, streamed};
use crate::translate::{messages, others, said, unnamed};
use ferrule_wire::dialect::Dialect;
use ferrule_wire::encode::EncodeOptions;
use ferrule_wire::json::Extra;
use ferrule_wire::model::{
    Effort, FinishReason, Image, Message, Part, PartKind, ReasoningRequest, Request, Response,
    ResponseFormat, Role, Source, Tool, ToolCall, ToolChoice, ToolKind, Usage,
};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

fn call() -> impl Strategy<Value = Part> {
    ("[a-z0-9]{4,8}", "[a-z_]{1,8}").prop_map(|(id, name)| {
        let arguments = r#"{"x":1.0,"é":[1, 2]}"#.into();
        Part::new(PartKind::ToolCall(ToolCall { id, name, arguments, custom: false }))
    })
}

fn result() -> impl Strategy<Value = Part> {
    ("[a-z0-9]{4,8}", text()).prop_map(|(id, text)| text_result(id, text))
}

fn user() -> impl Strategy<Value = Message> {
    let picture = Part::new(PartKind::Image(Image {
        source: Source::Base64 { media_type: "image/png".into(), data: "AAAA".into() },
        detail: None,
    }));
    let shown = prop_oneof![3 => text().prop_map(Part::text), 1 => Just(picture)];
    prop::collection::vec(shown, 1..3).prop_map(|content| Message::new(Role::User, content))
}

prop_compose! {
    fn request()(
        messages in messages(call(), result(), user().boxed()),
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
fn shared(request: Request) -> Request {
    let mut request = unnamed(request);
    if request.tool_choice == Some(ToolChoice::Auto) {
        request.tool_choice = None;
    }
    request
}

prop_compose! {
    fn response()(
        content in said(of(text()), call()),
        reason in select(vec![FinishReason::Stop, FinishReason::Length, FinishReason::ToolCalls]),
        input in 0u64..1000, output in 0u64..1000, cached in of(0u64..100),
    ) -> Response {
        let choice = choice(Message::new(Role::Assistant, content), Some(reason));
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
    read_whole(dialect, &streamed(dialect, response))
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
