//! Error bodies of ruvLLM, as a server.

use crate::model::ProviderError;
use alloc::{borrow::ToOwned, vec::Vec};

/// Server: plain text, as the server writes it.
pub(super) fn encode(error: &ProviderError) -> Vec<u8> {
    error.message.as_bytes().to_owned()
}
