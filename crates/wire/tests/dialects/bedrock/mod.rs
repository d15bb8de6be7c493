//! The Bedrock dialect: transcripts, quirks, and that what is written is read back the same.

pub(crate) mod frames;
mod media;
mod request;
mod response;
mod strategies;
mod stream;
mod tools;
mod translate;

use crate::strategies::json;
use ferrule_wire::dialect::Dialect;
use ferrule_wire::dialect::registry::find;
use ferrule_wire::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use ferrule_wire::json::Fields;
use ferrule_wire::model::{Message, Request, Role};
use std::path::PathBuf;

const CLAUDE: &str = "us.anthropic.claude-opus-4-6-v1:0";
const OLD_CLAUDE: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";
const OPEN_AI: &str = "openai.gpt-oss-20b-1:0";
const NOVA: &str = "amazon.nova-2-lite-v1:0";
const LLAMA: &str = "meta.llama3-70b-instruct-v1:0";

fn dialect() -> &'static dyn Dialect {
    find("bedrock").expect("the dialect is registered")
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/wire/bedrock").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn encode(request: &Request) -> Result<EncodedRequest, UnsupportedField> {
    dialect().encode_request(request, EncodeOptions::REFUSE)
}

fn body(request: &Request) -> String {
    String::from_utf8(encode(request).unwrap().body).unwrap()
}

/// One field of the body; nothing where it is not there.
fn field(request: &Request, name: &str) -> String {
    let body = body(request);
    let fields = Fields::parse(body.as_bytes()).unwrap();
    fields.get(name).map(|value| value.text().to_owned()).unwrap_or_default()
}

/// The field that refuses the request.
fn refused(request: &Request) -> String {
    encode(request).unwrap_err().field
}

/// What the server reads, with what stands in the address.
fn decode(encoded: &EncodedRequest) -> Request {
    let endpoint = dialect().endpoint(&encoded.path).unwrap();
    let mut request = dialect().decode_request(&encoded.body).unwrap();
    request.model = endpoint.model.unwrap().into_owned();
    request.stream = endpoint.stream.unwrap();
    request
}

fn ask(model: &str, messages: Vec<Message>) -> Request {
    Request { model: model.into(), messages, ..Request::default() }
}

fn hello(model: &str) -> Request {
    ask(model, vec![Message::text(Role::User, "hi")])
}
