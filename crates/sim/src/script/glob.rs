//! Glob patterns: `*` and `?`.

/// Whether `text` matches `pattern`: `*` matches any characters, `?` a single one. Needs no memory; takes at worst as
/// many steps as the product of the lengths.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Where to resume if the text after the last star does not match.
    let mut retry = None;
    loop {
        let before = text.clone();
        match (pattern.next(), text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                text = before.clone();
                retry = Some((pattern.clone(), before));
                continue;
            }
            (Some('?'), Some(_)) => continue,
            (Some(expected), Some(found)) if expected == found => continue,
            _ => {}
        }
        let Some((star, mut rest)) = retry.take() else { return false };
        if rest.next().is_none() {
            return false;
        }
        (pattern, text) = (star.clone(), rest.clone());
        retry = Some((star, rest));
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "abc", true),
            ("gpt-*", "gpt-5-mini", true),
            ("gpt-*", "claude", false),
            ("*-mini", "gpt-5-mini-mini", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*weather*in*", "the weather today in Rome", true),
            ("*a*b", "ab ba", false),
            ("é*", "élan", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
