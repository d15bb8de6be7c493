//! From the other dialects to this one and back: what both can carry arrives.

use super::dialect;
use super::properties::through;
use super::strategies::{call, word};
use crate::strategies::{choice, json, object, some_text as text, text_result, unsigned};
use crate::streams::{read_whole, streamed};
use crate::translate::{others, picture, told, unnamed};
use ferrule_wire::dialect::Dialect;
use ferrule_wire::json::Extra;
use ferrule_wire::model::{
    Effort, FinishReason, Message, Part, PartKind, ReasoningRequest, Request, Response, ResponseFormat, Role,
    Tool, ToolChoice, ToolKind, Usage,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

/// A call that no provider has signed.
fn foreign_call(id: &str) -> impl Strategy<Value = Part> + use<> {
    call(id.to_owned()).prop_map(|part| Part { extra: Extra::new(), ..part })
}

fn result(id: &'static str) -> impl Strategy<Value = Part> {
    text().prop_map(move |text| text_result(id.to_owned(), text))
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    let turn = (text(), foreign_call("c1"), foreign_call("c2"), result("c1"), result("c2"), text()).prop_map(
        |(said, first, second, of_first, of_second, asked)| {
            [
                Message::new(Role::Assistant, vec![Part::text(said), first, second]),
                Message::new(Role::Tool, vec![of_first, of_second]),
                Message::text(Role::User, asked),
            ]
        },
    );
    (of(text()), vec(prop_oneof![text().prop_map(Part::text), picture("[a-z]{1,8}")], 1..3), of(turn))
        .prop_map(|(system, user, turn)| {
            let system = system.map(|text| Message::text(Role::System, text));
            system
                .into_iter()
                .chain([Message::new(Role::User, user)])
                .chain(turn.into_iter().flatten())
                .collect()
        })
}

fn tool() -> impl Strategy<Value = Tool> {
    (word(), of(text()), object()).prop_map(|(name, description, parameters)| Tool {
        name,
        description,
        kind: ToolKind::Function { parameters: Some(parameters), strict: None },
        cache: None,
        extra: Extra::new(),
    })
}

fn tool_choice() -> impl Strategy<Value = ToolChoice> {
    prop_oneof![
        Just(ToolChoice::Auto),
        Just(ToolChoice::None),
        Just(ToolChoice::Required),
        word().prop_map(ToolChoice::Named),
    ]
}

prop_compose! {
    fn request()(
        messages in messages(), tools in vec(tool(), 1..3), tool_choice in of(tool_choice()), schema in of(object()),
        effort in of(select(vec![Effort::Low, Effort::Medium, Effort::High])), max_tokens in 1u64..10_000,
        temperature in of(select(vec![0.0, 0.5, 1.0])), top_p in of(select(vec![0.5, 0.9])), stop in vec(text(), 0..3),
        stream in any::<bool>(),
    ) -> Request {
        Request {
            model: "gemini-3-flash-preview".into(), messages, tools, tool_choice,
            response_format: schema.map(|schema| {
                ResponseFormat::JsonSchema { name: Some("answer".into()), description: None, schema, strict: Some(true) }
            }),
            reasoning: effort.map(|effort| ReasoningRequest { effort: Some(effort), ..ReasoningRequest::default() }),
            max_tokens: Some(max_tokens), temperature, top_p, stop, stream, ..Request::default()
        }
    }
}

/// Without what only one of the forms has: the name of a schema, and of a tool beside its result.
fn shared(request: Request) -> Request {
    let mut request = unnamed(request);
    for part in request.messages.iter_mut().flat_map(|message| &mut message.content) {
        if let PartKind::ToolResult(result) = &mut part.kind {
            result.name = None;
        }
    }
    request
}

prop_compose! {
    fn response()(
        (id, model) in (word(), word()),
        (thought, said) in (of(text()), text()), calls in vec("[a-z0-9]{4}".prop_flat_map(|id| foreign_call(&id)), 0..3),
        is_cut in any::<bool>(), (input, output, cached) in (0u64..1000, 0u64..1000, of(0u64..100)),
        thinking in of(0u64..100),
    ) -> Response {
        let reason = match (is_cut, calls.is_empty()) {
            (true, _) => FinishReason::Length,
            (false, true) => FinishReason::Stop,
            (false, false) => FinishReason::ToolCalls,
        };
        let content = thought.map(unsigned).into_iter().chain([Part::text(said)]).chain(calls).collect();
        let choice = choice(Message::new(Role::Assistant, content), Some(reason));
        let usage = Usage {
            input_tokens: Some(input + cached.unwrap_or(0)), output_tokens: Some(output + thinking.unwrap_or(0)),
            cache_read_tokens: cached, reasoning_tokens: thinking, ..Usage::default()
        };
        Response { id, model, created: None, choices: vec![choice], usage: Some(usage), extra: Extra::new() }
    }
}

fn stream_through(dialect: &dyn Dialect, response: &Response) -> Response {
    read_whole(dialect, &streamed(dialect, response))
}

proptest! {
    #[test]
    fn a_request_arrives_both_ways(request in request()) {
        for other in others() {
            let asked = through(other, &request);
            prop_assert_eq!(shared(through(dialect(), &asked)), shared(asked));
            let asked = through(dialect(), &request);
            prop_assert_eq!(shared(through(other, &asked)), shared(asked));
        }
    }

    #[test]
    fn an_answer_arrives_both_ways(response in response()) {
        for other in others() {
            for (first, second) in [(other, dialect()), (dialect(), other)] {
                let answered = first.decode_response(&first.encode_response(&response)).unwrap();
                let arrived = second.decode_response(&second.encode_response(&answered)).unwrap();
                prop_assert_eq!(told(arrived), response.clone());
                prop_assert_eq!(told(stream_through(second, &stream_through(first, &response))), response.clone());
            }
        }
    }
}

#[test]
fn schemas_in_the_apis_own_form_arrive_as_json_schema() {
    let body = r#"{"contents":[{"parts":[{"text":"hi"}]}],
        "tools":[{"function_declarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true}}}}]}],
        "generation_config":{"response_mime_type":"application/json","response_schema":{"type":"ARRAY","items":{"type":"INTEGER"}}}}"#;
    let request = dialect().decode_request(body.as_bytes()).unwrap();
    let ToolKind::Function { parameters: Some(parameters), .. } = &request.tools[0].kind else { panic!() };
    assert_eq!(parameters.text(), r#"{"type":"object","properties":{"a":{"type":["string","null"]}}}"#);
    let Some(ResponseFormat::JsonSchema { schema, .. }) = &request.response_format else { panic!() };
    assert_eq!(*schema, json(r#"{"type":"array","items":{"type":"integer"}}"#));
}
