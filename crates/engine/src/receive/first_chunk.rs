//! First chunk of a body: failures before it can be retried, later ones cannot.

use crate::{failure::Failure, incoming::Incoming};
use bytes::Bytes;

/// Waits for a chunk of the body, or its end.
pub(crate) async fn first_chunk(mut incoming: Incoming) -> Result<(Incoming, Option<Bytes>), Failure> {
    let first = incoming.chunk().await?;
    Ok((incoming, first))
}
