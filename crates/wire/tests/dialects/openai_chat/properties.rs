//! What the OpenAI chat dialect writes, it reads again as it was, in both directions.

use crate::strategies::{
    CLOSED, call_or_free_text, choice as choice_of, dialogue, function_kind, json, long_cache as cache,
    part_with, short_text as text, unknown_field as extra, unsigned,
};
use crate::streams::{accumulate, decode, pieces, streamed};
use ferrule_wire::dialect::{Dialect, openai_chat::OpenAiChat};
use ferrule_wire::encode::EncodeOptions;
use ferrule_wire::framing::StreamLimits;
use ferrule_wire::model::*;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

fn part(kind: impl Strategy<Value = PartKind>) -> impl Strategy<Value = Part> {
    part_with(kind, cache(), extra())
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        Just(Source::Url("https://example.org/a.png".into())),
        "[A-Za-z0-9+/]{0,12}".prop_map(|data| Source::Base64 { media_type: "image/png".into(), data }),
    ]
}

fn said() -> impl Strategy<Value = PartKind> {
    let document = prop_oneof![
        Just(Source::File { id: "file-1".into() }),
        Just(Source::Base64 { media_type: "application/pdf".into(), data: "AA==".into() }),
    ];
    prop_oneof![
        4 => text().prop_map(PartKind::Text),
        1 => (source(), of(Just("low".to_owned())))
            .prop_map(|(source, detail)| PartKind::Image(Image { source, detail })),
        1 => prop_oneof![Just("audio/wav"), Just("audio/mpeg"), Just("audio/flac")].prop_map(|media_type| {
            let source = Source::Base64 { media_type: media_type.into(), data: "AAAA".into() };
            PartKind::Audio(Audio { source })
        }),
        1 => (document, of(text())).prop_map(|(source, name)| PartKind::Document(Document { source, name })),
        1 => Just(PartKind::ProviderItem {
            dialect: "openai-chat".into(),
            item: json(r#"{"type":"video_url","video_url":{"url":"u"}}"#),
        }),
    ]
}

fn user() -> impl Strategy<Value = Message> {
    let role = prop_oneof![Just(Role::User), Just(Role::System), Just(Role::Developer)];
    let kinds = part(said()).prop_map(|part| match part.kind {
        // A part that is kept whole has nothing beside it.
        PartKind::ProviderItem { .. } => Part::new(part.kind),
        _ => part,
    });
    (role, vec(kinds, 0..4), of("[a-z]{1,5}"), extra()).prop_map(|(role, mut content, name, extra)| {
        // Instructions that say nothing are none.
        if role != Role::User && content.is_empty() {
            content.push(Part::text("a"));
        }
        Message { role, content, name, extra }
    })
}

fn call() -> impl Strategy<Value = Part> {
    call_or_free_text(extra())
}

fn reasoning() -> impl Strategy<Value = Option<Part>> {
    of(text().prop_map(unsigned))
}

fn assistant() -> impl Strategy<Value = Message> {
    let words = part(prop_oneof![text().prop_map(PartKind::Text), text().prop_map(PartKind::Refusal)]);
    (reasoning(), vec(words, 0..3), vec(call(), 0..3), extra()).prop_map(
        |(reasoning, words, calls, extra)| {
            let mut content: Vec<Part> = reasoning.into_iter().chain(words).chain(calls).collect();
            if content.is_empty() {
                content.push(Part::text("a"));
            }
            Message { extra, ..Message::new(Role::Assistant, content) }
        },
    )
}

fn results() -> impl Strategy<Value = Message> {
    let result = ("[a-z0-9]{1,6}", vec(part(text().prop_map(PartKind::Text)), 0..3), extra()).prop_map(
        |(tool_call_id, content, extra)| {
            let result = ToolResult { tool_call_id, name: None, content, is_error: None };
            Part { extra, ..Part::new(PartKind::ToolResult(result)) }
        },
    );
    vec(result, 1..3).prop_map(|content| Message::new(Role::Tool, content))
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    dialogue(user(), assistant(), results())
}

fn tool() -> impl Strategy<Value = Tool> {
    let kind = prop_oneof![
        function_kind(of(any::<bool>())),
        Just(ToolKind::Custom { format: Some(json(r#"{"type":"text"}"#)) }),
        Just(ToolKind::Custom { format: None }),
    ];
    ("[a-z]{1,6}", of(text()), kind, extra()).prop_map(|(name, description, kind, extra)| Tool {
        name,
        description,
        kind,
        cache: None,
        extra,
    })
}

fn choice() -> impl Strategy<Value = ToolChoice> {
    prop_oneof![
        Just(ToolChoice::Auto),
        Just(ToolChoice::None),
        Just(ToolChoice::Required),
        "[a-z]{1,6}".prop_map(ToolChoice::Named),
        (any::<bool>(), vec("[a-z]{1,6}", 1..3))
            .prop_map(|(required, names)| ToolChoice::Subset { required, names }),
        Just(ToolChoice::Other(json(r#"{"type":"web_search_preview"}"#))),
    ]
}

fn format() -> impl Strategy<Value = ResponseFormat> {
    let schema = ("[a-z]{1,6}", of(text()), of(any::<bool>())).prop_map(|(name, description, strict)| {
        let schema = json(CLOSED);
        ResponseFormat::JsonSchema { name: Some(name), description, schema, strict }
    });
    prop_oneof![
        Just(ResponseFormat::Text),
        Just(ResponseFormat::Json),
        schema,
        Just(ResponseFormat::Other(json(r#"{"type":"grammar","grammar":"root"}"#))),
    ]
}

prop_compose! {
    fn request()(
        messages in messages(),
        tools in vec(tool(), 0..3),
        (tool_choice, response_format, effort) in (of(choice()), of(format()), of("[a-z]{3,7}")),
        (max_tokens, seed, n, top_logprobs) in (of(1..9999u64), of(any::<i64>()), of(1..9u64), of(0..20u64)),
        (temperature, top_p, frequency_penalty, presence_penalty) in
            (of(0.0..2.0), of(0.0..1.0), of(-2.0..2.0), of(-2.0..2.0)),
        stop in vec(text(), 0..3),
        metadata in proptest::collection::btree_map("[a-z]{1,4}", text(), 0..3),
        (parallel_tool_calls, logprobs, stream) in (of(any::<bool>()), of(any::<bool>()), any::<bool>()),
        (user, cache, extra) in (of(text()), cache(), extra()),
        (safety_identifier, service_tier, verbosity) in (of(text()), of(text()), of(text())),
    ) -> Request {
        Request {
            model: "m".into(), messages, tools, tool_choice, parallel_tool_calls, response_format,
            reasoning: effort.map(|word: String| ReasoningRequest {
                effort: Some(Effort::from(word.as_str())), ..ReasoningRequest::default()
            }),
            max_tokens, temperature, top_p, top_k: None, frequency_penalty, presence_penalty, stop, seed, n, logprobs,
            top_logprobs, metadata: metadata.into_iter().collect(), user, cache, stream, extra,
            safety_identifier, service_tier, verbosity, ..Request::default()
        }
    }
}

fn usage() -> impl Strategy<Value = Usage> {
    // Figures whose sum with the reasoning beside them is not the total, as xAI's would be.
    (of(0..1000u64), of(0..1000u64), of(0..9u64), of(0..9u64), of(0..9u64), extra()).prop_map(
        |(input_tokens, output_tokens, cache_read_tokens, reasoning_tokens, input_audio_tokens, extra)| {
            Usage {
                input_tokens,
                output_tokens,
                // More than the whole would come on top of it.
                cache_read_tokens: cache_read_tokens
                    .filter(|cached| input_tokens.is_none_or(|input| *cached <= input)),
                reasoning_tokens,
                input_audio_tokens,
                extra,
                ..Usage::default()
            }
        },
    )
}

fn finish() -> impl Strategy<Value = (FinishReason, Option<String>)> {
    prop_oneof![
        Just((FinishReason::Stop, None)),
        Just((FinishReason::Length, None)),
        Just((FinishReason::ToolCalls, None)),
        Just((FinishReason::ContentFilter, None)),
        Just((FinishReason::Other("abort".into()), None)),
        text().prop_map(|stop| (FinishReason::StopSequence, Some(stop))),
    ]
}

prop_compose! {
    fn answer(index: u32)(
        reasoning in reasoning(),
        words in of(text()),
        refusal in of(text()),
        calls in vec(call(), 0..3),
        extra in extra(),
        finish in finish(),
        logprobs in of(Just(json(r#"{"content":[{"token":"a"}],"refusal":null}"#))),
    ) -> Choice {
        let words = words.map(Part::text);
        let refusal = refusal.map(|text| Part::new(PartKind::Refusal(text)));
        let content = reasoning.into_iter().chain(words).chain(refusal).chain(calls).collect();
        let message = Message { extra, ..Message::new(Role::Assistant, content) };
        let (reason, stop_sequence) = finish;
        Choice { index, stop_sequence, logprobs, ..choice_of(message, Some(reason)) }
    }
}

prop_compose! {
    fn response()(
        first in answer(0),
        second in of(answer(1)),
        usage in of(usage()),
        extra in extra(),
    ) -> Response {
        let choices = std::iter::once(first).chain(second).collect();
        Response { id: "c1".into(), model: "m".into(), created: Some(7), choices, usage, extra }
    }
}

proptest! {
    #[test]
    fn a_request_is_read_as_it_was_written(request in request()) {
        let encoded = OpenAiChat.encode_request(&request, EncodeOptions::REFUSE).unwrap();
        prop_assert!(encoded.dropped.is_empty());
        prop_assert_eq!(OpenAiChat.decode_request(&encoded.body).unwrap(), request);
    }

    #[test]
    fn an_answer_is_read_as_it_was_written(response in response()) {
        let body = OpenAiChat.encode_response(&response);
        prop_assert_eq!(OpenAiChat.decode_response(&body).unwrap(), response);
    }

    #[test]
    fn a_stream_is_read_as_the_answer_it_was_made_of(response in response(), cuts in vec(1..40usize, 1..6)) {
        let body = streamed(&OpenAiChat, &response);
        let read = decode(&OpenAiChat, [body.as_slice()]);
        prop_assert_eq!(&read.1, &Ok(()));
        prop_assert_eq!(accumulate(&read.0), response);
        prop_assert_eq!(decode(&OpenAiChat, pieces(&body, &cuts)), read);
    }

    #[test]
    fn any_bytes_end_without_a_panic(body in vec(any::<u8>(), 0..200), text in "(data: |event: error\n|\\{\"choices\":\\[|\\{\"delta\":|\"content\":|null|\\[|\\]|\\}|\"|\n){0,40}") {
        for body in [body.as_slice(), text.as_bytes()] {
            let mut decoder = OpenAiChat.stream_decoder(StreamLimits { event_bytes: 64 });
            let mut events = Vec::new();
            if decoder.push(body, &mut events).is_ok() {
                let _ = decoder.finish(&mut events);
            }
            let _ = (OpenAiChat.decode_request(body), OpenAiChat.decode_response(body));
        }
    }
}
