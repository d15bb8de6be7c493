//! Admission of calls: rate limits, concurrency and budgets, and the queue of the calls that wait for them.
//!
//! A call that is to be sent says what it needs of each counter ([`Claim`]); [`Admission`] gives it a [`Lease`] for all of
//! it or for nothing, lets it wait, or refuses it. The lease is settled with what the call really used. One that is
//! dropped releases what was never sent, and books in full, as an estimate, what was sent and never reported.
//!
//! Where the counters are is behind [`Store`]; [`Memory`] keeps them in this process. Pure: no I/O, no runtime, and the
//! time comes from a [`Clock`].
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
