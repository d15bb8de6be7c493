//! Decoding of requests, as a server.

use super::command_line::ANY_MODEL;
use crate::json::{Fields, JsonError};
use crate::model::{Message, Request, Role};
use alloc::borrow::ToOwned;

/// Reads what the program is started with.
pub(super) fn decode(body: &[u8]) -> Result<Request, JsonError> {
    let mut fields = Fields::parse(body)?;
    let prompt = fields.take_string("prompt").ok_or_else(|| JsonError::new("prompt: expected a string"))?;
    Ok(Request {
        model: fields.take_string("model").unwrap_or_else(|| ANY_MODEL.to_owned()),
        messages: alloc::vec![Message::text(Role::User, prompt)],
        extra: fields.rest(),
        ..Request::default()
    })
}
