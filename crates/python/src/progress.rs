//! Progress of a call: what is known of it in addition to what it delivers.

use ferrule_client::Bill;
use ferrule_engine::{Attempt, Stats};

/// What is known of a call in addition to what it delivers.
pub(crate) struct Progress {
    pub(crate) provider: String,
    /// The model asked there; empty until it answers.
    pub(crate) asked: String,
    pub(crate) request_id: Option<String>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) stats: Stats,
    /// What decides on its cost besides what it used.
    pub(crate) bill: Bill,
}
