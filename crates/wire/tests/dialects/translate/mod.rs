//! From one dialect to the other: what both can carry arrives.

mod cohere_ollama;

use crate::strategies::{
    choice, has_calls, object, open_choice, some_text as text, text_result, unsigned, word,
};
use crate::streams::{accumulate, decode, told as events_of, written};
use ferrule_wire::dialect::Dialect;
use ferrule_wire::dialect::registry::find;
use ferrule_wire::encode::EncodeOptions;
use ferrule_wire::json::Extra;
use ferrule_wire::model::{
    Effort, FinishReason, Image, Message, Part, PartKind, ReasoningRequest, Request, Response,
    ResponseFormat, Role, Source, StreamEvent, Tool, ToolCall, ToolChoice, ToolKind, Usage,
};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

const REFUSE: EncodeOptions<'_> = EncodeOptions::REFUSE;

fn openai() -> &'static dyn Dialect {
    find("openai-chat").unwrap()
}

fn anthropic() -> &'static dyn Dialect {
    find("anthropic").unwrap()
}

fn responses() -> &'static dyn Dialect {
    find("openai-responses").unwrap()
}

fn text_part() -> impl Strategy<Value = Part> {
    text().prop_map(Part::text)
}

/// A picture, here or linked by a name like this.
pub(crate) fn picture(name: &'static str) -> impl Strategy<Value = Part> {
    let inline = ("[A-Za-z0-9]{4}", select(vec!["image/png", "image/jpeg"]))
        .prop_map(|(data, media_type)| Source::Base64 { media_type: media_type.into(), data });
    let linked = name.prop_map(|name| Source::Url(format!("https://example.org/{name}.png")));
    prop_oneof![inline, linked].prop_map(|source| Part::new(PartKind::Image(Image { source, detail: None })))
}

/// The dialects that all others are held against.
pub(crate) fn others() -> [&'static dyn Dialect; 2] {
    [openai(), anthropic()]
}

fn call() -> impl Strategy<Value = Part> {
    ("[a-z0-9]{4,8}", word(), object()).prop_map(|(id, name, input)| {
        Part::new(PartKind::ToolCall(ToolCall {
            id,
            name,
            arguments: input.text().to_owned(),
            custom: false,
        }))
    })
}

fn result() -> impl Strategy<Value = Part> {
    (word(), text()).prop_map(|(id, text)| text_result(id, text))
}

fn user() -> impl Strategy<Value = Message> {
    prop::collection::vec(prop_oneof![text_part(), picture("[a-z_]{1,8}")], 1..3)
        .prop_map(|content| Message::new(Role::User, content))
}

/// What the model said: thoughts first, a text, then calls, which is the order OpenAI's form has.
pub(crate) fn said(
    thought: impl Strategy<Value = Option<String>>,
    call: impl Strategy<Value = Part>,
) -> impl Strategy<Value = Vec<Part>> {
    (thought, of(text_part()), prop::collection::vec(call, 0..3)).prop_map(|(thought, text, calls)| {
        let parts: Vec<Part> = thought.map(unsigned).into_iter().chain(text).chain(calls).collect();
        if parts.is_empty() { vec![Part::text("so")] } else { parts }
    })
}

