//! One of several keys of a provider: where it is, its weight, and what is known of it.

use super::{access::Place, state::KeyState};
use std::sync::Arc;

pub(super) struct Key {
    pub(super) place: Place,
    pub(super) weight: f64,
    pub(super) state: Arc<KeyState>,
}
