//! Scripts: the simulator's replies and faults, as tests write them.
//!
//! The JSON has the structure of these types; `docs/simulator.md` explains each field to users.

mod active;
mod document;
mod error;
mod fault;
mod glob;
mod headers;
mod provider_error;
mod reply;

pub(crate) use active::{ActiveScript, RequestFacts};
pub(crate) use document::{ConnectionPolicy, Rule, Script};
pub use error::ScriptError;
pub(crate) use fault::{Fault, Place, Retry};
pub(crate) use provider_error::{ErrorScript, Kind};
pub(crate) use reply::{Content, MAX_TOKENS, Reply, ScriptedCall, finish_reason};
