//! Progress of a call: what is known of it in addition to what it delivers.

use ferrule_engine::{Attempt, Stats};

/// What is known of a call in addition to what it delivers.
pub(crate) struct Progress {
    pub(crate) provider: String,
    pub(crate) request_id: Option<String>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) stats: Stats,
}
