//! Google's resource names: `publishers/p/models/m`, `projects/p/locations/l/endpoints/e`. A model may be given by its
//! full resource name, which then replaces a part of the base URL.

use super::address::{push_segment, read_segment};
use alloc::{borrow::Cow, format, string::String, vec::Vec};

/// The name alone where that is enough: a model of the publisher whose models the base URL has.
pub(crate) fn short<'a>(model: &'a str, publisher: &str) -> &'a str {
    let own = model.strip_prefix("publishers/").and_then(|rest| rest.strip_prefix(publisher));
    let name = own.and_then(|rest| rest.strip_prefix('/')).unwrap_or(model);
    name.strip_prefix("models/").unwrap_or(name)
}

/// Whether `model` is the whole name of a resource that can be called. Anything else, with as many slashes and dots as
/// it likes, is one segment of an address.
pub(crate) fn is_whole(model: &str) -> bool {
    let segments: Vec<&str> = model.splitn(9, '/').collect();
    let known = matches!(
        segments[..],
        ["publishers", _, "models", _]
            | ["projects", _, "locations", _, "endpoints" | "models", _]
            | ["projects", _, "locations", _, "publishers", _, "models", _]
    );
    // What servers take for the same or the parent folder is not a name.
    known && segments.iter().all(|segment| !matches!(*segment, "" | "." | ".."))
}

/// What a whole name ends with; any other as it is.
pub(crate) fn last(model: &str) -> &str {
    if is_whole(model) { model.rsplit('/').next().unwrap_or(model) } else { model }
}

/// The address of `method` of a model that is named by its whole name or, `short`, by its own.
pub(crate) fn path(model: &str, method: &str) -> String {
    let mut path = String::new();
    if is_whole(model) {
        for segment in model.split('/') {
            // The first has none: the address does not begin where the base URL ends.
            if !path.is_empty() {
                path.push('/');
            }
            push_segment(&mut path, segment);
        }
    } else {
        path.push_str("/models/");
        push_segment(&mut path, model);
    }
    path.push(':');
    path.push_str(method);
    path
}

/// The model that an address, up to its method, names: `short` where it is the publisher's, whole where it has to be.
/// A query's or a project's part of the address is not the model's.
pub(crate) fn of_address<'a>(resource: &'a str, publisher: &str) -> Option<Cow<'a, str>> {
    let (parents, name) = resource.rsplit_once('/').filter(|(_, name)| !name.is_empty())?;
    let mut above = parents.rsplit('/');
    let name = read_segment(name);
    match (above.next()?, above.next(), above.next(), above.next(), above.next()) {
        ("models", Some(whose), Some("publishers"), ..) if read_segment(whose) != publisher => {
            Some(Cow::Owned(format!("publishers/{}/models/{name}", read_segment(whose))))
        }
        ("endpoints", Some(location), Some("locations"), Some(project), Some("projects")) => {
            let (project, location) = (read_segment(project), read_segment(location));
            Some(Cow::Owned(format!("projects/{project}/locations/{location}/endpoints/{name}")))
        }
        _ => Some(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WHOLE: [&str; 4] = [
        "publishers/anthropic/models/claude-x@1",
        "projects/example.com:p-1/locations/europe-west4/endpoints/123",
        "projects/p/locations/us/publishers/google/models/gemini-x",
        "projects/p/locations/us/models/1@2",
    ];

    #[test]
    fn whole_names_are_addresses_of_their_own() {
        for (name, expected) in WHOLE.iter().zip([
            "publishers/anthropic/models/claude-x@1:m",
            "projects/example.com%3Ap-1/locations/europe-west4/endpoints/123:m",
            "projects/p/locations/us/publishers/google/models/gemini-x:m",
            "projects/p/locations/us/models/1@2:m",
        ]) {
            assert_eq!(path(name, "m"), expected);
            assert_eq!(last(name), name.rsplit('/').next().unwrap());
        }
    }

    #[test]
    fn what_only_looks_like_one_is_a_segment() {
        for (name, segment) in [
            ("publishers/../models/x", "publishers%2F..%2Fmodels%2Fx"),
            ("publishers/./models/x", "publishers%2F.%2Fmodels%2Fx"),
            ("publishers//models/x", "publishers%2F%2Fmodels%2Fx"),
            ("publishers/p/models/", "publishers%2Fp%2Fmodels%2F"),
            ("publishers/p/models/..", "publishers%2Fp%2Fmodels%2F.."),
            ("publishers/p/models/a/b", "publishers%2Fp%2Fmodels%2Fa%2Fb"),
            ("publishers/p/endpoints/a", "publishers%2Fp%2Fendpoints%2Fa"),
            ("projects/p/locations/../endpoints/a", "projects%2Fp%2Flocations%2F..%2Fendpoints%2Fa"),
            ("projects/p/locations/l/datasets/a", "projects%2Fp%2Flocations%2Fl%2Fdatasets%2Fa"),
            ("/projects/p/locations/l/endpoints/a", "%2Fprojects%2Fp%2Flocations%2Fl%2Fendpoints%2Fa"),
            ("projects/p", "projects%2Fp"),
            ("../x?y:z", "..%2Fx%3Fy%3Az"),
        ] {
            assert_eq!(path(name, "m"), format!("/models/{segment}:m"));
            assert_eq!(last(name), name);
        }
    }

    #[test]
    fn what_is_in_a_segment_stays_there() {
        let name = "projects/%2e%2e/locations/..\\l?a#b/endpoints/..%2F..";
        assert_eq!(path(name, "m"), "projects/%252e%252e/locations/..%5Cl%3Fa%23b/endpoints/..%252F..:m");
        assert_eq!(of_address(path(name, "m").strip_suffix(":m").unwrap(), "google").unwrap(), name);
    }

    #[test]
    fn a_model_of_the_publisher_needs_only_its_name() {
        for name in ["x", "models/x", "publishers/google/models/x"] {
            assert_eq!(short(name, "google"), "x");
        }
        for name in ["publishers/googles/models/x", "publishers/anthropic/models/x", "tunedModels/x"] {
            assert_eq!(short(name, "google"), name);
        }
        assert_eq!(short("publishers/anthropic/models/x", "anthropic"), "x");
    }

    #[test]
    fn addresses_name_models() {
        for (resource, expected) in [
            ("/models/a%2Fb", Some("a/b")),
            ("/v1/projects/p/locations/l/publishers/google/models/x", Some("x")),
            ("/v1/projects/p/locations/l/publishers/meta/models/x", Some("publishers/meta/models/x")),
            ("/v1/projects/p%3Aq/locations/l/endpoints/7", Some("projects/p:q/locations/l/endpoints/7")),
            ("/v1/projects/p/locations/l/models/7", Some("7")),
            ("/endpoints/7", Some("7")),
            ("/models/", None),
            ("models", None),
        ] {
            assert_eq!(of_address(resource, "google").as_deref(), expected, "{resource}");
        }
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_place(parts in prop::collection::vec("projects|locations|publishers|models|endpoints|p|[./%?#a]{0,3}", 0..10)) {
            let path = path(&parts.join("/"), "m");
            let mut segments = path.trim_start_matches('/').split('/');
            prop_assert!(segments.all(|segment| !matches!(segment, "" | "." | "..")), "{path}");
            prop_assert!(!path.contains(['?', '#', '\\', ' ']));
        }
    }
}
