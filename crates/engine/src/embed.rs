//! Vectors of texts: as many requests as the provider's limit asks for, gathered in order.

use crate::{
    Attempt, CallError, CallOptions, Engine, Failure, Stats,
    call::{Answered, call},
    decode::{Decode, Decoded},
    engine::failed,
    target::Provider,
    timeout::Limits,
};
use ferrule_wire::{
    dialect::UnsupportedField,
    model::Usage,
    operation::{EmbeddingRequest, EmbeddingResponse, Embeddings, Vectors},
};
use std::sync::Arc;
use tokio::{sync::Semaphore, task::JoinSet, time::Instant};

/// Requests of one call that are under way at once.
const AT_ONCE: usize = 8;

/// Texts to embed.
#[derive(Clone, Debug)]
pub struct EmbedCall {
    /// The provider's id.
    pub provider: String,
    /// What is asked; `inputs` may be longer than the provider takes at once.
    pub request: EmbeddingRequest,
    /// The most texts of one request; the provider's limit where absent or larger.
    pub batch_size: Option<usize>,
    /// How.
    pub options: CallOptions,
}

/// Their vectors.
#[derive(Clone, Debug)]
pub struct EmbedReply {
    /// The vectors, in the order of the texts. Of the fields that are no vectors, those of the first request; the usage
    /// is that of all.
    pub response: EmbeddingResponse,
    /// The provider that answered.
    pub provider: String,
    /// The model asked for.
    pub model: String,
    /// The provider's id of the first request, from its headers.
    pub request_id: Option<String>,
    /// Every attempt of every request.
    pub attempts: Vec<Attempt>,
    /// How long it took.
    pub stats: Stats,
    /// What was left out because the dialect cannot carry it.
    pub dropped: Vec<UnsupportedField>,
}

/// What one request of several gave.
struct Part {
    decoded: Decoded<EmbeddingResponse>,
    attempts: Vec<Attempt>,
    dropped: Vec<UnsupportedField>,
}

impl Engine {
    /// Embeds texts. The first request that fails ends the call, and the others with it.
    pub async fn embed(&self, call: EmbedCall) -> Result<EmbedReply, CallError> {
        let started = Instant::now();
        let EmbedCall { provider, request, batch_size, options } = call;
        let fail = |failure| failed(failure, &provider, &request.model);
        let row = Arc::clone(self.provider(&provider).map_err(fail)?);
        let embeddings = row.dialect.embeddings().ok_or_else(|| fail(no_operation(&row, "embed")))?;
        if request.inputs.is_empty() {
            return Err(fail(Failure::Config("embed: there is no text to embed".to_owned())));
        }
        let limit = embeddings.most_inputs(&request.model).min(batch_size.unwrap_or(usize::MAX)).max(1);
        let (limits, max_retries) = self.limits(&options, started);
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
                let part = embed_once(&row, embeddings, &batch, &options, limits, max_retries).await;
                part.map(|part| (position, batch.inputs.len(), part))
            });
        }
        let mut parts = Vec::with_capacity(tasks.len());
        // Dropping the others at the first failure ends them.
        while let Some(part) = tasks.join_next().await {
            let part = part.map_err(|error| fail(Failure::Config(format!("embed: {error}"))))?;
            parts.push(part?);
        }
        parts.sort_by_key(|(position, ..)| *position);
        let (response, request_id, attempts, dropped) = gather(parts).map_err(fail)?;
        let duration = started.elapsed();
        Ok(EmbedReply {
            response,
            provider: row.id.to_string(),
            model: request.model,
            request_id,
            attempts,
            stats: Stats {
                started: started.into_std(),
                time_to_first_token: Some(duration),
                duration: Some(duration),
            },
            dropped,
        })
    }
}

async fn embed_once(
    row: &Arc<Provider>,
    embeddings: &'static dyn Embeddings,
    batch: &EmbeddingRequest,
    options: &CallOptions,
    limits: Limits,
    max_retries: u32,
) -> Result<Part, CallError> {
    let target = embeddings
        .encode_request(batch, row.encode_options(options))
        .map_err(Failure::Unsupported)
        .and_then(|encoded| row.prepare_encoded(encoded, &batch.model, options, None))
        .map_err(|failure| failed(failure, &row.id, &batch.model))?;
    let read = Decode(|headers: ferrule_wire::error::Headers<'_>, body: &[u8]| {
        embeddings.decode_response(headers, body)
    });
    let Answered { answer: decoded, target, attempts } = call(target, limits, max_retries, &read).await?;
    Ok(Part { decoded, attempts, dropped: target.dropped })
}

type Gathered = (EmbeddingResponse, Option<String>, Vec<Attempt>, Vec<UnsupportedField>);

/// Puts the parts together; each has to have a vector for each of its texts.
fn gather(parts: Vec<(usize, usize, Part)>) -> Result<Gathered, Failure> {
    let mut whole: Option<EmbeddingResponse> = None;
    let mut request_id = None;
    let mut attempts = Vec::new();
    let mut dropped = Vec::new();
    for (_, texts, part) in parts {
        let response = part.decoded.answer;
        if response.vectors.len() != texts {
            return Err(Failure::Unreadable(format!(
                "the answer has {} vectors for {texts} texts",
                response.vectors.len()
            )));
        }
        attempts.extend(part.attempts);
        match &mut whole {
            None => {
                (whole, request_id, dropped) = (Some(response), part.decoded.request_id, part.dropped);
            }
            Some(whole) => {
                whole.vectors.append(&response.vectors).map_err(Failure::from)?;
                whole.usage = sum(whole.usage.take(), response.usage);
            }
        }
    }
    let whole =
        whole.unwrap_or_else(|| EmbeddingResponse { vectors: Vectors::default(), ..Default::default() });
    Ok((whole, request_id, attempts, dropped))
}

/// A sum is known where both parts are.
fn sum(left: Option<Usage>, right: Option<Usage>) -> Option<Usage> {
    let (mut left, right) = (left?, right?);
    let add = |left: Option<u64>, right: Option<u64>| Some(left?.saturating_add(right?));
    left.input_tokens = add(left.input_tokens, right.input_tokens);
    left.output_tokens = add(left.output_tokens, right.output_tokens);
    left.cache_read_tokens = add(left.cache_read_tokens, right.cache_read_tokens);
    Some(left)
}

/// The provider's dialect has no such operation.
pub(crate) fn no_operation(row: &Provider, operation: &str) -> Failure {
    Failure::Unsupported(UnsupportedField {
        field: operation.to_owned(),
        dialect: row.dialect.name(),
        reason: format!("{} has no such operation", row.id),
    })
}
