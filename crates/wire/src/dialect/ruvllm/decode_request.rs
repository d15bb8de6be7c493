//! Decoding of queries, as a server: the text, and which model is asked.

use crate::json::{Fields, JsonError};
use crate::model::{Message, Request, Role};
use alloc::borrow::ToOwned;

/// The models there are, the one that stands for no choice first.
pub(super) const MODELS: [&str; 4] =
    ["ruvector-auto", "ruvector-fast", "ruvector-quality", "ruvector-balanced"];

/// Reads what a request asks.
pub(super) fn decode(body: &[u8]) -> Result<Request, JsonError> {
    let mut fields = Fields::parse(body)?;
    let query = fields.take_string("query").ok_or_else(|| JsonError::new("query: expected a string"))?;
    let model = fields.take_string("model").unwrap_or_else(|| MODELS[0].to_owned());
    let messages = alloc::vec![Message::text(Role::User, query)];
    Ok(Request { model, messages, extra: fields.rest(), ..Request::default() })
}
