//! Endpoint: what the address of a request asks for, as a server reads it.

use super::kind::OperationKind;
use alloc::borrow::Cow;

/// Server: what the end of an address says, as far as the dialect says it there and not in the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint<'a> {
    /// The operation.
    pub operation: OperationKind,
    /// The model, unescaped, where the address names it.
    pub model: Option<Cow<'a, str>>,
    /// Whether the response is streamed, where the address says it.
    pub stream: Option<bool>,
}

impl Endpoint<'_> {
    /// An address that says the operation and nothing else.
    pub const fn new(operation: OperationKind) -> Self {
        Self { operation, model: None, stream: None }
    }
}
