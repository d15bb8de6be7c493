//! Ids of tool calls: at most 64 of few characters, and nine letters and digits for Mistral's models (`bedrock.md`
//! section 2). An id that is none of these is another provider's, and replaced the same way in call and result.

use super::family::Family;
use alloc::{borrow::Cow, format, string::String};

/// The most characters of an id.
const MOST: usize = 64;
/// What Mistral's models want.
const MISTRAL: usize = 9;

/// `id` where the model takes it, else one that stands for it.
pub(super) fn fit(id: &str, family: Family) -> Cow<'_, str> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric();
    if family == Family::Mistral {
        if id.len() == MISTRAL && id.bytes().all(is_letter) {
            return Cow::Borrowed(id);
        }
        return Cow::Owned(letters(hash(id)));
    }
    let fits = |byte: u8| is_letter(byte) || matches!(byte, b'_' | b'.' | b':' | b'-');
    if (1..=MOST).contains(&id.len()) && id.bytes().all(fits) {
        return Cow::Borrowed(id);
    }
    Cow::Owned(format!("tooluse_{:016x}", hash(id)))
}

/// FNV-1a: the same in every process, and spread well enough for the ids of one conversation.
fn hash(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Nine letters and digits that say `hash`.
fn letters(mut hash: u64) -> String {
    let mut letters = String::new();
    for _ in 0..MISTRAL {
        letters.extend(char::from_digit((hash % 36) as u32, 36));
        hash /= 36;
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_fit_stay() {
        for id in ["tooluse_aB-1.x:2", "a", "call_0"] {
            assert_eq!(fit(id, Family::Claude), id);
        }
        assert_eq!(fit("aB3dEf9hI", Family::Mistral), "aB3dEf9hI");
    }

    #[test]
    fn others_are_replaced_the_same_way_each_time() {
        let long = "x".repeat(65);
        for id in ["", "a b", "fc|1", long.as_str()] {
            let given = fit(id, Family::Other);
            assert!(given.starts_with("tooluse_") && given.len() == 24, "{given}");
            assert_eq!(given, fit(id, Family::Other));
        }
        assert_ne!(fit("a b", Family::Other), fit("a c", Family::Other));
        for id in ["", "toolu_01", "call_1"] {
            let given = fit(id, Family::Mistral);
            assert!(given.len() == 9 && given.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{given}");
        }
        assert_ne!(fit("call_1", Family::Mistral), fit("call_2", Family::Mistral));
    }
}
