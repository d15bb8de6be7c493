//! Shared pieces of wire formats: what several dialects read, write or refuse alike.

pub(crate) mod address;
pub(crate) mod call_ids;
pub(crate) mod figures_template;
pub(crate) mod functions;
pub mod message_dicts;
pub(crate) mod nested;
pub(crate) mod prompt;
pub(crate) mod resource_name;
pub mod signer;
pub(crate) mod template;
pub(crate) mod turn;

pub use address::join;
