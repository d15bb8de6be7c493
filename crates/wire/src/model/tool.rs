//! Tools that a model may call.

use super::CacheBreakpoint;
use crate::json::{Extra, Json};
use alloc::{string::String, vec::Vec};

/// A tool the model may call.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    /// Its name; empty for a hosted tool without one.
    pub name: String,
    /// What it does, for the model.
    pub description: Option<String>,
    /// How it is called.
    pub kind: ToolKind,
    /// Whether the prompt is to be cached up to here.
    pub cache: Option<CacheBreakpoint>,
    /// Fields without a name of their own here.
    pub extra: Extra,
}

/// How a tool is called.
#[derive(Clone, Debug, PartialEq)]
pub enum ToolKind {
    /// With arguments that follow a JSON schema.
    Function {
        /// The schema; none means no arguments.
        parameters: Option<Json>,
        /// Whether the provider must hold the model to the schema.
        strict: Option<bool>,
    },
    /// With free text.
    Custom {
        /// The text's grammar, in the provider's words.
        format: Option<Json>,
    },
    /// The provider runs it itself: the whole declaration, for its own dialect only.
    Hosted(Json),
}

/// Which tools the model may or must call.
#[derive(Clone, Debug, PartialEq)]
pub enum ToolChoice {
    /// The model decides.
    Auto,
    /// None.
    None,
    /// At least one.
    Required,
    /// This one.
    Named(String),
    /// Only these.
    Subset {
        /// Whether one of them must be called.
        required: bool,
        /// Their names.
        names: Vec<String>,
    },
    /// A choice only one dialect knows, whole.
    Other(Json),
}
