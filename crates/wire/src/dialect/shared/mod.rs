//! Shared pieces of wire formats: what several dialects read, write or refuse alike.

pub(crate) mod address;
pub(crate) mod call_ids;
pub(crate) mod figures_template;
pub mod foreign;
pub(crate) mod functions;
pub(crate) mod model_list;
pub(crate) mod nested;
pub(crate) mod prompt;
pub(crate) mod resource_name;
pub(crate) mod template;
pub(crate) mod tool_declaration;
pub(crate) mod turn;

pub(crate) use address::is_version;
pub use address::join;
