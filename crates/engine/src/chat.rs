//! Chat completions, streamed or not.

use crate::{
    admission::{Measured, OWN_LIMITS},
    delivered::Delivered,
    demands::{BYTES_PER_TOKEN, Demands},
    failure::Failure,
    incoming::Incoming,
    option_defaults::OptionDefaults,
    outgoing::Outgoing,
    provider::Provider,
    receive::{PlainResponse, Reader, open_stream, read_response},
    reply::Reply,
    stream::EventStream,
    target::Target,
    work::{Encoding, Success, Work},
    written_in,
};
use ferrule_wire::{
    model::{
        Effort, ErrorKind, FinishReason, Message, Part, PartKind, ProviderError, Request, Response,
        ResponseFormat, Role,
    },
    prefill::Prefill,
};
use std::borrow::Cow;

/// A completion that is not streamed. Boxed, because the futures of a call pass it along.
#[derive(Clone, Debug)]
pub struct Complete(Box<Request>);

/// A streamed completion.
#[derive(Clone, Debug)]
pub struct Stream {
    request: Box<Request>,
    /// Whether the request is kept while the stream is open: another target may have to continue it.
    is_kept: bool,
    /// The delivered part of an answer that a target should continue.
    prefix: Option<String>,
}

impl Complete {
    /// A completion of `request`.
    pub fn new(request: Request) -> Self {
        Self(Box::new(Request { stream: false, ..request }))
    }
}

impl Stream {
    /// A stream for `request`. The call returns when the first events have arrived, so that everything before can be
    /// retried.
    pub fn new(request: Request) -> Self {
        Self { request: Box::new(Request { stream: true, ..request }), is_kept: false, prefix: None }
    }

    /// As [`Self::new`], for a stream that another target continues if it breaks off.
    pub(crate) fn kept(request: Request) -> Self {
        Self { is_kept: true, ..Self::new(request) }
    }

    /// From now on targets are asked to continue what was delivered, or to answer anew. `false` if neither would be
    /// right.
    pub(crate) fn go_on_with(&mut self, delivered: &Delivered) -> bool {
        let request = &*self.request;
        let is_structured =
            request.response_format.as_ref().is_some_and(|format| *format != ResponseFormat::Text);
        // Reasoning models do not continue another model's text, and no model continues several answers.
        let fits = request.tools.is_empty()
            && request.response_format.is_none()
            && !reasons(request)
            && request.n.is_none_or(|n| n <= 1);
        self.prefix = delivered.prefix().filter(|_| fits).map(str::to_owned);
        delivered.can_go_on(is_structured)
    }

    /// From now on targets are asked to answer anew.
    pub(crate) fn begin_anew(&mut self) {
        self.prefix = None;
    }
}

/// The request for an answer that continues `prefix`.
fn continuing(request: &Request, prefix: &str) -> Request {
    let mut request = request.clone();
    let begun = request.messages.last_mut().filter(|last| last.role == Role::Assistant);
    match begun.and_then(|last| last.content.last_mut()) {
        // The caller's own prefix comes first.
        Some(Part { kind: PartKind::Text(text), .. }) => text.push_str(prefix),
        _ => request.messages.push(Message::text(Role::Assistant, prefix)),
    }
    let said = prefix.len() as u64 / BYTES_PER_TOKEN;
    request.max_tokens = request.max_tokens.map(|most| most.saturating_sub(said).max(1));
    request
}

/// Encodes the request to `provider` for `model`.
fn encode(
    request: &mut Request,
    provider: &Provider,
    model: &str,
    Encoding { drop_unsupported, written_in, defaults, reserve_output }: Encoding<'_>,
) -> Result<Outgoing, Failure> {
    model.clone_into(&mut request.model);
    let options = provider.encode_options(drop_unsupported);
    let filled = defaults.map(|defaults| {
        let mut filled = request.clone();
        filled.fill_in(&defaults.request);
        filled
    });
    let mut request = Cow::Borrowed(filled.as_ref().unwrap_or(request));
    if let Some(most) = reserve_output.filter(|_| request.max_tokens.is_none() && !limits_itself(&request)) {
        request.to_mut().max_tokens = Some(most);
    }
    let request = &*request;
    let request = &*provider.without_foreign_proofs(request);
    let encoded = match written_in {
        Some(format) => written_in::encode(request, format, provider.dialect, options),
        None => provider.dialect.encode_request(request, options),
    };
    let streamed_as = provider.dialect.stream_media_types().first().copied().filter(|_| request.stream);
    Ok(Outgoing { stream: streamed_as, ..Outgoing::from(encoded.map_err(Failure::Unsupported)?) })
}

/// Whether a provider-specific field limits the length of the answer.
fn limits_itself(request: &Request) -> bool {
    OWN_LIMITS.iter().any(|name| request.extra.get(name).is_some())
}

/// The measures of a conversation, with `defaults` for unset options.
fn measured(request: &Request, defaults: Option<&OptionDefaults>) -> Measured {
    Measured::chat(request, defaults.map(|defaults| &defaults.request))
}

