//! Streams that are recorded in the ledger when they end, however they end.

use crate::account::{Bill, Entry};
use bytes::Bytes;
use ferrule_catalog::{End, Settlement};
use ferrule_engine::{CallError, EventBatch, EventStream, RawReply};
use std::{ops::Deref, sync::Arc};

/// A streamed completion. Dropping it closes the upstream connection at once, and records what was received.
#[derive(Debug)]
pub struct Stream {
    stream: EventStream,
    entry: Arc<Entry>,
}

impl Stream {
    pub(crate) fn new(stream: EventStream, entry: Arc<Entry>) -> Self {
        Self { stream, entry }
    }

    /// The next events; `None` after the end. After an error there is nothing more. Nothing is lost when the future is
    /// dropped.
    pub async fn next(&mut self) -> Option<Result<EventBatch, CallError>> {
        let next = self.stream.next().await;
        match &next {
            Some(Ok(_)) => {}
            Some(Err(_)) => self.close(false),
            None => self.close(true),
        }
        next
    }

    /// The usage and cost, as far as received.
    pub fn settle(&mut self) -> Arc<Settlement> {
        self.stream.settle()
    }

    /// What affects its cost besides its usage.
    pub fn bill(&self) -> Bill {
        Bill {
            catalog: self.stream.catalog().cloned(),
            begun: self.stream.begun().to_vec(),
            unanswered: self.stream.unanswered().to_vec(),
        }
    }

    fn close(&mut self, is_whole: bool) {
        let end = match self.stream.stats().time_to_first_token {
            _ if is_whole => End::Answered,
            Some(_) => End::Interrupted,
            None => End::Failed,
        };
        self.entry.close(end, &self.stream.settle());
    }
}

/// The facts about the stream.
impl Deref for Stream {
    type Target = EventStream;

    fn deref(&self) -> &EventStream {
        &self.stream
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.close(false);
    }
}

/// A body that the caller decodes: audio. Dropping it records what was received.
#[derive(Debug)]
pub struct RawBody {
    reply: RawReply,
    entry: Arc<Entry>,
}

impl RawBody {
    pub(crate) fn new(reply: RawReply, entry: Arc<Entry>) -> Self {
        Self { reply, entry }
    }

    /// The next chunk of the body; `None` at its end. After an error there is nothing more.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, CallError> {
        let chunk = self.reply.chunk().await;
        match &chunk {
            Ok(Some(_)) => {}
            Ok(None) => self.entry.close(End::Answered, &self.reply.settlement),
            Err(_) => self.entry.close(End::Interrupted, &self.reply.settlement),
        }
        chunk
    }
}

/// The head of the response.
impl Deref for RawBody {
    type Target = RawReply;

    fn deref(&self) -> &RawReply {
        &self.reply
    }
}

impl Drop for RawBody {
    fn drop(&mut self) {
        self.entry.close(End::Interrupted, &self.reply.settlement);
    }
}
