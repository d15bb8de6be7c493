//! Streams in which each call of a tool comes in one piece, as Mistral writes them: its clients demand name and arguments
//! of each piece.

use ferrule_wire::{
    dialect::StreamEncoder,
    model::{ProviderError, StreamEvent},
};
use serde_json::Value;

/// Writes a streamed answer whose calls are whole.
pub(crate) struct WholeCalls {
    encoder: Box<dyn StreamEncoder>,
    open: Vec<Open>,
}

/// A call that has begun.
struct Open {
    choice: u32,
    part: u32,
    /// The event of its beginning, written.
    frame: Vec<u8>,
    arguments: String,
}

impl WholeCalls {
    pub(crate) fn around(encoder: Box<dyn StreamEncoder>) -> Box<dyn StreamEncoder> {
        Box::new(Self { encoder, open: Vec::new() })
    }

    fn find(&mut self, choice: u32, part: u32) -> Option<&mut Open> {
        self.open.iter_mut().find(|open| (open.choice, open.part) == (choice, part))
    }

    fn write_open(&mut self, out: &mut Vec<u8>) {
        self.open.drain(..).for_each(|open| open.write(out));
    }
}

impl Open {
    fn write(self, out: &mut Vec<u8>) {
        let Some(whole) = self.whole() else { return out.extend_from_slice(&self.frame) };
        out.extend_from_slice(format!("data: {whole}\n\n").as_bytes());
    }

    fn whole(&self) -> Option<Value> {
        let mut chunk: Value = serde_json::from_slice(self.frame.strip_prefix(b"data: ")?).ok()?;
        let place = chunk.pointer_mut("/choices/0/delta/tool_calls/0/function/arguments")?;
        *place = Value::from(self.arguments.as_str());
        Some(chunk)
    }
}

impl StreamEncoder for WholeCalls {
    fn push(&mut self, event: &StreamEvent, out: &mut Vec<u8>) {
        match event {
            StreamEvent::ToolCallStart { choice, part, .. } => {
                let mut frame = Vec::new();
                self.encoder.push(event, &mut frame);
                self.open.push(Open { choice: *choice, part: *part, frame, arguments: String::new() });
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
    use crate::speaker::Speaker;
    use ferrule_wire::model::{Request, StreamEvent};

    /// The pieces of calls in a stream of two calls, the second of which does not end.
    fn pieces(provider: &str) -> Vec<(u64, Option<String>, String)> {
        let mut encoder = Speaker::named(provider).unwrap().stream_encoder(&Request::default());
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
        let chunks = text.split("\n\n").filter_map(|frame| frame.strip_prefix("data: {"));
        let calls = chunks.flat_map(|chunk| {
            let chunk: serde_json::Value = serde_json::from_str(&format!("{{{chunk}")).unwrap();
            let calls =
                chunk.pointer("/choices/0/delta/tool_calls").and_then(|calls| calls.as_array().cloned());
            calls.unwrap_or_default()
        });
        calls
            .map(|call| {
                let function = &call["function"];
                let name = function["name"].as_str().map(str::to_owned);
                (call["index"].as_u64().unwrap(), name, function["arguments"].as_str().unwrap().to_owned())
            })
            .collect()
    }

    #[test]
    fn a_call_is_one_piece_at_mistral_and_several_elsewhere() {
        let name = || Some("get_time".to_owned());
        assert_eq!(
            pieces("mistral"),
            [(0, name(), r#"{"zone":"utc"}"#.to_owned()), (1, name(), "{}".to_owned())]
        );
        let pieces = pieces("groq");
        assert_eq!(pieces.len(), 5);
        assert_eq!(pieces[1], (0, None, r#"{"zone""#.to_owned()));
    }
}
