//! An HTTP/2 (and 1.1) server behind TLS, with generated certificates.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{
    Request, Response,
    body::{Body, Frame, Incoming},
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::{
    convert::Infallible,
    net::SocketAddr,
    path::PathBuf,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer},
        server::WebPkiClientVerifier,
    },
};

/// A CA.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// Whether servers present its own certificate instead of one that it signed.
    shows_itself: bool,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self::with(params, false)
    }

    /// A CA whose servers present this very certificate, which is self-signed.
    pub(crate) fn self_signed(params: CertificateParams) -> Self {
        Self::with(params, true)
    }

    fn with(params: CertificateParams, shows_itself: bool) -> Self {
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer, shows_itself }
    }

    fn shown(&self) -> (CertificateDer<'static>, KeyPair) {
        if self.shows_itself {
            let key = KeyPair::from_pem(&self.issuer.key().serialize_pem()).unwrap();
            return (self.issuer.der().clone(), key);
        }
        let (certificate, key) = self.sign("localhost");
        (certificate.der().clone(), key)
    }

    fn sign(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        (CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// A file with this authority's certificate.
    pub(crate) fn ca_file(&self) -> PathBuf {
        file(&self.issuer.pem())
    }

    /// A file with a certificate for `name` and its key.
    pub(crate) fn identity_file(&self, name: &str) -> PathBuf {
        let (certificate, key) = self.sign(name);
        file(&format!("{}{}", certificate.pem(), key.serialize_pem()))
    }
}

pub(crate) fn file(text: &str) -> PathBuf {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{number}.pem", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

/// The server's behaviour besides answering.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) protocol: &'static [u8],
    pub(crate) most_streams: u32,
    pub(crate) asks_for_certificate: bool,
}

impl Default for Manner {
    fn default() -> Self {
        Self { protocol: b"h2", most_streams: 100, asks_for_certificate: false }
    }
}

/// Answers each streamed call with `text open\n` and leaves the stream open, each plain call with `hi`.
pub(crate) struct TlsServer {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    reset: mpsc::UnboundedReceiver<()>,
}

impl TlsServer {
    pub(crate) async fn start(authority: &Authority, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let open = Arc::new(AtomicUsize::new(0));
        let (reset_sender, reset) = mpsc::unbounded_channel();
        let acceptor = acceptor(authority, manner);
        let (counted, counted_open) = (Arc::clone(&connections), Arc::clone(&open));
        tokio::spawn(async move {
            loop {
                let Ok((socket, _)) = listener.accept().await else { return };
                let (acceptor, counted) = (acceptor.clone(), Arc::clone(&counted));
                let (open, reset) = (Arc::clone(&counted_open), reset_sender.clone());
                tokio::spawn(async move {
                    let Ok(socket) = acceptor.accept(socket).await else { return };
                    counted.fetch_add(1, Ordering::Relaxed);
                    let service = service_fn(move |request| serve(request, Arc::clone(&open), reset.clone()));
                    let socket = TokioIo::new(socket);
                    // The client decides how a connection ends.
                    let _ = if manner.protocol == b"h2" {
                        let mut builder = http2::Builder::new(TokioExecutor::new());
                        builder
                            .max_concurrent_streams(manner.most_streams)
                            .serve_connection(socket, service)
                            .await
                    } else {
                        http1::Builder::new().serve_connection(socket, service).await
                    };
                });
            }
        });
        Self { address, connections, open, reset }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// The number of open streams.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Waits until the client resets a stream.
    pub(crate) async fn next_reset(&mut self) {
        self.reset.recv().await.unwrap();
    }
}

pub(crate) fn acceptor(authority: &Authority, manner: Manner) -> TlsAcceptor {
    let crypto = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.issuer.der().to_vec())).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::clone(&crypto))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = if manner.asks_for_certificate {
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), crypto).build().unwrap();
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let (certificate, key) = authority.shown();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let mut config = builder.with_single_cert(vec![certificate], key).unwrap();
    config.alpn_protocols = vec![manner.protocol.to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(
    request: Request<Incoming>,
    open: Arc<AtomicUsize>,
    reset: mpsc::UnboundedSender<()>,
) -> Result<Response<Open>, Infallible> {
    let asked = request.into_body().collect().await.unwrap().to_bytes();
    if asked.ends_with(b"stream") {
        open.fetch_add(1, Ordering::Relaxed);
        Ok(Response::new(Open { said: Some("text open\n"), ends: false, open: Some((open, reset)) }))
    } else {
        Ok(Response::new(Open { said: Some("hi"), ends: true, open: None }))
    }
}

struct Open {
    said: Option<&'static str>,
    ends: bool,
    open: Option<(Arc<AtomicUsize>, mpsc::UnboundedSender<()>)>,
}

impl Body for Open {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.said.take() {
            Some(text) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(text.as_bytes()))))),
            None if self.ends => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some((open, reset)) = self.open.take() {
            open.fetch_sub(1, Ordering::Relaxed);
            let _ = reset.send(());
        }
    }
}
