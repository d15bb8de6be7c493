//! The order of documents.

use crate::{
    Attempt, CallError, CallOptions, Engine, Failure, Stats,
    call::{Answered, call},
    decode::Decode,
    embed::no_operation,
    engine::failed,
};
use ferrule_wire::{
    dialect::UnsupportedField,
    error::Headers,
    operation::{RerankRequest, RerankResponse},
};
use tokio::time::Instant;

/// Documents to put in order.
#[derive(Clone, Debug)]
pub struct RerankCall {
    /// The provider's id.
    pub provider: String,
    /// What is asked.
    pub request: RerankRequest,
    /// How.
    pub options: CallOptions,
}

/// Their order.
#[derive(Clone, Debug)]
pub struct RerankReply {
    /// The documents, best first.
    pub response: RerankResponse,
    /// The provider that answered.
    pub provider: String,
    /// The model asked for.
    pub model: String,
    /// The provider's id of the request, from its headers.
    pub request_id: Option<String>,
    /// Every attempt, the successful one last.
    pub attempts: Vec<Attempt>,
    /// How long it took.
    pub stats: Stats,
    /// What was left out because the dialect cannot carry it.
    pub dropped: Vec<UnsupportedField>,
}

impl Engine {
    /// Puts documents in order.
    pub async fn rerank(&self, call: RerankCall) -> Result<RerankReply, CallError> {
        let started = Instant::now();
        let RerankCall { provider, request, options } = call;
        let fail = |failure| failed(failure, &provider, &request.model);
        let row = self.provider(&provider).map_err(fail)?;
        let reranking = row.dialect.reranking().ok_or_else(|| fail(no_operation(row, "rerank")))?;
        let (limits, max_retries) = self.limits(&options, started);
        let target = reranking
            .encode_request(&request, row.encode_options(&options))
            .map_err(Failure::Unsupported)
            .and_then(|encoded| row.prepare_encoded(encoded, &request.model, &options, None))
            .map_err(fail)?;
        let documents = request.documents.len();
        let read = Decode(|_: Headers<'_>, body: &[u8]| {
            let response = reranking.decode_response(body)?;
            match response.results.iter().find(|result| result.index >= documents) {
                None => Ok(response),
                Some(result) => Err(ferrule_wire::dialect::StreamError::Malformed(format!(
                    "the answer ranks document {}, of {documents}",
                    result.index
                ))),
            }
        });
        let Answered { answer: decoded, target, attempts } =
            self::call(target, limits, max_retries, &read).await?;
        let duration = started.elapsed();
        Ok(RerankReply {
            response: decoded.answer,
            provider: row.id.to_string(),
            model: request.model.clone(),
            request_id: decoded.request_id,
            attempts,
            stats: Stats {
                started: started.into_std(),
                time_to_first_token: Some(duration),
                duration: Some(duration),
            },
            dropped: target.dropped,
        })
    }
}
