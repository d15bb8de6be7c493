//! Key of a provider that has several: its source, its weight, and its state.

use super::{access::Place, state::KeyState};
use std::sync::Arc;

pub(super) struct Key {
    pub(super) place: Place,
    pub(super) weight: f64,
    pub(super) state: Arc<KeyState>,
}
