//! Backings: where the counters are that several processes share.
//!
//! A process is a *member*. It takes *blocks* of counters, which are its own until it gives them back; what it spent of
//! them comes in records of its journal. Whatever is held counts as taken, so that nothing can be spent twice. The block
//! of a member that is not seen any more counts as spent, as an estimate.

use crate::record::Record;
use ferrule_admission::{Adjustment, Window};
use std::sync::Arc;

/// How long after it was last seen a member counts as dead, in milliseconds.
pub(crate) const MEMBER_LIFE: i64 = 10_000;

/// The backing does not answer, for this reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Away(pub String);

/// What a member wants of one counter.
#[derive(Clone, Debug)]
pub struct Want {
    /// The counter's name.
    pub name: Arc<str>,
    /// How much there is in all.
    pub whole: u128,
    /// The window.
    pub window: Arc<Window>,
    /// Whether it is of places, which are never spent, in place of a sum.
    pub is_places: bool,
    /// How much is needed; 0 only has the counter begun.
    pub needed: u128,
    /// How much more is taken where there is enough.
    pub spare: u128,
}

/// How a counter stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Which of its periods it is.
    pub period: u64,
    /// When the period ends, in seconds since 1970.
    pub ends_at: Option<i64>,
    /// What was spent, as it was reported.
    pub reported: u128,
    /// What was spent at most by what was never reported, blocks of dead members included.
    pub estimated: u128,
    /// What was added by hand.
    pub topped_up: u128,
    /// The member's own block.
    pub mine: u128,
    /// The blocks of the other members.
    pub others: u128,
    /// When what the member needed, and did not get, will have been forgotten (milliseconds since 1970).
    pub freed_at: Option<i64>,
}

/// Keeps what members share. Each operation is atomic. `now` is in milliseconds since 1970.
pub trait Backing: Send {
    /// Takes what is wanted of each counter, where there is so much; else nothing of that one, and those who hold blocks
    /// of it are asked to give back. Says how each stands afterwards.
    fn take(&mut self, member: &str, wants: &[Want], now: i64) -> Result<Vec<Standing>, Away>;

    /// Gives back parts of blocks.
    fn give_back(&mut self, member: &str, parts: &[(Arc<str>, u128)], now: i64) -> Result<(), Away>;

    /// A member begins a journal, before its file is made.
    fn begin(&mut self, member: &str, journal: &str, now: i64) -> Result<(), Away>;

    /// How far a journal is booked, in bytes; `None` where it is not known.
    fn booked(&mut self, journal: &str) -> Result<Option<u64>, Away>;

    /// Books the records between two places of a journal. Does nothing, and says so, unless all before `from` and nothing
    /// after it is booked.
    fn book(&mut self, journal: &str, from: u64, to: u64, records: &[Record], now: i64)
    -> Result<bool, Away>;

    /// How counters stand for a member. Those that do not exist are left out.
    fn standings(
        &mut self,
        member: &str,
        names: &[Arc<str>],
        now: i64,
    ) -> Result<Vec<(Arc<str>, Standing)>, Away>;

    /// The counters that somebody lately wanted something of that there was not.
    fn wanted(&mut self, now: i64) -> Result<Vec<Arc<str>>, Away>;

    /// The member lives. Says how many do, and which others are not seen any more and not buried.
    fn beat(&mut self, member: &str, now: i64) -> Result<(usize, Vec<String>), Away>;

    /// Has what a dead member held count as spent. To be done once its journal is booked.
    fn bury(&mut self, member: &str, now: i64) -> Result<(), Away>;

    /// Forgets a journal whose file is gone, after all of it was booked.
    fn forget(&mut self, journal: &str) -> Result<(), Away>;

    /// The member is gone, and holds nothing any more.
    fn leave(&mut self, member: &str) -> Result<(), Away>;

    /// All journals: their names, their members, and when those were last seen.
    fn journals(&mut self) -> Result<Vec<(String, String, i64)>, Away>;

    /// Changes a budget by hand.
    fn adjust(&mut self, member: &str, want: &Want, adjustment: Adjustment, now: i64) -> Result<(), Away>;

    /// Forgets calls that ended before this (milliseconds since 1970), and counters that nobody needs.
    fn sweep(&mut self, before: i64, now: i64) -> Result<(), Away>;

    /// Lets go of the connection, until the next operation.
    fn disconnect(&mut self);
}
