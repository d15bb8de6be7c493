//! First chunk of a body: what precedes it can be retried, what follows cannot.

use crate::{failure::Failure, incoming::Incoming};
use bytes::Bytes;

/// Waits until there is a chunk of the body, or its end.
pub(crate) async fn first_chunk(mut incoming: Incoming) -> Result<(Incoming, Option<Bytes>), Failure> {
    let first = incoming.chunk().await?;
    Ok((incoming, first))
}
