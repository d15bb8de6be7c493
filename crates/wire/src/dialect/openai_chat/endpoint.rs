//! Endpoints of OpenAI's API besides chat, the same whichever form of chat a client uses.

use crate::operation::{Endpoint, OperationKind, Operations};

const ENDPOINTS: [(&str, OperationKind); 6] = [
    ("/embeddings", OperationKind::Embeddings),
    ("/rerank", OperationKind::Reranking),
    ("/images/generations", OperationKind::Images),
    ("/audio/speech", OperationKind::Speech),
    ("/audio/transcriptions", OperationKind::Transcription),
    ("/models", OperationKind::ModelListing),
];

/// What the address that ends with `path` asks for, where it is one of `operations`.
pub(crate) fn other_endpoint(path: &str, operations: &Operations) -> Option<Endpoint<'static>> {
    let (_, operation) = ENDPOINTS.into_iter().find(|(end, _)| path.ends_with(end))?;
    operations.has(operation).then_some(Endpoint::new(operation))
}
