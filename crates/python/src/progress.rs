//! Progress of a call: facts besides its deliveries.

use ferrule_client::Bill;
use ferrule_engine::{Attempt, Stats};

/// Facts about a call besides its deliveries.
pub(crate) struct Progress {
    pub(crate) provider: String,
    /// The requested model; empty until a target answers.
    pub(crate) asked: String,
    pub(crate) request_id: Option<String>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) stats: Stats,
    /// What affects its cost besides its usage.
    pub(crate) bill: Bill,
}
