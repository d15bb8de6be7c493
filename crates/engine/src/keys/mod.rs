//! API keys of a provider that has several: which one a call uses, and what becomes of those that are refused.
//!
//! A call takes one by weight. A key that is rate limited is left alone at that model for as long as the provider says; one
//! that is refused (401, 402, 403) is retired and tried again later, after a growing pause. What is known of a key is kept
//! for as long as the configuration has it, whatever else changes there.

mod access;
mod key;
mod masked;
mod no_key;
mod ring;
mod settings;
mod state;
mod status;
mod taken;

pub use settings::KeySettings;
pub use status::KeyStatus;

pub(crate) use access::{Access, HeaderOfKeys};
pub(crate) use masked::masked;
pub(crate) use no_key::NoKey;
pub(crate) use ring::KeyRing;
pub(crate) use state::KeyStates;
pub(crate) use taken::KeyInUse;

#[cfg(test)]
mod tests;
