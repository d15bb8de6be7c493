//! Calls in a provider's wire format: a request body in, a response in the same format out, whichever provider answers.
//!
//! For programs that use a provider's own SDK with us (`python/ferrule/dropin/`). The body becomes the neutral request
//! and takes the same path as every call, so aliases, groups, failover, limits and accounting apply.

use crate::{
    bridge::LoopBridge,
    caller::Caller,
    channel::Channel,
    cost::now,
    delivery::{Delivery, Value},
    errors::{self, raise_client},
    flight::Flight,
    observers::Observed,
    operations,
    produce::{self, Opening, Outcome},
    reply::Reply,
    request::{self, Given},
    routing,
};
use ferrule_client::{Entry, ResolvedCall, Stream};
use ferrule_engine::{CallError, CallOptions, Demands, Engine, EventBatch, Failure};
use ferrule_wire::{
    dialect::{Dialect, StreamEncoder, registry},
    error::Headers,
    json::{Extra, Json},
    model::{ErrorKind, ProviderError, Request, Response, StreamEvent, Usage},
    operation::{EmbeddingRequest, HttpRequest},
    server::{ApiRequest, ApiResponse, EmulatedProvider},
};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyBytes, PyDict},
};
use std::{future::poll_fn, sync::Arc};

const STREAM_OPTIONS: &str = "stream_options";

/// Starts the call in `body`, which is in `format`, at the address that ends with `path`.
///
/// A call that is not streamed delivers a tuple: the body of the response, and the reply it was made from (embeddings:
/// a dict of the common fields of operations; a token count: `None`). A stream delivers lists of chunks of its body.
pub(crate) fn start(
    py: Python<'_>,
    client: &Caller,
    format: &str,
    path: &str,
    body: &[u8],
    options: &Bound<'_, PyDict>,
    bridge: Option<&LoopBridge>,
) -> PyResult<Flight> {
    let dialect = registry::find(format)
        .ok_or_else(|| PyValueError::new_err(format!("format: there is no wire format {format:?}")))?;
    let server = EmulatedProvider::without_quirks(dialect);
    let endpoint = dialect
        .endpoint(path)
        .ok_or_else(|| PyValueError::new_err(format!("path: {format} has no address {path:?}")))?;
    let http_request = HttpRequest { headers: Headers::default(), body };
    let request = server.decode_api_request(&endpoint, http_request).map_err(|error| refused(py, *error))?;
    let call = client.resolve_call(request.model()).map_err(|error| raise_client(py, error))?;
    let Given { mut options, .. } = request::operation(options, call.drop_params(), &mut |_, _| Ok(false))?;
    options.written_in = Some(dialect.format());
    options.context = crate::caller::context(bridge);
    let caller = Start { py, client, dialect, call, bridge };
    match request {
        ApiRequest::Chat(request) if request.stream => caller.stream(request, options),
        ApiRequest::Chat(request) => caller.complete(request, options),
        ApiRequest::Embeddings(request) => caller.embed(request, body.to_vec(), options),
        ApiRequest::TokenCounting(request) => caller.count_tokens(request, body.to_vec(), options),
        _ => Err(PyValueError::new_err(format!("path: {path:?} is not an address that can be routed"))),
    }
}

/// The exception for a request that cannot be read.
fn refused(py: Python<'_>, error: ProviderError) -> PyErr {
    let failure = Failure::Provider(Box::new(ProviderError { status: Some(400), ..error }));
    errors::raise(py, CallError::unsent(failure, "", ""), None)
}

/// A call before it is sent.
struct Start<'a, 'py> {
    py: Python<'py>,
    client: &'a Caller,
    dialect: &'static dyn Dialect,
    call: ResolvedCall,
    bridge: Option<&'a LoopBridge>,
}

/// An observed call with its ledger entry, before it is sent.
struct Opened {
    observed: Option<Observed>,
    provider: String,
    entry: Arc<Entry>,
}

impl Opened {
    fn start<F: Future<Output = ()> + Send + 'static>(
        self,
        bridge: Option<&LoopBridge>,
        run: impl FnOnce(Arc<Channel>) -> F,
    ) -> PyResult<Flight> {
        Ok(Flight::start(bridge, self.provider, self.entry, None, run)?.observed(self.observed))
    }
}

impl Start<'_, '_> {
    fn open(&mut self, options: &mut CallOptions) -> PyResult<Opened> {
        let observed = self.client.observe(self.py, self.bridge, &self.call, options)?;
        let provider = self.call.provider().to_owned();
        let entry = self.call.open_entry(options.metadata.clone());
        Ok(Opened { observed, provider, entry })
    }

