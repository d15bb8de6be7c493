//! Parts of messages, including those inside tool results.

use crate::model::{Part, PartKind};
use alloc::vec::Vec;

/// Whether `test` holds for one of the parts.
pub(crate) fn any_part(parts: &[Part], test: &impl Fn(&Part) -> bool) -> bool {
    parts.iter().any(|part| {
        test(part) || matches!(&part.kind, PartKind::ToolResult(result) if any_part(&result.content, test))
    })
}

/// Changes each of the parts.
pub(crate) fn change_parts(parts: &mut [Part], change: &mut impl FnMut(&mut Part)) {
    for part in parts {
        change(part);
        if let PartKind::ToolResult(result) = &mut part.kind {
            change_parts(&mut result.content, change);
        }
    }
}

/// Keeps the parts for which `test` holds.
pub(crate) fn retain_parts(parts: &mut Vec<Part>, test: &impl Fn(&Part) -> bool) {
    parts.retain(test);
    for part in parts {
        if let PartKind::ToolResult(result) = &mut part.kind {
            retain_parts(&mut result.content, test);
        }
    }
}
