//! Secrets leave the engine only in the header that carries them.

use crate::support::{
    CANARY, bounded, call, drain, engine, engine_with,
    server::{Server, Step, answer, stream, write},
    settings,
    tls::{Authority, Manner, TlsServer},
};
use ferrule_engine::{
    Authentication, AwsSettings, Call, CallError, Environment, Secret, Timeouts, TransportSettings,
    WatsonxSettings,
};
use ferrule_wire::model::Request;
use std::{
    fmt::Debug,
    sync::{Arc, Mutex},
    time::Duration,
};
use tracing::{Event, Metadata, Subscriber, field::Field, field::Visit, span};

const OTHER: &str = "canary-in-a-header";
const QUERY: &str = "canary-in-a-query";
const DECLARED: &str = "canary/that was \"declared\"";
const WORD: &str = "canary-as-second-word";
const BASE: &str = "Canary-in-the-base-url-1";

const SECRETS: [&str; 6] = [CANARY, OTHER, QUERY, DECLARED, WORD, BASE];

fn clean(what: &str, text: &str) {
    // All escapes are undone, so that no encoding of a secret hides it from this check.
    let plain = text.replace(['\\', '+'], "").replace("%20", " ").replace("%2F", "/").replace("%22", "\"");
    for secret in SECRETS {
        for text in [text, &plain] {
            assert!(!text.contains(secret), "{what} tells {secret}: {text}");
        }
    }
}

/// Settings with a secret in every possible place.
fn settings_with_secrets(address: std::net::SocketAddr) -> ferrule_engine::ProviderSettings {
    let mut settings = settings(address);
    settings.base_url.push_str(&format!("?sig={BASE}"));
    settings.headers = vec![
        ("x-plain".into(), DECLARED.replace('"', "'")),
        ("x-team".into(), DECLARED.into()),
        ("cookie".into(), format!("a=1; b={WORD}")),
    ];
    settings.declared = vec![Secret::from(DECLARED)];
    settings
}

fn clean_error(error: &CallError) {
    clean("Display", &error.to_string());
    clean("Debug", &format!("{error:?} {error:#?}"));
}

fn secret_call() -> Call<Request> {
    let mut call = call();
    call.options.headers = vec![("x-other-token".into(), OTHER.into())];
    call.options.query = vec![("key".into(), QUERY.into())];
    call.options.max_retries = Some(1);
    let short = Some(Duration::from_millis(100));
    call.options.timeouts = Timeouts { first_byte: short, idle: short, ..Timeouts::default() };
    call
}

#[derive(Default)]
struct Log(Mutex<Vec<String>>);

struct Collect(Arc<Log>);

impl Subscriber for Collect {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Line(String);
        impl Visit for Line {
            fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                self.0.push_str(&format!(" {field}={value:?}"));
            }
        }
        let mut line = Line(event.metadata().target().to_owned());
        event.record(&mut line);
        self.0.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[tokio::test]
async fn no_error_and_no_log_shows_a_secret() {
    let log = Arc::new(Log::default());
    let _guard = tracing::subscriber::set_default(Collect(Arc::clone(&log)));
    let percent = DECLARED.replace(' ', "+").replace('/', "%2F").replace('"', "%22");
    let echo = format!(
        "wrong key {CANARY}, other {OTHER}, query {QUERY} {BASE}, word {WORD}, {DECLARED}, {percent}, {:?}",
        DECLARED.replace('/', "\\/")
    );
    let error_behind_text = format!("error {echo}\n");
    let redirect = format!("location: http://127.0.0.1:1/?key={QUERY}\r\n");
    let id = format!("x-request-id: {CANARY}\r\n");
    let scripts = vec![
        answer(401, &id, &echo),
        answer(500, "retry-after-ms: 1\r\n", &echo),
        answer(200, "", &format!("error: {echo}")),
        answer(200, "", &format!("<html>{echo}")),
        answer(307, &redirect, ""),
        stream(&["text a\n", &error_behind_text]),
        stream(&[&error_behind_text]),
        stream(&["text a\n", &format!("{}\n", echo.replace(' ', "-"))]),
        vec![Step::Close],
        vec![Step::Hang],
        vec![write(format!("{echo}\r\n\r\n")), Step::Close],
    ];
    // Two for each script, and two more below.
    let calls = 2 * scripts.len() + 2;
    for script in scripts {
        let server = Server::start(vec![script]).await;
        let engine = engine(settings_with_secrets(server.address));
        clean_error(&bounded(engine.complete(secret_call())).await.unwrap_err());
        match bounded(engine.stream(secret_call())).await {
            Err(error) => clean_error(&error),
            Ok(mut opened) => {
                clean("an open stream", &format!("{opened:?}"));
                clean_error(&bounded(drain(&mut opened)).await.1.unwrap());
                clean("attempts", &format!("{:?}", opened.attempts()));
            }
        }
    }
    let refused = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    clean_error(&bounded(engine(settings(refused)).complete(secret_call())).await.unwrap_err());
    let tls = TlsServer::start(&Authority::new(), Manner::default()).await;
    let mut untrusted = settings(tls.address);
    untrusted.base_url = untrusted.base_url.replace("http:", "https:");
    clean_error(&bounded(engine(untrusted).complete(secret_call())).await.unwrap_err());

    let log = log.0.lock().unwrap();
    let ours = log.iter().filter(|line| line.starts_with("ferrule "));
    assert!(ours.count() > calls, "each call tells at least that it begins: {log:?}");
    log.iter().for_each(|line| clean("the log", line));
    assert!(log.iter().all(|line| !line.contains('\n')), "no server begins a line");
}

