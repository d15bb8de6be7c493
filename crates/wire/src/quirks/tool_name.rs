//! Tool names in the form that a provider insists on. Models call tools by names that nobody declared, with dots or
//! white space in them, and a strict provider refuses a whole history for one of them.

use super::tool_id::hash;
use alloc::{
    borrow::{Cow, ToOwned},
    format,
    string::String,
};

/// What a call without a name is called.
const UNNAMED: &str = "unnamed";

/// What names of tools look like (`docs/wire/caching-thinking-tools.md`, section 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToolNameRule {
    /// Anything.
    Any,
    /// Letters, digits, `_` and `-`, so many: OpenAI and Bedrock 64, Anthropic 128.
    Word(usize),
    /// Letters, digits, `_`, `.`, `:` and `-`, up to 64, a letter or `_` first: Gemini.
    DottedWord,
    /// Letters, digits and `_`, no digit first: Cohere.
    Identifier,
}

impl ToolNameRule {
    fn max(self) -> usize {
        match self {
            Self::Any => usize::MAX,
            Self::Word(most) => most,
            Self::DottedWord | Self::Identifier => 64,
        }
    }

    fn allows(self, letter: char) -> bool {
        letter.is_ascii_alphanumeric()
            || letter == '_'
            || match self {
                Self::Any => true,
                Self::Word(_) => letter == '-',
                Self::DottedWord => matches!(letter, '-' | '.' | ':'),
                Self::Identifier => false,
            }
    }

    fn allows_first(self, letter: char) -> bool {
        match self {
            Self::Any | Self::Word(_) => self.allows(letter),
            Self::DottedWord | Self::Identifier => letter.is_ascii_alphabetic() || letter == '_',
        }
    }

    /// Whether `name` follows the rule.
    pub(crate) fn is_right(self, name: &str) -> bool {
        name.chars().next().is_some_and(|first| self.allows_first(first))
            && name.len() <= self.max()
            && name.chars().all(|letter| self.allows(letter))
    }

    /// `name` as the rule wants it, and as no name that is `taken`: `_` for whatever is not allowed.
    pub(crate) fn fit<'a>(self, name: &'a str, taken: impl Fn(&str) -> bool) -> Cow<'a, str> {
        if self.is_right(name) {
            return Cow::Borrowed(name);
        }
        let mut fitted: String =
            name.trim().chars().map(|letter| if self.allows(letter) { letter } else { '_' }).collect();
        if fitted.chars().next().is_none_or(|first| !self.allows_first(first)) {
            fitted.insert(0, '_');
        }
        if fitted.chars().all(|letter| letter == '_') {
            UNNAMED.clone_into(&mut fitted);
        }
        let is_long = fitted.len() > self.max();
        if is_long || taken(&fitted) {
            // Only ASCII is left.
            fitted.truncate(self.max().saturating_sub(9).min(fitted.len()));
            fitted.push_str(&format!("_{:08x}", hash(name) & 0xffff_ffff));
        }
        Cow::Owned(fitted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_fit_stay_and_others_are_made_to() {
        let long = "x".repeat(200);
        let rules = [
            ToolNameRule::Word(64),
            ToolNameRule::Word(128),
            ToolNameRule::DottedWord,
            ToolNameRule::Identifier,
        ];
        for rule in rules {
            assert_eq!(rule.fit("get_weather", |_| true), "get_weather");
            for name in ["", " ", "functions.get weather", "1st", "wetter-für", "é", "$.a", long.as_str()] {
                let fitted = rule.fit(name, |_| false);
                assert!(rule.is_right(&fitted), "{rule:?}: {name:?} became {fitted:?}");
                let other = rule.fit(name, |taken| taken == fitted);
                assert!(
                    rule.is_right(&other) && (other != fitted || other == name || name.len() > 100),
                    "{other:?}"
                );
            }
        }
        assert_eq!(ToolNameRule::Word(64).fit("functions.get weather", |_| false), "functions_get_weather");
        assert_eq!(ToolNameRule::DottedWord.fit("1.a", |_| false), "_1.a");
        assert_eq!(ToolNameRule::Any.fit("a b", |_| false), "a b");
    }
}
