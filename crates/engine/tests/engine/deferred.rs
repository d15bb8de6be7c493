//! Deferred secrets: fetched by the first call that needs them, shared, renewed, masked.

use crate::support::{
    CANARY, bounded, call, engine,
    server::{Server, answer},
    settings,
};
use ferrule_engine::{
    Authentication, CredentialsError, Environment, Failure, FetchedSecrets, ProviderSettings, Secret,
    SecretSource, SecretsFuture, Timeouts, TransportSettings, WatsonxSettings,
};
use std::sync::{Arc, Mutex};

const ROTATED: &str = "sk-canary-rotated-1";

/// A source that returns one key after the other, repeating the last; none is an error.
#[derive(Debug)]
pub(crate) struct Vault {
    keys: Vec<&'static str>,
    /// For each fetch, whether the previous key was refused.
    fetched: Mutex<Vec<bool>>,
}

impl Vault {
    pub(crate) fn new(keys: &[&'static str]) -> Arc<Self> {
        Arc::new(Self { keys: keys.to_vec(), fetched: Mutex::default() })
    }

    pub(crate) fn fetches(&self) -> usize {
        self.fetched.lock().unwrap().len()
    }
}

impl SecretSource for Vault {
    fn fetch(&self, refused: bool) -> SecretsFuture<'_> {
        let number = {
            let mut fetched = self.fetched.lock().unwrap();
            fetched.push(refused);
            fetched.len()
        };
        Box::pin(async move {
            // Other calls arrive while this one waits.
            tokio::task::yield_now().await;
            let key = self.keys.get(number - 1).or(self.keys.last());
            let key =
                key.ok_or_else(|| CredentialsError::unusable("ferrule.toml:3:1: api_key: no such file"))?;
            Ok(FetchedSecrets {
                api_key: Some(Secret::from(*key)),
                headers: vec![("x-more-secret".into(), format!("more-{key}"))],
                query: vec![("token".into(), format!("query-{key}"))],
                declared: Vec::new(),
            })
        })
    }

    fn identity(&self) -> u64 {
        std::ptr::from_ref(self) as usize as u64
    }
}

fn deferred(server: &Server, vault: &Arc<Vault>) -> ProviderSettings {
    let source: Arc<dyn SecretSource> = Arc::clone(vault) as _;
    ProviderSettings { api_key: None, secrets: Some(source), ..settings(server.address) }
}

#[tokio::test]
async fn secrets_are_fetched_once_for_all_calls_that_need_them() {
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    let vault = Vault::new(&[CANARY]);
    let engine = engine(deferred(&server, &vault));
    assert_eq!(vault.fetches(), 0, "not before they are needed");
    let both = async { tokio::join!(engine.complete(call()), engine.complete(call())) };
    bounded(Box::pin(both)).await.0.unwrap();
    assert_eq!(vault.fetches(), 1);
    for request in server.requests() {
        assert_eq!(request.header("authorization"), Some(format!("Bearer {CANARY}").as_str()));
        assert_eq!(request.header("x-more-secret"), Some(format!("more-{CANARY}").as_str()));
        assert_eq!(request.line, format!("POST /v1/say?token=query-{CANARY} HTTP/1.1"));
    }
    let mut own = call();
    own.options.headers = vec![("authorization".into(), "Bearer of-the-call".into())];
    bounded(engine.complete(own)).await.unwrap();
    assert_eq!(server.requests()[2].header("authorization"), Some("Bearer of-the-call"));
    let models = bounded(engine.models("test", Timeouts::default())).await;
    assert_eq!(
        server.requests()[3].header("authorization").unwrap(),
        format!("Bearer {CANARY}"),
        "{models:?}"
    );
}

#[tokio::test]
async fn a_refused_key_is_fetched_again_and_retried_only_if_it_changed() {
    let server = Server::start(vec![
        answer(200, "", "hi"),
        answer(401, "", "rotated"),
        answer(200, "", "hi again"),
        answer(401, "", "no"),
    ])
    .await;
    let vault = Vault::new(&[CANARY, ROTATED]);
    let engine = engine(deferred(&server, &vault));
    bounded(engine.complete(call())).await.unwrap();
    let reply = bounded(engine.complete(call())).await.unwrap();
    assert_eq!(reply.attempts.len(), 2);
    assert_eq!(server.requests()[2].header("authorization"), Some(format!("Bearer {ROTATED}").as_str()));
    assert_eq!(*vault.fetched.lock().unwrap(), [false, true]);
    let error = bounded(engine.complete(call())).await.unwrap_err();
    assert_eq!((error.attempts.len(), vault.fetches()), (1, 3), "the key is the same: {error}");
}

#[tokio::test]
async fn a_failed_fetch_is_reported_in_the_sources_words() {
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    let vault = Vault::new(&[]);
    let engine = engine(deferred(&server, &vault));
    for fetches in [1, 2] {
        let error = bounded(engine.complete(call())).await.unwrap_err();
        let Failure::Config(what) = &error.failure else { panic!("{error}") };
        assert_eq!(what, "ferrule.toml:3:1: api_key: no such file");
        assert_eq!(vault.fetches(), fetches, "it is looked for again");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn no_error_shows_a_fetched_secret() {
    let echo = format!("{CANARY} and more-{CANARY} and query-{CANARY}");
    let server = Server::start(vec![answer(400, "", &echo)]).await;
    let vault = Vault::new(&[CANARY]);
    let engine = engine(deferred(&server, &vault));
    let error = bounded(engine.complete(call())).await.unwrap_err();
    assert!(!format!("{error} {error:?} {engine:?}").contains(CANARY), "{error}");
}

#[tokio::test]
async fn a_fetched_key_is_exchanged_for_a_token_if_needed() {
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    let identity = Server::start(vec![answer(200, "", r#"{"access_token":"a-token-of-ibm"}"#)]).await;
    let vault = Vault::new(&[CANARY]);
    let mut environment = Environment::default();
    environment.endpoints.push(("https://iam.cloud.ibm.com".into(), format!("http://{}", identity.address)));
    let engine = engine(ProviderSettings {
        authentication: Authentication::Watsonx(WatsonxSettings::default()),
        environment,
        ..deferred(&server, &vault)
    });
    bounded(engine.complete(call())).await.unwrap();
    assert!(identity.requests()[0].body.contains(CANARY));
    assert_eq!(server.requests()[0].header("authorization"), Some("Bearer a-token-of-ibm"));
}

#[tokio::test]
async fn renewal_keeps_fetched_secrets_and_a_new_source_keeps_connections() {
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    let vault = Vault::new(&[CANARY]);
    let first = engine(deferred(&server, &vault));
    bounded(first.complete(call())).await.unwrap();
    let renew = |settings| {
        first.renewed(vec![settings], Timeouts::default(), 0, TransportSettings::default()).unwrap()
    };
    bounded(renew(deferred(&server, &vault)).complete(call())).await.unwrap();
    assert_eq!(vault.fetches(), 1);
    let other = Vault::new(&[ROTATED]);
    bounded(renew(deferred(&server, &other)).complete(call())).await.unwrap();
    assert_eq!(other.fetches(), 1);
    let requests = server.requests();
    assert_eq!(requests.iter().map(|request| request.connection).collect::<Vec<_>>(), [0, 0, 0]);
    assert_eq!(requests[2].header("authorization"), Some(format!("Bearer {ROTATED}").as_str()));
}
