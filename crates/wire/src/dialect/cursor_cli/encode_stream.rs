//! Encoding of streamed answers, as a program that stands in for the real one.

use super::error;
use crate::dialect::StreamEncoder;
use crate::json::ObjectWriter;
use crate::model::{ProviderError, StreamEvent, Usage};
use alloc::{string::String, vec::Vec};

/// Writes the lines of one run.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    session: String,
    said: String,
    pieces: u64,
    usage: Option<Usage>,
}

impl StreamEncoder for Encoder {
    fn push(&mut self, event: &StreamEvent, out: &mut Vec<u8>) {
        match event {
            StreamEvent::Start(start) => {
                self.session.clone_from(&start.id);
                line(out, |object| {
                    object.field("type", "system").field("subtype", "init");
                    object.field("session_id", &start.id).field("model", &start.model);
                    for (name, value) in start.extra.iter() {
                        object.field(name, value);
                    }
                });
            }
            StreamEvent::ReasoningDelta { text, .. } => line(out, |object| {
                object.field("type", "thinking").field("subtype", "delta").field("text", text);
            }),
            StreamEvent::TextDelta { text, .. } | StreamEvent::RefusalDelta { text, .. } => {
                self.said.push_str(text);
                self.pieces += 1;
                let pieces = self.pieces;
                line(out, |object| {
                    write_message(object, text);
                    object.field("timestamp_ms", pieces);
                });
            }
            StreamEvent::UsageUpdate(usage) => self.usage.get_or_insert_default().update(usage),
            StreamEvent::Unknown { data, .. } => {
                out.extend_from_slice(data.text().as_bytes());
                out.push(b'\n');
            }
            _ => {}
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.said.is_empty() {
            line(out, |object| write_message(object, &self.said));
        }
        line(out, |object| {
            object.field("type", "result").field("subtype", "success").field("is_error", false);
            object.field("result", &self.said).field("session_id", &self.session);
            if let Some(usage) = &self.usage {
                let read = usage.cache_read_tokens.unwrap_or(0);
                object.object_with("usage", &usage.extra, |object| {
                    object
                        .optional("inputTokens", usage.input_tokens.map(|input| input.saturating_sub(read)))
                        .optional("outputTokens", usage.output_tokens)
                        .optional("cacheReadTokens", usage.cache_read_tokens)
                        .optional("cacheWriteTokens", usage.cache_write_tokens);
                });
            }
        });
    }

    fn error(&mut self, error: &ProviderError, out: &mut Vec<u8>) {
        out.extend_from_slice(&error::encode(error));
    }
}

fn write_message(object: &mut ObjectWriter<'_>, text: &str) {
    object.field("type", "assistant").object("message", |message| {
        message.field("role", "assistant").array("content", [text], |out, text| {
            let mut part = ObjectWriter::begin(out);
            part.field("type", "text").field("text", text);
            part.finish();
        });
    });
}

fn line(out: &mut Vec<u8>, write: impl FnOnce(&mut ObjectWriter<'_>)) {
    let mut object = ObjectWriter::begin(out);
    write(&mut object);
    object.finish();
    out.push(b'\n');
}
