//! What becomes of proofs of reasoning when a conversation moves: from each provider to each other, from whole answers and
//! from streams, what is sent is what the next one takes.

use ferrule_wire::{
    dialect::{
        self, Dialect,
        shared::foreign::{MarkedStream, SIGNED_BY, for_signer, mark_response},
    },
    encode::EncodeOptions,
    framing::StreamLimits,
    json::Json,
    model::{Accumulator, Message, Request, Response, Role, StreamEvent},
    providers,
};

/// A provider with a model of its own, and an answer that proves its reasoning with [`PROOF`].
struct Place {
    provider: &'static str,
    model: &'static str,
    answer: &'static str,
}

/// In base64, which Bedrock's redacted reasoning and Google's signatures are.
const PROOF: &str = "cHJvb2Y=";

const CLAUDE: &str = r#"{"id":"m1","type":"message","role":"assistant","model":"m","content":[{"type":"thinking","thinking":"Hm.","signature":"cHJvb2Y="},{"type":"redacted_thinking","data":"cHJvb2Y="},{"type":"text","text":"Yes."},{"type":"tool_use","id":"t1","name":"f","input":{}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}"#;
const CONVERSE: &str = r#"{"output":{"message":{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"Hm.","signature":"cHJvb2Y="}}},{"reasoningContent":{"redactedContent":"cHJvb2Y="}},{"text":"Yes."},{"toolUse":{"toolUseId":"t1","name":"f","input":{}}}]}},"stopReason":"tool_use","usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}"#;
const GOOGLE: &str = r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Hm.","thought":true,"thoughtSignature":"cHJvb2Y="},{"text":"Yes.","thoughtSignature":"cHJvb2Y="},{"functionCall":{"name":"f","args":{}},"thoughtSignature":"cHJvb2Y="}]},"finishReason":"STOP","index":0}],"responseId":"r1"}"#;
const RESPONSES: &str = r#"{"id":"resp_1","object":"response","created_at":1,"status":"completed","model":"m","output":[{"type":"reasoning","id":"rs_cHJvb2Y=","summary":[{"type":"summary_text","text":"Hm."}],"encrypted_content":"cHJvb2Y="},{"type":"message","id":"msg_cHJvb2Y=","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Yes.","annotations":[]}]},{"type":"function_call","id":"fc_cHJvb2Y=","call_id":"t1","name":"f","arguments":"{}","status":"completed"}],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}"#;
const OPENROUTER: &str = r#"{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Yes.","reasoning":"Hm.","reasoning_details":[{"type":"reasoning.text","text":"Hm.","signature":"cHJvb2Y=","index":0}],"tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#;
const GOOGLE_LAYER: &str = r#"{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Yes.","tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"cHJvb2Y="}}}]},"finish_reason":"tool_calls"}]}"#;

const PLACES: [Place; 14] = [
    Place { provider: "anthropic", model: "claude-opus-4-6", answer: CLAUDE },
    Place { provider: "vertex-anthropic", model: "claude-opus-4-6", answer: CLAUDE },
    Place { provider: "bedrock", model: "us.anthropic.claude-opus-4-6-v1", answer: CONVERSE },
    Place { provider: "azure-anthropic", model: "claude", answer: CLAUDE },
    Place { provider: "minimax-anthropic", model: "MiniMax-M2", answer: CLAUDE },
    Place { provider: "bedrock", model: "amazon.nova-2-lite-v1:0", answer: CONVERSE },
    Place { provider: "gemini", model: "gemini-3-pro-preview", answer: GOOGLE },
    Place { provider: "gemini", model: "gemini-3-flash", answer: GOOGLE },
    Place { provider: "vertex", model: "gemini-3-pro-preview", answer: GOOGLE },
    Place { provider: "vertex-express", model: "gemini-3-pro-preview", answer: GOOGLE },
    Place { provider: "openai-responses", model: "gpt-5", answer: RESPONSES },
    Place { provider: "xai-responses", model: "grok-4", answer: RESPONSES },
    Place { provider: "openrouter", model: "anthropic/claude-opus-4.6", answer: OPENROUTER },
    Place { provider: "gemini-compat", model: "gemini-3-pro-preview", answer: GOOGLE_LAYER },
];

