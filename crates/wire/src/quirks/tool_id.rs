//! Ids of tool calls in the form that a provider insists on.

use super::ToolIdRule;
use alloc::{borrow::Cow, format, string::String};

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH: usize = 9;

/// Whether `id` follows `rule`.
pub(crate) fn is_right(rule: ToolIdRule, id: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match rule {
        ToolIdRule::Any => true,
        ToolIdRule::NineAlphanumeric => {
            id.len() == LENGTH && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }
        ToolIdRule::UpTo40 => (1..=40).contains(&id.len()),
        ToolIdRule::UpTo64 => (1..=64).contains(&id.len()),
        ToolIdRule::Word => (1..=64).contains(&id.len()) && id.bytes().all(is_word),
        ToolIdRule::DottedWord => {
            (1..=64).contains(&id.len())
                && id.bytes().all(|byte| is_word(byte) || matches!(byte, b'.' | b':'))
        }
    }
}

/// `id` as `rule` wants it: the same id becomes the same one always, so calls and their results still match, in this
/// request and the next.
pub(crate) fn fit(rule: ToolIdRule, id: Cow<'_, str>) -> Cow<'_, str> {
    if is_right(rule, &id) || id.is_empty() {
        return id;
    }
    let hash = hash(&id);
    Cow::Owned(match rule {
        ToolIdRule::NineAlphanumeric => nine_letters(hash),
        _ => format!("call_{hash:016x}"),
    })
}

fn nine_letters(hash: u64) -> String {
    let mut rest = hash;
    let mut fitted = String::with_capacity(LENGTH);
    for _ in 0..LENGTH {
        let letter = LETTERS.get((rest % 62) as usize).copied().unwrap_or(b'0');
        fitted.push(char::from(letter));
        rest /= 62;
    }
    fitted
}

/// FNV-1a: short, stable, and good enough for a handful of ids that nobody chooses to collide.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_fit_stay_and_others_are_replaced_the_same_way_each_time() {
        let long = "x".repeat(65);
        let (rule, own) = (ToolIdRule::DottedWord, ["tooluse_aB-1.x:2", "a", "call_0"]);
        for id in own {
            assert_eq!(fit(rule, id.into()), id);
        }
        for rule in [ToolIdRule::Word, ToolIdRule::DottedWord] {
            for id in ["a b", "fc|1", long.as_str()] {
                let given = fit(rule, id.into());
                assert!(given.starts_with("call_") && given.len() == 21, "{given}");
                assert_eq!(given, fit(rule, id.into()));
            }
            assert_ne!(fit(rule, "a b".into()), fit(rule, "a c".into()));
        }
        for (rule, most) in [(ToolIdRule::UpTo40, 40), (ToolIdRule::UpTo64, 64)] {
            let (short, long) = ("x".repeat(most), "x".repeat(most + 1));
            assert_eq!(fit(rule, short.as_str().into()), short);
            assert_eq!(fit(rule, long.as_str().into()).len(), 21);
        }
    }
}