fn reasons(request: &Request) -> bool {
    request.reasoning.as_ref().is_some_and(|reasoning| reasoning.effort != Some(Effort::None))
}

/// What is wrong with an answer that ended for this reason.
fn objection_to(ended: &FinishReason) -> Option<Failure> {
    let (kind, message) = match ended {
        FinishReason::ContentFilter => {
            (ErrorKind::ContentFiltered, "the answer was ended by a content filter")
        }
        FinishReason::Refusal => (ErrorKind::ContentFiltered, "the answer is a refusal"),
        FinishReason::Error => (ErrorKind::Server, "the provider failed in the middle of the answer"),
        _ => return None,
    };
    Some(Failure::Provider(Box::new(ProviderError::new(kind, message))))
}

/// The failure of an empty answer.
fn empty() -> Failure {
    Failure::unreadable("the answer is empty")
}

/// Whether an answer that ended normally is empty.
fn says_nothing(response: &Response) -> bool {
    let is_empty = |part: &Part| matches!(&part.kind, PartKind::Text(text) if text.is_empty());
    response.choices.iter().all(|choice| {
        choice.message.content.iter().all(is_empty)
            && choice.message.extra.is_empty()
            && matches!(choice.finish_reason, None | Some(FinishReason::Stop))
    })
}

impl Work for Complete {
    type Received = PlainResponse;
    type Output = Reply;

    fn encode(&mut self, provider: &Provider, model: &str, how: Encoding<'_>) -> Result<Outgoing, Failure> {
        encode(&mut self.0, provider, model, how)
    }

    fn measure(&self, defaults: Option<&OptionDefaults>) -> Measured {
        measured(&self.0, defaults)
    }

    fn release(&mut self) {
        *self.0 = Request::default();
    }

    async fn receive(&self, incoming: Incoming, target: &Target) -> Result<PlainResponse, Failure> {
        read_response(incoming, target).await
    }

    fn demands(&self) -> Demands<'_> {
        Demands::chat(&self.0, false)
    }

    fn may_reason(&self) -> bool {
        reasons(&self.0)
    }

    fn output_tokens(received: &PlainResponse) -> Option<Option<u64>> {
        Some(received.response.usage.as_ref().and_then(|usage| usage.output_tokens))
    }

    fn objection(received: &PlainResponse, target: &Target) -> Option<Failure> {
        let response = &received.response;
        let ended = response.choices.iter().filter_map(|choice| choice.finish_reason.as_ref());
        let objection = match ended.map(objection_to).next().flatten() {
            Some(objection) => objection,
            None if says_nothing(response) => empty(),
            None => return None,
        };
        target.reported.note(&response.model, response.usage.as_ref(), &response.extra);
        Some(objection)
    }

    fn finish(self, received: PlainResponse, answered: Success) -> Reply {
        let PlainResponse { response, raw, request_id, headers } = received;
        let stats = answered.policy.stats();
        let mut record = answered.record();
        record.fill(&response.model, response.usage.as_ref(), &response.extra);
        let settlement = answered.settle(record);
        let Success { target, attempts, .. } = answered;
        Reply {
            response,
            raw,
            provider: target.provider.id.to_string(),
            request_id,
            headers,
            attempts,
            stats,
            dropped: target.dropped,
            settlement,
        }
    }
}

impl Work for Stream {
    type Received = Reader;
    type Output = EventStream;

    const IS_STREAM: bool = true;

    fn encode(&mut self, provider: &Provider, model: &str, how: Encoding<'_>) -> Result<Outgoing, Failure> {
        let Some(prefix) = self.prefix.as_ref().filter(|_| provider.prefill(model) == Prefill::Continued)
        else {
            return encode(&mut self.request, provider, model, how);
        };
        let outgoing = encode(&mut continuing(&self.request, prefix), provider, model, how)?;
        Ok(Outgoing { continues: true, ..outgoing })
    }

    fn measure(&self, defaults: Option<&OptionDefaults>) -> Measured {
        measured(&self.request, defaults)
    }

    fn release(&mut self) {
        if !self.is_kept {
            *self.request = Request { n: self.request.n, ..Request::default() };
        }
    }

    async fn receive(&self, incoming: Incoming, target: &Target) -> Result<Reader, Failure> {
        open_stream(incoming, target, self.request.n.is_none_or(|n| n <= 1)).await
    }

    fn demands(&self) -> Demands<'_> {
        Demands::chat(&self.request, true)
    }

    fn may_reason(&self) -> bool {
        reasons(&self.request)
    }

    fn objection(reader: &Reader, target: &Target) -> Option<Failure> {
        let ended = reader.end_at_once()?;
        // A continuation may have nothing left to say.
        let is_empty = *ended == FinishReason::Stop && !target.continues;
        let objection = objection_to(ended).or_else(|| is_empty.then(empty))?;
        let usage = &reader.usage;
        target.reported.note(&usage.model, usage.usage.as_deref(), &usage.extra);
        Some(objection)
    }

    fn finish(self, reader: Reader, answered: Success) -> EventStream {
        EventStream::new(reader, answered)
    }
}
