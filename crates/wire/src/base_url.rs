//! Base URLs that include an endpoint's path, as users copy them from providers' documentation.

use crate::dialect::{Dialect, registry, shared::is_version};
use crate::operation::OperationKind;
use crate::quirks::Quirks;
use alloc::vec::Vec;

/// `path`, that of a base URL, without the endpoint that it ends in: `/v1/chat/completions` is `/v1`. The endpoints are
/// the dialect's, and for OpenAI's those of all dialects of its API.
pub fn without_endpoint<'a>(dialect: &dyn Dialect, quirks: &Quirks, path: &'a str) -> &'a str {
    let trimmed = path.trim_end_matches('/');
    let openai = |dialect: &dyn Dialect| dialect.name().starts_with("openai-");
    let mut others = registry::all().filter(|other| openai(dialect) && openai(*other));
    let found = endpoint(dialect, trimmed).or_else(|| others.find_map(|other| endpoint(other, trimmed)));
    let Some((end, is_method)) = found else { return path };
    let mut base = trimmed.get(..end).unwrap_or_default();
    if is_method {
        // `/v1beta/models/x:generateContent`: the address of a model begins before its name.
        base = base.strip_suffix("/models").or_else(|| base.strip_suffix("/tunedModels")).unwrap_or(base);
    }
    let deployment = quirks
        .path
        .split("{model}")
        .next()
        .filter(|it| quirks.path.contains("{model}{path}") && it.len() > 1);
    match deployment.and_then(|before| base.rsplit_once(before)) {
        Some((before, model)) if !model.contains('/') => before,
        _ => base,
    }
}

/// Where the endpoint begins that `path` ends in, and whether it is a method of a model, `x:generateContent`.
fn endpoint(dialect: &dyn Dialect, path: &str) -> Option<(usize, bool)> {
    let whole = dialect.endpoint(path)?;
    let is_same = |end: &str| dialect.endpoint(end).is_some_and(|found| found.operation == whole.operation);
    let mut starts: Vec<usize> = path.match_indices('/').map(|(start, _)| start).collect();
    starts.reverse();
    let start = starts.into_iter().find(|start| path.get(*start..).is_some_and(is_same))?;
    if whole.operation == OperationKind::ModelListing {
        // Some have their whole API below `/models`; behind a version it is the list of them.
        let end = path.get(start..).unwrap_or_default();
        let before = path.get(..start).unwrap_or_default();
        let versioned = before.rsplit('/').next().is_some_and(is_version);
        if !versioned && end == "/models" {
            return None;
        }
    }
    Some((start, path.get(start..).is_some_and(|end| end.contains(':'))))
}