/// Where Claude's signatures are valid: all platforms that Anthropic names.
const CLAUDES: [&str; 3] = ["anthropic", "vertex-anthropic", "bedrock"];

impl Place {
    fn dialect(&self) -> &'static dyn Dialect {
        // Providers of one's own are in no table.
        let own = if self.provider == "minimax-anthropic" { "anthropic" } else { "openai-responses" };
        let name = providers::find(self.provider).map_or(own, |row| row.dialect);
        dialect::registry::find(name).unwrap()
    }

    fn signer(&self) -> String {
        self.dialect().signer(self.provider, self.model).into_owned()
    }

    fn answer(&self) -> Response {
        let mut response = self.dialect().decode_response(self.answer.as_bytes()).unwrap();
        mark_response(&mut response, &self.signer(), self.dialect().format());
        response
    }

    /// A request to its model that says `messages`.
    fn request(&self, messages: Vec<Message>) -> Request {
        Request { model: self.model.into(), messages, max_tokens: Some(100), ..Request::default() }
    }

    /// The same answer as its own server streams it.
    fn streamed(&self) -> Response {
        let dialect = self.dialect();
        let response = dialect.decode_response(self.answer.as_bytes()).unwrap();
        let request = Request { stream: true, ..self.request(vec![Message::text(Role::User, "Is it?")]) };
        let (mut encoder, mut body) = (dialect.stream_encoder(&request), Vec::new());
        for event in ferrule_wire::model::replay(&response, |text| vec![text]) {
            encoder.push(&event, &mut body);
        }
        encoder.finish(&mut body);
        let mut decoder = dialect.stream_decoder(StreamLimits::default());
        let mut signed = MarkedStream::new(self.signer(), dialect.format());
        let mut accumulator = Accumulator::new();
        // In small pieces, as marks are made piece by piece.
        for piece in body.chunks(97) {
            let mut events = Vec::new();
            decoder.push(piece, &mut events).unwrap();
            signed.mark(&mut events);
            events.iter().for_each(|event| accumulator.push(event));
        }
        let mut events = Vec::new();
        decoder.finish(&mut events).unwrap();
        signed.mark(&mut events);
        events.iter().for_each(|event| accumulator.push(event));
        accumulator.response()
    }

    /// The body of the next request, where the conversation so far is `said`'s.
    fn next_request(&self, said: &Response) -> String {
        let request = self.request(vec![
            Message::text(Role::User, "Is it?"),
            said.choices[0].message.clone(),
            Message::text(Role::User, "Why?"),
        ]);
        let sent = for_signer(&request, &self.signer());
        let quirks = providers::find(self.provider).map(|row| row.quirks.clone()).unwrap_or_default();
        let options = EncodeOptions { drop_unsupported: false, quirks: &quirks };
        let encoded = self.dialect().encode_request(&sent, options).unwrap();
        String::from_utf8(encoded.body).unwrap()
    }

    fn is_claude(&self) -> bool {
        CLAUDES.contains(&self.provider) && self.model.contains("claude")
    }

    /// Whether proofs made at `maker` are valid here.
    fn takes(&self, maker: &Self) -> bool {
        (self.provider == maker.provider && self.model == maker.model)
            || self.is_claude() && maker.is_claude()
    }
}

#[test]
fn proofs_go_to_their_signer_and_to_nobody_else() {
    for from in &PLACES {
        for (how, said) in [("whole", from.answer()), ("streamed", from.streamed())] {
            for to in &PLACES {
                let body = to.next_request(&said);
                let route = format!(
                    "{how}: {} {} -> {} {}: {body}",
                    from.provider, from.model, to.provider, to.model
                );
                assert_eq!(body.contains(PROOF), to.takes(from), "{route}");
                assert!(!body.contains(SIGNED_BY), "{route}");
                assert!(body.contains("Yes."), "{route}");
                assert!(body.contains("Why?"), "{route}");
                let is_google = to.answer == GOOGLE;
                let skips = body.contains("skip_thought_signature_validator");
                assert_eq!(skips, is_google && !to.takes(from), "{route}");
            }
        }
    }
}

