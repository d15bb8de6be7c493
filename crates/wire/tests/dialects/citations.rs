//! Citations: one type over every format that has them, the same plain and streamed (`docs/wire/late-2026.md`, sections
//! 7 and 8).

use ferrule_wire::{
    dialect::registry,
    framing::StreamLimits,
    model::{Accumulator, Citation, Response},
};

fn plain(dialect: &str, body: &str) -> Response {
    registry::find(dialect).unwrap().decode_response(body.as_bytes()).unwrap()
}

fn streamed(dialect: &str, body: &[u8]) -> Response {
    let mut decoder = registry::find(dialect).unwrap().stream_decoder(StreamLimits::default());
    let mut events = Vec::new();
    decoder.push(body, &mut events).unwrap();
    decoder.finish(&mut events).unwrap();
    let mut accumulator = Accumulator::new();
    events.iter().for_each(|event| accumulator.push(event));
    accumulator.response()
}

/// A short form: kind, title, URL, id, cited text, the answer's text and its place.
fn shown(citation: &Citation) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let place = match (citation.start, citation.end) {
        (Some(start), Some(end)) => format!("{start}..{end}"),
        _ => "-".into(),
    };
    let Citation { kind, title, url, source_id, cited_text, text: said, .. } = citation;
    let [title, url, source_id, cited_text, said] = [title, url, source_id, cited_text, said].map(text);
    format!("{kind}|{title}|{url}|{source_id}|{cited_text}|{said}|{place}")
}

fn check(response: &Response, expected: &[&str], place: &str) {
    let found: Vec<String> = response.citations().iter().map(shown).collect();
    assert_eq!(found, expected, "{place}");
}

fn sse(events: &[&str]) -> String {
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}

/// Server-sent events with the name that their type is.
fn named(events: &[&str]) -> String {
    events
        .iter()
        .map(|event| {
            let name = event.split('"').nth(3).unwrap();
            format!("event: {name}\ndata: {event}\n\n")
        })
        .collect()
}

const ANTHROPIC: &[&str] = &[
    "web|Sky|https://x/sky|-|It is blue.|is blue|8..15",
    "document|Paper|-|file_1|Light scatters.|is blue|8..15",
];

#[test]
fn anthropic() {
    let citations = [
        r#"{"type":"web_search_result_location","url":"https://x/sky","title":"Sky","encrypted_index":"e","cited_text":"It is blue."}"#,
        r#"{"type":"char_location","cited_text":"Light scatters.","document_index":0,"document_title":"Paper","start_char_index":0,"end_char_index":15,"file_id":"file_1"}"#,
    ];
    let body = format!(
        r#"{{"id":"m","type":"message","role":"assistant","model":"c","content":[{{"type":"text","text":"The sky "}},
        {{"type":"text","text":"is blue","citations":[{},{}]}}],"stop_reason":"end_turn","stop_sequence":null,
        "usage":{{"input_tokens":1,"output_tokens":1}}}}"#,
        citations[0], citations[1]
    );
    check(&plain("anthropic", &body), ANTHROPIC, "plain");
    check(&plain("anthropic-vertex", &body), ANTHROPIC, "vertex");
    let delta = |citation: &str| {
        format!(
            r#"{{"type":"content_block_delta","index":1,"delta":{{"type":"citations_delta","citation":{citation}}}}}"#
        )
    };
    let stream = named(&[
        r#"{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"The sky "}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":"","citations":[]}}"#,
        &delta(citations[0]),
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"is blue"}}"#,
        &delta(citations[1]),
        r#"{"type":"content_block_stop","index":1}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":4}}"#,
        r#"{"type":"message_stop"}"#,
    ]);
    check(&streamed("anthropic", stream.as_bytes()), ANTHROPIC, "streamed");
}

const CHAT: &[&str] = &["web|Ä page|https://x/a|-|-|ö is|1..5"];
const ANNOTATION: &str = r#"{"type":"url_citation","url_citation":{"start_index":1,"end_index":5,"title":"Ä page","url":"https://x/a"}}"#;

