//! Decoding of streamed answers, whose body comes whole.

use super::decode_response;
use crate::dialect::StreamDecoder;
use crate::framing::{StreamError, StreamLimits};
use crate::model::{StreamEvent, replay};
use alloc::vec::Vec;

/// Buffers an answer and emits it when it is complete.
#[derive(Debug)]
pub(super) struct Decoder {
    limit: usize,
    body: Vec<u8>,
    done: bool,
}

impl Decoder {
    pub(super) fn new(limits: StreamLimits) -> Self {
        Self { limit: limits.event_bytes, body: Vec::new(), done: false }
    }
}

impl StreamDecoder for Decoder {
    fn push(&mut self, bytes: &[u8], _events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        if self.body.len() + bytes.len() > self.limit {
            return Err(StreamError::TooLarge(self.limit));
        }
        self.body.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(&mut self, events: &mut Vec<StreamEvent>) -> Result<(), StreamError> {
        if self.body.is_empty() {
            return Err(StreamError::Interrupted);
        }
        let response = decode_response::decode(&core::mem::take(&mut self.body))?;
        self.done = true;
        events.extend(replay(&response, |text| alloc::vec![text]));
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.done
    }
}
