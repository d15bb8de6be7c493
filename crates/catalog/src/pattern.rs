//! Patterns of model names.
//!
//! In the data, a pattern is a text whose first character gives its kind, or a combination: `=equal`, `^start`, `$end`,
//! `~contained`, `#whole` and `%start` with a digit for each `#`; a list means any of them, `{"and": [...]}` all,
//! `{"not": ...}` none. Names are compared in lower case, in time linear in their length.

use serde::{Deserialize, Deserializer, de::Error};

/// A pattern of model names.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    Equals(Box<str>),
    Starts(Box<str>),
    Ends(Box<str>),
    Contains(Box<str>),
    Digits { template: Box<str>, whole: bool },
    Any(Vec<Pattern>),
    All(Vec<Pattern>),
    Not(Box<Pattern>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    One(String),
    Any(Vec<Pattern>),
    All { and: Vec<Pattern> },
    Not { not: Box<Pattern> },
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Written::deserialize(deserializer)? {
            Written::One(text) => {
                let mut characters = text.chars();
                let kind = characters.next();
                let rest: Box<str> = characters.as_str().to_lowercase().into();
                match kind {
                    Some('=') => Self::Equals(rest),
                    Some('^') => Self::Starts(rest),
                    Some('$') => Self::Ends(rest),
                    Some('~') => Self::Contains(rest),
                    Some('#') => Self::Digits { template: rest, whole: true },
                    Some('%') => Self::Digits { template: rest, whole: false },
                    _ => {
                        return Err(D::Error::custom(format!(
                            "a pattern begins with one of =^$~#%: `{text}`"
                        )));
                    }
                }
            }
            Written::Any(parts) => Self::Any(parts),
            Written::All { and } => Self::All(and),
            Written::Not { not } => Self::Not(not),
        })
    }
}

impl Pattern {
    /// Whether it lists `name`, in lower case, verbatim.
    pub(crate) fn lists(&self, name: &str) -> bool {
        match self {
            Self::Equals(text) => name == &**text,
            Self::Any(parts) => parts.iter().any(|part| part.lists(name)),
            _ => false,
        }
    }

    /// Whether `name`, in lower case, matches.
    pub(crate) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Equals(text) => name == &**text,
            Self::Starts(text) => name.starts_with(&**text),
            Self::Ends(text) => name.ends_with(&**text),
            Self::Contains(text) => name.contains(&**text),
            Self::Digits { template, whole } => {
                let fits = |(template, byte): (u8, u8)| {
                    if template == b'#' { byte.is_ascii_digit() } else { byte == template }
                };
                (if *whole { name.len() == template.len() } else { name.len() >= template.len() })
                    && template.bytes().zip(name.bytes()).all(fits)
            }
            Self::Any(parts) => parts.iter().any(|part| part.matches(name)),
            Self::All(parts) => parts.iter().all(|part| part.matches(name)),
            Self::Not(part) => !part.matches(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        serde_json::from_str::<Pattern>(pattern).unwrap().matches(name)
    }

    #[test]
    fn each_kind_matches_what_it_says() {
        for (pattern, yes, no) in [
            (r#""=GPT-4o""#, "gpt-4o", "gpt-4o-mini"),
            (r#""^gpt""#, "gpt-4o", "my-gpt"),
            (r#""$mini""#, "o1-mini", "mini-o1"),
            (r#""~claude""#, "us.anthropic.claude-3", "cloud"),
            (r##""#o1-####""##, "o1-2024", "o1-2024-12"),
            (r##""%o1-####""##, "o1-2024-12", "o1-202x-12"),
            (r#"["=a", "=b"]"#, "b", "c"),
            (r#"{"and": ["^a", {"not": ["~-tts-", "$-tts"]}]}"#, "a-tt", "a-tts"),
        ] {
            assert!(matches(pattern, yes), "{pattern} {yes}");
            assert!(!matches(pattern, no), "{pattern} {no}");
        }
        assert!(serde_json::from_str::<Pattern>(r#""gpt""#).is_err());
        assert!(serde_json::from_str::<Pattern>(r#""""#).is_err());
    }
}
