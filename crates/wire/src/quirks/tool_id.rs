//! Tool call ids in the form that a provider insists on.

use super::ToolIdRule;
use alloc::{borrow::Cow, string::String};

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH: usize = 9;

/// Whether `id` follows `rule`.
pub(crate) fn is_right(rule: ToolIdRule, id: &str) -> bool {
    match rule {
        ToolIdRule::Any => true,
        ToolIdRule::NineAlphanumeric => {
            id.len() == LENGTH && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }
    }
}

/// `id` as `rule` wants it: the same id becomes the same one always, so calls and their results still match, in this
/// request and the next.
pub(crate) fn fit(rule: ToolIdRule, id: Cow<'_, str>) -> Cow<'_, str> {
    if is_right(rule, &id) || id.is_empty() {
        return id;
    }
    let mut rest = hash(&id);
    let mut fitted = String::with_capacity(LENGTH);
    for _ in 0..LENGTH {
        let letter = LETTERS.get((rest % 62) as usize).copied().unwrap_or(b'0');
        fitted.push(char::from(letter));
        rest /= 62;
    }
    Cow::Owned(fitted)
}

/// FNV-1a: short, stable, and good enough for a handful of ids that nobody chooses to collide.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
