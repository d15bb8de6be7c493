//! Client tests against simulated providers. One program, so that it is linked once.
#![expect(clippy::unwrap_used, reason = "the support code of tests")]

mod accounting;
mod settings;

use ferrule_catalog::{Row, Totals};
use ferrule_client::{Client, ProviderSettings, Settings};
use ferrule_sim::Simulator;
use ferrule_wire::model::{Message, Request, Role};

fn simulator() -> Simulator {
    Simulator::start(ferrule_sim::Settings::default()).unwrap()
}

fn provider(id: &str, simulator: &Simulator) -> ProviderSettings {
    ProviderSettings::new(id, "openai-chat", format!("http://{}/v1", simulator.address()))
}

fn settings(simulator: &Simulator) -> Settings {
    Settings { providers: vec![provider("openai", simulator)], max_retries: 0, ..Settings::default() }
}

fn ask(text: &str) -> Request {
    Request { messages: vec![Message::text(Role::User, text)], ..Request::default() }
}

/// The only row of the usage.
fn only(client: &Client) -> (Row, Totals) {
    let mut rows = client.usage();
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}
