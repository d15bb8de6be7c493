//! How many tokens a prompt has, where the provider counts them itself.

use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::framing::StreamError;
use crate::json::{Fields, JsonError};
use crate::model::Request;
use alloc::{format, string::ToString, vec::Vec};

/// A dialect's counting of tokens.
pub trait TokenCounting: Sync {
    /// Client: the HTTP request that asks how many tokens the prompt of `request` has.
    fn encode_request(
        &self,
        request: &Request,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField>;

    /// Client: the number.
    fn decode_response(&self, body: &[u8]) -> Result<u64, StreamError>;

    /// Server: the prompt.
    fn decode_request(&self, body: &[u8]) -> Result<Request, JsonError>;

    /// Server: the body that says `tokens`.
    fn encode_response(&self, tokens: u64) -> Vec<u8>;
}

/// Reads the number of an answer that calls it `name`.
pub(crate) fn decode_tokens(body: &[u8], name: &str) -> Result<u64, StreamError> {
    let mut fields = Fields::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
    fields.take_u64(name).ok_or_else(|| StreamError::Malformed(format!("the answer has no {name}")))
}
