//! Authorisation of requests: keys in their headers, tokens from a source, and the handling of refusals.

use crate::support::{
    CANARY, bounded, call, engine, engine_with,
    server::{Server, answer},
    settings,
};
use ferrule_engine::{
    Authentication, CredentialsError, Engine, Environment, Failure, ProviderSettings, Secret, Timeouts,
    Token, TokenFuture, TokenSource, TransportSettings,
};
use ferrule_wire::model::ErrorKind;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Semaphore;

/// Returns `token-1`, `token-2`, ..., each when the gate has a permit.
#[derive(Debug)]
struct Numbered {
    given: AtomicUsize,
    gate: Arc<Semaphore>,
    error: Option<CredentialsError>,
}

impl Numbered {
    fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self { given: AtomicUsize::new(0), gate: Arc::new(Semaphore::new(permits)), error: None })
    }

    fn given(&self) -> usize {
        self.given.load(Ordering::SeqCst)
    }
}

impl TokenSource for Numbered {
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(async move {
            let number = self.given.fetch_add(1, Ordering::SeqCst) + 1;
            self.gate.acquire().await.unwrap().forget();
            match &self.error {
                Some(error) => Err(error.clone()),
                None => Ok(Token {
                    secret: Secret::from(format!("token-{number}-{CANARY}")),
                    lifetime: Some(Duration::from_secs(3600)),
                }),
            }
        })
    }
}

fn with_source(address: SocketAddr, source: &Arc<Numbered>) -> Engine {
    engine(ProviderSettings {
        api_key: None,
        authentication: Authentication::Source(Arc::clone(source) as Arc<dyn TokenSource>),
        ..settings(address)
    })
}