/// What is obtained per attempt is as secret as a key: the refusals echo it, and the signing libraries may log it.
#[tokio::test]
async fn no_error_and_no_log_shows_an_attempts_credentials() {
    let log = Arc::new(Log::default());
    let _guard = tracing::subscriber::set_default(Collect(Arc::clone(&log)));
    let echo = format!("{CANARY} is wrong");
    let server =
        Server::start(vec![answer(403, "", &echo), stream(&["text a\n", &format!("error {echo}\n")])]).await;
    let identity = Server::start(vec![answer(200, "", &format!(r#"{{"access_token":"{CANARY}"}}"#))]).await;
    let mut environment = Environment::default();
    environment.endpoints.push(("https://iam.cloud.ibm.com".into(), format!("http://{}", identity.address)));
    let aws = AwsSettings {
        region: Some("eu-west-1".into()),
        access_key_id: Some("AKID".into()),
        secret_access_key: Some(Secret::from(OTHER)),
        session_token: Some(Secret::from(CANARY)),
        ..AwsSettings::default()
    };
    for authentication in [Authentication::Watsonx(WatsonxSettings::default()), Authentication::Aws(aws)] {
        let key = matches!(authentication, Authentication::Watsonx(_)).then(|| Secret::from(OTHER));
        let mut settings = settings(server.address);
        settings.api_key = key;
        settings.authentication = authentication;
        settings.environment = environment.clone();
        let engine = engine(settings);
        clean("an engine", &format!("{engine:?}"));
        match bounded(engine.stream(call())).await {
            Err(error) => clean_error(&error),
            Ok(mut opened) => {
                clean("an open stream", &format!("{opened:?}"));
                clean_error(&bounded(drain(&mut opened)).await.1.unwrap());
            }
        }
        match bounded(engine.stream(call())).await {
            Err(error) => clean_error(&error),
            Ok(mut opened) => clean_error(&bounded(drain(&mut opened)).await.1.unwrap()),
        }
    }
    let log = log.0.lock().unwrap();
    assert!(log.len() > 8, "{log:?}");
    log.iter().for_each(|line| clean("the log", line));
}

#[tokio::test]
async fn nothing_shows_a_secret() {
    let mut settings = settings(([127, 0, 0, 1], 9).into());
    settings.headers = vec![("x-other".into(), OTHER.into())];
    settings.base_url.push_str(&format!("?key={QUERY}"));
    clean("settings", &format!("{settings:?} {settings:#?}"));
    clean("a call", &format!("{:?}", secret_call()));
    clean("an engine", &format!("{:?}", engine(settings.clone())));

    let refused = |change: &dyn Fn(&mut ferrule_engine::ProviderSettings)| {
        let mut settings = settings.clone();
        change(&mut settings);
        let error = engine_with(settings, Timeouts::default(), TransportSettings::default()).unwrap_err();
        clean("a refused setting", &error);
    };
    refused(&|settings| settings.api_key = Some(Secret::from(format!("{CANARY}\u{7f}"))));
    refused(&|settings| settings.headers = vec![("x".into(), format!("{OTHER}\n"))]);
    refused(&|settings| settings.base_url = format!("http://me:{CANARY}@localhost"));
    refused(&|settings| settings.base_url = format!("ftp://localhost/?{QUERY}"));
    refused(&|settings| settings.base_url = format!("{CANARY} {QUERY}"));
    refused(&|settings| settings.headers = vec![(format!("Bearer {CANARY}"), "authorization".into())]);
    refused(&|settings| settings.api_key = Some(Secret::from(format!("{CANARY} {OTHER}"))));

    let mut call = call();
    call.options.headers = vec![("x-other".into(), format!("{OTHER}\n"))];
    clean_error(&bounded(engine(settings).complete(call)).await.unwrap_err());
}
