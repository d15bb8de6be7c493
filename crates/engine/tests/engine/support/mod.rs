//! Support shared by the tests: a dialect small enough to write by hand, and scripted servers.

pub(crate) mod dialect;
pub(crate) mod folder;
pub(crate) mod server;
pub(crate) mod tls;

use dialect::Tiny;
use ferrule_engine::{
    Call, CallOptions, Candidate, Engine, EventStream, ProviderSettings, Recipient, Secret, Timeouts,
    TransportSettings,
};
use ferrule_wire::model::{Message, Part, Request, Response, Role, StreamEvent};
use std::{net::SocketAddr, time::Duration};

/// This key may appear only in the header that carries it.
pub(crate) const CANARY: &str = "sk-canary-5f3a9c";

pub(crate) fn settings(address: SocketAddr) -> ProviderSettings {
    ProviderSettings {
        api_key: Some(Secret::from(CANARY)),
        key_variables: vec!["TEST_API_KEY".into()],
        ..ProviderSettings::new("test", "tiny", format!("http://{address}/v1"))
    }
}

pub(crate) fn engine(settings: ProviderSettings) -> Engine {
    engine_with(settings, Timeouts::default(), TransportSettings::default()).unwrap()
}

pub(crate) fn engine_with(
    settings: ProviderSettings,
    timeouts: Timeouts,
    transport: TransportSettings,
) -> Result<Engine, String> {
    Engine::with_dialects(vec![settings], timeouts, 2, transport, Tiny::find)
}

pub(crate) fn call() -> Call<Request> {
    let request = Request {
        model: "small".into(),
        messages: vec![Message::new(Role::User, vec![Part::text("hello")])],
        ..Request::default()
    };
    Call { to: "test/small".into(), request, options: CallOptions::default() }
}

/// The provider `id`, whether it exists or not, and no other.
pub(crate) fn only(id: &str) -> Recipient {
    Recipient::Route(Candidate::new(id, "small").into())
}

pub(crate) fn text_of(response: &Response) -> String {
    use ferrule_wire::model::PartKind;
    let parts = response.choices.iter().flat_map(|choice| &choice.message.content);
    parts
        .filter_map(|part| if let PartKind::Text(text) = &part.kind { Some(text.as_str()) } else { None })
        .collect()
}

pub(crate) fn texts_of(events: &[StreamEvent]) -> String {
    let text = |event: &StreamEvent| {
        if let StreamEvent::TextDelta { text, .. } = event { Some(text.clone()) } else { None }
    };
    events.iter().filter_map(text).collect()
}

/// All events of the stream, and how it ended.
pub(crate) async fn drain(stream: &mut EventStream) -> (Vec<StreamEvent>, Option<ferrule_engine::CallError>) {
    let mut events = Vec::new();
    while let Some(batch) = stream.next().await {
        match batch {
            Ok(batch) => {
                assert!(!batch.events.is_empty(), "an empty batch");
                events.extend(batch.events);
            }
            Err(error) => {
                assert!(stream.next().await.is_none(), "something after an error");
                return (events, Some(error));
            }
        }
    }
    (events, None)
}

/// No test waits longer than this.
pub(crate) async fn bounded<F: Future>(work: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), work).await.expect("the test took longer than 20 s")
}
