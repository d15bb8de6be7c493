//! Renewal: changed settings make another engine, which shares what stays the same.

use crate::support::{
    bounded, call, engine, only,
    server::{Server, answer},
    settings, text_of,
};
use ferrule_engine::{Failure, ProviderSettings, Routing, Secret, Timeouts, TransportSettings};

#[tokio::test]
async fn an_unchanged_provider_keeps_its_connections() {
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    let same = settings(server.address);
    let first = engine(same.clone());
    bounded(first.complete(call())).await.unwrap();
    let renew = |settings| {
        let transport = TransportSettings::default();
        first.renewed(vec![settings], Timeouts::default(), 0, transport).unwrap()
    };
    bounded(renew(same.clone()).complete(call())).await.unwrap();
    let mut other = same;
    other.api_key = Some(Secret::from("sk-another-key"));
    bounded(renew(other).complete(call())).await.unwrap();
    let requests = server.requests();
    assert_eq!(requests.iter().map(|request| request.connection).collect::<Vec<_>>(), [0, 0, 1]);
    assert_eq!(requests[2].header("authorization"), Some("Bearer sk-another-key"));
    // The first engine is unchanged.
    assert_eq!(text_of(&bounded(first.complete(call())).await.unwrap().response), "hi");
}

#[tokio::test]
async fn each_engine_has_its_own_names() {
    let first = engine(settings(([127, 0, 0, 1], 9).into()));
    let routing = Routing { aliases: vec![("fast".into(), "test/small".into())], ..Routing::default() };
    let elsewhere = ProviderSettings {
        missing: Some("set ELSEWHERE_ACCOUNT".into()),
        ..ProviderSettings::new("elsewhere", "openai-chat", "")
    };
    let same = vec![settings(([127, 0, 0, 1], 9).into()), elsewhere];
    let renewed = first.renewed(same, Timeouts::default(), 0, TransportSettings::default()).unwrap();
    let renewed = renewed.with_routing(routing).unwrap();
    assert_eq!(renewed.resolve(Some("fast")).unwrap().to_string(), "test/small");
    assert!(first.resolve(Some("fast")).is_err());
    let mut elsewhere = call();
    elsewhere.to = only("elsewhere");
    let error = bounded(renewed.complete(elsewhere)).await.unwrap_err();
    assert!(matches!(error.failure, Failure::Config(what) if what == "set ELSEWHERE_ACCOUNT"));
}
