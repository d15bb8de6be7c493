//! Model names: as addresses have them, and what they say about a model's abilities.

use crate::dialect::shared::{address::push_segment, resource_name};
use alloc::{borrow::Cow, format, string::String};

/// Whose models the base URL on Vertex has.
pub(super) const PUBLISHER: &str = "google";

/// Models that a project has tuned stand in a collection of their own.
const TUNED: &str = "tunedModels/";

/// The name without the collection of models it stands in; a tuned model keeps its own, and a whole name is kept.
pub(super) fn plain(model: &str) -> &str {
    resource_name::short(model, PUBLISHER)
}

/// The name with its collection, as bodies have it.
pub(super) fn resource(model: &str) -> String {
    match plain(model) {
        name if name.starts_with(TUNED) || resource_name::is_whole(name) => name.into(),
        name => format!("models/{name}"),
    }
}

/// The address of a method of `model`.
pub(super) fn path(model: &str, method: &str) -> String {
    let Some(tuned) = plain(model).strip_prefix(TUNED) else {
        return resource_name::path(plain(model), method);
    };
    let mut path = format!("/{TUNED}");
    push_segment(&mut path, tuned);
    path.push(':');
    path.push_str(method);
    path
}

/// The model that an address, up to its method, names.
pub(super) fn of_address(resource: &str) -> Option<Cow<'_, str>> {
    let name = resource_name::of_address(resource, PUBLISHER)?;
    let is_tuned = resource.rsplit('/').nth(1) == TUNED.strip_suffix('/');
    Some(if is_tuned { Cow::Owned(format!("{TUNED}{name}")) } else { name })
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
    pub(super) fn from_model(model: &str) -> Self {
        let name = resource_name::last(plain(model));
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
        assert_eq!(path("tunedModels/../x", "m"), "/tunedModels/..%2Fx:m");
        assert_eq!(path("../x?y:z", "m"), "/models/..%2Fx%3Fy%3Az:m");
        assert_eq!(of_address("/v1/models/a%2Fb").unwrap(), "a/b");
        assert_eq!(of_address("/v1beta/tunedModels/a").unwrap(), "tunedModels/a");
    }

    #[test]
    fn whole_names_stay_whole() {
        for model in ["projects/p/locations/l/endpoints/7", "publishers/meta/models/llama"] {
            assert_eq!(path(model, "m"), format!("{model}:m"));
            assert_eq!(resource(model), model);
            assert_eq!(of_address(model).unwrap(), model);
        }
        let googles = "projects/p/locations/l/publishers/google/models/gemini-x";
        assert_eq!(path(googles, "m"), format!("{googles}:m"));
        assert_eq!(of_address(googles).unwrap(), "gemini-x");
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
            // A project's name says nothing about the model.
            (
                "projects/gemma-pro/locations/l/publishers/google/models/gemini-2.5-flash",
                Some((2, 5)),
                false,
                false,
            ),
            ("projects/gemini-1.5-pro/locations/l/endpoints/7", None, false, false),
        ] {
            assert_eq!(Family::from_model(model), Family { is_gemma, is_pro, version }, "{model}");
        }
    }
}