fn authentication(error: &ferrule_engine::CallError) -> &str {
    match &error.failure {
        Failure::Provider(error) if error.kind == ErrorKind::Authentication => &error.message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_kind_has_its_header_for_the_key() {
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    let kinds = [
        (Authentication::Key, "authorization", format!("Bearer {CANARY}")),
        (Authentication::Optional, "authorization", format!("Bearer {CANARY}")),
        (Authentication::Header { name: "api-key".into(), prefix: String::new() }, "api-key", CANARY.into()),
        (
            Authentication::Header { name: "Authorization".into(), prefix: "Token ".into() },
            "authorization",
            format!("Token {CANARY}"),
        ),
        (Authentication::Aws(Default::default()), "authorization", format!("Bearer {CANARY}")),
        (Authentication::Google(Default::default()), "authorization", format!("Bearer {CANARY}")),
        (Authentication::Entra(Default::default()), "api-key", CANARY.into()),
        (Authentication::Databricks(Default::default()), "authorization", format!("Bearer {CANARY}")),
    ];
    for (number, (authentication, header, expected)) in kinds.into_iter().enumerate() {
        let environment = Environment::from_variables::<&str, &str>([]);
        let engine = engine(ProviderSettings { authentication, environment, ..settings(server.address) });
        bounded(engine.complete(call())).await.unwrap();
        let request = &server.requests()[number];
        assert_eq!(request.header(header), Some(expected.as_str()));
        let sent = request.headers.iter().filter(|(_, value)| value.contains(CANARY)).count();
        assert_eq!(sent, 1, "the key is in no other header: {:?}", request.headers);
    }
}

/// Each row of `providers.toml` is applied; no credentials are looked up before a call needs them.
#[test]
fn every_row_of_the_table_can_be_prepared() {
    for row in ferrule_wire::providers::all() {
        let settings = ProviderSettings {
            authentication: row.authentication.into(),
            environment: Environment::from_variables::<&str, &str>([]),
            ..settings(([127, 0, 0, 1], 9).into())
        };
        let kind = format!("{:?}", settings.authentication);
        let same = format!("{:?}", row.authentication);
        let (kind, same) = (kind.split(['(', ' ']).next(), same.split(['(', ' ']).next());
        assert_eq!(kind, same, "{}", row.id);
        engine_with(settings, Timeouts::default(), TransportSettings::default()).unwrap();
    }
}

#[tokio::test]
async fn no_key_is_needed_or_sent_if_the_provider_takes_none() {
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    let none = ProviderSettings { authentication: Authentication::None, ..settings(server.address) };
    bounded(engine(none).complete(call())).await.unwrap();
    let optional = ProviderSettings {
        authentication: Authentication::Optional,
        api_key: None,
        ..settings(server.address)
    };
    bounded(engine(optional).complete(call())).await.unwrap();
    for request in server.requests() {
        assert_eq!(request.header("authorization"), None);
    }
    let named = Authentication::Header { name: "api-key".into(), prefix: String::new() };
    let missing = ProviderSettings { authentication: named, api_key: None, ..settings(server.address) };
    let error = bounded(engine(missing).complete(call())).await.unwrap_err();
    assert!(error.to_string().contains("set TEST_API_KEY"), "{error}");
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let refused = |authentication: Authentication| {
        let settings = ProviderSettings { authentication, ..settings(([127, 0, 0, 1], 9).into()) };
        engine_with(settings, Timeouts::default(), TransportSettings::default()).unwrap_err()
    };
    let header =
        |name: &str, prefix: &str| Authentication::Header { name: name.into(), prefix: prefix.into() };
    assert!(refused(header("a b", "")).contains("\"a b\" is not a valid header name"));
    let error = refused(header("a", "\n"));
    assert!(error.contains("no header can carry") && !error.contains(CANARY), "{error}");
}

#[tokio::test]
async fn parameters_of_the_provider_are_in_every_url() {
    let server = Server::start(vec![answer(200, "", "hi"), answer(200, "", r#"{"data":[]}"#)]).await;
    let query = vec![("api-version".into(), "2024-10-21".into()), ("a".into(), "b c".into())];
    let settings = ProviderSettings { query, ..settings(server.address) };
    let engine = engine(settings);
    let mut call = call();
    call.options.query = vec![("d".into(), "e".into())];
    bounded(engine.complete(call)).await.unwrap();
    bounded(engine.models("test", Timeouts::default())).await.unwrap();
    let requests = server.requests();
    assert_eq!(requests[0].line, "POST /v1/say?api-version=2024-10-21&a=b+c&d=e HTTP/1.1");
    assert_eq!(requests[1].line, "GET /v1/models?api-version=2024-10-21&a=b+c HTTP/1.1");
}

#[tokio::test]
async fn calls_share_a_token_that_is_fetched_once() {
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    let source = Numbered::new(0);
    let engine = Arc::new(with_source(server.address, &source));
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let engine = Arc::clone(&engine);
            tokio::spawn(async move { engine.complete(call()).await.map(|_| ()) })
        })
        .collect();
    while source.given() == 0 {
        tokio::task::yield_now().await;
    }
    source.gate.add_permits(1);
    for call in calls {
        bounded(call).await.unwrap().unwrap();
    }
    assert_eq!(source.given(), 1);
    let requests = server.requests();
    assert_eq!(requests.len(), 100);
    let expected = format!("Bearer token-1-{CANARY}");
    assert!(requests.iter().all(|request| request.header("authorization") == Some(&expected)));
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_once() {
    let refused = |number: usize| answer(401, "", &format!("token-{number}-{CANARY} is no good"));
    let server = Server::start(vec![
        answer(200, "", "hi"),
        refused(1),
        answer(200, "", "hi again"),
        refused(2),
        refused(3),
    ])
    .await;
    let source = Numbered::new(10);
    let engine = with_source(server.address, &source);
    let mut once = call();
    once.options.max_retries = Some(0);
    bounded(engine.complete(once.clone())).await.unwrap();
    // The cached token was revoked: a new one is fetched, which is not a retry of the provider.
    let reply = bounded(engine.complete(once.clone())).await.unwrap();
    assert_eq!((reply.attempts.len(), source.given()), (2, 2));
    // If the new one is refused as well, there is another reason.
    let error = bounded(engine.complete(once)).await.unwrap_err();
    assert_eq!((error.attempts.len(), source.given()), (2, 3));
    assert!(!authentication(&error).contains(CANARY), "{error}");
    assert!(!format!("{error:?}").contains(CANARY), "{error:?}");
}

#[tokio::test]
async fn a_new_token_that_is_refused_is_not_fetched_again() {
    let server = Server::start(vec![answer(401, "", "no")]).await;
    let source = Numbered::new(10);
    let error = bounded(with_source(server.address, &source).complete(call())).await.unwrap_err();
    assert_eq!((error.attempts.len(), source.given()), (1, 1));
}

#[tokio::test]
async fn a_call_with_its_own_credentials_fetches_no_token() {
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    let source = Numbered::new(10);
    let engine = with_source(server.address, &source);
    let mut own = call();
    own.options.headers = vec![("authorization".into(), "Bearer own".into())];
    bounded(engine.complete(own)).await.unwrap();
    assert_eq!(source.given(), 0);
    assert_eq!(server.requests()[0].header("authorization"), Some("Bearer own"));
}

#[tokio::test]
async fn a_failing_source_says_why_and_the_next_call_tries_again() {
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    let source = Arc::new(Numbered {
        given: AtomicUsize::new(0),
        gate: Arc::new(Semaphore::new(10)),
        error: Some(CredentialsError::refused("the vault is shut")),
    });
    let engine = with_source(server.address, &source);
    for number in 1..=2 {
        let error = bounded(engine.complete(call())).await.unwrap_err();
        assert_eq!(authentication(&error), "cannot get credentials for provider `test`: the vault is shut");
        assert_eq!((error.attempts.len(), source.given()), (1, number));
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_silent_source_ends_with_the_calls_deadline() {
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    let source = Numbered::new(0);
    let mut short = call();
    short.options.timeouts.total = Some(Duration::from_millis(50));
    let error = bounded(with_source(server.address, &source).complete(short)).await.unwrap_err();
    assert!(
        matches!(error.failure, Failure::Timeout(expired) if expired.kind == ferrule_engine::TimeoutKind::Total),
        "{error}"
    );
}
