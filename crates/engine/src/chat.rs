//! Chat: plain and streamed completions.

use crate::{
    failure::Failure,
    incoming::Incoming,
    outgoing::Outgoing,
    provider::Provider,
    receive::{PlainResponse, Reader, open_stream, read_response},
    reply::Reply,
    stream::EventStream,
    target::Target,
    work::{Answered, Encoding, Work},
};
use ferrule_wire::model::{Effort, PartKind, Request};

/// Of text in most languages and vocabularies.
const BYTES_PER_TOKEN: u64 = 4;
/// The tokens of an answer that nothing limits.
const USUAL_ANSWER: u64 = 500;

/// A completion whose response comes whole. Boxed, as the futures of a call pass it on from one to the next.
#[derive(Debug)]
pub struct Complete(Box<Request>);

/// A completion whose response comes as it is made.
#[derive(Debug)]
pub struct Stream(Box<Request>);

impl Complete {
    /// Asks `request`.
    pub fn new(request: Request) -> Self {
        Self(Box::new(Request { stream: false, ..request }))
    }
}

impl Stream {
    /// Asks `request`. The call comes back when the first events are there, so that all before them can be retried.
    pub fn new(request: Request) -> Self {
        Self(Box::new(Request { stream: true, ..request }))
    }
}

/// The request that asks `provider` for `model`.
fn encode(
    request: &mut Request,
    provider: &Provider,
    model: &str,
    Encoding { drop_unsupported, defaults }: Encoding<'_>,
) -> Result<Outgoing, Failure> {
    model.clone_into(&mut request.model);
    let options = provider.encode_options(drop_unsupported);
    let filled = defaults.map(|defaults| {
        let mut filled = request.clone();
        filled.fill_in(&defaults.request);
        filled
    });
    let request = filled.as_ref().unwrap_or(request);
    let encoded = provider.dialect.encode_request(&provider.without_foreign_proofs(request), options);
    let streamed_as = provider.dialect.stream_media_types().first().copied().filter(|_| request.stream);
    Ok(Outgoing { stream: streamed_as, ..Outgoing::from(encoded.map_err(Failure::Unsupported)?) })
}

/// About how many tokens go in and come out: what targets are compared by does not take more.
fn size(request: &Request) -> (u64, u64) {
    let parts = request.messages.iter().flat_map(|message| &message.content);
    let bytes = parts.map(|part| if let PartKind::Text(text) = &part.kind { text.len() } else { 0 });
    (bytes.sum::<usize>() as u64 / BYTES_PER_TOKEN, request.max_tokens.unwrap_or(USUAL_ANSWER))
}

fn reasons(request: &Request) -> bool {
    request.reasoning.as_ref().is_some_and(|reasoning| reasoning.effort != Some(Effort::None))
}

impl Work for Complete {
    type Received = PlainResponse;
    type Output = Reply;

    fn encode(&mut self, provider: &Provider, model: &str, how: Encoding<'_>) -> Result<Outgoing, Failure> {
        encode(&mut self.0, provider, model, how)
    }

    fn release(&mut self) {
        *self.0 = Request::default();
    }

    async fn receive(&self, incoming: Incoming, target: &Target) -> Result<PlainResponse, Failure> {
        read_response(incoming, target).await
    }

    fn size(&self) -> Option<(u64, u64)> {
        Some(size(&self.0))
    }

    fn may_reason(&self) -> bool {
        reasons(&self.0)
    }

    fn output_tokens(received: &PlainResponse) -> Option<Option<u64>> {
        Some(received.response.usage.as_ref().and_then(|usage| usage.output_tokens))
    }

    fn finish(self, received: PlainResponse, answered: Answered) -> Reply {
        let PlainResponse { response, raw, request_id } = received;
        let stats = answered.policy.stats();
        let mut record = answered.record();
        record.fill(&response.model, response.usage.as_ref(), &response.extra);
        let settlement = answered.settle(record);
        let Answered { target, attempts, .. } = answered;
        Reply {
            response,
            raw,
            provider: target.provider.id.to_string(),
            request_id,
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
        encode(&mut self.0, provider, model, how)
    }

    fn release(&mut self) {
        *self.0 = Request { n: self.0.n, ..Request::default() };
    }

    async fn receive(&self, incoming: Incoming, target: &Target) -> Result<Reader, Failure> {
        open_stream(incoming, target, self.0.n.is_none_or(|n| n <= 1)).await
    }

    fn size(&self) -> Option<(u64, u64)> {
        Some(size(&self.0))
    }

    fn may_reason(&self) -> bool {
        reasons(&self.0)
    }

    fn finish(self, reader: Reader, answered: Answered) -> EventStream {
        EventStream::new(reader, answered)
    }
}
