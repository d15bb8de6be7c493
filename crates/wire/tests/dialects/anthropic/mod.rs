//! The Anthropic dialect: transcripts, quirks, and that what is written is read back the same.

mod request;
mod response;
mod strategies;
mod stream;

use ferrule_wire::dialect::Dialect;
use ferrule_wire::dialect::registry::find;
use std::path::PathBuf;

fn dialect() -> &'static dyn Dialect {
    find("anthropic").expect("the dialect is registered")
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/wire/anthropic").join(name)
}

/// What is expected: `told`, which `UPDATE_TRANSCRIPTS=1` writes anew.
fn expected(name: &str, told: &str) -> String {
    if std::env::var_os("UPDATE_TRANSCRIPTS").is_some() {
        std::fs::write(fixture(name), told).expect("the fixture is written");
    }
    read(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
