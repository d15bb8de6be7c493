//! The answer to a plain call, read as a whole.

use crate::{Failure, call::Receive, send::Incoming, target::Target};
use bytes::Bytes;
use ferrule_wire::{dialect::StreamError, model::Response};

/// Reads the whole answer.
#[derive(Debug)]
pub(crate) struct Whole;

/// The whole answer.
pub(crate) struct WholeAnswer {
    pub(crate) response: Response,
    pub(crate) raw: Bytes,
    pub(crate) request_id: Option<String>,
}

impl Receive for Whole {
    type Answer = WholeAnswer;

    async fn receive(&self, mut incoming: Incoming, target: &Target) -> Result<WholeAnswer, Failure> {
        let raw = incoming.body().await?;
        match target.provider.dialect.decode_response(&raw) {
            Ok(mut response) => {
                target.provider.quirks.adjust(&mut response);
                Ok(WholeAnswer { response, raw, request_id: incoming.request_id() })
            }
            Err(StreamError::Provider(mut error)) => {
                if error.request_id.is_none() {
                    error.request_id = incoming.request_id();
                }
                Err(Failure::Provider(error))
            }
            Err(error) => Err(incoming.unreadable(error.into())),
        }
    }
}
