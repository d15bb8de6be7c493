//! The Gemini dialect: transcripts, quirks, and that what is written is read back the same.

mod properties;
mod request;
mod strategies;
mod stream;
mod translate;

use ferrule_wire::dialect::Dialect;
use ferrule_wire::dialect::registry::find;
use std::path::PathBuf;

fn dialect() -> &'static dyn Dialect {
    find("gemini").expect("the dialect is registered")
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/wire/gemini")
}
