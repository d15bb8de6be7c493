//! One request: read it, find what the script or the model's name says, answer.

use crate::{
    answer::{answer, count_input, last_user_text},
    behaviour::Behaviour,
    beside,
    body::AnswerBody,
    deliver::Delivery,
    demanded,
    failure::{kind_of, request_id_header},
    keys::Keys,
    media::Media,
    models,
    predictions::{self, Predictions},
    random,
    record::{Details, Exchange, Recorder},
    route::{Asked, Route, route},
    script::{ActiveScript, Asked as AskedOfScript, Fault, Place, Reply},
    socket::Control,
};
use crate::{servers, speaker::Speaker};
use bytes::Bytes;
use ferrule_wire::{
    model::{ErrorKind, Message, ProviderError, Request, Role},
    operation::{Embeddings, Endpoint, HttpRequest, OperationKind, Reranking, TokenCounting},
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The longest request body.
const MOST_BODY_BYTES: usize = 64 << 20;
const JSON: &str = "application/json";
/// Requests that are remembered for `fail-once-…`; more, and they are forgotten.
const MOST_FAILURES: usize = 100_000;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) script: Mutex<Arc<ActiveScript>>,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) seed: u64,
    pub(crate) keys: Keys,
    /// How many times a request has failed, by its hash.
    pub(crate) failures: Mutex<HashMap<u64, u32>>,
    pub(crate) predictions: Predictions,
}

/// One request on its way.
pub(crate) struct Conversation<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) control: &'a Arc<Control>,
    pub(crate) exchange: &'a Arc<Exchange>,
}

/// Marks an exchange as left by the client when its request is dropped before there is an answer.
struct Unanswered<'a>(Option<&'a Exchange>);

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(exchange) = self.0 {
            exchange.closed_by_client();
        }
    }
}

/// Answers one request.
pub(crate) async fn serve(
    shared: &Shared,
    control: &Arc<Control>,
    connection: u64,
    request: http::Request<Incoming>,
) -> Response<AnswerBody> {
    let exchange = &shared.recorder.begin(connection);
    let mut unanswered = Unanswered(Some(exchange));
    control.write_in(None);
    let (head, body) = request.into_parts();
    let head = Arc::new(head);
    let body = Limited::new(body, MOST_BODY_BYTES).collect().await.map(http_body_util::Collected::to_bytes);
    let bytes = body.as_ref().map(Bytes::clone).unwrap_or_default();
    shared.recorder.received(exchange, &head, bytes);

    let conversation = Conversation { shared, control, exchange };
    let answer = match (route(&head.method, head.uri.path(), &head.headers), body) {
        (None, _) => conversation.json(&serde_json::json!({ "error": "this build has no dialect" }), 501),
        (Some(Route { speaker, .. }), Err(_)) => {
            let message = format!("The body is longer than {MOST_BODY_BYTES} bytes, or broke off.");
            conversation.error(
                speaker,
                413,
                ProviderError::new(ErrorKind::InvalidRequest, message),
                HeaderMap::new(),
                false,
            )
        }
        (Some(Route { asked, speaker }), Ok(body)) => conversation.answer(asked, speaker, &head, &body).await,
    };
    unanswered.0 = None;
    exchange.set_status(answer.status().as_u16());
    answer
}

