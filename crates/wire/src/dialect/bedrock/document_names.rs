//! Names of documents: Bedrock requires them, allows few characters in them, and none twice (`docs/wire/bedrock.md`,
//! section 2).

use alloc::{collections::BTreeMap, collections::BTreeSet, format, string::String};

/// The most characters of a name, with room for a number behind it.
const MAX_CHARACTERS: usize = 180;
/// What a document without a name is called.
const UNNAMED: &str = "document";

/// The names given in one request.
#[derive(Debug, Default)]
pub(super) struct DocumentNames {
    /// Whether names stay as they are: those of an answer were allowed when they were given.
    kept: bool,
    given: BTreeSet<String>,
    /// The last number tried behind each name.
    numbers: BTreeMap<String, u32>,
}

impl DocumentNames {
    /// For an answer: names stay as they are.
    pub(super) fn kept() -> Self {
        Self { kept: true, ..Self::default() }
    }

    /// A name like `name` that Bedrock allows and that was not given before.
    pub(super) fn give(&mut self, name: Option<&str>) -> Option<String> {
        if self.kept {
            return name.map(String::from);
        }
        let base = allowed(name.unwrap_or_default());
        let mut name = base.clone();
        while !self.given.insert(name.clone()) {
            let number = self.numbers.entry(base.clone()).or_insert(1);
            *number = number.saturating_add(1);
            name = format!("{base} {number}");
        }
        Some(name)
    }
}

/// `name` with a hyphen for each run of what is not allowed and one space for each run of spaces.
fn allowed(name: &str) -> String {
    let mut allowed = String::new();
    let mut length = 0;
    for character in name.trim().chars() {
        let character = match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '(' | ')' | '[' | ']' => character,
            space if space.is_whitespace() => ' ',
            _ => '-',
        };
        if matches!(character, ' ' | '-') && allowed.ends_with(character) {
            continue;
        }
        allowed.push(character);
        length += 1;
        if length == MAX_CHARACTERS {
            break;
        }
    }
    let allowed = allowed.trim_end();
    if allowed.is_empty() { UNNAMED.into() } else { allowed.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_allowed_and_different() {
        let mut names = DocumentNames::default();
        for (name, expected) in [
            (Some("Report (final) [2]"), "Report (final) [2]"),
            (Some("report.pdf"), "report-pdf"),
            (Some("report.pdf"), "report-pdf 2"),
            (Some("report_pdf"), "report-pdf 3"),
            (Some("report-pdf 4"), "report-pdf 4"),
            (Some("report.pdf"), "report-pdf 5"),
            (Some("  a \t b  "), "a b"),
            (Some("日本語"), "-"),
            (Some(" "), "document"),
            (None, "document 2"),
        ] {
            assert_eq!(names.give(name).as_deref(), Some(expected));
        }
        assert_eq!(names.give(Some(&"x".repeat(500))).unwrap().len(), MAX_CHARACTERS);
        assert!(names.give(Some(&"x".repeat(500))).unwrap().len() <= 200);
    }
}
