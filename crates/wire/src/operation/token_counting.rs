//! Token counts: how many tokens a prompt has, where the provider counts them itself.

use super::{codec::Operation, kind::OperationKind};
use crate::framing::StreamError;
use crate::json::Fields;
use crate::model::Request;
use alloc::{borrow::ToOwned, format, string::ToString};

/// The number of tokens in the prompt of a chat request.
#[derive(Clone, Copy, Debug)]
pub struct TokenCounting;

impl Operation for TokenCounting {
    const KIND: OperationKind = OperationKind::TokenCounting;
    type Request = Request;
    type Response = u64;

    fn model(request: &Request) -> &str {
        &request.model
    }

    fn set_model(request: &mut Request, model: &str) {
        model.clone_into(&mut request.model);
    }
}

/// Reads the count from the field `name` of a response.
pub(crate) fn decode_tokens(body: &[u8], name: &str) -> Result<u64, StreamError> {
    let mut fields = Fields::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
    fields.take_u64(name).ok_or_else(|| StreamError::Malformed(format!("the answer has no {name}")))
}
