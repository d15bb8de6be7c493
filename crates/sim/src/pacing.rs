//! Pacing: when each chunk of a response is due.

use crate::script::Reply;
use std::time::Duration;

/// When each chunk is due, counted from when the headers are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pacing {
    first: Duration,
    between: Duration,
}

impl Pacing {
    pub(crate) fn for_reply(reply: &Reply) -> Self {
        let tokens = reply.chunk_tokens.unwrap_or(1) as f64;
        let between = reply.tokens_per_second.map_or(0.0, |rate| tokens / rate);
        Self {
            first: Duration::from_millis(reply.first_token_ms.unwrap_or(0)),
            between: Duration::try_from_secs_f64(between).unwrap_or(Duration::MAX),
        }
    }

    /// When the chunk after `chunks` others is due; `None` for at once.
    pub(crate) fn due(&self, chunks: usize) -> Option<Duration> {
        let count = u32::try_from(chunks).unwrap_or(u32::MAX);
        let due = self.first.saturating_add(self.between.saturating_mul(count));
        (!due.is_zero()).then_some(due)
    }
}
