//! Encoding of streamed answers, as a server: the answer is written whole at its end.

use super::encode_response;
use crate::dialect::StreamEncoder;
use crate::json::ObjectWriter;
use crate::model::{Accumulator, ProviderError, StreamEvent};
use alloc::vec::Vec;

/// Gathers the events of an answer and writes it when it is whole.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    answer: Accumulator,
    failed: bool,
}

impl StreamEncoder for Encoder {
    fn push(&mut self, event: &StreamEvent, _out: &mut Vec<u8>) {
        self.answer.push(event);
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.failed {
            out.extend_from_slice(&encode_response::encode(&self.answer.response()));
        }
    }

    /// The status says success already, so the body has to say that this is an error.
    fn error(&mut self, error: &ProviderError, out: &mut Vec<u8>) {
        self.failed = true;
        let mut body = ObjectWriter::begin(out);
        body.field("error", &error.message);
        body.finish();
    }
}
