//! Blocking tasks: work that would hold up the runtime's single thread runs on a separate one.

use crate::{failure::Failure, incoming::Incoming};
use bytes::Bytes;

/// Longer bodies are decoded on a separate thread: shorter ones take a few milliseconds at most, and a thread switch
/// would cost more than it saves.
pub(crate) const LONG_BYTES: usize = 1 << 20;

/// Runs `work` on a separate thread, for as long as the call of `incoming` may take. Work that runs out of time
/// continues there, and its result is discarded.
pub(crate) async fn apart<T: Send + 'static>(
    incoming: &mut Incoming,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    #[expect(clippy::disallowed_methods, reason = "docs/decisions/2026-11-30-long-decodes.md")]
    let task = tokio::task::spawn_blocking(work);
    let done = incoming.within_total(task).await?;
    done.map_err(|error| Failure::unreadable(format!("the response cannot be decoded: {error}")))
}

/// Reads a whole body with `read`; a long one on a separate thread.
pub(crate) async fn read_whole<T: Send + 'static>(
    incoming: &mut Incoming,
    body: &Bytes,
    read: impl FnOnce(&[u8]) -> T + Send + 'static,
) -> Result<T, Failure> {
    if body.len() <= LONG_BYTES {
        return Ok(read(body));
    }
    let body = body.clone();
    apart(incoming, move || read(&body)).await
}
