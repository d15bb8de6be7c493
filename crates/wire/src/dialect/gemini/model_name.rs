//! Models' names: as addresses have them, and what they say about what a model can do.

use crate::dialect::address::{push_segment, read_segment};
use alloc::{borrow::Cow, format, string::String};

/// Models that a project has tuned stand in a collection of their own.
const TUNED: &str = "tunedModels/";

/// The name without the collection of models it stands in; a tuned model keeps its own.
pub(super) fn plain(model: &str) -> &str {
    let model = model.strip_prefix("publishers/google/").unwrap_or(model);
    model.strip_prefix("models/").unwrap_or(model)
}

/// The name with its collection, as bodies have it.
pub(super) fn resource(model: &str) -> String {
    match plain(model) {
        tuned if tuned.starts_with(TUNED) => tuned.into(),
        name => format!("models/{name}"),
    }
}

/// The address of a method of `model`.
pub(super) fn path(model: &str, method: &str) -> String {
    let (collection, name) = match plain(model) {
        tuned if tuned.starts_with(TUNED) => ("/tunedModels/", tuned.strip_prefix(TUNED).unwrap_or(tuned)),
        name => ("/models/", name),
    };
    let mut path = String::from(collection);
    push_segment(&mut path, name);
    path.push(':');
    path.push_str(method);
    path
}

/// The model that an address names.
pub(super) fn of_address<'a>(collection: &str, name: &'a str) -> Cow<'a, str> {
    let name = read_segment(name);
    if collection == "tunedModels" { Cow::Owned(format!("{TUNED}{name}")) } else { name }
}

/// What a model's name says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Family {
    /// Google's open models.
    pub(super) is_gemma: bool,
    /// The larger kind of its generation.
    pub(super) is_pro: bool,
    /// As in `gemini-2.5-flash`; a name without one counts as newer than all.
    version: Option<(u32, u32)>,
}

impl Family {
    pub(super) fn of(model: &str) -> Self {
        let name = plain(model);
        let words = || name.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '.'));
        let after = name.split_once("gemini-").map(|(_, after)| after);
        let number = after.and_then(|after| after.split('-').next());
        Self {
            is_gemma: words().any(|word| word.starts_with("gemma")),
            is_pro: words().any(|word| word == "pro"),
            version: number.and_then(version),
        }
    }

    /// Whether it is at least of this version.
    pub(super) fn is_since(self, version: (u32, u32)) -> bool {
        !self.is_gemma && self.version.is_none_or(|own| own >= version)
    }

    /// Whether it is of exactly this version.
    pub(super) fn is(self, version: (u32, u32)) -> bool {
        !self.is_gemma && self.version == Some(version)
    }
}

fn version(number: &str) -> Option<(u32, u32)> {
    let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_a_model_is_named_its_address_is_the_same() {
        for model in ["gemini-x", "models/gemini-x", "publishers/google/models/gemini-x"] {
            assert_eq!(path(model, "generateContent"), "/models/gemini-x:generateContent");
            assert_eq!(resource(model), "models/gemini-x");
        }
        assert_eq!(path("tunedModels/a-1", "countTokens"), "/tunedModels/a-1:countTokens");
        assert_eq!(resource("tunedModels/a-1"), "tunedModels/a-1");
        assert_eq!(path("../x?y:z", "m"), "/models/..%2Fx%3Fy%3Az:m");
        assert_eq!(of_address("models", "a%2Fb"), "a/b");
        assert_eq!(of_address("tunedModels", "a"), "tunedModels/a");
    }

    #[test]
    fn names_tell_version_and_kind() {
        for (model, version, is_pro, is_gemma) in [
            ("gemini-2.5-flash", Some((2, 5)), false, false),
            ("models/gemini-3-pro-preview", Some((3, 0)), true, false),
            ("gemini-3.1-pro", Some((3, 1)), true, false),
            ("gemini-1.5-pro-002", Some((1, 5)), true, false),
            ("gemini-flash-latest", None, false, false),
            ("gemma-3-27b-it", None, false, true),
            ("tunedModels/mine", None, false, false),
        ] {
            assert_eq!(Family::of(model), Family { is_gemma, is_pro, version }, "{model}");
        }
    }
}
