//! One request: read it, find what the script or the model's name says, answer.

use crate::{
    answer::{answer, count_input, last_user_text},
    behaviour::Behaviour,
    body::AnswerBody,
    deliver::Delivery,
    failure::{is_anthropic, kind_of, say_retry, status_of},
    models::models,
    random,
    record::{Details, Exchange, Recorder},
    route::{Endpoint, route},
    script::{ActiveScript, Asked, ErrorScript, Fault, Place, Reply, Retry},
    socket::Control,
};
use bytes::Bytes;
use ferrule_wire::{
    dialect::Dialect,
    model::{ErrorKind, ProviderError, Request},
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use std::{
    collections::HashMap,
    future::pending,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// The longest request body.
const MOST_BODY_BYTES: usize = 64 << 20;
/// Requests that are remembered for `fail-once-…`; more, and they are forgotten.
const MOST_FAILURES: usize = 100_000;
/// Never a valid key.
const INVALID_KEY: &str = "sk-invalid";

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) script: Mutex<Arc<ActiveScript>>,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) seed: u64,
    pub(crate) require_key: bool,
    /// How many times a request has failed, by its hash.
    pub(crate) failures: Mutex<HashMap<u64, u32>>,
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
    let (endpoint, dialect) = route(&head.method, head.uri.path(), &head.headers);
    let answer = match (dialect, body) {
        (None, _) => {
            conversation.json(&serde_json::json!({ "error": "this build has no such dialect" }), 501)
        }
        (Some(dialect), Err(_)) => {
            let message = format!("The body is longer than {MOST_BODY_BYTES} bytes, or broke off.");
            conversation.error(
                dialect,
                413,
                ProviderError::new(ErrorKind::InvalidRequest, message),
                HeaderMap::new(),
            )
        }
        (Some(dialect), Ok(body)) => conversation.answer(endpoint, dialect, &head, &body).await,
    };
    unanswered.0 = None;
    exchange.set_status(answer.status().as_u16());
    answer
}

