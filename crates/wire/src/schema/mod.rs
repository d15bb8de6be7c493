//! Schemas of answers and tools in the subset of JSON Schema that each provider takes.
//!
//! What a subset is stands in [`subsets`], as data; [`fit`] rewrites a schema by it. A schema that is not to be held to
//! goes as it is where the provider takes any. What cannot be said in a subset is refused before it is sent, or, where
//! the caller has that dropped, the schema goes without `strict`.

mod combine;
mod describe;
mod fit;
mod node;
mod pattern;
mod references;
mod subsets;
#[cfg(test)]
mod tests;
mod unfit;
mod violation;

pub(crate) use subsets::{ANTHROPIC, COHERE, GEMINI, GEMINI_TOOLS, LLAMA_CPP, Subset, subset};
pub(crate) use violation::{Violation, ViolationKind, violation};

use crate::encode::{Refusals, UnsupportedField};
use crate::json::Json;
use crate::model::{Request, ResponseFormat, ToolKind};
use alloc::{borrow::Cow, format};

/// When a schema is rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// Always: the provider holds the model to every schema.
    Always,
    /// Where the caller asks for it with `strict`.
    WhereStrict,
}

/// Refuses the schema of an answer that cannot be said in `subset`: as a whole where the provider always holds the model
/// to it, else that it is strict.
pub(crate) fn check_answer(
    subset: &Subset,
    held: Held,
    request: &Request,
    refusals: &mut Refusals,
) -> Result<(), UnsupportedField> {
    let Some(ResponseFormat::JsonSchema { schema, strict, .. }) = &request.response_format else {
        return Ok(());
    };
    let is_strict = *strict == Some(true);
    match (held, is_strict) {
        (Held::WhereStrict, false) => Ok(()),
        _ => match fit::fit(subset, is_strict, schema) {
            Ok(_) => Ok(()),
            Err(unfit) if held == Held::Always => refusals.add("response_format", &unfit.reason()),
            Err(unfit) => refusals.add("response_format.strict", &unfit.reason()),
        },
    }
}

/// Refuses that tools are strict whose schemas cannot be said in `subset`.
pub(crate) fn check_tools(
    subset: &Subset,
    request: &Request,
    refusals: &mut Refusals,
) -> Result<(), UnsupportedField> {
    for (position, tool) in request.tools.iter().enumerate() {
        if let ToolKind::Function { parameters: Some(parameters), strict: Some(true) } = &tool.kind
            && let Err(unfit) = fit::fit(subset, true, parameters)
        {
            refusals.add(format!("tools[{position}].strict"), &unfit.reason())?;
        }
    }
    Ok(())
}

/// A schema as it is sent, and whether it is strict. One that cannot be said in `subset`, which was dropped then, goes as
/// it is and is not.
pub(crate) fn fitted<'a>(
    subset: &Subset,
    held: Held,
    schema: &'a Json,
    strict: Option<bool>,
) -> (Cow<'a, Json>, Option<bool>) {
    let is_strict = strict == Some(true);
    if held == Held::WhereStrict && !is_strict {
        return (Cow::Borrowed(schema), strict);
    }
    match fit::fit(subset, is_strict, schema) {
        Ok(fitted) => (fitted, strict),
        Err(_) => (Cow::Borrowed(schema), strict.filter(|strict| !strict)),
    }
}
