//! Tool calls that come whole in a stream, as Mistral writes them: its clients require name and arguments in every
//! fragment of a call.

use crate::dialect::StreamEncoder;
use crate::json::{Json, Value, WriteJson as _, write_array};
use crate::model::{ProviderError, StreamEvent};
use alloc::{boxed::Box, string::String, vec::Vec};
use core::iter::once;

const DATA: &[u8] = b"data: ";
/// Where the arguments of a call are in the chunk that begins it; `0` is the first item of an array.
const ARGUMENTS: [&str; 7] = ["choices", "0", "delta", "tool_calls", "0", "function", "arguments"];

/// Writes a streamed answer in which each tool call is one chunk.
pub(super) struct WholeToolCalls {
    encoder: Box<dyn StreamEncoder>,
    open: Vec<OpenCall>,
}

/// A call that has begun.
struct OpenCall {
    choice: u32,
    part: u32,
    /// The encoded event that begins it.
    frame: Vec<u8>,
    arguments: String,
}

impl WholeToolCalls {
    /// Around the encoder of one answer.
    pub(super) fn around(encoder: Box<dyn StreamEncoder>) -> Box<dyn StreamEncoder> {
        Box::new(Self { encoder, open: Vec::new() })
    }

    fn find(&mut self, choice: u32, part: u32) -> Option<&mut OpenCall> {
        self.open.iter_mut().find(|open| (open.choice, open.part) == (choice, part))
    }

    fn write_open(&mut self, out: &mut Vec<u8>) {
        self.open.drain(..).for_each(|open| open.write(out));
    }
}

impl OpenCall {
    fn write(self, out: &mut Vec<u8>) {
        let Some(chunk) = self.chunk() else { return out.extend_from_slice(&self.frame) };
        out.extend_from_slice(DATA);
        chunk.write_json(out);
        out.extend_from_slice(b"\n\n");
    }

    /// The chunk that begins the call, with all of its arguments.
    fn chunk(&self) -> Option<Json> {
        let chunk = Value::parse(self.frame.strip_prefix(DATA)?).ok()?;
        with_value_at(chunk, &ARGUMENTS, &Json::string(&self.arguments))
    }
}

/// `value` with `new` at `path`; `None` where there is no such place.
fn with_value_at(value: Value<'_>, path: &[&str], new: &Json) -> Option<Json> {
    let Some((step, rest)) = path.split_first() else { return Some(new.clone()) };
    if *step == "0" {
        let items = value.array()?;
        let (first, others) = items.split_first()?;
        let first = with_value_at(*first, rest, new)?;
        let mut out = Vec::new();
        let items = once(first).chain(others.iter().map(|item| item.to_json()));
        write_array(&mut out, items, |out, item| item.write_json(out));
        return Some(Json::from_writer(out));
    }
    let mut fields = value.object()?.rest();
    let changed = with_value_at(fields.get(step)?.value(), rest, new)?;
    fields.insert(*step, changed);
    Some(Json::object(&fields, |_| {}))
}

impl StreamEncoder for WholeToolCalls {
    fn push(&mut self, event: &StreamEvent, out: &mut Vec<u8>) {
        match event {
            StreamEvent::ToolCallStart { choice, part, .. } => {
                let mut frame = Vec::new();
                self.encoder.push(event, &mut frame);
                self.open.push(OpenCall { choice: *choice, part: *part, frame, arguments: String::new() });
            }
            StreamEvent::ToolCallDelta { choice, part, arguments } => {
                if let Some(open) = self.find(*choice, *part) {
                    open.arguments.push_str(arguments);
                }
            }
            StreamEvent::ToolCallEnd { choice, part } => {
                let ended = self.open.iter().position(|open| (open.choice, open.part) == (*choice, *part));
                if let Some(place) = ended {
                    self.open.remove(place).write(out);
                }
                self.encoder.push(event, out);
            }
            _ => self.encoder.push(event, out),
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.write_open(out);
        self.encoder.finish(out);
    }

    fn error(&mut self, error: &ProviderError, out: &mut Vec<u8>) {
        self.write_open(out);
        self.encoder.error(error, out);
    }
}

#[cfg(test)]
mod tests {
    use crate::json::Value;
    use crate::model::{Request, StreamEvent};
    use crate::server::EmulatedProvider;
    use std::{borrow::ToOwned, string::String, vec::Vec};

    /// The fragments of tool calls in a stream of two calls, the second of which does not end.
    fn fragments(provider: &str) -> Vec<(u64, Option<String>, String)> {
        let mut encoder = EmulatedProvider::find(provider).unwrap().stream_encoder(&Request::default());
        let start = |part, id: &str| StreamEvent::ToolCallStart {
            choice: 0,
            part,
            id: id.into(),
            name: "get_time".into(),
            custom: false,
        };
        let delta = |part, arguments: &str| StreamEvent::ToolCallDelta {
            choice: 0,
            part,
            arguments: arguments.into(),
        };
        let mut out = Vec::new();
        for event in [
            start(0, "a"),
            delta(0, "{\"zone\""),
            delta(0, ":\"utc\"}"),
            StreamEvent::ToolCallEnd { choice: 0, part: 0 },
            start(1, "b"),
            delta(1, "{}"),
        ] {
            encoder.push(&event, &mut out);
        }
        encoder.finish(&mut out);
        let text = String::from_utf8(out).unwrap();
        let chunks = text.split("\n\n").filter_map(|frame| frame.strip_prefix("data: "));
        let calls = chunks.filter_map(|chunk| {
            let choice = *Value::parse(chunk.as_bytes()).ok()?.object()?.get("choices")?.array()?.first()?;
            choice.object()?.get("delta")?.object()?.get("tool_calls")?.array()
        });
        calls
            .flatten()
            .map(|call| {
                let mut call = call.object().unwrap();
                let mut function = call.take_object("function").unwrap();
                let arguments = function.take_string("arguments").unwrap();
                (call.take_u64("index").unwrap(), function.take_string("name"), arguments)
            })
            .collect()
    }

    #[test]
    fn a_call_is_one_fragment_at_mistral_and_several_elsewhere() {
        let name = || Some("get_time".to_owned());
        assert_eq!(
            fragments("mistral"),
            [(0, name(), r#"{"zone":"utc"}"#.to_owned()), (1, name(), "{}".to_owned())]
        );
        let fragments = fragments("groq");
        assert_eq!(fragments.len(), 5);
        assert_eq!(fragments[1], (0, None, r#"{"zone""#.to_owned()));
    }
}