impl Conversation<'_> {
    async fn answer(
        &self,
        endpoint: Endpoint<'_>,
        dialect: &'static dyn Dialect,
        head: &http::request::Parts,
        body: &Bytes,
    ) -> Response<AnswerBody> {
        let refuse = |status, message: String| {
            self.error(dialect, status, ProviderError::new(kind_of(status), message), HeaderMap::new())
        };
        if !matches!(endpoint, Endpoint::Health)
            && let Some(message) = self.wrong_key(&head.headers)
        {
            let error =
                ErrorScript::default().provider_error(ErrorKind::Authentication, message, dialect.name());
            return self.error(dialect, 401, error, HeaderMap::new());
        }
        match endpoint {
            Endpoint::Health => self.json(&serde_json::json!({ "status": "ok" }), 200),
            Endpoint::Unknown => refuse(404, format!("There is nothing at {}.", head.uri.path())),
            Endpoint::WrongMethod => {
                refuse(405, format!("{} does not take {}.", head.uri.path(), head.method))
            }
            Endpoint::Models(id) => self.json(&models(id, is_anthropic(dialect.name())), 200),
            Endpoint::CountTokens => match dialect.decode_request(&with_max_tokens(body)) {
                Err(error) => refuse(400, error.to_string()),
                Ok(request) => self.json(&serde_json::json!({ "input_tokens": count_input(&request) }), 200),
            },
            Endpoint::Complete => match dialect.decode_request(body) {
                Err(error) => refuse(400, error.to_string()),
                Ok(request) => match incomplete(&request) {
                    Some(message) => refuse(400, message.to_owned()),
                    None => self.complete(&request, dialect, head, body).await,
                },
            },
        }
    }

    fn wrong_key(&self, headers: &HeaderMap) -> Option<&'static str> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let bearer = text("authorization").map(|value| value.strip_prefix("Bearer ").unwrap_or(value));
        match text("x-api-key").or(bearer) {
            Some(INVALID_KEY) => Some("Incorrect API key provided: sk-invalid."),
            None if self.shared.require_key => Some("You didn't provide an API key."),
            _ => None,
        }
    }

    async fn complete(
        &self,
        request: &Request,
        dialect: &'static dyn Dialect,
        head: &http::request::Parts,
        body: &Bytes,
    ) -> Response<AnswerBody> {
        let name = dialect.name();
        self.exchange.describe(Details {
            dialect: name,
            model: request.model.clone(),
            stream: request.stream,
        });
        let number = random::hash(self.shared.seed, body);
        let (reply, fault) = self.plan(request, name, head, number);
        if let Some(fault) = &fault {
            self.exchange.set_fault(fault.name());
            if let Some(answer) = self.before_headers(fault, dialect, request).await {
                return answer;
            }
        }
        // What strikes before the headers has struck.
        let fault = fault.filter(|fault| !matches!(fault, Fault::Stall { at: Place::BeforeHeaders, .. }));
        let response = answer(request, &reply, number, name);
        Delivery { conversation: self, request, dialect, reply: &reply, number, headers: &head.headers }
            .deliver(&response, fault)
            .await
    }

    /// What to answer and what goes wrong: as the first rule says that is for this request, or as its model's name
    /// says.
    fn plan(
        &self,
        request: &Request,
        dialect: &str,
        head: &http::request::Parts,
        number: u64,
    ) -> (Reply, Option<Fault>) {
        let script = Arc::clone(&self.shared.script.lock().unwrap_or_else(PoisonError::into_inner));
        let behaviour = Behaviour::of(&request.model);
        let text = if script.reads_text() { last_user_text(request) } else { String::new() };
        let asked = Asked {
            model: &request.model,
            dialect,
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

    /// The faults that replace the answer, or come before it.
    async fn before_headers(
        &self,
        fault: &Fault,
        dialect: &'static dyn Dialect,
        request: &Request,
    ) -> Option<Response<AnswerBody>> {
        match fault {
            Fault::Status { status, headers, body, error } => {
                let message = format!("The simulated provider answers with status {status}.");
                let error = error.provider_error(kind_of(*status), &message, dialect.name());
                let headers = to_headers(headers);
                Some(match body {
                    None => self.error(dialect, *status, error, headers),
                    Some(serde_json::Value::String(text)) => {
                        self.whole(*status, "text/plain; charset=utf-8", text.clone().into(), headers)
                    }
                    Some(json) => self.whole(*status, "application/json", json.to_string().into(), headers),
                })
            }
            Fault::RateLimit { retry, delay_ms } => Some(self.rate_limited(dialect, *retry, *delay_ms)),
            Fault::Overloaded {} => {
                let error = ErrorScript::default().provider_error(
                    ErrorKind::Overloaded,
                    "Overloaded",
                    dialect.name(),
                );
                Some(self.error(
                    dialect,
                    status_of(ErrorKind::Overloaded, dialect.name()),
                    error,
                    HeaderMap::new(),
                ))
            }
            Fault::Html { status } => {
                let page = format!(
                    "<html>\r\n<head><title>{status} Bad Gateway</title></head>\r\n<body>\r\n<center><h1>{status} Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
                );
                Some(self.whole(*status, "text/html", page.into(), HeaderMap::new()))
            }
            Fault::Empty {} => {
                let kind =
                    if request.stream { "text/event-stream; charset=utf-8" } else { "application/json" };
                Some(self.whole(200, kind, Bytes::new(), HeaderMap::new()))
            }
            Fault::Reset { at: Place::BeforeHeaders, .. } => {
                self.exchange.cut();
                self.control.reset();
                pending().await
            }
            Fault::Close { at: Place::BeforeHeaders, .. } => {
                self.exchange.cut();
                self.control.close();
                pending().await
            }
            Fault::Stall { at: Place::BeforeHeaders, for_ms, .. } => {
                match for_ms {
                    Some(time) => tokio::time::sleep(Duration::from_millis(*time)).await,
                    None => pending().await,
                }
                None
            }
            _ => None,
        }
    }

    fn rate_limited(
        &self,
        dialect: &'static dyn Dialect,
        retry: Retry,
        delay_ms: u64,
    ) -> Response<AnswerBody> {
        let mut headers = HeaderMap::new();
        let said = say_retry(retry, Duration::from_millis(delay_ms), &mut headers);
        let message = said.as_deref().unwrap_or("Rate limit reached.");
        let error = ErrorScript::default().provider_error(ErrorKind::RateLimited, message, dialect.name());
        self.error(dialect, 429, error, headers)
    }

    /// An error in the dialect's shape.
    fn error(
        &self,
        dialect: &'static dyn Dialect,
        status: u16,
        mut error: ProviderError,
        mut headers: HeaderMap,
    ) -> Response<AnswerBody> {
        let id = format!("req_{}", random::id(random::hash(self.shared.seed, error.message.as_bytes())));
        let name = if is_anthropic(dialect.name()) { "request-id" } else { "x-request-id" };
        if let Ok(value) = HeaderValue::try_from(&id) {
            headers.entry(name).or_insert(value);
        }
        error.status = Some(status);
        error.request_id = Some(id);
        self.whole(status, "application/json", dialect.encode_error(&error).into(), headers)
    }

    fn json(&self, value: &serde_json::Value, status: u16) -> Response<AnswerBody> {
        self.whole(status, "application/json", value.to_string().into(), HeaderMap::new())
    }

    /// A body that is there at once.
    fn whole(
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

/// A prompt whose tokens are to be counted, as a request: that has `max_tokens`.
fn with_max_tokens(body: &Bytes) -> Bytes {
    match serde_json::from_slice(body) {
        Ok(serde_json::Value::Object(mut fields)) => {
            fields.insert("max_tokens".to_owned(), 1.into());
            serde_json::Value::from(fields).to_string().into()
        }
        _ => body.clone(),
    }
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

/// Headers from a script, which were checked when it was read.
pub(crate) fn to_headers<'a>(headers: impl IntoIterator<Item = (&'a String, &'a String)>) -> HeaderMap {
    let checked = headers.into_iter().filter_map(|(name, value)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
    });
    checked.collect()
}