#[test]
fn a_provider_gets_back_what_it_said() {
    for place in &PLACES {
        let plain = place.dialect().decode_response(place.answer.as_bytes()).unwrap();
        assert_eq!(place.next_request(&place.answer()), place.next_request(&plain), "{}", place.provider);
    }
}

#[test]
fn what_nobody_marked_is_sent_as_it_is() {
    for place in &PLACES {
        let plain = place.dialect().decode_response(place.answer.as_bytes()).unwrap();
        assert!(place.next_request(&plain).contains(PROOF), "{}", place.provider);
    }
}

/// Programs keep conversations as dictionaries.
#[test]
fn marks_outlast_the_familiar_form() {
    for place in &PLACES {
        let said = place.answer().choices[0].message.clone();
        let kept = dialect::message_dicts::encode_message(&said);
        let read = dialect::message_dicts::decode_messages(kept.value(), "message").unwrap();
        assert_eq!(read.len(), 1, "{}", place.provider);
        let marks = |message: &Message| {
            let parts = message.content.iter().filter(|part| part.extra.get(SIGNED_BY).is_some()).count();
            parts + usize::from(message.extra.get(SIGNED_BY).is_some())
        };
        assert!(marks(&said) > 0, "{}", place.provider);
        assert_eq!(marks(&read[0]), marks(&said), "{}", place.provider);
    }
}

/// A stream may have more parts: Google's signature of a text comes behind it, alone.
#[test]
fn streams_and_whole_answers_are_marked_alike() {
    for place in &PLACES {
        let marks = |response: &Response| -> Vec<Json> {
            let parts = &response.choices[0].message.content;
            parts.iter().filter_map(|part| part.extra.get(SIGNED_BY).cloned()).collect()
        };
        assert_eq!(marks(&place.streamed()), marks(&place.answer()), "{}", place.provider);
    }
}

/// A thought that is withheld, and alone: another provider could read nothing of it, and takes no empty message.
#[test]
fn messages_that_say_nothing_any_more_are_left_out() {
    let withheld = r#"{"id":"m1","type":"message","role":"assistant","model":"m","content":[{"type":"thinking","thinking":"","signature":"cHJvb2Y="},{"type":"redacted_thinking","data":"cHJvb2Y="}],"stop_reason":"max_tokens","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}"#;
    let [claude, .., openrouter, _] = &PLACES;
    let mut said = claude.dialect().decode_response(withheld.as_bytes()).unwrap();
    assert_eq!(said.choices[0].message.content.len(), 2);
    mark_response(&mut said, &claude.signer(), "anthropic");
    assert!(claude.next_request(&said).contains(PROOF));
    let body = openrouter.next_request(&said);
    assert!(!body.contains("assistant") && body.contains("Why?"), "{body}");
}

/// Each place is marked once, however many pieces a signature comes in.
#[test]
fn a_stream_is_marked_once_for_each_part() {
    let mut signed = MarkedStream::new("anthropic", "anthropic");
    let piece = |part| StreamEvent::ReasoningSignature { choice: 0, part, signature: "c".into() };
    let text = || StreamEvent::TextDelta { choice: 0, part: 2, text: "Yes.".into() };
    let mut events = vec![piece(0), text(), piece(0), piece(1)];
    signed.mark(&mut events);
    let is_mark = |event: &StreamEvent| matches!(event, StreamEvent::PartExtra { .. });
    let marks: Vec<bool> = events.iter().map(is_mark).collect();
    assert_eq!(marks, [false, true, false, false, false, true]);
    let mut more = vec![piece(1)];
    signed.mark(&mut more);
    assert_eq!(more, [piece(1)]);
}
