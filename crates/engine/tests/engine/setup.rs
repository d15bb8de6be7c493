//! Settings: which provider, which key, which header, which proxy; and the list of models.

use crate::support::{
    CANARY, bounded, call, engine, engine_with, only,
    server::{Server, Step, answer, write},
    settings, text_of,
};
use ferrule_engine::{
    Authentication, EntraSettings, Environment, Failure, ProviderSettings, Secret, Timeouts,
    TransportSettings, WatsonxSettings,
};
use std::process::{Command, Stdio};

fn config(failure: &Failure) -> &str {
    match failure {
        Failure::Config(what) => what,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_unknown_provider_lists_those_we_know() {
    let mut call = call();
    call.to = only("tset");
    let error = bounded(engine(settings(([127, 0, 0, 1], 9).into())).complete(call)).await.unwrap_err();
    assert_eq!(config(&error.failure), "there is no provider `tset`; known are: test");
    assert!(error.attempts.is_empty());
}

#[tokio::test]
async fn a_missing_key_names_its_variables() {
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    for key in [None, Some(Secret::from("")), Some(Secret::from(" \n"))] {
        let mut settings = settings(server.address);
        settings.api_key = key;
        settings.key_variables.push("OTHER_KEY".into());
        let engine = engine(settings);
        let error = bounded(engine.stream(call())).await.unwrap_err();
        assert!(config(&error.failure).contains("set TEST_API_KEY or OTHER_KEY"), "{error}");
        let error = bounded(engine.models("test", Timeouts::default())).await.unwrap_err();
        assert!(config(&error.failure).contains("TEST_API_KEY"), "{error}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_call_may_bring_its_own_key_or_need_none() {
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    let mut settings = settings(server.address);
    settings.api_key = None;
    let mut own = call();
    own.options.headers = vec![("authorization".into(), "Bearer own".into())];
    bounded(engine(settings.clone()).complete(own)).await.unwrap();
    settings.key_variables.clear();
    bounded(engine(settings).complete(call())).await.unwrap();
    let requests = server.requests();
    assert_eq!(requests[0].header("authorization"), Some("Bearer own"));
    assert_eq!(requests[1].header("authorization"), None);
}

#[tokio::test]
async fn each_dialect_has_its_header_for_the_key() {
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    let mut settings = settings(server.address);
    settings.dialect = "anthropic".into();
    settings.api_key = Some(Secret::from(format!("{CANARY}\n")));
    bounded(engine(settings).complete(call())).await.unwrap();
    let request = &server.requests()[0];
    assert_eq!(request.header("x-api-key"), Some(CANARY));
    assert_eq!(request.header("authorization"), None);
}

#[test]
fn settings_that_cannot_work_are_refused_at_once() {
    let refused = |change: &dyn Fn(&mut ProviderSettings)| {
        let mut settings = settings(([127, 0, 0, 1], 9).into());
        change(&mut settings);
        engine_with(settings, Timeouts::default(), TransportSettings::default()).unwrap_err()
    };
    assert!(refused(&|settings| settings.dialect = "latin".into()).contains("no dialect `latin`"));
    assert!(refused(&|settings| settings.base_url = "localhost:8080".into()).contains("http://"));
    assert!(refused(&|settings| settings.base_url = String::new()).contains("base_url"));
    assert!(refused(&|settings| settings.base_url = "http://a:b@c".into()).contains("user name or password"));
    assert!(refused(&|settings| settings.headers = vec![("a b".into(), "c".into())]).contains("\"a b\""));
}

#[tokio::test]
async fn models_are_listed_page_by_page() {
    let page = |ids: &str, more: &str| answer(200, "", &format!("{{\"data\":[{ids}]{more}}}"));
    let server = Server::start(vec![
        answer(500, "retry-after-ms: 1\r\n", ""),
        page(r#"{"id":"a"},{"id":"b"}"#, r#","has_more":true,"last_id":"b""#),
        page(r#"{"id":"c"}"#, r#","has_more":false,"last_id":"c""#),
    ])
    .await;
    let mut settings = settings(server.address);
    settings.base_url = settings.base_url.replace("/v1", "");
    settings.dialect = "anthropic".into();
    let models = bounded(engine(settings).models("test", Timeouts::default())).await.unwrap();
    assert_eq!(models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    let lines: Vec<String> = server.requests().into_iter().map(|request| request.line).collect();
    assert_eq!(lines[1], "GET /v1/models?limit=1000 HTTP/1.1");
    assert_eq!(lines[2], "GET /v1/models?limit=1000&after_id=b HTTP/1.1");
    assert_eq!(server.requests()[1].header("x-api-key"), Some(CANARY));
}

#[tokio::test]
async fn an_endless_list_of_models_is_abandoned() {
    let server =
        Server::start(vec![answer(200, "", r#"{"data":[{"id":"a"}],"has_more":true,"last_id":"a"}"#)]).await;
    let mut settings = settings(server.address);
    let models = bounded(engine(settings.clone()).models("test", Timeouts::default())).await.unwrap();
    assert_eq!((models.len(), server.requests()[0].line.as_str()), (1, "GET /v1/models HTTP/1.1"));
    settings.dialect = "anthropic".into();
    let models = bounded(engine(settings).models("test", Timeouts::default())).await.unwrap();
    assert_eq!(models.len(), 2);
    let error =
        bounded(engine(self::settings(server.address)).models("no", Timeouts::default())).await.unwrap_err();
    config(&error.failure);
}

/// The environment belongs to the process, so the proxy is tested in a separate one.
async fn in_process_with(proxy: &[(&str, String)], test: &str) -> bool {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command.args(["--exact", test, "--ignored"]).env_remove("NO_PROXY").env_remove("no_proxy");
    command.envs(proxy.iter().map(|(name, value)| (name, value)));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = tokio::process::Command::from(command).kill_on_drop(true).spawn().unwrap();
    bounded(child.wait()).await.unwrap().success()
}

#[tokio::test]
async fn the_environments_proxy_is_used_and_its_exceptions_hold() {
    let proxy = Server::start(vec![answer(200, "", "by proxy")]).await;
    let url = |user: &str| format!("http://{user}{}", proxy.address);
    let test = "setup::calls_a_host_that_does_not_exist";
    assert!(in_process_with(&[("http_proxy", url("me:secret@"))], test).await);
    let requests = proxy.requests();
    assert_eq!(requests[0].line, "POST http://upstream.invalid/v1/say HTTP/1.1");
    assert_eq!(requests[0].header("proxy-authorization"), Some("Basic bWU6c2VjcmV0"));

    assert!(!in_process_with(&[("http_proxy", url("")), ("NO_PROXY", ".invalid".into())], test).await);
    assert_eq!(proxy.requests().len(), 1);

    // Encrypted calls go through a tunnel, in which the proxy sees none of our headers.
    let tunnel = Server::start(vec![vec![write("HTTP/1.1 502 No\r\n\r\n"), Step::Close]]).await;
    let url = format!("http://{}", tunnel.address);
    assert!(in_process_with(&[("HTTPS_PROXY", url)], "setup::calls_an_encrypted_host_in_vain").await);
    let request = &tunnel.requests()[0];
    assert_eq!(request.line, "CONNECT upstream.invalid:443 HTTP/1.1");
    assert_eq!(request.header("authorization"), None);
}

#[tokio::test]
#[ignore = "run by the_environments_proxy_is_used_and_its_exceptions_hold"]
async fn calls_a_host_that_does_not_exist() {
    let mut settings = settings(([127, 0, 0, 1], 9).into());
    settings.base_url = "http://upstream.invalid/v1".into();
    let mut call = call();
    call.options.max_retries = Some(0);
    assert_eq!(text_of(&engine(settings).complete(call).await.unwrap().response), "by proxy");
}

#[tokio::test]
#[ignore = "run by the_environments_proxy_is_used_and_its_exceptions_hold"]
async fn calls_an_encrypted_host_in_vain() {
    let mut settings = settings(([127, 0, 0, 1], 9).into());
    settings.base_url = "https://upstream.invalid/v1".into();
    let mut call = call();
    call.options.max_retries = Some(0);
    let error = engine(settings).complete(call).await.unwrap_err();
    assert!(matches!(error.failure, Failure::Connect(_)), "{error}");
}

#[tokio::test]
async fn token_endpoints_use_the_proxy_and_metadata_services_do_not() {
    let token = |name: &str| answer(200, "", &format!(r#"{{"access_token":"{name}"}}"#));
    let proxy = Server::start(vec![token("by-proxy"), answer(200, "", "by proxy")]).await;
    let variables = [("http_proxy", format!("http://{}", proxy.address))];
    assert!(in_process_with(&variables, "setup::gets_a_token_from_a_host_that_does_not_exist").await);
    let requests = proxy.requests();
    assert_eq!(requests[0].line, "POST http://identity.invalid/token HTTP/1.1");
    assert_eq!(requests[1].header("authorization"), Some("Bearer by-proxy"));

    assert!(in_process_with(&variables, "setup::gets_a_token_from_this_machine").await);
    let requests = proxy.requests();
    assert_eq!(requests.len(), 3, "the metadata service is not asked through a proxy: {requests:?}");
    assert_eq!(requests[2].header("authorization"), Some("Bearer of-machine"));
}

async fn by_proxy(authentication: Authentication, environment: Environment) {
    let mut settings = settings(([127, 0, 0, 1], 9).into());
    settings.base_url = "http://upstream.invalid/v1".into();
    if matches!(authentication, Authentication::Entra(_)) {
        settings.api_key = None;
    }
    settings.authentication = authentication;
    settings.environment = environment;
    assert_eq!(text_of(&engine(settings).complete(call()).await.unwrap().response), "by proxy");
}

#[tokio::test]
#[ignore = "run by token_endpoints_use_the_proxy_and_metadata_services_do_not"]
async fn gets_a_token_from_a_host_that_does_not_exist() {
    let url = Some("http://identity.invalid/token".into());
    by_proxy(Authentication::Watsonx(WatsonxSettings { url }), Environment::default()).await;
}

#[tokio::test]
#[ignore = "run by token_endpoints_use_the_proxy_and_metadata_services_do_not"]
async fn gets_a_token_from_this_machine() {
    let metadata = Server::start(vec![answer(200, "", r#"{"access_token":"of-machine"}"#)]).await;
    let mut environment = Environment::from_variables::<&str, &str>([]);
    environment.endpoints.push(("http://169.254.169.254".into(), format!("http://{}", metadata.address)));
    by_proxy(Authentication::Entra(EntraSettings::default()), environment).await;
    assert_eq!(metadata.requests().len(), 1);
}