impl Conversation<'_> {
    async fn answer(
        &self,
        asked: Asked<'_>,
        speaker: Speaker,
        head: &http::request::Parts,
        body: &Bytes,
    ) -> Response<AnswerBody> {
        let refuse = |status, message: String| {
            self.error(speaker, status, ProviderError::new(kind_of(status), message), HeaderMap::new(), false)
        };
        if !matches!(asked, Asked::Health | Asked::Token(_))
            && let Some((status, error)) = self.shared.keys.refusal(speaker, head, body)
        {
            return self.error(speaker, status, error, HeaderMap::new(), false);
        }
        // What the address means to the dialect comes first; a wrong method may be another server's right one.
        if matches!(asked, Asked::Unknown | Asked::WrongMethod)
            && let Some((status, answer)) = servers::answer(speaker, &head.method, head.uri.path(), body)
        {
            return match answer {
                serde_json::Value::Null => self.whole(status, "text/plain", Bytes::new(), HeaderMap::new()),
                serde_json::Value::String(text) => {
                    self.whole(status, "text/plain", text.into(), HeaderMap::new())
                }
                answer => self.json(&answer, status),
            };
        }
        match asked {
            Asked::Health => self.json(&serde_json::json!({ "status": "ok" }), 200),
            Asked::Token(issuer) => {
                let (status, answer) = issuer.answer(&head.headers, body, self.shared.seed);
                self.json(&answer, status)
            }
            Asked::Unknown => refuse(404, format!("There is nothing at {}.", head.uri.path())),
            Asked::WrongMethod => refuse(405, format!("{} does not take {}.", head.uri.path(), head.method)),
            Asked::Model(id) => match models::one(speaker, id) {
                Some(body) => self.body(body),
                None => refuse(404, format!("There is nothing at {}.", head.uri.path())),
            },
            Asked::Prediction(id, what) => match self.predicted(id, what, speaker, head).await {
                Ok(answer) => answer,
                Err(message) => refuse(404, message),
            },
            Asked::Media(media) => match self.show(media, speaker, head, body).await {
                Ok(answer) => answer,
                Err(message) => refuse(400, message),
            },
            Asked::Operation(endpoint) => match self.operate(endpoint, speaker, head, body).await {
                Ok(answer) => answer,
                Err(message) => refuse(400, message),
            },
        }
    }

    /// Does what a dialect's address asks for. The error's text is the client's, with status 400.
    async fn operate(
        &self,
        endpoint: Endpoint<'_>,
        speaker: Speaker,
        head: &http::request::Parts,
        body: &Bytes,
    ) -> Result<Response<AnswerBody>, String> {
        let Endpoint { operation, model, stream } = endpoint;
        let received = HttpRequest::json(body);
        let no_such = || format!("{} has no such operation.", speaker.name());
        let addressed = |named: &mut String| {
            if let Some(model) = &model {
                model.as_ref().clone_into(named);
            }
        };
        match operation {
            OperationKind::ModelListing => Ok(self.body(models::list(speaker))),
            OperationKind::TokenCounting => {
                let counting = speaker.codec::<TokenCounting>().ok_or_else(no_such)?;
                let mut request = counting.decode_request(received).map_err(|error| error.to_string())?;
                addressed(&mut request.model);
                let count = count_input(&request);
                let answer = || Ok((JSON, counting.encode_response(&count, received).body));
                self.answer_beside(&request, speaker, head, body, answer).await
            }
            OperationKind::Embeddings => {
                let embeddings = speaker.codec::<Embeddings>().ok_or_else(no_such)?;
                let mut request = embeddings.decode_request(received).map_err(|error| error.to_string())?;
                addressed(&mut request.model);
                if request.inputs.is_empty() {
                    return Err("input: at least one text is required".to_owned());
                }
                let asked = asking(&request.model, request.inputs.last().cloned().unwrap_or_default());
                let answer = || {
                    let id = random::id(random::hash(self.shared.seed, body));
                    let mut response =
                        beside::embed(&request, self.shared.seed).map_err(|error| error.to_string())?;
                    demanded::of_vectors(speaker, &mut response, &id);
                    Ok((JSON, embeddings.encode_response(&response, received).body))
                };
                self.answer_beside(&asked, speaker, head, body, answer).await
            }
            OperationKind::Reranking => {
                let reranking = speaker.codec::<Reranking>().ok_or_else(no_such)?;
                let mut request = reranking.decode_request(received).map_err(|error| error.to_string())?;
                addressed(&mut request.model);
                let asked = asking(&request.model, request.query.clone());
                let answer = || {
                    let id = random::id(random::hash(self.shared.seed, body));
                    let mut response = beside::rerank(&request, id);
                    demanded::of_orders(speaker, &mut response, &request.model);
                    Ok((JSON, reranking.encode_response(&response, received).body))
                };
                self.answer_beside(&asked, speaker, head, body, answer).await
            }
            // These have addresses of their own here: `Asked::Media`.
            OperationKind::Images | OperationKind::Speech | OperationKind::Transcription => Err(no_such()),
            OperationKind::Chat => {
                let mut request = speaker.decode_request(body).map_err(|error| error.to_string())?;
                addressed(&mut request.model);
                request.stream = stream.unwrap_or(request.stream);
                if let Some(error) = speaker.refusal(body) {
                    return Ok(self.error(speaker, 400, error, HeaderMap::new(), request.stream));
                }
                match (incomplete(&request), self.predict(&request, speaker, head, body)) {
                    (Some(message), _) => Err(message.to_owned()),
                    (None, Some(prediction)) => Ok(prediction),
                    (None, None) => Ok(self.complete(&request, speaker, head, body).await),
                }
            }
        }
    }

    async fn show(
        &self,
        media: Media,
        speaker: Speaker,
        head: &http::request::Parts,
        body: &Bytes,
    ) -> Result<Response<AnswerBody>, String> {
        let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default();
        let (model, text) = media.asked(content_type, body)?;
        let answer = || media.answer(content_type, body);
        self.answer_beside(&asking(&model, text), speaker, head, body, answer).await
    }

    /// Answers a request that is no chat, `request` in its place: what goes wrong, on script or by the model's name, and
    /// what `answer` makes, a media type and a body.
    async fn answer_beside(
        &self,
        request: &Request,
        speaker: Speaker,
        head: &http::request::Parts,
        body: &Bytes,
        answer: impl FnOnce() -> Result<(&'static str, Vec<u8>), String>,
    ) -> Result<Response<AnswerBody>, String> {
        let number = random::number(self.shared.seed, &request.model, body);
        let (reply, fault) = self.begin(request, speaker, head, body);
        if let Some(fault) = &fault
            && let Some(answer) = self.before_headers(fault, speaker, request).await
        {
            return Ok(answer);
        }
        let (media_type, answer) = answer()?;
        let delivery =
            Delivery { conversation: self, request, speaker, reply: &reply, number, headers: &head.headers };
        Ok(delivery.deliver_body(media_type, answer.into(), fault.filter(strikes_later)))
    }

    pub(crate) async fn complete(
        &self,
        request: &Request,
        speaker: Speaker,
        head: &http::request::Parts,
        body: &Bytes,
    ) -> Response<AnswerBody> {
        let name = speaker.name();
        let number = random::number(self.shared.seed, &request.model, body);
        let (reply, fault) = self.begin(request, speaker, head, body);
        if let Some(fault) = &fault
            && let Some(answer) = self.before_headers(fault, speaker, request).await
        {
            return answer;
        }
        // What strikes before the headers has struck.
        let fault = fault.filter(strikes_later);
        let mut response = answer(request, &reply, number, name);
        demanded::of_calls(speaker, &mut response);
        predictions::locate(speaker, &mut response, head);
        predictions::leave_out_figures(&mut response, speaker, request.stream);
        Delivery { conversation: self, request, speaker, reply: &reply, number, headers: &head.headers }
            .deliver(&response, fault)
            .await
    }

    /// Notes what is asked; what to answer, and what goes wrong.
    fn begin(
        &self,
        request: &Request,
        speaker: Speaker,
        head: &http::request::Parts,
        body: &Bytes,
    ) -> (Reply, Option<Fault>) {
        let name = speaker.name();
        self.exchange.describe(Details {
            dialect: name,
            model: request.model.clone(),
            stream: request.stream,
        });
        let number = random::number(self.shared.seed, &request.model, body);
        let (reply, fault) = self.plan(request, speaker, head, number);
        if let Some(fault) = &fault {
            self.exchange.set_fault(fault.name());
        }
        (reply, fault)
    }

    /// What to answer and what goes wrong: as the first rule says that is for this request, or as its model's name
    /// says.
    fn plan(
        &self,
        request: &Request,
        speaker: Speaker,
        head: &http::request::Parts,
        number: u64,
    ) -> (Reply, Option<Fault>) {
        let script = Arc::clone(&self.shared.script.lock().unwrap_or_else(PoisonError::into_inner));
        let behaviour = Behaviour::of(&request.model);
        let text = if script.reads_text() { last_user_text(request) } else { String::new() };
        let asked = AskedOfScript {
            model: &request.model,
            dialect: speaker.name(),
            path: head.uri.path(),
            stream: request.stream,
            headers: &head.headers,
            text: &text,
        };
        match script.find(&asked) {
            Some((reply, fault)) => (
                reply.cloned().unwrap_or_default().or(&behaviour.reply).or(script.defaults()),
                fault.cloned(),
            ),
            None => {
                let fails = behaviour.first_times.is_none_or(|times| self.fails_again(number, times));
                (behaviour.reply.or(script.defaults()), behaviour.fault.filter(|_| fails))
            }
        }
    }

    /// Whether a request that fails its first `times` fails now. After it did not, it begins anew.
    fn fails_again(&self, number: u64, times: u32) -> bool {
        let mut failures = self.shared.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= MOST_FAILURES {
            failures.clear();
        }
        let count = failures.entry(number).or_insert(0);
        if *count < times {
            *count += 1;
            return true;
        }
        failures.remove(&number);
        false
    }

    /// An error in the provider's shape; `streamed`: where a stream was asked for.
    pub(crate) fn error(
        &self,
        speaker: Speaker,
        status: u16,
        mut error: ProviderError,
        mut headers: HeaderMap,
        streamed: bool,
    ) -> Response<AnswerBody> {
        let id = format!("req_{}", random::id(random::hash(self.shared.seed, error.message.as_bytes())));
        let name = request_id_header(speaker.name());
        if let Ok(value) = HeaderValue::try_from(&id) {
            headers.entry(name).or_insert(value);
        }
        error.status = Some(status);
        error.request_id = Some(id);
        let (status, body) = speaker.error_answer(&error, status, streamed);
        let kind =
            if body.starts_with(b"{") || body.starts_with(b"[") { "application/json" } else { "text/plain" };
        self.whole(status, kind, body.into(), headers)
    }

    /// A whole answer of the dialect's.
    fn body(&self, body: Vec<u8>) -> Response<AnswerBody> {
        self.whole(200, JSON, body.into(), HeaderMap::new())
    }

    pub(crate) fn json(&self, value: &serde_json::Value, status: u16) -> Response<AnswerBody> {
        self.whole(status, JSON, value.to_string().into(), HeaderMap::new())
    }

    /// A body that is there at once.
    pub(crate) fn whole(
        &self,
        status: u16,
        content_type: &'static str,
        body: Bytes,
        headers: HeaderMap,
    ) -> Response<AnswerBody> {
        let mut answer = Response::new(AnswerBody::whole(body, self.control, self.exchange));
        *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *answer.headers_mut() = headers;
        answer.headers_mut().entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
        answer
    }
}

