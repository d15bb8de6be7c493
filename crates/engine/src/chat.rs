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
    work::{Answered, Work},
};
use ferrule_wire::model::Request;

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
    drop_unsupported: bool,
) -> Result<Outgoing, Failure> {
    model.clone_into(&mut request.model);
    let options = provider.encode_options(drop_unsupported);
    let encoded = provider.dialect.encode_request(&provider.without_foreign_proofs(request), options);
    let streamed_as = provider.dialect.stream_media_types().first().copied().filter(|_| request.stream);
    Ok(Outgoing { stream: streamed_as, ..Outgoing::from(encoded.map_err(Failure::Unsupported)?) })
}

impl Work for Complete {
    type Received = PlainResponse;
    type Output = Reply;

    fn encode(
        &mut self,
        provider: &Provider,
        model: &str,
        drop_unsupported: bool,
    ) -> Result<Outgoing, Failure> {
        encode(&mut self.0, provider, model, drop_unsupported)
    }

    fn release(&mut self) {
        *self.0 = Request::default();
    }

    async fn receive(&self, incoming: Incoming, target: &Target) -> Result<PlainResponse, Failure> {
        read_response(incoming, target).await
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

    fn encode(
        &mut self,
        provider: &Provider,
        model: &str,
        drop_unsupported: bool,
    ) -> Result<Outgoing, Failure> {
        encode(&mut self.0, provider, model, drop_unsupported)
    }

    fn release(&mut self) {
        *self.0 = Request::default();
    }

    async fn receive(&self, incoming: Incoming, target: &Target) -> Result<Reader, Failure> {
        open_stream(incoming, target).await
    }

    fn finish(self, reader: Reader, answered: Answered) -> EventStream {
        EventStream::new(reader, answered)
    }
}
