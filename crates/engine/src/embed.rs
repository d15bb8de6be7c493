//! Embeddings: split into as many requests as the provider's limit requires, and gathered in order.

use crate::{
    admission::Measured,
    call::execute,
    candidates::{Candidates, Contender},
    error::CallError,
    failure::Failure,
    operation::{Operate, OperationReply, OperationRequest},
    options::CallOptions,
    policy::CallPolicy,
    provider::Provider,
    same_model,
    vector_memory::refuses_format,
};
use ferrule_catalog::{Catalog, Settlement, UsageRecord};
use ferrule_wire::{
    framing::StreamError,
    model::Usage,
    operation::{EmbeddingRequest, EmbeddingResponse, Embeddings},
};
use std::{borrow::Cow, sync::Arc};
use tokio::{sync::Semaphore, task::JoinSet};

/// The maximum number of concurrent requests of one call.
const MAX_AT_ONCE: usize = 8;

type BatchReply = OperationReply<EmbeddingResponse>;

impl OperationRequest for EmbeddingRequest {
    type Operation = Embeddings;

    fn record(response: &EmbeddingResponse, record: &mut UsageRecord) {
        record.fill(&response.model, response.usage.as_ref(), &response.extra);
    }

    fn measure(&self) -> Measured {
        Measured::texts(&self.model, self.inputs.iter().map(String::as_str))
    }

    fn as_sent(&self, provider: &Provider) -> Cow<'_, Self> {
        match provider.vectors.format() {
            format if format == self.format => Cow::Borrowed(self),
            format => Cow::Owned(Self { format, ..self.clone() }),
        }
    }

    fn check(&self, response: &EmbeddingResponse) -> Result<(), StreamError> {
        match (response.vectors.len(), self.inputs.len()) {
            (vectors, texts) if vectors == texts => Ok(()),
            (vectors, texts) => {
                Err(StreamError::Malformed(format!("the answer has {vectors} vectors for {texts} texts")))
            }
        }
    }
}

/// Embeds texts, which may be more than a provider accepts at once: `batch_size` per request, or the provider's maximum
/// if that is absent or larger.
///
/// The first request that fails ends the call, and cancels the others. The vectors of a call come from a single
/// provider: if some requests had to go to a fallback, all do. Fields other than vectors come from the first reply; the
/// usage is the sum of all.
pub(crate) async fn embed(
    mut candidates: Candidates,
    request: EmbeddingRequest,
    batch_size: Option<usize>,
    options: CallOptions,
    policy: CallPolicy,
) -> Result<BatchReply, CallError> {
    let Some(Contender { provider, model, .. }) = candidates.list.first().cloned() else {
        return Err(CallError::unsent(Failure::Config("there is no provider to ask".to_owned()), "", ""));
    };
    let fail = |failure| CallError::unsent(failure, &provider.id, &model);
    let first = provider.operation::<Embeddings>().map_err(fail)?;
    candidates.list.retain(|other| other.provider.operation::<Embeddings>().is_ok());
    if let Some(group) = candidates.group.as_ref().filter(|group| group.all().nth(1).is_some()) {
        let catalog = policy.catalog.as_ref().unwrap_or_else(|| Catalog::builtin());
        same_model::check(group, catalog).map_err(|why| fail(Failure::Config(why)))?;
    }
    let limit = |one: &Contender| Some(one.provider.operation::<Embeddings>().ok()?.max_inputs(&one.model));
    let limits = candidates.list.iter().filter_map(limit);
    let limit =
        limits.min().unwrap_or_else(|| first.max_inputs(&model)).min(batch_size.unwrap_or(usize::MAX));
    let batches = request.inputs.chunks(limit.max(1)).map(|inputs| EmbeddingRequest {
        inputs: inputs.to_vec(),
        model: request.model.clone(),
        dimensions: request.dimensions,
        input_type: request.input_type.clone(),
        user: request.user.clone(),
        format: request.format,
        extra: request.extra.clone(),
    });
    let batches: Vec<EmbeddingRequest> = batches.collect();
    let numbered = batches.iter().cloned().enumerate().collect();
    let mut replies = request_batches(numbered, &candidates, &options, &policy, fail).await?;
    let place = |reply: &BatchReply| {
        let attempt = reply.attempts.last()?;
        candidates.list.iter().position(|one| {
            *one.provider.id == *attempt.provider
                && one.model == attempt.model
                && one.provider.settings.variant == attempt.variant
        })
    };
    let mut unanswered = Vec::new();
    // The last candidate that was tried is known to work.
    let last = replies.iter().filter_map(|(_, reply)| place(reply)).max();
    let others: Vec<_> = replies
        .iter()
        .filter(|(_, reply)| place(reply) != last)
        .filter_map(|(position, _)| Some((*position, batches.get(*position)?.clone())))
        .collect();
    if !others.is_empty()
        && let Some(last) = last
    {
        let (kept, discarded): (Vec<_>, Vec<_>) =
            replies.into_iter().partition(|(_, reply)| place(reply) == Some(last));
        unanswered = used(&discarded);
        let only = candidates.list.get(last).cloned().into_iter().collect();
        let last = Candidates { list: only, ..candidates.clone() };
        replies = kept;
        match request_batches(others, &last, &options, &policy, fail).await {
            Ok(again) => replies.extend(again),
            Err(mut error) => {
                error.unanswered.extend(unanswered);
                error.unanswered.extend(used(&replies));
                return Err(error);
            }
        }
    }
    replies.sort_by_key(|(position, _)| *position);
    gather(replies.into_iter().map(|(_, reply)| reply), unanswered, &policy).map_err(fail)
}