    fn complete(mut self, mut request: Request, mut options: CallOptions) -> PyResult<Flight> {
        label(self.dialect, &mut request, &mut options);
        routing::settle(self.py, &self.call, &Demands::chat(&request, false), &mut options)?;
        let opened = self.open(&mut options)?;
        let (call, dialect) = (self.call, self.dialect);
        let engine = Arc::clone(call.engine());
        let replied = async move {
            let mut reply = call.complete(request, options).await?;
            let dropped = std::mem::take(&mut reply.dropped);
            let is_foreign = engine.format_of(&reply.provider) != Some(dialect.format());
            let body = encode(dialect, reply.response.clone(), is_foreign);
            let size = body.len() + reply.raw.len();
            let value = Value::new(move |py| {
                let pair = (PyBytes::new(py, &body), Py::new(py, Reply::new(reply, None))?);
                Ok(pair.into_pyobject(py)?.into_any().unbind())
            });
            Ok(Outcome { value: value.with_size(size), dropped })
        };
        opened.start(self.bridge, move |channel| produce::settle(channel, Box::pin(replied)))
    }

    fn stream(mut self, mut request: Request, mut options: CallOptions) -> PyResult<Flight> {
        label(self.dialect, &mut request, &mut options);
        let encoder = self.dialect.stream_encoder(&request);
        request_usage(&mut request);
        routing::settle(self.py, &self.call, &Demands::chat(&request, true), &mut options)?;
        let opened = self.open(&mut options)?;
        let writer = StreamWriter {
            encoder,
            format: self.dialect.format(),
            engine: Arc::clone(self.call.engine()),
            is_foreign: false,
            has_started: false,
            calls: Vec::new(),
        };
        let call = self.call;
        opened
            .start(self.bridge, move |channel| pump(channel, Box::pin(call.stream(request, options)), writer))
    }

    fn embed(
        mut self,
        request: EmbeddingRequest,
        body: Vec<u8>,
        mut options: CallOptions,
    ) -> PyResult<Flight> {
        routing::settle(self.py, &self.call, &Demands::texts(&request.inputs), &mut options)?;
        let opened = self.open(&mut options)?;
        let (call, dialect) = (self.call, self.dialect);
        let engine = Arc::clone(call.engine());
        let replied = async move {
            let mut reply = call.embed(request, None, options).await?;
            let dropped = std::mem::take(&mut reply.dropped);
            let mut response = std::mem::take(&mut reply.response);
            if engine.format_of(&reply.provider) != Some(dialect.format()) {
                response.extra = Extra::new();
            }
            if response.model.is_empty() {
                response.model.clone_from(&reply.model);
            }
            let usage = response.usage.get_or_insert_default();
            usage.input_tokens.get_or_insert(0);
            let server = EmulatedProvider::without_quirks(dialect);
            let encoded =
                server.encode_api_response(&ApiResponse::Embeddings(response), HttpRequest::json(&body));
            let body = encoded.map(|encoded| encoded.body).unwrap_or_default();
            let size = body.len();
            let value = Value::new(move |py| {
                let pair = (PyBytes::new(py, &body), operations::facts(py, reply)?);
                Ok(pair.into_pyobject(py)?.into_any().unbind())
            });
            Ok(Outcome { value: value.with_size(size), dropped })
        };
        opened.start(self.bridge, move |channel| produce::settle(channel, Box::pin(replied)))
    }

    fn count_tokens(self, request: Request, body: Vec<u8>, mut options: CallOptions) -> PyResult<Flight> {
        routing::settle(self.py, &self.call, &Demands::chat(&request, false), &mut options)?;
        // Counting is free, and not recorded.
        let observed = self.client.observe(self.py, self.bridge, &self.call, &mut options)?;
        let opened = Opened { observed, provider: self.call.provider().to_owned(), entry: Entry::none() };
        let (call, dialect, asked) = (self.call, self.dialect, opened.provider.clone());
        let counted = async move {
            let tokens = call.count_tokens(request, options).await?;
            let Some(tokens) = tokens else {
                let message = "this provider does not count tokens; client.count_tokens estimates them";
                let failure = Failure::Provider(Box::new(ProviderError {
                    status: Some(404),
                    ..ProviderError::new(ErrorKind::NotFound, message)
                }));
                return Err(CallError::unsent(failure, &asked, ""));
            };
            let server = EmulatedProvider::without_quirks(dialect);
            let encoded =
                server.encode_api_response(&ApiResponse::TokenCounting(tokens), HttpRequest::json(&body));
            let body = encoded.map(|encoded| encoded.body).unwrap_or_default();
            let value = Value::new(move |py| {
                Ok((PyBytes::new(py, &body), py.None()).into_pyobject(py)?.into_any().unbind())
            });
            Ok(value.into())
        };
        opened.start(self.bridge, move |channel| produce::settle(channel, Box::pin(counted)))
    }
}

/// Copies the request's labels to the call.
fn label(dialect: &dyn Dialect, request: &mut Request, options: &mut CallOptions) {
    let user = request.user.iter().filter(|_| dialect.format() == "anthropic");
    let labels =
        request.metadata.iter().cloned().chain(user.map(|user| ("user_id".to_owned(), user.clone())));
    for (name, value) in labels {
        if !options.metadata.iter().any(|(own, _)| *own == name) {
            options.metadata.push((name, value));
        }
    }
}

