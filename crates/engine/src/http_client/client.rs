//! HTTP client: sends requests over kept-alive connections.

use super::{
    body::{Content, HttpBody, Sending},
    failure::HttpFailure,
    header_block::HeaderBlock,
    header_case::HeaderCases,
    host_breakers::HostBreakers,
    request::{HttpContent, HttpRequest},
    response::HttpResponse,
    settings::{HttpProxy, HttpSettings, Trust},
    time_limits::Clock,
    trust,
};
use crate::{
    net::{Client, ClientSettings, Connections, Proxies, Proxy, ResponseBody, SocketRoute},
    timer_keep_alive::TimerKeepAlive,
    tls,
};
use http::{HeaderValue, Method, Request, Uri, Version, header::HOST};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep,
};

/// The head of a response, its body, and the head as written, if known.
type Received = (http::response::Parts, ResponseBody, Option<Vec<u8>>);

/// How much an HTTP/2 stream may send ahead of its reader, and all of a connection together.
const WINDOWS: (u32, u32) = (1 << 20, 16 << 20);

/// The delay before the second retry of a connect; doubled each time from then on.
const CONNECT_BACKOFF: Duration = Duration::from_millis(500);

/// A general-purpose HTTP client. Requests are sent unchanged, once; only connecting is retried, if the settings say
/// so. Must be used on a tokio runtime.
#[derive(Debug)]
pub struct HttpClient {
    settings: HttpSettings,
    proxies: Arc<Proxies>,
    /// For servers with TLS and without; built when first needed.
    encrypted: OnceLock<Result<Client<HttpBody>, String>>,
    plain: OnceLock<Result<Client<HttpBody>, String>>,
    places: Option<Arc<Semaphore>>,
    /// The servers that speak HTTP/2, for which one connection carries all requests.
    sharing: Mutex<HashSet<String>>,
    cases: HeaderCases,
    breakers: HostBreakers,
    timer: Arc<TimerKeepAlive>,
}

impl HttpClient {
    /// A client with these settings; does not connect yet. Reads the proxies in the environment, if the settings say
    /// so. The error says which setting is invalid.
    pub fn new(settings: HttpSettings) -> Result<Self, String> {
        if let Trust::Only(pem) = &settings.trust {
            trust::certificates(pem).map_err(|why| format!("verify: {why}"))?;
        }
        if let Some(identity) = &settings.identity {
            trust::chain(identity).map_err(|why| format!("cert: {why}"))?;
        }
        let proxies = match &settings.proxy {
            HttpProxy::None => Proxies::none(),
            HttpProxy::Environment => Proxies::from_environment(),
            HttpProxy::Given { address, credentials, headers } => {
                let proxy = Proxy::parse(address).map_err(|why| format!("proxy {why}"))?;
                Proxies::all(proxy.with_credentials(credentials.clone()).with_headers(headers.clone()))
            }
        };
        let places = settings.max_connections.map(|count| Arc::new(Semaphore::new(count)));
        let breakers = HostBreakers::new(settings.breaker);
        Ok(Self {
            settings,
            proxies: Arc::new(proxies),
            encrypted: OnceLock::new(),
            plain: OnceLock::new(),
            places,
            sharing: Mutex::default(),
            cases: HeaderCases::default(),
            breakers,
            timer: Arc::default(),
        })
    }

