//! Encoding of streamed Replicate answers, as a server.

use super::encode_response::write_metrics;
use crate::dialect::{FollowUp, StreamEncoder};
use crate::json::ObjectWriter;
use crate::model::{ProviderError, StreamEvent, Usage};
use alloc::{format, string::String, vec::Vec};

/// Writes the stream of a prediction, and the prediction itself at its end.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    frames: u64,
    id: String,
    model: String,
    usage: Option<Usage>,
    failed: bool,
}

impl Encoder {
    fn frame(&mut self, event: &str, data: &str, out: &mut Vec<u8>) {
        self.frames += 1;
        out.extend_from_slice(format!("event: {event}\nid: {}:0\n", self.frames).as_bytes());
        // A carriage return would end a line too.
        for line in data.replace("\r\n", "\n").replace('\r', "\n").split('\n') {
            out.extend_from_slice(b"data: ");
            out.extend_from_slice(line.as_bytes());
            out.push(b'\n');
        }
        out.push(b'\n');
    }
}

impl StreamEncoder for Encoder {
    fn push(&mut self, event: &StreamEvent, out: &mut Vec<u8>) {
        match event {
            StreamEvent::Start(start) => {
                self.id.clone_from(&start.id);
                self.model.clone_from(&start.model);
            }
            StreamEvent::TextDelta { text, .. } | StreamEvent::RefusalDelta { text, .. } => {
                self.frame("output", text, out);
            }
            StreamEvent::UsageUpdate(usage) => self.usage.get_or_insert_default().update(usage),
            _ => {}
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if self.failed {
            return;
        }
        self.frame("done", "{}", out);
        if self.usage.is_some() {
            let mut data = Vec::new();
            let mut body = ObjectWriter::begin(&mut data);
            body.field("id", &self.id).field("model", &self.model).field("status", "succeeded");
            write_metrics(self.usage.as_ref(), &mut body);
            body.finish();
            let data = String::from_utf8_lossy(&data).into_owned();
            self.frame(FollowUp::EVENT, &data, out);
        }
    }

    fn error(&mut self, error: &ProviderError, out: &mut Vec<u8>) {
        self.failed = true;
        self.frame("error", &error.message, out);
    }
}
