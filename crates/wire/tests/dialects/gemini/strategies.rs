//! Requests and answers in the canonical form that this dialect can carry.

use crate::strategies::{choice as choice_of, fields, has_calls, hosted, json, object, some_text as text};
use ferrule_wire::json::{Extra, Json};
use ferrule_wire::model::{
    Audio, Choice, Document, Effort, FinishReason, Image, Message, Part, PartKind, Reasoning,
    ReasoningRequest, Request, Response, ResponseFormat, Role, Source, Tool, ToolCall, ToolChoice, ToolKind,
    ToolResult, Usage,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

pub(super) fn word() -> impl Strategy<Value = String> {
    "[a-z]{1,8}"
}

fn signature() -> impl Strategy<Value = Extra> {
    of(word()).prop_map(|word| {
        word.into_iter().map(|word| ("thoughtSignature".to_owned(), Json::string(&word))).collect()
    })
}

fn inline(media_types: &'static [&'static str]) -> impl Strategy<Value = Source> {
    ("[A-Za-z0-9+/]{0,8}", select(media_types))
        .prop_map(|(data, media_type)| Source::Base64 { media_type: media_type.into(), data })
}

fn address(endings: &'static [&'static str]) -> impl Strategy<Value = Source> {
    let url =
        (word(), select(endings)).prop_map(|(name, ending)| format!("https://example.org/{name}{ending}"));
    prop_oneof![
        url.prop_map(Source::Url),
        word().prop_map(|name| Source::Url(format!("gs://bucket/{name}"))),
        word().prop_map(|name| Source::File { id: format!("files/{name}") }),
        word().prop_map(|name| Source::File {
            id: format!("https://generativelanguage.googleapis.com/v1beta/files/{name}")
        }),
    ]
}

fn medium() -> impl Strategy<Value = PartKind> {
    let picture =
        prop_oneof![inline(&["image/png", "image/webp"]), address(&[".png", ".JPEG?a=b", "", ".pdf"])];
    let sound = prop_oneof![inline(&["audio/wav"]), address(&[".mp3", ""])];
    let document =
        prop_oneof![inline(&["application/pdf", "text/plain"]), address(&[".pdf", ".txt", ".png", ""])];
    prop_oneof![
        picture.prop_map(|source| PartKind::Image(Image { source, detail: None })),
        sound.prop_map(|source| PartKind::Audio(Audio { source })),
        document.prop_map(|source| PartKind::Document(Document { source, name: None })),
    ]
}

fn unknown() -> impl Strategy<Value = PartKind> {
    select(
        &[
            r#"{"executableCode":{"language":"PYTHON","code":"1"}}"#,
            r#"{"fileData":{"fileUri":"https://youtu.be/x"}}"#,
            r#"{"inlineData":{"mimeType":"video/mp4","data":"AA"},"videoMetadata":{"fps":1}}"#,
        ][..],
    )
    .prop_map(|text| PartKind::ProviderItem { dialect: "gemini".into(), item: json(text) })
}

fn shown() -> impl Strategy<Value = Part> {
    prop_oneof![
        3 => text().prop_map(Part::text),
        2 => (medium(), fields(&["mediaResolution"])).prop_map(|(kind, extra)| Part { extra, ..Part::new(kind) }),
        1 => unknown().prop_map(Part::new),
    ]
}

pub(super) fn call(id: String) -> impl Strategy<Value = Part> {
    (word(), prop_oneof![object(), Just(json("{}"))], signature()).prop_map(
        move |(name, arguments, extra)| {
            let arguments = arguments.text().to_owned();
            Part {
                extra,
                ..Part::new(PartKind::ToolCall(ToolCall { id: id.clone(), name, arguments, custom: false }))
            }
        },
    )
}

fn thought() -> impl Strategy<Value = Part> {
    (text(), of(word()))
        .prop_map(|(text, signature)| Part::new(PartKind::Reasoning(Reasoning { text, signature })))
}

fn result(id: String) -> impl Strategy<Value = Part> {
    let texts = prop_oneof![
        vec(text(), 0..3),
        object().prop_map(|object| vec![object.text().to_owned()]),
        select(&["{\"result\":\"a\"}", "{\"error\":\"a\"}", "[1]", "{\"result\":[\"a\",\"b\"]}"][..])
            .prop_map(|text| vec![text.to_owned()]),
    ];
    (word(), texts, vec(medium(), 0..2), any::<bool>(), fields(&["scheduling"])).prop_map(
        move |(name, texts, media, failed, extra)| {
            let content = texts.into_iter().map(Part::text).chain(media.into_iter().map(Part::new)).collect();
            let is_error = failed.then_some(true);
            let (tool_call_id, name) = (id.clone(), Some(name));
            Part {
                extra,
                ..Part::new(PartKind::ToolResult(ToolResult { tool_call_id, name, content, is_error }))
            }
        },
    )
}

