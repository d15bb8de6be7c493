//! Tool declarations in the format of Chat Completions, which several formats share.

use super::nested;
use crate::json::{Extra, ObjectWriter, WriteJson};
use crate::model::{Tool, ToolKind};
use crate::quirks::{self, Feature, Quirks, SchemaSubset};
use crate::schema::{self, Held};
use alloc::vec::Vec;

/// Writes a tool's declaration.
pub(crate) fn write_tool(out: &mut Vec<u8>, tool: &Tool, quirks: &Quirks) {
    let (name, description) = (&tool.name, tool.description.as_ref());
    match &tool.kind {
        ToolKind::Hosted(whole) => whole.write_json(out),
        ToolKind::Function { parameters, strict } => {
            let mut strict = *strict;
            write_wrapped(out, "function", &tool.extra, |function| {
                function.field("name", name).optional("description", description);
                if let Some(parameters) = parameters {
                    // A provider without the flag may have a subset all the same.
                    let is_fitted =
                        quirks.supports(Feature::Strict) || quirks.strict_schema != SchemaSubset::OpenAi;
                    let subset = schema::subset(quirks.strict_schema);
                    let asked = strict.filter(|_| is_fitted);
                    let (fitted, held) = schema::fitted(subset, Held::WhereStrict, parameters, asked);
                    strict = held;
                    function.field("parameters", &*quirks::schema::fit(quirks, &fitted));
                }
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