/// The usage of requests whose vectors are not part of the answer.
fn used(replies: &[(usize, BatchReply)]) -> Vec<Arc<Settlement>> {
    let of = |(_, reply): &(usize, BatchReply)| {
        let elsewhere = reply.settlement.elsewhere().cloned();
        elsewhere.chain([Arc::clone(&reply.settlement)]).collect::<Vec<_>>()
    };
    replies.iter().flat_map(of).collect()
}

/// Sends the batches, which come with their positions.
async fn request_batches(
    batches: Vec<(usize, EmbeddingRequest)>,
    candidates: &Candidates,
    options: &CallOptions,
    policy: &CallPolicy,
    fail: impl Fn(Failure) -> CallError,
) -> Result<Vec<(usize, BatchReply)>, CallError> {
    let places = Arc::new(Semaphore::new(MAX_AT_ONCE));
    let mut tasks = JoinSet::new();
    for (position, batch) in batches {
        let (candidates, options, policy) = (candidates.clone(), options.clone(), policy.clone());
        let places = Arc::clone(&places);
        tasks.spawn(async move {
            // The semaphore is never closed.
            let _place = places.acquire_owned().await;
            Ok((position, request_in_a_format(candidates, batch, &options, &policy).await?))
        });
    }
    let mut replies = Vec::with_capacity(tasks.len());
    // Returning at the first failure drops the other requests, which cancels them.
    while let Some(ended) = tasks.join_next().await {
        let reply = match ended {
            Ok(reply) => reply,
            Err(error) => Err(fail(Failure::Config(format!("embed: {error}")))),
        };
        match reply {
            Ok(reply) => replies.push(reply),
            Err(mut error) => {
                error.unanswered.extend(used(&replies));
                return Err(error);
            }
        }
    }
    Ok(replies)
}

/// Requests the vectors again in another format if the provider refuses the requested one.
async fn request_in_a_format(
    candidates: Candidates,
    batch: EmbeddingRequest,
    options: &CallOptions,
    policy: &CallPolicy,
) -> Result<BatchReply, CallError> {
    // An encoding that the caller chose is passed on, and its refusal is reported.
    let is_open = batch.extra.get("encoding_format").is_none();
    let mut before = Vec::new();
    loop {
        let asked: Vec<_> = candidates.list.iter().map(|one| one.provider.vectors.format()).collect();
        match execute(candidates.clone(), Operate(batch.clone()), options, policy.clone()).await {
            Ok(mut reply) => {
                reply.attempts.splice(..0, before);
                return Ok(reply);
            }
            Err(mut error) => {
                let refused = matches!(&error.failure, Failure::Provider(error) if refuses_format(error));
                let last = error.attempts.last();
                let failed_there = |one: &Contender| {
                    *one.provider.id == *error.provider
                        && last.is_none_or(|last| one.provider.settings.variant == last.variant)
                };
                let them = candidates.list.iter().zip(asked).find(|(one, _)| failed_there(one));
                let asks_again = them
                    .is_some_and(|(one, format)| is_open && refused && one.provider.vectors.refused(format));
                before.append(&mut error.attempts);
                if !asks_again {
                    return Err(CallError { attempts: before, ..error });
                }
            }
        }
    }
}

/// Combines the replies. `unanswered` is what was used for vectors that are not part of the answer.
fn gather(
    replies: impl Iterator<Item = BatchReply>,
    mut unanswered: Vec<Arc<Settlement>>,
    policy: &CallPolicy,
) -> Result<BatchReply, Failure> {
    let mut whole: Option<BatchReply> = None;
    let (mut count, mut costs) = (0, Vec::new());
    for reply in replies {
        count += 1;
        unanswered.extend(reply.settlement.elsewhere().cloned());
        let in_usage = reply.response.usage.as_ref().and_then(|usage| usage.extra.get("cost"));
        costs.extend(reply.reported_costs.first().or(in_usage).cloned());
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
    let mut whole = whole.ok_or_else(|| Failure::Config("embed: there is no text to embed".to_owned()))?;
    // The settlement of a single reply already includes what was used elsewhere for it.
    if count > 1 {
        let mut record = UsageRecord { at: policy.at, ..UsageRecord::default() };
        (record.provider, record.asked) = (whole.provider.clone(), whole.model.clone());
        EmbeddingRequest::record(&whole.response, &mut record);
        record.report(&costs);
        let settlement = Settlement::new(record, policy.catalog.clone());
        whole.settlement = Arc::new(settlement.with(Vec::new(), unanswered));
    }
    Ok(OperationReply { reported_costs: costs, stats: policy.stats(), ..whole })
}

/// A sum is known if both parts are. Provider-specific figures have no sum that we know of.
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
