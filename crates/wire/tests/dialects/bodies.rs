//! Bodies as a dialect's own server would write them, changed afterwards in what they say: for tables of dialect and
//! rule.

use crate::streams::{accumulate, decode, written};
use ferrule_wire::dialect::Dialect;
use ferrule_wire::framing::{EventStreamReader, HeaderValue, StreamError, StreamLimits, write_frame};
use ferrule_wire::json::Extra;
use ferrule_wire::model::{
    Choice, FinishReason, Message, Part, PartKind, Reasoning, Response, Role, ToolCall, replay,
};

/// What a body says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Text,
    Reasoning,
    Arguments,
}

impl Said {
    pub(crate) const ALL: [Self; 3] = [Self::Text, Self::Reasoning, Self::Arguments];

    fn part(self, text: &str) -> Part {
        Part::new(match self {
            Self::Text => PartKind::Text(text.into()),
            Self::Reasoning => PartKind::Reasoning(Reasoning { text: text.into(), signature: None }),
            Self::Arguments => PartKind::ToolCall(ToolCall {
                id: "call_1".into(),
                name: "f".into(),
                arguments: format!(r#"{{"x":"{text}"}}"#),
                custom: false,
            }),
        })
    }

    /// What a response says of it, all parts together; `None` where it says nothing.
    pub(crate) fn text_in(self, response: &Response) -> Option<String> {
        let said = response.choices.iter().flat_map(|choice| &choice.message.content).filter_map(|part| {
            match (&part.kind, self) {
                (PartKind::Text(text), Self::Text) => Some(text.clone()),
                (PartKind::Reasoning(reasoning), Self::Reasoning) => Some(reasoning.text.clone()),
                (PartKind::ToolCall(call), Self::Arguments) => {
                    // A strict reader takes them.
                    let arguments: serde_json::Value = serde_json::from_str(&call.arguments).unwrap();
                    Some(arguments["x"].as_str().unwrap().to_owned())
                }
                _ => None,
            }
        });
        said.reduce(|all, more| all + &more)
    }
}

/// An answer that says `text`.
pub(crate) fn answer(said: Said, text: &str) -> Response {
    Response {
        id: "r".into(),
        model: "m".into(),
        created: Some(1_767_225_600),
        choices: vec![Choice {
            index: 0,
            message: Message::new(Role::Assistant, vec![said.part(text)]),
            finish_reason: Some(FinishReason::Stop),
            stop_sequence: None,
            logprobs: None,
            extra: Extra::new(),
        }],
        ..Response::default()
    }
}

/// A body, in which each `from` is replaced.
pub(crate) fn changed(
    dialect: &dyn Dialect,
    body: &[u8],
    replace: &[(&str, &str)],
    is_stream: bool,
) -> Vec<u8> {
    let change = |text: &[u8]| {
        let text = std::str::from_utf8(text).unwrap().to_owned();
        replace.iter().fold(text, |text, (from, to)| text.replace(from, to)).into_bytes()
    };
    if !(is_stream && dialect.name() == "bedrock") {
        return change(body);
    }
    // Its frames have lengths and checksums.
    let mut out = Vec::new();
    let mut reader = EventStreamReader::new(StreamLimits::default());
    let read = reader.push(body, &mut |frame| {
        let headers: Vec<(&str, HeaderValue<'_>)> = frame.headers().collect();
        write_frame(headers, &change(frame.payload), &mut out);
        Ok(())
    });
    assert_eq!(read, Ok(()));
    out
}

/// A plain body that says `text`.
pub(crate) fn plain(dialect: &dyn Dialect, said: Said, text: &str) -> Vec<u8> {
    dialect.encode_response(&answer(said, text))
}

/// A streamed body that says `first` and `second` in a delta each.
pub(crate) fn streamed(dialect: &dyn Dialect, said: Said, first: &str, second: &str) -> Vec<u8> {
    let response = answer(said, &format!("{first}{second}"));
    let cut = |text: &str| text.find(second).filter(|at| *at > 0 && !second.is_empty());
    written(
        dialect,
        &replay(&response, |text| match cut(text) {
            Some(at) => vec![&text[..at], &text[at..]],
            None => vec![text],
        }),
    )
}

/// What a streamed body means, however it is cut.
pub(crate) fn read_stream(dialect: &dyn Dialect, body: &[u8]) -> Result<Response, StreamError> {
    let (events, outcome) = decode(dialect, [body]);
    let in_bytes = decode(dialect, body.chunks(1));
    assert_eq!(in_bytes, (events.clone(), outcome.clone()), "{} byte by byte", dialect.name());
    outcome.map(|()| accumulate(&events))
}

/// Whether a dialect has words for it, plain or streamed.
pub(crate) fn says(dialect: &dyn Dialect, said: Said, is_stream: bool) -> bool {
    let response = if is_stream {
        read_stream(dialect, &streamed(dialect, said, "ALPHA", "OMEGA")).unwrap()
    } else {
        dialect.decode_response(&plain(dialect, said, "ALPHAOMEGA")).unwrap()
    };
    said.text_in(&response).as_deref() == Some("ALPHAOMEGA")
}