/// A chat in place of what else is asked of `model`, for scripts to look at.
fn asking(model: &str, text: String) -> Request {
    let messages = vec![Message::text(Role::User, text)];
    Request { model: model.to_owned(), messages, ..Request::default() }
}

/// Whether a fault is not over when an answer begins.
const fn strikes_later(fault: &Fault) -> bool {
    !matches!(fault, Fault::Stall { at: Place::BeforeHeaders, .. })
}

/// What a real provider would miss in `request`.
fn incomplete(request: &Request) -> Option<&'static str> {
    if request.model.is_empty() {
        Some("you must provide a model parameter")
    } else if request.messages.is_empty() {
        Some("messages: at least one message is required")
    } else {
        None
    }
}

/// The content type of the dialect's streams.
pub(crate) fn streamed_as(speaker: Speaker) -> &'static str {
    match speaker.stream_media_types().first().copied() {
        Some("text/event-stream") | None => "text/event-stream; charset=utf-8",
        Some(other) => other,
    }
}

/// Headers from a script, which were checked when it was read.
pub(crate) fn to_headers<'a>(headers: impl IntoIterator<Item = (&'a String, &'a String)>) -> HeaderMap {
    let checked = headers.into_iter().filter_map(|(name, value)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
    });
    checked.collect()
}