/// A model's message with its calls, and the results of those.
fn exchange() -> impl Strategy<Value = Vec<Message>> {
    let words = prop_oneof![
        3 => (text(), signature()).prop_map(|(text, extra)| Part { extra, ..Part::text(text) }),
        1 => thought(),
        1 => unknown().prop_map(Part::new),
    ];
    let calls = prop_oneof![
        Just(()).prop_map(|()| (vec![], vec![])),
        (call("a".into()), result("a".into())).prop_map(|(call, result)| (vec![call], vec![result])),
        (call("b".into()), call("c".into()), result("b".into()), result("c".into()))
            .prop_map(|(b, c, of_b, of_c)| (vec![b, c], vec![of_b, of_c])),
    ];
    (vec(words, 1..3), calls, vec(shown(), 1..3), fields(&["xNew"])).prop_map(
        |(words, (calls, results), user, extra)| {
            let said = words.into_iter().chain(calls).collect();
            let mut messages = vec![Message { extra, ..Message::new(Role::Assistant, said) }];
            if !results.is_empty() {
                messages.push(Message::new(Role::Tool, results));
            }
            messages.push(Message::new(Role::User, user));
            messages
        },
    )
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    let system = of(vec(text().prop_map(Part::text), 1..3));
    (system, vec(shown(), 1..3), vec(exchange(), 0..3)).prop_map(|(system, user, exchanges)| {
        let system = system.map(|parts| Message::new(Role::System, parts));
        system
            .into_iter()
            .chain([Message::new(Role::User, user)])
            .chain(exchanges.into_iter().flatten())
            .collect()
    })
}

