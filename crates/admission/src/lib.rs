//! Admission of calls: rate limits, concurrency and budgets, and the queue of the calls that wait for them.
//!
//! A call states what it needs of each counter ([`Claim`]); [`Admission`] grants a [`Lease`] for all of it, lets it
//! wait, or refuses it. The lease is settled with the call's actual usage. If it is dropped instead, what was not sent
//! is released, and what was sent but never reported is booked in full, as an estimate.
//!
//! [`Store`] abstracts where the counters are kept; [`Memory`] keeps them in this process. Pure: no I/O, no runtime,
//! and the time comes from a [`Clock`].
#![forbid(unsafe_code)]

mod admission;
mod budget;
mod claim;
mod clock;
mod lease;
mod limit;
mod memory;
mod provider;
mod queue;
mod rolling;
mod shortage;
mod store;
mod window;

pub use admission::{Admission, Begun, Refused, Ticket, Verdict};
pub use budget::{BudgetUse, Crossing, THRESHOLDS};
pub use claim::{BudgetFigures, Claim, Demand, Key, LimitFigures, Money, Per};
pub use clock::{Clock, ManualClock, Now};
pub use lease::Lease;
pub use limit::LimitUse;
pub use memory::Memory;
pub use provider::Told;
pub use rolling::Slots;
pub use shortage::{Short, Shortage};
pub use store::{Adjustment, CallId, Outcome, Snapshot, Store};
pub use window::Window;
