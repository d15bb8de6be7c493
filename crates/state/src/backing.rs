//! Backings: storage of counters that several processes share.
//!
//! A process is a *member*. It takes *blocks* of counters, which it owns until it returns them; what it spends of them
//! arrives in records of its journal. Everything held counts as taken, so that nothing is spent twice. The block of a
//! member that has disappeared counts as spent, as an estimate.

use crate::record::Record;
use ferrule_admission::{Adjustment, Window};
use std::sync::Arc;

/// The time in milliseconds without a heartbeat after which a member counts as dead.
pub(crate) const MEMBER_LIFE: i64 = 10_000;

/// The backing is unavailable, for this reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Away(pub String);

/// A member's request for some of one counter.
#[derive(Clone, Debug)]
pub struct Want {
    /// The counter's name.
    pub name: Arc<str>,
    /// The total of the counter.
    pub whole: u128,
    /// The window.
    pub window: Arc<Window>,
    /// Whether it counts concurrent calls, which are never spent, rather than a sum.
    pub is_places: bool,
    /// The amount needed; 0 just creates the counter.
    pub needed: u128,
    /// The additional amount to take if there is enough.
    pub spare: u128,
}

/// The state of a counter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The number of its period.
    pub period: u64,
    /// When the period ends, in seconds since 1970.
    pub ends_at: Option<i64>,
    /// What was spent, as reported.
    pub reported: u128,
    /// The maximum spent by unreported usage, including blocks of dead members.
    pub estimated: u128,
    /// The sum of top-ups.
    pub topped_up: u128,
    /// The member's own block.
    pub mine: u128,
    /// The blocks of the other members.
    pub others: u128,
    /// When what the member needed and did not get will have expired (milliseconds since 1970).
    pub freed_at: Option<i64>,
}

/// Storage shared by members. Each operation is atomic. `now` is in milliseconds since 1970.
pub trait Backing: Send {
    /// Takes what each want needs if there is enough of the counter; otherwise nothing of it, and its holders are asked
    /// to return some. Returns the state of each counter afterwards.
    fn take(&mut self, member: &str, wants: &[Want], now: i64) -> Result<Vec<Standing>, Away>;

    /// Returns parts of blocks.
    fn give_back(&mut self, member: &str, parts: &[(Arc<str>, u128)], now: i64) -> Result<(), Away>;

    /// A member starts a journal; called before its file is created.
    fn begin(&mut self, member: &str, journal: &str, now: i64) -> Result<(), Away>;

    /// How far a journal has been booked, in bytes; `None` if not known.
    fn booked(&mut self, journal: &str) -> Result<Option<u64>, Away>;

    /// Books the records between two positions of a journal. Does nothing, and returns that, unless everything before
    /// `from` and nothing after it has been booked.
    fn book(&mut self, journal: &str, from: u64, to: u64, records: &[Record], now: i64)
    -> Result<bool, Away>;

    /// The states of counters for a member. Missing counters are left out.
    fn standings(
        &mut self,
        member: &str,
        names: &[Arc<str>],
        now: i64,
    ) -> Result<Vec<(Arc<str>, Standing)>, Away>;

    /// The counters that recently had too little for some member.
    fn wanted(&mut self, now: i64) -> Result<Vec<Arc<str>>, Away>;

    /// A member's heartbeat. Returns the number of live members, and the dead ones that have not been buried.
    fn beat(&mut self, member: &str, now: i64) -> Result<(usize, Vec<String>), Away>;

    /// Counts what a dead member held as spent. Must be called after its journal has been booked.
    fn bury(&mut self, member: &str, now: i64) -> Result<(), Away>;

    /// Removes a fully booked journal whose file is gone.
    fn forget(&mut self, journal: &str) -> Result<(), Away>;

    /// The member has left, and holds nothing.
    fn leave(&mut self, member: &str) -> Result<(), Away>;

    /// All journals: their names, their members, and the members' last heartbeats.
    fn journals(&mut self) -> Result<Vec<(String, String, i64)>, Away>;

    /// Changes a budget manually.
    fn adjust(&mut self, member: &str, want: &Want, adjustment: Adjustment, now: i64) -> Result<(), Away>;

    /// Removes calls that ended before this time (milliseconds since 1970), and counters that are no longer needed.
    fn sweep(&mut self, before: i64, now: i64) -> Result<(), Away>;

    /// Closes the connection until the next operation.
    fn disconnect(&mut self);
}
