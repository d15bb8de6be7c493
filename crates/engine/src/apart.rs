//! Blocking tasks: work that would hold up the runtime's one thread runs on a thread of its own.

use crate::{failure::Failure, incoming::Incoming};
use bytes::Bytes;

/// Bodies above this are decoded apart: below, it takes some milliseconds at most, and changing threads would cost more
/// than it saves.
pub(crate) const LONG_BYTES: usize = 1 << 20;

/// Does `work` on a thread of its own, for as long as the call that `incoming` belongs to may take. Work whose time has
/// passed goes on there, and nobody hears of it.
pub(crate) async fn apart<T: Send + 'static>(
    incoming: &mut Incoming,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    #[expect(clippy::disallowed_methods, reason = "docs/decisions/2026-11-30-long-decodes.md")]
    let task = tokio::task::spawn_blocking(work);
    let done = incoming.within_total(task).await?;
    done.map_err(|error| Failure::unreadable(format!("the response cannot be decoded: {error}")))
}

/// What `read` makes of a whole body: of a long one on a thread of its own.
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