fn tools() -> impl Strategy<Value = Vec<Tool>> {
    let function = |strict: Option<bool>| {
        (word(), of(text()), of(object()), fields(&["behavior"])).prop_map(
            move |(name, description, parameters, extra)| Tool {
                name,
                description,
                kind: ToolKind::Function { parameters, strict },
                cache: None,
                extra,
            },
        )
    };
    let hosted = select(&[r#"{"googleSearch":{}}"#, r#"{"urlContext":{},"codeExecution":{}}"#][..])
        .prop_map(|whole| hosted("", whole));
    let functions = prop_oneof![vec(function(None), 0..3), vec(function(Some(true)), 1..3)];
    (functions, vec(hosted, 0..2))
        .prop_map(|(functions, hosted)| functions.into_iter().chain(hosted).collect())
}

fn tool_choice() -> impl Strategy<Value = ToolChoice> {
    prop_oneof![
        Just(ToolChoice::Auto),
        Just(ToolChoice::None),
        Just(ToolChoice::Required),
        word().prop_map(ToolChoice::Named),
        vec(word(), 2..4).prop_map(|names| ToolChoice::Subset { required: true, names }),
        vec(word(), 1..4).prop_map(|names| ToolChoice::Subset { required: false, names }),
        Just(ToolChoice::Other(json(r#"{"mode":"NEW","x":1}"#))),
    ]
}

/// A model, and what of reasoning it takes as it is.
fn reasoning() -> impl Strategy<Value = (String, Option<ReasoningRequest>)> {
    let display = || of(Just("omitted".to_owned()));
    let level =
        (select(vec!["minimal", "low", "medium", "high", "VAST"]), display()).prop_map(|(word, display)| {
            ReasoningRequest { effort: Some(Effort::from(word)), budget_tokens: None, display }
        });
    let budget = (1u64..30_000, display()).prop_map(|(budget, display)| ReasoningRequest {
        effort: None,
        budget_tokens: Some(budget),
        display,
    });
    let off = Just(ReasoningRequest { effort: Some(Effort::None), ..ReasoningRequest::default() });
    prop_oneof![
        of(level).prop_map(|asked| ("gemini-3-flash-preview".to_owned(), asked)),
        of(prop_oneof![budget, off]).prop_map(|asked| ("gemini-2.5-flash".to_owned(), asked)),
    ]
}

fn response_format() -> impl Strategy<Value = ResponseFormat> {
    prop_oneof![
        Just(ResponseFormat::Text),
        Just(ResponseFormat::Json),
        object().prop_map(|schema| ResponseFormat::JsonSchema {
            name: None,
            description: None,
            schema,
            strict: None
        }),
        Just(ResponseFormat::Other(json(
            r#"{"responseMimeType":"text/x.enum","responseSchema":{"type":"STRING","enum":["a"]}}"#
        ))),
    ]
}

/// Results hold images on Gemini 3 only.
fn without_media(messages: &mut [Message]) {
    for part in messages.iter_mut().flat_map(|message| &mut message.content) {
        if let PartKind::ToolResult(result) = &mut part.kind {
            result.content.retain(|part| matches!(part.kind, PartKind::Text(_)));
        }
    }
}

prop_compose! {
    pub(super) fn request()(
        (model, reasoning) in reasoning(), mut messages in messages(), tools in tools(),
        tool_choice in of(tool_choice()), response_format in of(response_format()),
        (temperature, top_p, frequency_penalty, presence_penalty) in
            (of(0.0..2.0), of(0.0..1.0), of(-2.0..2.0), of(-2.0..2.0)),
        (max_tokens, top_k, n, top_logprobs, seed, logprobs) in
            (of(1..9999u64), of(1..99u64), of(1..9u64), of(0..20u64), of(any::<i64>()), of(any::<bool>())),
        stop in vec(text(), 0..3), stream in any::<bool>(),
        extra in fields(&["safetySettings", "cachedContent", "labels", "toolConfig", "generationConfig"]),
    ) -> Request {
        if model.contains("2.5") {
            without_media(&mut messages);
        }
        // That all functions are strict is said by a mode of its own.
        let is_open = matches!(tool_choice, Some(ToolChoice::Auto));
        let tools: Vec<Tool> = tools
            .into_iter()
            .map(|mut tool| {
                if let ToolKind::Function { strict, .. } = &mut tool.kind && !is_open {
                    *strict = None;
                }
                tool
            })
            .collect();
        Request {
            model, messages, tools, tool_choice, response_format, reasoning, max_tokens, temperature, top_p, top_k,
            frequency_penalty, presence_penalty, stop, seed, n, logprobs, top_logprobs, stream, extra,
            ..Request::default()
        }
    }
}

fn usage() -> impl Strategy<Value = Usage> {
    (
        of(0..1000u64),
        of(0..1000u64),
        of(0..99u64),
        of(0..99u64),
        of(0..9u64),
        of(0..9u64),
        fields(&["cacheTokensDetails"]),
    )
        .prop_map(|(input, output, reasoning, cached, input_audio, output_audio, extra)| Usage {
            input_tokens: input,
            output_tokens: output.map(|output| output + reasoning.unwrap_or(0)),
            // More than the whole would come on top of it.
            cache_read_tokens: cached.filter(|cached| input.is_none_or(|input| *cached <= input)),
            reasoning_tokens: output.and(reasoning),
            input_audio_tokens: input_audio,
            output_audio_tokens: output_audio,
            extra,
            ..Usage::default()
        })
}

/// Parts of which no two neighbours would be joined: in a stream, texts that follow each other are one.
fn said() -> impl Strategy<Value = Vec<Part>> {
    let after = prop_oneof![
        word().prop_flat_map(call),
        (inline(&["image/png"]), signature()).prop_map(|(source, extra)| Part {
            extra,
            ..Part::new(PartKind::Image(Image { source, detail: None }))
        }),
        unknown().prop_map(Part::new),
        // As the last chunk of a stream has it: a signature on no text.
        word().prop_map(|word| Part {
            extra: [("thoughtSignature".to_owned(), Json::string(&word))].into_iter().collect(),
            ..Part::text("")
        }),
    ];
    let run = (of(thought()), of(text().prop_map(Part::text)), after).prop_map(|(thought, text, after)| {
        thought.into_iter().chain(text).chain([after]).collect::<Vec<_>>()
    });
    (vec(run, 0..3), of(thought()), text()).prop_map(|(runs, thought, text)| {
        runs.into_iter().flatten().chain(thought).chain([Part::text(text)]).collect()
    })
}

prop_compose! {
    fn choice(index: u32)(
        content in said(),
        ending in select(vec!["STOP", "length", "content_filter", "error", "LANGUAGE", "RECITATION"]),
        mut extra in fields(&["citationMetadata", "groundingMetadata", "finishMessage"]),
        logprobs in of(Just(json(r#"{"chosenCandidates":[{"token":"a"}]}"#))),
    ) -> Choice {
        let calls = has_calls(&content);
        let reason = match ending {
            "STOP" if calls => FinishReason::ToolCalls,
            "STOP" => FinishReason::Stop,
            "RECITATION" => {
                extra.insert("finishReason", json("\"RECITATION\""));
                FinishReason::ContentFilter
            }
            word => FinishReason::from(word),
        };
        let message = Message::new(Role::Assistant, content);
        Choice { index, logprobs, extra, ..choice_of(message, Some(reason)) }
    }
}

prop_compose! {
    pub(super) fn response()(
        first in choice(0), second in of(choice(1)), usage in of(usage()),
        (id, model) in (word(), word()), created in of(0u64..4_000_000_000), extra in fields(&["modelStatus"]),
    ) -> Response {
        let choices = std::iter::once(first).chain(second).collect();
        let usage = usage.filter(|usage| *usage != Usage::default());
        Response { id, model, created, choices, usage, extra }
    }
}