/// A conversation of such calls and results, in which the user says such things.
pub(crate) fn messages(
    call: impl Strategy<Value = Part>,
    result: impl Strategy<Value = Part>,
    user: impl Strategy<Value = Message> + Clone,
) -> impl Strategy<Value = Vec<Message>> {
    let results = prop::collection::vec(result, 1..3).prop_map(|results| Message::new(Role::Tool, results));
    let turn = (said(Just(None), call), of(results), user.clone()).prop_map(|(said, results, user)| {
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

fn tool() -> impl Strategy<Value = Tool> {
    (word(), of(text()), object(), of(any::<bool>())).prop_map(|(name, description, parameters, strict)| {
        Tool {
            name,
            description,
            kind: ToolKind::Function { parameters: Some(parameters), strict },
            cache: None,
            extra: Extra::new(),
        }
    })
}

fn tool_choice() -> impl Strategy<Value = (Option<ToolChoice>, Option<bool>)> {
    prop_oneof![
        Just((None, None)),
        Just((Some(ToolChoice::None), None)),
        (open_choice(), of(any::<bool>())).prop_map(|(choice, parallel)| (Some(choice), parallel)),
    ]
}

prop_compose! {
    fn request()(
        messages in messages(call(), result(), user().boxed()),
        tools in prop::collection::vec(tool(), 1..3),
        (tool_choice, parallel_tool_calls) in tool_choice(),
        schema in of(object()),
        effort in of(select(vec![Effort::Low, Effort::Medium, Effort::High])),
        max_tokens in 1u64..10_000,
        temperature in of(select(vec![0.0, 0.5, 1.0])), top_p in of(select(vec![0.5, 0.9])),
        stop in prop::collection::vec(text(), 0..3),
        user in of(word()), stream in any::<bool>(),
    ) -> Request {
        Request {
            model: "claude-opus-4-6".into(), messages, tools, tool_choice, parallel_tool_calls,
            response_format: schema.map(|schema| {
                ResponseFormat::JsonSchema { name: Some("answer".into()), description: None, schema, strict: Some(true) }
            }),
            reasoning: effort.map(|effort| ReasoningRequest { effort: Some(effort), ..ReasoningRequest::default() }),
            max_tokens: Some(max_tokens), temperature, top_p, stop, user, stream, ..Request::default()
        }
    }
}

/// Without what only OpenAI's form has: the name and the strictness of a schema.
pub(crate) fn unnamed(mut request: Request) -> Request {
    if let Some(ResponseFormat::JsonSchema { name, strict, .. }) = &mut request.response_format {
        *name = None;
        *strict = None;
    }
    request
}

/// Without what the Responses API takes for said where nobody says it: that a tool is not strict.
fn unheld(mut request: Request) -> Request {
    for tool in &mut request.tools {
        if let ToolKind::Function { strict, .. } = &mut tool.kind {
            *strict = strict.filter(|strict| *strict);
        }
    }
    request
}

fn through(dialect: &dyn Dialect, request: &Request) -> Request {
    let encoded = dialect.encode_request(request, REFUSE).unwrap();
    dialect.decode_request(&encoded.body).unwrap()
}

prop_compose! {
    fn response()(
        id in word(), model in word(),
        content in said(of(text()), call()),
        reason in select(vec![FinishReason::Stop, FinishReason::Length, FinishReason::ToolCalls]),
        input in 0u64..1000, output in 0u64..1000, cached in of(0u64..100), thinking in of(0u64..100),
    ) -> Response {
        let choice = choice(Message::new(Role::Assistant, content), Some(reason));
        let usage = Usage {
            input_tokens: Some(input + cached.unwrap_or(0)),
            output_tokens: Some(output + thinking.unwrap_or(0)),
            cache_read_tokens: cached,
            reasoning_tokens: thinking,
            ..Usage::default()
        };
        Response { id, model, created: Some(1), choices: vec![choice], usage: Some(usage), extra: Extra::new() }
    }
}

/// Without what only OpenAI's form has: when the answer was made.
pub(crate) fn told(response: Response) -> Response {
    Response { created: None, ..response }
}

/// Without the ids that items of OpenAI's Responses cannot do without.
fn without_ids(mut response: Response) -> Response {
    for part in response.choices.iter_mut().flat_map(|choice| &mut choice.message.content) {
        part.extra.remove("responses_item");
    }
    response
}

/// An answer as OpenAI's Responses tells it: completed because of its calls, where it has any.
fn ended_by_calls(mut response: Response) -> Response {
    for choice in &mut response.choices {
        if choice.finish_reason != Some(FinishReason::Length) {
            let has_calls = has_calls(&choice.message.content);
            choice.finish_reason = Some(if has_calls { FinishReason::ToolCalls } else { FinishReason::Stop });
        }
    }
    response
}

fn stream_through(dialect: &dyn Dialect, events: &[StreamEvent]) -> Vec<StreamEvent> {
    let (read, outcome) = decode(dialect, [written(dialect, events).as_slice()]);
    assert_eq!(outcome, Ok(()));
    read
}

proptest! {
    #[test]
    fn a_request_to_openai_arrives_at_anthropic(request in request()) {
        let asked = through(openai(), &request);
        prop_assert_eq!(unnamed(asked.clone()), unnamed(request));
        prop_assert_eq!(unnamed(through(anthropic(), &asked)), unnamed(asked));
    }

    #[test]
    fn a_request_to_anthropic_arrives_at_openai(request in request()) {
        let asked = through(anthropic(), &request);
        prop_assert_eq!(unnamed(asked.clone()), unnamed(request));
        prop_assert_eq!(unnamed(through(openai(), &asked)), unnamed(asked));
    }

    #[test]
    fn a_plain_answer_of_openai_arrives_as_anthropics(response in response()) {
        let answered = openai().decode_response(&openai().encode_response(&response)).unwrap();
        prop_assert_eq!(&answered, &response);
        let arrived = anthropic().decode_response(&anthropic().encode_response(&answered)).unwrap();
        prop_assert_eq!(arrived, told(answered));
    }

    #[test]
    fn a_plain_answer_of_anthropic_arrives_as_openais(response in response()) {
        let answered = anthropic().decode_response(&anthropic().encode_response(&response)).unwrap();
        prop_assert_eq!(&answered, &told(response));
        let arrived = openai().decode_response(&openai().encode_response(&answered)).unwrap();
        prop_assert_eq!(told(arrived), answered);
    }

    #[test]
    fn a_request_to_responses_arrives_at_the_others(request in request()) {
        // There are no stop texts.
        let request = unheld(Request { stop: Vec::new(), ..request });
        let asked = through(responses(), &request);
        prop_assert_eq!(&asked, &request);
        prop_assert_eq!(through(openai(), &asked), request);
        prop_assert_eq!(unnamed(through(anthropic(), &asked)), unnamed(asked));
    }

    #[test]
    fn a_request_to_the_others_arrives_at_responses(request in request()) {
        let request = unheld(Request { stop: Vec::new(), ..request });
        prop_assert_eq!(&through(responses(), &through(openai(), &request)), &request);
        let asked = through(anthropic(), &request);
        prop_assert_eq!(unnamed(through(responses(), &asked)), unnamed(asked));
    }

    #[test]
    fn an_answer_of_responses_arrives_as_the_others(response in response()) {
        let response = ended_by_calls(response);
        let answered = responses().decode_response(&responses().encode_response(&response)).unwrap();
        prop_assert_eq!(&without_ids(answered.clone()), &response);
        for other in [openai(), anthropic()] {
            let arrived = other.decode_response(&other.encode_response(&without_ids(answered.clone()))).unwrap();
            prop_assert_eq!(told(arrived.clone()), told(response.clone()));
            let back = responses().decode_response(&responses().encode_response(&arrived)).unwrap();
            prop_assert_eq!(told(without_ids(back)), told(response.clone()));
        }
    }

    #[test]
    fn a_streamed_answer_arrives_at_responses_and_back(response in response()) {
        let response = ended_by_calls(response);
        let events = events_of(&response);
        for other in [openai(), anthropic()] {
            for (first, second) in [(responses(), other), (other, responses())] {
                let answered = stream_through(first, &events);
                prop_assert_eq!(told(without_ids(accumulate(&answered))), told(response.clone()));
                let arrived = accumulate(&stream_through(second, &answered));
                prop_assert_eq!(told(without_ids(arrived)), told(response.clone()));
            }
        }
    }

    #[test]
    fn a_streamed_answer_arrives_both_ways(response in response()) {
        let events = events_of(&response);
        for (first, second) in [(openai(), anthropic()), (anthropic(), openai())] {
            let answered = stream_through(first, &events);
            prop_assert_eq!(told(accumulate(&answered)), told(response.clone()));
            prop_assert_eq!(told(accumulate(&stream_through(second, &answered))), told(response.clone()));
        }
    }
}
