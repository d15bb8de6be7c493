//! State that several processes share: the counters of limits and budgets, and the ledger of calls.
//!
//! [`Shared`] is a store of `ferrule-admission` whose counters are in a [`Backing`] ([`Sqlite`]). A process takes
//! *blocks* of what is left of a budget or a limit, and spends them without asking again; its spending and the costs of
//! its calls are first written to an append-only file ([`journal`]), which survives the process, and from there in
//! batches to the backing. The decisions are in `docs/decisions/2026-11-30-shared-state.md`.
#![forbid(unsafe_code)]

mod address;
mod backing;
mod core;
pub mod fork;
pub mod journal;
mod ledger;
mod link;
mod local;
mod record;
mod shared;
mod sqlite;
mod upkeep;

pub use address::{Address, NotAnAddress, OnLoss};
pub use backing::{Away, Backing, Standing, Want};
pub use ledger::{Question, Values, each, totals};
pub use record::{Booking, CallRecord, Record};
pub use shared::Shared;
pub use sqlite::Sqlite;
pub use upkeep::settle_up_all;
