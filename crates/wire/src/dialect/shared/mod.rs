//! Shared code of wire formats: what several dialects decode, encode or refuse in the same way.

pub(crate) mod address;
pub mod answer_fields;
pub(crate) mod blank;
pub(crate) mod calls;
pub(crate) mod content;
pub(crate) mod figures_template;
pub(crate) mod finish;
pub mod foreign;
pub(crate) mod functions;
pub(crate) mod hosted_declaration;
pub(crate) mod hosted_tools;
pub(crate) mod lenient;
pub(crate) mod made_ids;
pub(crate) mod media_limits;
pub(crate) mod media_type;
pub(crate) mod model_list;
pub(crate) mod nested;
pub(crate) mod parts;
pub(crate) mod prompt;
pub(crate) mod prompt_cache;
mod repeated_calls;
pub(crate) mod resource_name;
pub(crate) mod template;
pub(crate) mod text_documents;
pub(crate) mod tool_declaration;
pub(crate) mod tool_input;
pub(crate) mod tool_media;
pub(crate) mod turn;

pub(crate) use address::is_version;
pub use address::{has_dot_segment, join};
