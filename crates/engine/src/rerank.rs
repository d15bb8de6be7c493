//! The order of documents.

use crate::{CallError, Engine, OperationCall, OperationReply, engine::failed, operation::Asking};
use ferrule_wire::{
    framing::StreamError,
    operation::{RerankRequest, RerankResponse},
    quirks::Feature,
};

impl Engine {
    /// Puts documents in order.
    pub async fn rerank(
        &self,
        call: OperationCall<RerankRequest>,
    ) -> Result<OperationReply<RerankResponse>, CallError> {
        let OperationCall { provider, request, options } = call;
        let fail = |failure| failed(failure, &provider, &request.model);
        let row = self.provider(&provider).map_err(fail)?;
        let reranking = row.operation(row.dialect.reranking(), Feature::Rerank, "rerank").map_err(fail)?;
        let encoded = reranking.encode_request(&request, row.encode_options(&options));
        let documents = request.documents.len();
        let asking = Asking::new(self, row, &request.model, &options);
        asking
            .ask(encoded, |_, body| {
                let response = reranking.decode_response(body)?;
                match response.results.iter().find(|result| result.index >= documents) {
                    None => Ok(response),
                    Some(result) => Err(StreamError::Malformed(format!(
                        "the answer ranks document {}, of {documents}",
                        result.index
                    ))),
                }
            })
            .await
    }
}
