//! Vectors of texts: as many requests as the provider's limit asks for, gathered in order.

use crate::{CallError, Engine, Failure, OperationCall, OperationReply, engine::failed, operation::Asking};
use ferrule_wire::{
    model::Usage,
    operation::{EmbeddingRequest, EmbeddingResponse},
    quirks::Feature,
};
use std::sync::Arc;
use tokio::{sync::Semaphore, task::JoinSet};

/// Requests of one call that are under way at once.
const AT_ONCE: usize = 8;

/// What one request of several gave, to how many texts.
struct Part {
    position: usize,
    texts: usize,
    reply: OperationReply<EmbeddingResponse>,
}

impl Engine {
    /// Embeds texts, which may be more than the provider takes at once: `batch_size` in one request, or as many as it
    /// takes where that is absent or larger.
    ///
    /// The first request that fails ends the call, and the others with it. Of the fields that are no vectors, the answer
    /// has those of the first request; the usage is that of all.
    pub async fn embed(
        &self,
        call: OperationCall<EmbeddingRequest>,
        batch_size: Option<usize>,
    ) -> Result<OperationReply<EmbeddingResponse>, CallError> {
        let OperationCall { provider, request, options } = call;
        let fail = |failure| failed(failure, &provider, &request.model);
        let row = Arc::clone(self.provider(&provider).map_err(fail)?);
        let embeddings =
            row.operation(row.dialect.embeddings(), Feature::Embeddings, "embed").map_err(fail)?;
        let limit = embeddings.most_inputs(&request.model).min(batch_size.unwrap_or(usize::MAX)).max(1);
        let whole = Asking::new(self, &row, &request.model, &options);
        let (limits, max_retries, started) = (whole.limits, whole.max_retries, whole.started);
        let batches = request.inputs.chunks(limit).map(|inputs| EmbeddingRequest {
            model: request.model.clone(),
            inputs: inputs.to_vec(),
            dimensions: request.dimensions,
            input_type: request.input_type.clone(),
            user: request.user.clone(),
            extra: request.extra.clone(),
        });
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let mut tasks = JoinSet::new();
        for (position, batch) in batches.enumerate() {
            let (row, options, places) = (Arc::clone(&row), options.clone(), Arc::clone(&places));
            tasks.spawn(async move {
                // The semaphore is never closed.
                let _place = places.acquire_owned().await;
                let encoded = embeddings.encode_request(&batch, row.encode_options(&options));
                let (provider, model, options) = (&row, batch.model.as_str(), &options);
                let asking = Asking { provider, model, options, limits, max_retries, started };
                let reply = asking.ask(encoded, |headers, body| embeddings.decode_response(headers, body));
                Ok(Part { position, texts: batch.inputs.len(), reply: reply.await? })
            });
        }
        let mut parts = Vec::with_capacity(tasks.len());
        // Dropping the others at the first failure ends them.
        while let Some(part) = tasks.join_next().await {
            let part = part.map_err(|error| fail(Failure::Config(format!("embed: {error}"))))?;
            parts.push(part?);
        }
        parts.sort_by_key(|part| part.position);
        let reply = gather(parts).map_err(fail)?;
        let (provider, model) = (row.id.to_string(), request.model.clone());
        Ok(OperationReply { provider, model, stats: whole.stats(), ..reply })
    }
}

/// Puts the parts together; each has to have a vector for each of its texts.
fn gather(parts: Vec<Part>) -> Result<OperationReply<EmbeddingResponse>, Failure> {
    let mut whole: Option<OperationReply<EmbeddingResponse>> = None;
    let mut costs = Vec::with_capacity(parts.len());
    let count = parts.len();
    for Part { texts, reply, .. } in parts {
        let vectors = reply.response.vectors.len();
        if vectors != texts {
            return Err(Failure::Unreadable(format!("the answer has {vectors} vectors for {texts} texts")));
        }
        let told = reply.response.usage.as_ref().and_then(|usage| usage.extra.get("cost"));
        costs.extend(reply.costs.first().or(told).cloned());
        match &mut whole {
            None => whole = Some(reply),
            Some(whole) => {
                let OperationReply { response, attempts, .. } = reply;
                whole.attempts.extend(attempts);
                whole.response.vectors.append(&response.vectors).map_err(Failure::from)?;
                whole.response.usage = sum(whole.response.usage.take(), response.usage);
            }
        }
    }
    if costs.len() != count {
        costs.clear();
    }
    let whole = whole.ok_or_else(|| Failure::Config("embed: there is no text to embed".to_owned()))?;
    Ok(OperationReply { costs, ..whole })
}

/// A sum is known where both parts are. Figures of the provider's own have none that we know of.
fn sum(left: Option<Usage>, right: Option<Usage>) -> Option<Usage> {
    let (left, right) = (left?, right?);
    let add = |left: Option<u64>, right: Option<u64>| Some(left?.saturating_add(right?));
    Some(Usage {
        input_tokens: add(left.input_tokens, right.input_tokens),
        output_tokens: add(left.output_tokens, right.output_tokens),
        cache_read_tokens: add(left.cache_read_tokens, right.cache_read_tokens),
        ..Usage::default()
    })
}
