//! Decoding of plain answers: the body is one text.

use crate::dialect::shared::lenient;
use crate::framing::StreamError;
use crate::json::{Extra, Fields};
use crate::model::{Choice, FinishReason, Message, Part, Response, Role};
use alloc::{borrow::ToOwned, boxed::Box, string::ToString, vec::Vec};

/// Reads an answer, or the error in it.
pub(super) fn decode(body: &[u8]) -> Result<Response, StreamError> {
    let mut fields = Fields::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
    let Some(text) = lenient::take(&mut fields, "text") else {
        let error = core::str::from_utf8(body).ok().and_then(crate::error::decode_in_stream);
        return Err(error.map_or_else(
            || StreamError::Malformed("an answer without a text".to_owned()),
            |error| StreamError::Provider(Box::new(error)),
        ));
    };
    let content = if text.is_empty() { Vec::new() } else { alloc::vec![Part::text(text)] };
    let choice = Choice {
        index: 0,
        message: Message::new(Role::Assistant, content),
        finish_reason: Some(FinishReason::Stop),
        stop_sequence: None,
        logprobs: None,
        extra: Extra::new(),
    };
    Ok(Response { choices: alloc::vec![choice], extra: fields.rest(), ..Response::default() })
}