#[test]
fn openai_chat() {
    let body = format!(
        r#"{{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{{"index":0,"finish_reason":"stop",
        "message":{{"role":"assistant","content":"Oö is it","annotations":[{ANNOTATION}]}}}}]}}"#
    );
    check(&plain("openai-chat", &body), CHAT, "plain");
    let chunk = |delta: &str, finish: &str| {
        format!(
            r#"{{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]}}"#
        )
    };
    let stream = sse(&[
        &chunk(r#"{"role":"assistant","content":"Oö is"}"#, "null"),
        &chunk(r#"{"content":" it"}"#, "null"),
        &chunk(&format!(r#"{{"annotations":[{ANNOTATION}]}}"#), "null"),
        &chunk("{}", "\"stop\""),
        "[DONE]",
    ]);
    check(&streamed("openai-chat", stream.as_bytes()), CHAT, "streamed");
}

#[test]
fn perplexity() {
    let sources = r#""citations":["https://x/1","https://x/2"],"search_results":[{"title":"One","url":"https://x/1","date":"2026-01-01","snippet":"First."}]"#;
    let expected = ["web|One|https://x/1|-|First.|-|-", "web|-|https://x/2|-|-|-|-"];
    let body = format!(
        r#"{{"id":"c","object":"chat.completion","created":1,"model":"sonar",{sources},"choices":[{{"index":0,"finish_reason":"stop","message":{{"role":"assistant","content":"So [1]."}}}}]}}"#
    );
    check(&plain("openai-chat", &body), &expected, "plain");
    let chunk = |delta: &str, finish: &str| {
        format!(
            r#"{{"id":"c","object":"chat.completion.chunk","created":1,"model":"sonar",{sources},"choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]}}"#
        )
    };
    let stream = sse(&[
        &chunk(r#"{"role":"assistant","content":"So "}"#, "null"),
        &chunk(r#"{"content":"[1]."}"#, "\"stop\""),
        "[DONE]",
    ]);
    check(&streamed("openai-chat", stream.as_bytes()), &expected, "streamed");
}

#[test]
fn openai_responses() {
    let annotations = [
        r#"{"type":"url_citation","start_index":0,"end_index":4,"url":"https://x/1","title":"One"}"#,
        r#"{"type":"file_citation","file_id":"file_1","filename":"a.pdf","index":9}"#,
    ];
    let expected = ["web|One|https://x/1|-|-|Blue|0..4", "file|a.pdf|-|file_1|-|Blue sky.|0..9"];
    let message = format!(
        r#"{{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{{"type":"output_text","text":"Blue sky.","annotations":[{},{}]}}]}}"#,
        annotations[0], annotations[1]
    );
    let response = |output: &str, status: &str| {
        format!(
            r#"{{"id":"resp_1","object":"response","created_at":1,"model":"m","status":"{status}","output":[{output}],"usage":null}}"#
        )
    };
    check(&plain("openai-responses", &response(&message, "completed")), &expected, "plain");
    let added = |position: usize| {
        format!(
            r#"{{"type":"response.output_text.annotation.added","item_id":"msg_1","output_index":0,"content_index":0,"annotation_index":{position},"annotation":{}}}"#,
            annotations[position]
        )
    };
    let stream = named(&[
        &format!(r#"{{"type":"response.created","response":{}}}"#, response("", "in_progress")),
        r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"msg_1","type":"message","status":"in_progress","role":"assistant","content":[]}}"#,
        r#"{"type":"response.content_part.added","item_id":"msg_1","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}}"#,
        r#"{"type":"response.output_text.delta","item_id":"msg_1","output_index":0,"content_index":0,"delta":"Blue sky."}"#,
        &added(0),
        &added(1),
        r#"{"type":"response.output_text.done","item_id":"msg_1","output_index":0,"content_index":0,"text":"Blue sky."}"#,
        &format!(r#"{{"type":"response.output_item.done","output_index":0,"item":{message}}}"#),
        &format!(r#"{{"type":"response.completed","response":{}}}"#, response(&message, "completed")),
    ]);
    check(&streamed("openai-responses", stream.as_bytes()), &expected, "streamed");
}

#[test]
fn gemini() {
    // Places are bytes of UTF-8: `Ö` has two.
    let grounding = r#"{"webSearchQueries":["q"],"groundingChunks":[{"web":{"uri":"https://x/1","title":"x","domain":"x"}},{"retrievedContext":{"uri":"gs://b/d","title":"Doc","text":"Said."}},{"web":{"uri":"https://x/3","title":"three"}}],
      "groundingSupports":[{"segment":{"startIndex":3,"endIndex":7,"text":"Blue"},"groundingChunkIndices":[0,1],"confidenceScores":[0.9]}]}"#;
    let expected = [
        "web|x|https://x/1|-|-|Blue|2..6",
        "document|Doc|gs://b/d|-|Said.|Blue|2..6",
        "web|three|https://x/3|-|-|-|-",
    ];
    let chunk = |text: &str, more: &str| {
        format!(
            r#"{{"candidates":[{{"index":0,"content":{{"role":"model","parts":[{{"text":"{text}"}}]}}{more}}}],"modelVersion":"m","responseId":"r"}}"#
        )
    };
    let end = format!(r#","finishReason":"STOP","groundingMetadata":{grounding}"#);
    for dialect in ["gemini", "vertex"] {
        check(&plain(dialect, &chunk("Ö Blue sky.", &end)), &expected, dialect);
        let repeated = format!(r#","groundingMetadata":{grounding}"#);
        let stream = sse(&[&chunk("Ö Bl", ""), &chunk("ue sky", &repeated), &chunk(".", &end)])
            .replace("\n      ", "");
        check(&streamed(dialect, stream.as_bytes()), &expected, dialect);
    }
}

#[test]
fn cohere() {
    let citation = r#"{"start":4,"end":8,"text":"blue","sources":[{"type":"document","id":"doc:0","document":{"id":"doc:0","title":"Sky","url":"https://x/s","snippet":"It is."}},{"type":"tool","id":"t:0","tool_output":{"content":"so"}}],"type":"TEXT_CONTENT"}"#;
    let expected = ["document|Sky|https://x/s|doc:0|It is.|blue|4..8", "tool|-|-|t:0|so|blue|4..8"];
    let body = format!(
        r#"{{"id":"r","finish_reason":"COMPLETE","message":{{"role":"assistant","content":[{{"type":"text","text":"Sky blue"}}],"citations":[{citation}]}}}}"#
    );
    check(&plain("cohere", &body), &expected, "plain");
    let stream = named(&[
        r#"{"type":"message-start","id":"r","delta":{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}"#,
        r#"{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}}"#,
        r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"Sky blue"}}}}"#,
        &format!(r#"{{"type":"citation-start","index":0,"delta":{{"message":{{"citations":{citation}}}}}}}"#),
        r#"{"type":"citation-end","index":0}"#,
        r#"{"type":"content-end","index":0}"#,
        r#"{"type":"message-end","delta":{"finish_reason":"COMPLETE"}}"#,
    ]);
    check(&streamed("cohere", stream.as_bytes()), &expected, "streamed");
}

#[test]
fn bedrock() {
    let body = r#"{"output":{"message":{"role":"assistant","content":[{"text":"The "},{"citationsContent":{"content":[{"text":"sky"}],
      "citations":[{"title":"Sky","sourceContent":[{"text":"scat"},{"text":"ters"}],"location":{"documentChar":{"documentIndex":0,"start":3,"end":11}}},
      {"title":"Web","location":{"web":{"url":"https://x/w","domain":"x"}}}]}}]}},"stopReason":"end_turn","usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}"#;
    let expected = ["document|Sky|-|-|scatters|sky|4..7", "web|Web|https://x/w|-|-|sky|4..7"];
    check(&plain("bedrock", body), &expected, "plain");
}