/// Makes the stream report its usage, for accounting, whether or not the caller requested that.
fn request_usage(request: &mut Request) {
    let Some(asked) = request.extra.remove(STREAM_OPTIONS) else { return };
    let Some(mut fields) = asked.value().object() else { return };
    fields.take("include_usage");
    if !fields.is_empty() {
        let others = fields.rest();
        let all = Json::object(&others, |options| _ = options.field("include_usage", true));
        request.extra.insert(STREAM_OPTIONS, all);
    }
}

/// The body of a response that is not streamed. Extra fields of a response or a choice from another format are removed.
fn encode(dialect: &dyn Dialect, mut response: Response, is_foreign: bool) -> Vec<u8> {
    if is_foreign {
        response.extra = Extra::new();
        for choice in &mut response.choices {
            choice.extra = Extra::new();
        }
    }
    response.created.get_or_insert_with(|| u64::try_from(now()).unwrap_or_default());
    if dialect.format().starts_with("openai-") {
        // Its models require complete usage or none.
        response.usage = response.usage.filter(|usage| *usage != Usage::default());
    }
    dialect.add_required_fields(&mut response);
    dialect.encode_response(&response)
}

/// Writes the body of a streamed response.
struct StreamWriter {
    encoder: Box<dyn StreamEncoder>,
    format: &'static str,
    engine: Arc<Engine>,
    /// Whether the answering provider uses another format.
    is_foreign: bool,
    has_started: bool,
    /// The choice and part of each tool call.
    calls: Vec<(u32, u32)>,
}

impl StreamWriter {
    fn answered_by(&mut self, stream: &Stream) {
        self.is_foreign = self.engine.format_of(stream.provider()) != Some(self.format);
    }

    fn push(&mut self, event: &StreamEvent, out: &mut Vec<u8>) {
        match event {
            StreamEvent::Start(start) => {
                // A target that continues the answer begins it again.
                if std::mem::replace(&mut self.has_started, true) {
                    return;
                }
                let mut start = start.clone();
                start.created.get_or_insert_with(|| u64::try_from(now()).unwrap_or_default());
                if self.is_foreign {
                    start.extra = Extra::new();
                }
                self.encoder.push(&StreamEvent::Start(start), out);
            }
            StreamEvent::Unknown { .. } | StreamEvent::ResponseExtra(_) | StreamEvent::ChoiceExtra { .. }
                if self.is_foreign => {}
            // Other formats' extra facts about a call: for instance, the id of its item.
            StreamEvent::PartExtra { choice, part, .. }
                if self.is_foreign && self.calls.contains(&(*choice, *part)) => {}
            event => {
                if let StreamEvent::ToolCallStart { choice, part, .. } = event {
                    self.calls.push((*choice, *part));
                }
                self.encoder.push(event, out);
            }
        }
    }
}

/// Delivers the body of a stream, as fast as it is read.
async fn pump(channel: Arc<Channel>, opening: Opening<Stream>, mut writer: StreamWriter) {
    let mut stream = match opening.await {
        Ok(stream) => stream,
        Err(error) => return channel.end(Err(error)),
    };
    channel.received().answered_by(&stream);
    writer.answered_by(&stream);
    loop {
        poll_fn(|context| channel.queue.poll_space(context)).await;
        let next = stream.next().await;
        let mut body = Vec::new();
        let end = match next {
            Some(Ok(batch)) => {
                receive(&channel, &stream, &mut writer, &batch, &mut body);
                None
            }
            Some(Err(error)) => {
                let mut received = channel.received();
                received.progress.stats = stream.stats();
                received.progress.attempts.clone_from(&error.attempts);
                Some(Err(error))
            }
            None => {
                writer.encoder.finish(&mut body);
                let mut received = channel.received();
                received.progress.stats = stream.stats();
                received.progress.attempts = stream.attempts().to_vec();
                Some(Ok(()))
            }
        };
        if !body.is_empty() {
            let size = body.len();
            let piece = Value::new(move |py| Ok(PyBytes::new(py, &body).into_any().unbind()));
            channel.deliver(Delivery::Part(piece.with_size(size)));
        }
        if let Some(end) = end {
            return channel.end(end);
        }
    }
}

/// Adds a batch to what was received, and writes it to `body`.
fn receive(
    channel: &Channel,
    stream: &Stream,
    writer: &mut StreamWriter,
    batch: &EventBatch,
    body: &mut Vec<u8>,
) {
    let mut received = channel.received();
    received.progress.stats = stream.stats();
    if let [StreamEvent::Continued(_)] = batch.events.as_slice() {
        received.answered_by(stream);
        writer.answered_by(stream);
    }
    for event in &batch.events {
        received.answer.push(event);
        writer.push(event, body);
    }
}
