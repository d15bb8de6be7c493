//! API keys of a provider that has several: which one a call uses, and how refused ones are handled.
//!
//! A call takes a key by weight. A rate-limited key is suspended at that model for as long as the provider says; a
//! refused one (401, 402, 403) is retired and tried again later, after a growing pause. A key's state is kept for as
//! long as the configuration contains it, whatever else changes.

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
