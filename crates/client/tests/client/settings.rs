//! Settings: the engine built from them, and their replacement while calls are in flight.

use crate::{ask, provider, settings, simulator};
use ferrule_catalog::{Catalog, Entry};
use ferrule_client::{CallOptions, Client, ClientError, Settings, Timeouts, builtin, quirks};
use ferrule_engine::Place;
use std::sync::Arc;

#[tokio::test]
async fn new_settings_apply_to_calls_that_begin_later() {
    let simulator = simulator();
    let client = Client::new(settings(&simulator)).unwrap();
    let before = client.resolve_call("openai/x").unwrap();
    let mut other = settings(&simulator);
    other.providers = vec![provider("other", &simulator)];
    client.apply(&other).unwrap();
    before.complete(ask("Hello."), CallOptions::default()).await.unwrap();
    let call = client.resolve_call("other/x").unwrap();
    call.complete(ask("Hello."), CallOptions::default()).await.unwrap();
    assert!(matches!(client.resolve_call("openai/x"), Err(ClientError::Config(_))));
    assert_eq!(client.usage().len(), 2, "the usage goes on");
}

#[test]
fn invalid_settings_leave_the_old_ones_in_place() {
    let simulator = simulator();
    let client = Client::new(settings(&simulator)).unwrap();
    let mut wrong = settings(&simulator);
    wrong.routing.aliases = vec![("fast".into(), "nobody/x".into())];
    wrong.routing.default_model = Some("nobody/y".into());
    let problems = wrong.check_names();
    assert_eq!(
        problems.iter().map(|problem| problem.place.clone()).collect::<Vec<_>>(),
        [Place::Alias("fast".into()), Place::DefaultModel]
    );
    let Err(ClientError::Config(text)) = client.apply(&wrong) else { panic!() };
    assert!(text.starts_with("aliases.fast: ") && text.lines().count() == 2, "{text}");
    assert_eq!(client.resolve(Some("openai/x")).unwrap().to_string(), "openai/x");
    assert!(client.provider_id("opnai").unwrap_err().to_string().contains("did you mean `openai`"));
}

#[tokio::test]
async fn a_closed_client_makes_no_calls() {
    let simulator = simulator();
    let client = Client::new(settings(&simulator)).unwrap();
    let begun = client.resolve_call("openai/x").unwrap();
    client.close();
    assert_eq!(client.resolve_call("openai/x").unwrap_err(), ClientError::Closed);
    assert_eq!(client.apply(&Settings::default()).unwrap_err(), ClientError::Closed);
    begun.complete(ask("Hello."), CallOptions::default()).await.unwrap();
}

#[test]
fn bare_names_are_looked_up_in_the_catalog_with_the_users_own_entries() {
    let simulator = simulator();
    let mut with_entry = settings(&simulator);
    with_entry.routing.configured = vec!["openai".into()];
    let client = Client::new(with_entry.clone()).unwrap();
    assert_eq!(client.resolve(Some("gpt-4.1")).unwrap().to_string(), "openai/gpt-4.1");
    assert!(client.resolve(Some("of-my-own")).is_err());
    let entry = Entry::read("openai/of-my-own", "{}").unwrap();
    with_entry.catalog = Some(Arc::new(Catalog::builtin().with([entry])));
    client.apply(&with_entry).unwrap();
    let route = client.resolve(Some("of-my-own")).unwrap();
    assert_eq!((route.to_string().as_str(), route.alias.as_deref()), ("openai/of-my-own", Some("of-my-own")));
}

#[tokio::test]
async fn health_checks_run_concurrently() {
    let simulator = simulator();
    let client = Client::new(settings(&simulator)).unwrap();
    let ids = vec!["openai".to_owned(), "nobody".to_owned(), "openai".to_owned()];
    let found = client.health(ids, Timeouts::default()).unwrap().await;
    let found: Vec<_> = found.iter().map(|health| (health.provider.as_str(), health.reachable)).collect();
    assert_eq!(found, [("openai", Some(true)), ("nobody", None), ("openai", Some(true))]);
    assert!(!client.models("openai", Timeouts::default()).unwrap().await.unwrap().is_empty());
}

#[test]
fn quirks_of_a_built_in_provider_are_overridden_by_name() {
    let row = builtin("openai").unwrap();
    assert_eq!((row.dialect.as_str(), row.key_variables.len()), ("openai-chat", 1));
    assert!(builtin("nobody").is_none() && builtin("snowflake").is_none());
    let built_in = quirks("openai", None).unwrap();
    let overridden = quirks("openai", Some(r#"{"path": "/other{path}"}"#)).unwrap();
    assert_eq!(overridden.path, "/other{path}");
    assert_eq!((overridden.provider, overridden.unsupported), (built_in.provider, built_in.unsupported));
    assert_eq!(quirks("mine", None).unwrap().provider, "mine");
    assert!(quirks("mine", Some(r#"{"pth": "x"}"#)).unwrap_err().starts_with("providers.mine.quirks: "));
}