const MISTRAL: &[&str] = &[
    "document|-|-|0|-|The sky is blue.|0..16",
    "document|-|-|2|-|The sky is blue.|0..16",
    "document|-|-|b|-| Light scatters.|16..32",
];

#[test]
fn mistral() {
    let references =
        [r#"{"type":"reference","reference_ids":[0,2]}"#, r#"{"type":"reference","reference_ids":["b"]}"#];
    let text = |text: &str| format!(r#"{{"type":"text","text":"{text}"}}"#);
    let content =
        [text("The sky is blue."), references[0].into(), text(" Light scatters."), references[1].into()];
    let body = format!(
        r#"{{"id":"m","object":"chat.completion","model":"mistral","created":1,"choices":[{{"index":0,"message":
        {{"role":"assistant","content":[{}]}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":1,"completion_tokens":1}}}}"#,
        content.join(",")
    );
    check(&plain("openai-chat", &body), MISTRAL, "plain");
    let chunk = |content: &str| {
        format!(
            r#"{{"id":"m","object":"chat.completion.chunk","created":1,"model":"mistral","choices":[{{"index":0,"delta":{{"role":"assistant","content":{content}}},"finish_reason":null}}]}}"#
        )
    };
    let chunks = [
        chunk(r#""The sky is ""#),
        chunk(r#""blue.""#),
        chunk(&format!("[{}]", content[1])),
        chunk(&format!("[{},{}]", content[2], content[3])),
        r#"{"id":"m","object":"chat.completion.chunk","created":1,"model":"mistral","choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}]}"#.to_owned(),
        "[DONE]".to_owned(),
    ];
    let stream = sse(&chunks.each_ref().map(String::as_str));
    check(&streamed("openai-chat", stream.as_bytes()), MISTRAL, "streamed");
}
