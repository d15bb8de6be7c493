//! Encoded echoes of a secret: masks repetitions of it in base64, perhaps with more before and after it, or in
//! hexadecimal.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

const MASK: &str = "***";

/// Of a shorter secret too few letters are the same at every offset of the encoded bytes.
const SHORTEST: usize = 8;

/// Masks repetitions of `secret` in `text`, including the whole word around them.
pub(crate) fn mask(text: &mut String, secret: &str) {
    if secret.len() < SHORTEST {
        return;
    }
    for needle in in_base64(secret) {
        // Both alphabets of base64 are treated as one.
        replace(text, &needle, |byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        });
    }
    let digits: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    replace(text, &digits, |byte| byte.to_ascii_lowercase());
}

/// The base64 letters of `secret` that do not depend on its surroundings, for each offset in a group of three bytes.
fn in_base64(secret: &str) -> [String; 3] {
    // The letters at the beginning and at the end that share bits with the surroundings.
    [(0, 0), (1, 2), (2, 3)].map(|(before, shared)| {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(secret.as_bytes());
        let partial = usize::from(bytes.len() % 3 != 0);
        let encoded = STANDARD_NO_PAD.encode(&bytes);
        encoded.get(shared..encoded.len().saturating_sub(partial)).unwrap_or_default().to_owned()
    })
}

/// Replaces the words of `text` that contain `needle`; `alike` normalises bytes that mean the same.
fn replace(text: &mut String, needle: &str, alike: impl Fn(u8) -> u8) {
    let bytes: Vec<u8> = text.bytes().map(alike).collect();
    let is_of_word = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'='))
    };
    let mut masked = String::new();
    let mut from = 0;
    while let Some(found) = find(bytes.get(from..).unwrap_or_default(), needle.as_bytes()) {
        let mut start = from + found;
        let mut end = start + needle.len();
        while start > from && is_of_word(bytes.get(start - 1)) {
            start -= 1;
        }
        while is_of_word(bytes.get(end)) {
            end += 1;
        }
        masked.push_str(text.get(from..start).unwrap_or_default());
        masked.push_str(MASK);
        from = end;
    }
    if from > 0 {
        masked.push_str(text.get(from..).unwrap_or_default());
        *text = masked;
    }
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len().max(1)).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    fn masked(text: &str, secret: &str) -> String {
        let mut text = text.to_owned();
        mask(&mut text, secret);
        text
    }

    #[test]
    fn every_encoding_is_found() {
        let secret = "sk-can?ry>4f9a~8b";
        for around in ["", "Bearer ", "user:", "{\"key\":\""] {
            for behind in ["", "\"", "\"}", "more"] {
                let whole = format!("{around}{secret}{behind}");
                for encoded in [STANDARD.encode(&whole), URL_SAFE_NO_PAD.encode(&whole)] {
                    let text = masked(&format!("a ü {encoded}, b."), secret);
                    assert!(text.starts_with("a ü ") && text.ends_with("***, b."), "{whole}: {text}");
                    assert!(text.len() < 30, "{whole}: {text}");
                }
            }
        }
        let digits: String = secret.bytes().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(masked(&format!("a {digits}, {}.", digits.to_lowercase()), secret), "a ***, ***.");
        assert_eq!(masked("nothing of it", secret), "nothing of it");
        assert_eq!(masked("c2hvcnQ=", "short"), "c2hvcnQ=", "a short one");
    }

    proptest! {
        #[test]
        fn it_is_found_between_anything(before in ".{0,9}", secret in ".{8,20}", after in ".{0,9}") {
            let encoded = URL_SAFE_NO_PAD.encode(format!("{before}{secret}{after}"));
            let text = masked(&format!("<{encoded}>"), &secret);
            prop_assert!(text.contains("***"), "{text}");
        }
    }
}
