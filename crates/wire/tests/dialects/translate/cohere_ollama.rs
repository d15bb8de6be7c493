//! From OpenAI's form to Cohere's and Ollama's: what both can carry arrives.

use crate::requests::{decode, written};
use crate::strategies::cohere_ollama::{arguments, format, picture, text, word};
use crate::strategies::{choice, has_calls, json, unsigned};
use crate::streams::{accumulate, streamed};
use ferrule_wire::dialect::{Dialect, cohere::Cohere, ollama::Ollama, openai_chat::OpenAiChat};
use ferrule_wire::json::Extra;
use ferrule_wire::model::*;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

fn call() -> impl Strategy<Value = Part> {
    ("[a-z0-9]{4,8}", word(), arguments()).prop_map(|(id, name, arguments)| {
        Part::new(PartKind::ToolCall(ToolCall { id, name, arguments, custom: false }))
    })
}

/// A text, then calls, or thoughts before both.
fn said(with_thoughts: bool) -> impl Strategy<Value = Vec<Part>> {
    let thought = of(text()).prop_map(move |text| Some(unsigned(text.filter(|_| with_thoughts)?)));
    (thought, text(), vec(call(), 0..3)).prop_map(|(thought, text, calls)| {
        thought.into_iter().chain([Part::text(text)]).chain(calls).collect()
    })
}

fn result() -> impl Strategy<Value = Message> {
    ("[a-z0-9]{4,8}", word(), text()).prop_map(|(tool_call_id, name, text)| {
        let content = vec![Part::text(text)];
        let result = ToolResult { tool_call_id, name: Some(name), content, is_error: None };
        Message::new(Role::Tool, vec![Part::new(PartKind::ToolResult(result))])
    })
}

prop_compose! {
    fn request()(
        system in of(text()), first in text(), picture in of(picture()),
        turns in vec((said(false), of(result()), text()), 0..3),
        tools in vec((word(), of(text())), 1..3),
        (required, schema) in (any::<bool>(), of(format())),
        (max_tokens, seed) in (of(1..9999u64), of(any::<i64>())),
        (temperature, top_p, frequency_penalty) in (of(0.0..1.0), of(0.0..1.0), of(0.0..1.0)),
        stop in vec(text(), 0..3), stream in any::<bool>(),
    ) -> Request {
        let mut messages: Vec<Message> = system.into_iter().map(|text| Message::text(Role::System, text)).collect();
        messages.push(Message::new(Role::User, [Part::text(first)].into_iter().chain(picture).collect()));
        for (said, result, next) in turns {
            messages.push(Message::new(Role::Assistant, said));
            messages.extend(result);
            messages.push(Message::text(Role::User, next));
        }
        let tools = tools.into_iter().map(|(name, description)| Tool {
            name, description, cache: None, extra: Extra::new(),
            kind: ToolKind::Function { parameters: Some(json(r#"{"type":"object"}"#)), strict: None },
        }).collect();
        Request {
            model: "m".into(), messages, tools, tool_choice: required.then_some(ToolChoice::Required),
            response_format: schema, max_tokens, seed, temperature, top_p, frequency_penalty, stop, stream,
            ..Request::default()
        }
    }
}

fn through(dialect: &dyn Dialect, request: &Request) -> Request {
    dialect.decode_request(written(dialect, request).as_bytes()).unwrap()
}

/// Without what only OpenAI's form has: a schema's name, which is `response` where there is none.
fn without_schema_name(mut request: Request) -> Request {
    if let Some(ResponseFormat::JsonSchema { name, .. }) = &mut request.response_format {
        *name = None;
    }
    request
}

/// Without what only Ollama's form has: the tool's name beside its result.
fn without_result_names(mut request: Request) -> Request {
    for part in request.messages.iter_mut().flat_map(|message| &mut message.content) {
        if let PartKind::ToolResult(result) = &mut part.kind {
            result.name = None;
        }
    }
    request
}

fn answer() -> impl Strategy<Value = Response> {
    let finish = prop_oneof![Just(FinishReason::Stop), Just(FinishReason::Length)];
    (said(true), finish, 0..1000u64, 0..1000u64).prop_map(|(content, reason, input, output)| {
        let has_calls = has_calls(&content);
        let reason = if has_calls && reason == FinishReason::Stop { FinishReason::ToolCalls } else { reason };
        let choice = choice(Message::new(Role::Assistant, content), Some(reason));
        let usage = Usage { input_tokens: Some(input), output_tokens: Some(output), ..Usage::default() };
        Response { choices: vec![choice], usage: Some(usage), ..Response::default() }
    })
}

/// The answer alone: ids, models and times differ from form to form.
fn told(response: Response) -> Response {
    Response { id: String::new(), model: String::new(), created: None, ..response }
}

proptest! {
    #[test]
    fn a_request_to_openai_arrives_at_cohere(request in request()) {
        let request = without_result_names(request);
        let asked = through(&OpenAiChat, &request);
        prop_assert_eq!(without_schema_name(through(&Cohere, &asked)), without_schema_name(asked));
        prop_assert_eq!(without_schema_name(through(&OpenAiChat, &through(&Cohere, &request))), request);
    }

    #[test]
    fn a_request_to_openai_arrives_at_ollama(request in request()) {
        // There is no choice to be made there.
        let request = Request { tool_choice: None, ..request };
        let asked = through(&OpenAiChat, &request);
        prop_assert_eq!(through(&Ollama, &request), request);
        prop_assert_eq!(
            without_result_names(without_schema_name(through(&Ollama, &asked))),
            without_result_names(without_schema_name(asked))
        );
    }

    #[test]
    fn an_answer_arrives_plain_and_streamed(response in answer()) {
        for (first, second) in [(&OpenAiChat as &dyn Dialect, &Cohere as &dyn Dialect), (&Ollama, &OpenAiChat), (&Cohere, &Ollama)] {
            let plain = first.decode_response(&first.encode_response(&response)).unwrap();
            let plain = second.decode_response(&second.encode_response(&plain)).unwrap();
            prop_assert_eq!(told(plain), response.clone());
            let (events, outcome) = decode(first, &streamed(first, &response), 50);
            prop_assert_eq!(outcome, Ok(()));
            let (events, outcome) = decode(second, &streamed(second, &accumulate(&events)), 50);
            prop_assert_eq!(outcome, Ok(()));
            prop_assert_eq!(told(accumulate(&events)), response.clone());
        }
    }
}
