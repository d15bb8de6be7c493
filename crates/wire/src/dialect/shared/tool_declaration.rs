//! Tool declarations in the form of Chat Completions, which several formats share.

use super::nested;
use crate::json::{Extra, ObjectWriter, WriteJson};
use crate::model::{Tool, ToolKind};
use crate::quirks::{Feature, Quirks, schema};
use alloc::vec::Vec;

/// Writes a tool's declaration.
pub(crate) fn write_tool(out: &mut Vec<u8>, tool: &Tool, quirks: &Quirks) {
    let (name, description) = (&tool.name, tool.description.as_ref());
    match &tool.kind {
        ToolKind::Hosted(whole) => whole.write_json(out),
        ToolKind::Function { parameters, strict } => {
            write_wrapped(out, "function", &tool.extra, |function| {
                function.field("name", name).optional("description", description);
                let parameters = parameters.as_ref().map(|parameters| schema::fit(quirks, parameters));
                function.optional("parameters", parameters.as_deref());
                function.optional("strict", strict.filter(|_| quirks.supports(Feature::Strict)));
            });
        }
        ToolKind::Custom { format } => write_wrapped(out, "custom", &tool.extra, |custom| {
            custom
                .field("name", name)
                .optional("description", description)
                .optional("format", format.as_ref());
        }),
    }
}

/// `{"type":"function","function":{…}}`, as tools, choices and calls are written.
pub(crate) fn write_wrapped(
    out: &mut Vec<u8>,
    name: &str,
    extra: &Extra,
    write: impl FnOnce(&mut ObjectWriter<'_>),
) {
    let (outer, inner) = nested::split(extra, name);
    let mut object = ObjectWriter::begin_with(out, &outer);
    object.field("type", name).object_with(name, &inner, write);
    object.finish();
}
