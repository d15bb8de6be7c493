//! Usage accounting: each call counts once, however it ends.

use crate::{ask, only, provider, settings, simulator};
use ferrule_client::{CallOptions, Client, Settings};
use ferrule_wire::operation::{EmbeddingRequest, SpeechRequest};

#[tokio::test]
async fn a_call_is_settled_and_recorded_when_it_ends() {
    let simulator = simulator();
    let client = Client::new(settings(&simulator)).unwrap();
    let reply = client
        .resolve_call("openai/gpt-4.1")
        .unwrap()
        .complete(ask("Hello."), CallOptions::default())
        .await
        .unwrap();
    let (row, totals) = only(&client);
    assert_eq!((row.provider.as_str(), row.model.as_str()), ("openai", "gpt-4.1"));
    assert_eq!((totals.calls, totals.failed, totals.unknown_cost), (1, 0, 0));
    assert_eq!(Some(totals.input_tokens), reply.settlement.record().usage.input_tokens);
    assert_eq!(Some(totals.cost), reply.settlement.cost().map(|cost| cost.total));
    client.clear_usage();
    assert!(client.usage().is_empty());
}

#[tokio::test]
async fn a_stream_counts_when_it_ends_or_is_dropped() {
    let simulator = simulator();
    let client = Client::new(settings(&simulator)).unwrap();
    let open = || async {
        let call = client.resolve_call("openai/long-200").unwrap();
        call.stream(ask("Go on."), CallOptions::default()).await.unwrap()
    };
    let mut whole = open().await;
    while let Some(batch) = whole.next().await {
        batch.unwrap();
    }
    let whole = whole.settle();
    let (_, totals) = only(&client);
    assert_eq!((totals.calls, totals.interrupted), (1, 0));
    assert_eq!(Some(totals.output_tokens), whole.record().usage.output_tokens);
    let mut left = open().await;
    left.next().await.unwrap().unwrap();
    drop(left);
    let (_, totals) = only(&client);
    assert_eq!((totals.calls, totals.interrupted, totals.failed), (2, 1, 0));
}

#[tokio::test]
async fn a_failed_call_counts_as_failed() {
    let simulator = simulator();
    let client = Client::new(settings(&simulator)).unwrap();
    let call = client.resolve_call("openai/status-500").unwrap();
    call.complete(ask("Hello."), CallOptions::default()).await.unwrap_err();
    let call = client.resolve_call("openai/status-500").unwrap();
    call.stream(ask("Hello."), CallOptions::default()).await.unwrap_err();
    let (row, totals) = only(&client);
    assert_eq!((row.model.as_str(), totals.calls, totals.failed), ("status-500", 2, 2));
}

#[tokio::test]
async fn rows_differ_by_alias_and_metadata_and_name_the_answering_provider() {
    let simulator = simulator();
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut first = provider("first", &simulator);
    first.base_url = format!("http://{nowhere}/v1");
    first.fallback = Some("second".into());
    let mut settings =
        Settings { providers: vec![first, provider("second", &simulator)], ..Settings::default() };
    settings.routing.aliases = vec![("fast".into(), "first/x".into())];
    let client = Client::new(settings).unwrap();
    let options = CallOptions { metadata: vec![("user".into(), "me".into())], ..CallOptions::default() };
    let call = client.resolve_call("fast").unwrap();
    assert_eq!(call.route().candidates.len(), 2);
    call.complete(ask("Hello."), options).await.unwrap();
    let (row, _) = only(&client);
    assert_eq!((row.provider.as_str(), row.model.as_str()), ("second", "x"));
    assert_eq!(row.labels.alias.as_deref(), Some("fast"));
    assert_eq!(row.labels.metadata, [("user".to_owned(), "me".to_owned())]);
}

#[tokio::test]
async fn operations_count() {
    let simulator = simulator();
    let client = Client::new(settings(&simulator)).unwrap();
    let request = EmbeddingRequest { inputs: vec!["a".into(), "b".into()], ..EmbeddingRequest::default() };
    let call = client.resolve_call("openai/text-embedding-3-small").unwrap();
    let reply = call.embed(request, Some(1), CallOptions::default()).await.unwrap();
    assert_eq!((reply.response.vectors.len(), reply.attempts.len()), (2, 2));
    let (_, totals) = only(&client);
    assert_eq!((totals.calls, totals.unknown_cost), (1, 0), "one call of two requests");
    assert_eq!(Some(totals.cost), reply.settlement.cost().map(|cost| cost.total));

    client.clear_usage();
    let request = SpeechRequest { text: "Hello.".into(), voice: "alloy".into(), ..SpeechRequest::default() };
    let call = client.resolve_call("openai/tts-1").unwrap();
    let mut spoken = call.speech(request, CallOptions::default()).await.unwrap();
    assert!(client.usage().is_empty(), "it counts when it ends");
    while spoken.chunk().await.unwrap().is_some() {}
    let (_, totals) = only(&client);
    assert_eq!((totals.calls, totals.interrupted), (1, 0));
}
