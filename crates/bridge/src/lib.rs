//! Bridge from the runtime's threads to one consumer.
//!
//! A [`Queue`] carries the items of one stream, bounded and in order; a [`Feed`] carries those of an upload the other
//! way; a [`Signal`] wakes an event loop once for all queues with items for it. All are independent of Python and of
//! tokio, so that loom can explore every interleaving (`tests/loom.rs`); `ferrule-python` adds the descriptor to wake
//! and the futures to complete.
#![forbid(unsafe_code)]

mod feed;
mod queue;
mod signal;
mod sync;

pub use feed::{Fed, Feed, FeedEnd, Room};
pub use queue::{Limits, Queue, Taken};
pub use signal::Signal;
