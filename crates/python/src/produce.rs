//! Producers: tasks on the runtime that deliver a call's outcome to its channel.

use crate::{
    channel::Channel,
    delivery::{Delivery, Value},
};
use ferrule_client::{RawBody, Stream};
use ferrule_engine::{CallError, RawReply};
use ferrule_wire::{encode::UnsupportedField, model::StreamEvent};
use pyo3::types::PyBytes;
use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
};

/// A call until it has something to deliver. Boxed, so that an open stream does not keep the memory of opening it: the
/// state of all attempts is several times as large as what reading needs.
pub(crate) type Opening<T> = Pin<Box<dyn Future<Output = Result<T, CallError>> + Send>>;

/// The outcome of a call that is not streamed.
pub(crate) struct Outcome {
    pub(crate) value: Value,
    /// The fields dropped from the request.
    pub(crate) dropped: Vec<UnsupportedField>,
}

impl From<Value> for Outcome {
    fn from(value: Value) -> Self {
        Self { value, dropped: Vec::new() }
    }
}

/// Delivers the outcome of a call that is not streamed.
pub(crate) async fn settle(channel: Arc<Channel>, opening: Opening<Outcome>) {
    let end = match opening.await {
        Ok(Outcome { value, dropped }) => {
            channel.received().dropped = dropped;
            channel.deliver(Delivery::One(value));
            Ok(())
        }
        Err(error) => Err(error),
    };
    channel.end(end);
}

/// Delivers a stream, batch by batch, as fast as it is read.
pub(crate) async fn pump(channel: Arc<Channel>, opening: Opening<Stream>) {
    let mut stream = match opening.await {
        Ok(stream) => stream,
        Err(error) => return channel.end(Err(error)),
    };
    channel.received().answered_by(&stream);
    loop {
        poll_fn(|context| channel.queue.poll_space(context)).await;
        let next = stream.next().await;
        let mut received = channel.received();
        received.progress.stats = stream.stats();
        let end = match next {
            Some(Ok(batch)) => {
                if let [StreamEvent::Continued(_)] = batch.events.as_slice() {
                    received.answered_by(&stream);
                }
                for event in &batch.events {
                    received.answer.push(event);
                }
                drop(received);
                channel.deliver(Delivery::Events(batch));
                continue;
            }
            Some(Err(error)) => {
                received.progress.attempts.clone_from(&error.attempts);
                Err(error)
            }
            None => {
                received.progress.attempts = stream.attempts().to_vec();
                Ok(())
            }
        };
        drop(received);
        return channel.end(end);
    }
}

/// A raw reply to deliver: first its head, then its chunks.
pub(crate) trait Body: Send {
    fn head(&self) -> &RawReply;

    fn chunk(&mut self) -> impl Future<Output = Result<Option<bytes::Bytes>, CallError>> + Send;
}

impl Body for RawBody {
    fn head(&self) -> &RawReply {
        self
    }

    async fn chunk(&mut self) -> Result<Option<bytes::Bytes>, CallError> {
        Self::chunk(self).await
    }
}

impl Body for RawReply {
    fn head(&self) -> &RawReply {
        self
    }

    async fn chunk(&mut self) -> Result<Option<bytes::Bytes>, CallError> {
        Self::chunk(self).await
    }
}

/// Delivers the head of a raw reply, made by `head`, and its body chunk by chunk as fast as it is read.
pub(crate) async fn pump_raw<B: Body>(
    channel: Arc<Channel>,
    opening: Opening<B>,
    head: fn(&RawReply) -> Value,
) {
    let mut body = match opening.await {
        Ok(body) => body,
        Err(error) => return channel.end(Err(error)),
    };
    {
        let mut received = channel.received();
        received.raw = Some(Arc::clone(&body.head().settlement));
        received.dropped = body.head().dropped().to_vec();
    }
    channel.deliver(Delivery::Part(head(body.head())));
    loop {
        poll_fn(|context| channel.queue.poll_space(context)).await;
        let end = match body.chunk().await {
            Ok(Some(bytes)) => {
                let size = bytes.len();
                let chunk = Value::new(move |py| Ok(PyBytes::new(py, &bytes).into_any().unbind()));
                channel.deliver(Delivery::Part(chunk.with_size(size)));
                continue;
            }
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        return channel.end(end);
    }
}
