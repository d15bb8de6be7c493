//! Delivery, event by event.

use crate::{Attempt, CallError, Stats};
use ferrule_wire::{dialect::UnsupportedField, model::StreamEvent};
use std::time::Instant;

/// An answer that is being received. Dropping it closes the connection upstream at once.
#[derive(Debug)]
pub struct EventStream {}

/// The events of one piece of the body.
#[derive(Clone, Debug)]
pub struct EventBatch {
    /// When the piece was read from the socket.
    pub received_at: Instant,
    /// What it said; never empty.
    pub events: Vec<StreamEvent>,
}

impl EventStream {
    /// The next events; `None` after the end. After an error there is nothing more.
    pub async fn next(&mut self) -> Option<Result<EventBatch, CallError>> {
        None
    }

    /// The provider that answers.
    pub fn provider(&self) -> &str {
        ""
    }

    /// The provider's id of the request, from its headers.
    pub fn request_id(&self) -> Option<&str> {
        None
    }

    /// Every attempt, the one that answers last.
    pub fn attempts(&self) -> &[Attempt] {
        &[]
    }

    /// How long it took so far.
    pub fn stats(&self) -> Stats {
        Stats { started: Instant::now(), time_to_first_token: None, duration: None }
    }

    /// What was left out because the dialect cannot carry it.
    pub fn dropped(&self) -> &[UnsupportedField] {
        &[]
    }
}
