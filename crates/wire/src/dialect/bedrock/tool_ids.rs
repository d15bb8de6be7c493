//! Ids of tool calls: at most 64 of few characters, and nine letters and digits for Mistral's models
//! (`docs/wire/bedrock.md`, section 2). An id that is none of these is another provider's, and replaced the same way in
//! call and result.

use super::family::Family;
use crate::quirks::{ToolIdRule, tool_id};
use alloc::{borrow::Cow, format};

/// The most characters of an id.
const MOST: usize = 64;

/// What the model's family insists on beyond that.
pub(super) fn rule(family: Family) -> ToolIdRule {
    if family == Family::Mistral { ToolIdRule::NineAlphanumeric } else { ToolIdRule::Any }
}

/// `id` where Bedrock takes it, else one that stands for it.
pub(super) fn fit(id: &str) -> Cow<'_, str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'-');
    if (1..=MOST).contains(&id.len()) && id.bytes().all(fits) {
        return Cow::Borrowed(id);
    }
    Cow::Owned(format!("tooluse_{:016x}", tool_id::hash(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_fit_stay_and_others_are_replaced_the_same_way_each_time() {
        for id in ["tooluse_aB-1.x:2", "a", "call_0"] {
            assert_eq!(fit(id), id);
        }
        let long = "x".repeat(65);
        for id in ["", "a b", "fc|1", long.as_str()] {
            let given = fit(id);
            assert!(given.starts_with("tooluse_") && given.len() == 24, "{given}");
            assert_eq!(given, fit(id));
        }
        assert_ne!(fit("a b"), fit("a c"));
    }
}