    /// Sends `request` and awaits the head of its response, whatever its status. Dropping the future aborts the request
    /// at its socket.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpFailure> {
        self.timer.note_call();
        let server = server(&request.uri);
        let admitted = self.breakers.admit(&server)?;
        let sent = self.send_admitted(&request, server).await;
        if let Some(admitted) = admitted {
            admitted.settle(sent.as_ref().map(|response| response.status));
        }
        sent
    }

    async fn send_admitted(
        &self,
        request: &HttpRequest,
        server: String,
    ) -> Result<HttpResponse, HttpFailure> {
        let mut clock = Clock::new(request.timeouts);
        let mut place = self.place(&server, &mut clock).await?;
        let mut tried = 0_u32;
        let (answered, sending) = loop {
            match self.send_once(request, &mut clock).await {
                Err(failure) if failure.is_of_connecting() && tried < self.settings.connect_retries => {
                    if let Some(before) = tried.checked_sub(1) {
                        sleep(CONNECT_BACKOFF * (1_u32 << before.min(6))).await;
                    }
                    tried += 1;
                }
                sent => break sent?,
            }
        };
        let (head, body, written) = answered;
        if head.version == Version::HTTP_2 && self.places.is_some() {
            self.sharing.lock().unwrap_or_else(PoisonError::into_inner).insert(server);
            place = None;
        }
        Ok(HttpResponse::new(&head, written.as_deref(), body, (clock, sending), place))
    }

    /// A permit for a connection, if their number is limited.
    async fn place(
        &self,
        server: &str,
        clock: &mut Clock,
    ) -> Result<Option<OwnedSemaphorePermit>, HttpFailure> {
        let Some(places) = &self.places else { return Ok(None) };
        if self.sharing.lock().unwrap_or_else(PoisonError::into_inner).contains(server) {
            return Ok(None);
        }
        if let Ok(place) = Arc::clone(places).try_acquire_owned() {
            return Ok(Some(place));
        }
        // The semaphore is never closed.
        Ok(clock.until_placed(Arc::clone(places).acquire_owned()).await?.ok())
    }

    async fn send_once(
        &self,
        request: &HttpRequest,
        clock: &mut Clock,
    ) -> Result<(Received, Arc<Sending>), HttpFailure> {
        let client = self.client(request.uri.scheme_str() == Some("https"))?;
        let sending = Sending::new();
        let content = match &request.content {
            HttpContent::Whole(bytes) => Content::Whole(bytes.clone()),
            HttpContent::Source(source) => Content::Source(Arc::clone(source)),
        };
        let body = HttpBody { content, sending: Arc::clone(&sending) };
        let prepared = self.prepare(request.method.clone(), request.uri.clone(), &request.headers, body)?;
        let answered = clock.until_answered(&sending, client.request_packed(prepared)).await?;
        let answered = answered.map_err(|unanswered| HttpFailure::unanswered(&unanswered))?;
        Ok((answered, sending))
    }

    /// The request in hyper's types.
    fn prepare(
        &self,
        method: Method,
        uri: Uri,
        block: &HeaderBlock,
        body: HttpBody,
    ) -> Result<Request<HttpBody>, HttpFailure> {
        let mut headers = block.headers.clone();
        let is_encrypted = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or_default();
        let port = uri.port_u16().unwrap_or(if is_encrypted { 443 } else { 80 });
        for (name, value) in &self.proxies.headers(is_encrypted, host, port).map_err(HttpFailure::proxy)? {
            headers.insert(name, value.clone());
        }
        // HTTP/2 uses a pseudo-header instead, and a server may reject both.
        let is_usual =
            |value: &HeaderValue| Some(value.as_bytes()) == uri.authority().map(|it| it.as_str().as_bytes());
        if self.settings.http2 && headers.get(HOST).is_some_and(is_usual) {
            headers.remove(HOST);
        }
        let mut request = Request::new(body);
        if block.has_capitals {
            *request.extensions_mut() = self.cases.extensions_for(&block.names);
        }
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method, uri, headers);
        Ok(request)
    }

    fn client(&self, is_encrypted: bool) -> Result<&Client<HttpBody>, HttpFailure> {
        let made = if is_encrypted {
            self.encrypted.get_or_init(|| trust::config(&self.settings).map(|tls| self.connecting(tls)))
        } else {
            self.plain.get_or_init(|| {
                let needs_tls = self.proxies.are_encrypted();
                let tls = if needs_tls { trust::config(&self.settings) } else { tls::unused() };
                tls.map(|tls| self.connecting(tls))
            })
        };
        made.as_ref().map_err(|why| HttpFailure::settings(why.clone()))
    }

    fn connecting(&self, tls: rustls::ClientConfig) -> Client<HttpBody> {
        let settings = &self.settings;
        let keeps = settings.max_idle != Some(0) && settings.idle != Some(Duration::ZERO);
        Client::new(ClientSettings {
            connections: keeps.then(|| Arc::new(Connections::default())),
            windows: Some(WINDOWS),
            idle: settings.idle,
            max_idle: settings.max_idle.unwrap_or(usize::MAX),
            route: SocketRoute {
                local_address: settings.local_address,
                #[cfg(unix)]
                unix_socket: settings.unix_socket.as_deref().map(Into::into),
            },
            is_http2_only: settings.http2 && !settings.http1,
            is_general: true,
            ..ClientSettings::new(tls, Arc::clone(&self.proxies))
        })
    }
}

/// Scheme, host and port of `uri`.
fn server(uri: &Uri) -> String {
    let authority = uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    format!("{}://{authority}", uri.scheme_str().unwrap_or_default())
}
