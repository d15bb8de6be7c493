//! Tools for dialects that declare only functions, and cannot restrict the choice to some of them: only the allowed
//! functions are declared.

use super::tool_declaration::write_tool;
use crate::encode::{Refusals, UnsupportedField};
use crate::json::Json;
use crate::model::{Request, Tool, ToolChoice, ToolKind};
use crate::options::rules::CACHES_BY_ITSELF;
use crate::quirks::Quirks;
use crate::schema::{self, Held, Subset};
use alloc::{format, string::String, vec::Vec};

/// The functions of a request that may be called.
#[derive(Debug)]
pub(crate) struct Functions<'a> {
    /// Their places in the request, and the functions.
    pub(crate) declared: Vec<(usize, &'a Tool)>,
    /// Which of them.
    pub(crate) demand: Demand<'a>,
}

/// Which of the declared functions may or must be called.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Demand<'a> {
    /// The model decides.
    Free,
    /// None.
    None,
    /// At least one.
    Required,
    /// A choice without a name in the model.
    Other(&'a Json),
}

/// The functions that `request` allows. Other tools, and fields that only other dialects have, are refused.
pub(crate) fn allowed<'a>(
    request: &'a Request,
    refusals: &mut Refusals,
) -> Result<Functions<'a>, UnsupportedField> {
    let (names, demand): (Option<&[String]>, _) = match &request.tool_choice {
        None | Some(ToolChoice::Auto) => (None, Demand::Free),
        Some(ToolChoice::None) => (None, Demand::None),
        Some(ToolChoice::Required) => (None, Demand::Required),
        Some(ToolChoice::Named(name)) => (Some(core::slice::from_ref(name)), Demand::Required),
        Some(ToolChoice::Subset { required, names }) => {
            (Some(names), if *required { Demand::Required } else { Demand::Free })
        }
        Some(ToolChoice::Other(whole)) => (None, Demand::Other(whole)),
    };
    let mut declared = Vec::with_capacity(request.tools.len());
    for (position, tool) in request.tools.iter().enumerate() {
        if names.is_some_and(|names| !names.contains(&tool.name)) {
            continue;
        }
        if !matches!(tool.kind, ToolKind::Function { .. }) {
            refusals.add(
                format!("tools[{position}]"),
                "only functions can be declared; give the tool a name and a JSON schema",
            )?;
            continue;
        }
        if tool.cache.is_some() {
            refusals.note(format!("tools[{position}].cache"), CACHES_BY_ITSELF);
        }
        declared.push((position, tool));
    }
    if let Some(missing) = names
        .and_then(|names| names.iter().find(|name| !request.tools.iter().any(|tool| tool.name == **name)))
    {
        refusals.add("tool_choice", &format!("no tool is called `{missing}`"))?;
    }
    Ok(Functions { declared, demand })
}

/// Writes the declaration of a function, without whether it is strict. The schema of one that is comes in `subset`,
/// where the provider has strict tools.
pub(crate) fn write_declaration(out: &mut Vec<u8>, tool: &Tool, quirks: &Quirks, subset: Option<&Subset>) {
    let mut tool = tool.clone();
    if let ToolKind::Function { strict, parameters } = &mut tool.kind {
        let strict = strict.take();
        if let (Some(subset), Some(whole)) = (subset, parameters.as_mut()) {
            let (fitted, _) = schema::fitted(subset, Held::WhereStrict, whole, strict);
            *whole = fitted.into_owned();
        }
    }
    write_tool(out, &tool, quirks);
}

/// Whether the provider is to hold the model to the schema of `tool`.
pub(crate) fn is_strict(tool: &Tool) -> bool {
    matches!(tool.kind, ToolKind::Function { strict: Some(true), .. })
}
