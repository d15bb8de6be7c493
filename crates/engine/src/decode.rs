//! The answer to what is no chat: a whole body, read by the operation's own decoder.

use crate::{Failure, call::Receive, send::Incoming, target::Target, whole::told_cost};
use ferrule_wire::{error::Headers, framing::StreamError, json::Json};
use std::fmt;

/// Reads the whole body with a function.
pub(crate) struct Decode<F>(pub(crate) F);

/// What was read, the provider's id of the request, and what the provider says beside it that it cost.
pub(crate) struct Decoded<T> {
    pub(crate) answer: T,
    pub(crate) request_id: Option<String>,
    pub(crate) cost: Option<Json>,
}

impl<F, T> Receive for Decode<F>
where
    F: Fn(Headers<'_>, &[u8]) -> Result<T, StreamError> + Sync,
    T: Send,
{
    type Answer = Decoded<T>;

    async fn receive(&self, mut incoming: Incoming, _: &Target) -> Result<Decoded<T>, Failure> {
        let raw = incoming.body().await?;
        let headers: Vec<(&str, &str)> = incoming
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let request_id = incoming.request_id();
        match (self.0)(Headers(&headers), &raw) {
            Ok(answer) => Ok(Decoded { answer, request_id, cost: told_cost(incoming.headers()) }),
            Err(StreamError::Provider(mut error)) => {
                error.request_id = error.request_id.or(request_id);
                Err(Failure::Provider(error))
            }
            Err(error) => Err(incoming.unreadable(error.into())),
        }
    }
}

impl<F> fmt::Debug for Decode<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Decode")
    }
}
