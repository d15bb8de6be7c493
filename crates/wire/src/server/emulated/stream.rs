//! Streams as a provider writes them: the dialect's frames, changed one by one.

use super::error;
use super::response::{REASONING, counted, fields, object, object_into, place_reasoning};
use crate::dialect::StreamEncoder;
use crate::dialect::openai_chat::usage_json;
use crate::json::{Extra, Fields, Json, write_array};
use crate::model::{ProviderError, StreamEvent, Usage};
use crate::quirks::{DoneMarker, Quirks, ReasoningPlace, UsageInStream};
use alloc::{boxed::Box, collections::BTreeSet, format, string::String, vec::Vec};

const DATA: &[u8] = b"data: ";
const END: &[u8] = b"\n\n";

/// Writes a streamed response as one provider does.
pub(super) struct EmulatedStream {
    quirks: Quirks,
    dialect: Box<dyn StreamEncoder>,
    /// What the dialect wrote, before it is changed.
    written: Vec<u8>,
    usage: Usage,
    knows_usage: bool,
    /// The chunk that says why the answer ended, kept until what it used is known.
    last: Option<Extra>,
    /// The answers whose thinking is still open between tags.
    thinking: BTreeSet<u64>,
}

impl EmulatedStream {
    /// Around the encoder of one answer: itself where the provider writes as the dialect does.
    pub(super) fn around(quirks: &Quirks, dialect: Box<dyn StreamEncoder>) -> Box<dyn StreamEncoder> {
        let as_dialect =
            quirks.reasoning_in.first().is_none_or(|first| *first == ReasoningPlace::ReasoningContent)
                && quirks.usage_in_stream == UsageInStream::Chunk
                && !quirks.usage_excludes_reasoning
                && !quirks.stream_without_finish_reason
                && quirks.done_marker != DoneMarker::Never
                && error::in_stream(quirks, &ProviderError::new(crate::model::ErrorKind::Server, ""))
                    .is_none();
        if as_dialect {
            return dialect;
        }
        Box::new(Self {
            quirks: quirks.clone(),
            dialect,
            written: Vec::new(),
            usage: Usage::default(),
            knows_usage: false,
            last: None,
            thinking: BTreeSet::new(),
        })
    }

    /// Changes the frames that the dialect wrote.
    fn forward(&mut self, out: &mut Vec<u8>) {
        let written = core::mem::take(&mut self.written);
        let mut rest = written.as_slice();
        while let Some(end) = memchr::memmem::find(rest, END) {
            let (frame, after) = rest.split_at(end + END.len());
            self.frame(frame, out);
            rest = after;
        }
        out.extend_from_slice(rest);
    }

    fn frame(&mut self, frame: &[u8], out: &mut Vec<u8>) {
        let data = frame.strip_prefix(DATA).and_then(|data| data.strip_suffix(END));
        let Some(data) = data else { return out.extend_from_slice(frame) };
        if data == b"[DONE]" {
            self.flush(out);
            if self.quirks.done_marker != DoneMarker::Never {
                out.extend_from_slice(frame);
            }
            return;
        }
        let chunk = fields(data)
            .filter(|chunk| chunk.get("choices").is_some_and(|choices| choices.value().is_array()));
        let Some(chunk) = chunk else { return out.extend_from_slice(frame) };
        self.chunk(chunk, out);
    }

    fn chunk(&mut self, mut chunk: Extra, out: &mut Vec<u8>) {
        let choices = chunk.get("choices").and_then(|choices| choices.value().array()).unwrap_or_default();
        let is_usage =
            choices.is_empty() && chunk.get("usage").is_some_and(|usage| usage.value().is_object());
        if is_usage && self.quirks.usage_in_stream != UsageInStream::Chunk {
            return;
        }
        let mut ends = false;
        let mut written = Vec::new();
        write_array(&mut written, choices, |out, choice| {
            let mut choice = choice.object().map(Fields::rest).unwrap_or_default();
            let index = choice.get("index").and_then(|index| index.value().u64()).unwrap_or_default();
            let finishes = choice.get("finish_reason").is_some_and(|reason| !reason.value().is_null());
            ends |= finishes;
            if let Some(mut delta) =
                choice.get("delta").and_then(|delta| delta.value().object()).map(Fields::rest)
            {
                self.delta(index, finishes, &mut delta);
                choice.insert("delta", object(&delta));
            }
            if finishes && self.quirks.stream_without_finish_reason {
                choice.remove("finish_reason");
            }
            object_into(&choice, out);
        });
        chunk.insert("choices", Json::from_writer(written));
        if let Some(usage) = chunk.get("usage").and_then(|usage| counted(&self.quirks, usage.value())) {
            chunk.insert("usage", usage);
        }
        if self.quirks.usage_in_stream != UsageInStream::Chunk {
            chunk.remove("usage");
        }
        if self.quirks.usage_in_stream == UsageInStream::Every && self.knows_usage {
            chunk.insert("usage", self.used());
        }
        if ends && matches!(self.quirks.usage_in_stream, UsageInStream::Finish | UsageInStream::Every) {
            self.flush(out);
            self.last = Some(chunk);
            return;
        }
        write_frame(&chunk, out);
    }

    fn delta(&mut self, index: u64, finishes: bool, delta: &mut Extra) {
        if self.quirks.reasoning_in.first() != Some(&ReasoningPlace::ThinkTags) {
            return place_reasoning(&self.quirks, delta, |_, text| text.into());
        }
        let is_open = self.thinking.contains(&index);
        if delta.get(REASONING).is_some() {
            self.thinking.insert(index);
            let tag = if is_open { "" } else { "<think>\n" };
            return place_reasoning(&self.quirks, delta, |reasoning, _| format!("{tag}{reasoning}"));
        }
        let text = delta.get("content").and_then(|content| content.value().string());
        if is_open
            && (finishes
                || text.as_ref().is_some_and(|text| !text.is_empty())
                || delta.get("tool_calls").is_some())
        {
            self.thinking.remove(&index);
            let text: String = text.unwrap_or_default();
            delta.insert("content", Json::string(&format!("\n</think>\n\n{text}")));
        }
    }

    fn used(&self) -> Json {
        let usage = usage_json(&self.usage);
        counted(&self.quirks, usage.value()).unwrap_or(usage)
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        let Some(mut last) = self.last.take() else { return };
        if self.knows_usage {
            last.insert("usage", self.used());
        }
        write_frame(&last, out);
    }
}

fn write_frame(chunk: &Extra, out: &mut Vec<u8>) {
    out.extend_from_slice(DATA);
    object_into(chunk, out);
    out.extend_from_slice(END);
}

impl StreamEncoder for EmulatedStream {
    fn push(&mut self, event: &StreamEvent, out: &mut Vec<u8>) {
        if let StreamEvent::UsageUpdate(usage) = event {
            self.usage.update(usage);
            self.knows_usage = true;
        }
        self.dialect.push(event, &mut self.written);
        self.forward(out);
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.dialect.finish(&mut self.written);
        self.forward(out);
        self.flush(out);
    }

    fn error(&mut self, error: &ProviderError, out: &mut Vec<u8>) {
        self.flush(out);
        match error::in_stream(&self.quirks, error) {
            Some(data) => {
                out.extend_from_slice(DATA);
                out.extend_from_slice(data.as_bytes());
                out.extend_from_slice(END);
            }
            None => {
                self.dialect.error(error, &mut self.written);
                self.forward(out);
            }
        }
    }
}
