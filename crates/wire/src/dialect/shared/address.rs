//! Path segments of URLs: escaping and unescaping of names.

use alloc::{borrow::Cow, format, string::String, vec::Vec};

/// Appends `name` as one segment of a path. Characters that could end the segment, or have a special meaning in it, are
/// escaped. So are the dots of a name that is only dots. Those lead to another folder even when escaped, so a path that
/// [`has_dot_segment`] is refused before it is sent.
pub(crate) fn push_segment(path: &mut String, name: &str) {
    let is_dots = matches!(name, "." | "..");
    for byte in name.bytes() {
        match byte {
            b'.' if is_dots => path.push_str("%2E"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'@' => {
                path.push(char::from(byte));
            }
            _ => path.push_str(&format!("%{byte:02X}")),
        }
    }
}

/// Appends `name` as several segments, separated at its slashes.
pub(crate) fn push_segments(path: &mut String, name: &str) {
    for (position, segment) in name.split('/').enumerate() {
        if position > 0 {
            path.push('/');
        }
        push_segment(path, segment);
    }
}

/// Whether a segment of `path` is `.` or `..`, escaped or not (<https://url.spec.whatwg.org/#double-dot-path-segment>).
pub fn has_dot_segment(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    path.split(['/', '\\']).any(|segment| matches!(&*read_segment(segment), "." | ".."))
}

/// Unescapes a segment. Invalid escapes stay unchanged.
pub(crate) fn read_segment(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment);
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment;
    while let Some((plain, after)) = rest.split_once('%') {
        bytes.extend_from_slice(plain.as_bytes());
        let escaped = after.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(b'%');
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// Splits the method off one of Google's addresses: `.../models/x:generateContent` is `.../models/x` and
/// `generateContent`. The query is left out.
pub(crate) fn resource_and_method(path: &str) -> Option<(&str, &str)> {
    let path = path.split('?').next()?;
    let (resource, method) = path.rsplit_once(':')?;
    let (_, name) = resource.rsplit_once('/')?;
    (!name.is_empty() && !method.contains('/')).then_some((resource, method))
}

/// The path of an [`EncodedRequest`](super::EncodedRequest) behind `base`, that of the base URL. The whole name of a
/// resource begins without a `/`, and takes the place of what `base` has from a segment on that is the name's first; so
/// does an address from its version of the API on. A version that both have is there once: the path's.
pub fn join(base: &str, path: &str) -> String {
    let base = base.trim_end_matches('/');
    if path.is_empty() || path.starts_with('/') {
        return format!("{}{path}", without_version(base, path));
    }
    let first = path.split('/').next().unwrap_or_default();
    let mut end = base.len();
    for segment in base.rsplit('/') {
        end = end.saturating_sub(segment.len());
        if segment == first || is_version(segment) && is_version(first) {
            let kept = base.get(..end).unwrap_or_default();
            return format!("{kept}{path}");
        }
        end = end.saturating_sub(1);
    }
    format!("{base}/{path}")
}

/// `base` without what it ends in and `path` begins with again: `/v1` before `/v1/messages`, `/ml/v1` before
/// `/ml/v1/text/chat`, and `/v1` before `/v2/chat`.
fn without_version<'a>(base: &'a str, path: &str) -> &'a str {
    let mut segments = path.split('/').skip(1);
    let first = segments.next().unwrap_or_default();
    if is_version(first) {
        return match base.rsplit_once('/') {
            Some((before, last)) if is_version(last) => before,
            _ => base,
        };
    }
    if !segments.next().is_some_and(is_version) {
        return base;
    }
    let kept = |(before, last): (&'a str, &str)| if last == first { Some(before) } else { None };
    match base.rsplit_once('/') {
        Some((before, last)) if is_version(last) => before.rsplit_once('/').and_then(kept).unwrap_or(base),
        _ => base,
    }
}

/// `v1`, `v1beta1`.
pub(crate) fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|number| number.starts_with(|letter: char| letter.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_name_is_read_as_it_was_written(name in any::<String>()) {
            let mut path = String::new();
            push_segment(&mut path, &name);
            prop_assert!(!path.contains(['/', '?', '#', ':', ' ', '\\']));
            prop_assert_eq!(read_segment(&path), name.as_str());
        }

        #[test]
        fn any_segment_is_read(segment in "[%a-f0-9é]{0,12}") {
            let _ = read_segment(&segment);
        }
    }

    #[test]
    fn what_is_no_escape_stays() {
        assert_eq!(read_segment("100%"), "100%");
        assert_eq!(read_segment("%zz%41%+1"), "%zzA%+1");
    }

    #[test]
    fn a_whole_name_takes_the_place_of_the_bases_own() {
        for (base, path, expected) in [
            ("/v1", "/models", "/v1/models"),
            ("/v1/", "/models", "/v1/models"),
            ("", "/models", "/models"),
            ("/v1", "", "/v1"),
            ("/v1", "/v1/messages", "/v1/messages"),
            ("/gate/v1/", "/v1/messages", "/gate/v1/messages"),
            ("/v1", "/v2/chat", "/v2/chat"),
            ("/ml/v1", "/ml/v1/text/chat", "/ml/v1/text/chat"),
            ("/v1", "/ml/v1/text/chat", "/v1/ml/v1/text/chat"),
            ("/api", "/api/chat", "/api/api/chat"),
            ("/v1", "/videos/v2", "/v1/videos/v2"),
            ("/v1/projects/p/locations/l/publishers/google", "projects/q/x", "/v1/projects/q/x"),
            (
                "/gate/v1/projects/p/locations/l/publishers/google/",
                "publishers/a/models/x",
                "/gate/v1/projects/p/locations/l/publishers/a/models/x",
            ),
            ("/v1/publishers/google", "publishers/a/models/x", "/v1/publishers/a/models/x"),
            ("/v1beta", "projects/q/x", "/v1beta/projects/q/x"),
            (
                "/gate/v1/projects/p/publishers/google",
                "v1beta1/publishers/a/models",
                "/gate/v1beta1/publishers/a/models",
            ),
            ("/gate", "v1beta1/publishers/a/models", "/gate/v1beta1/publishers/a/models"),
            ("/v1/vertex/video", "v1beta1/models", "/v1beta1/models"),
            ("/v1/my-projects", "projects/q/x", "/v1/my-projects/projects/q/x"),
            ("", "projects/q/x", "/projects/q/x"),
            ("/projects", "projects/q/x", "/projects/q/x"),
        ] {
            assert_eq!(join(base, path), expected, "{base} {path}");
        }
    }

    #[test]
    fn methods_stand_behind_the_last_colon() {
        for (path, expected) in [
            ("/v1beta/models/x:countTokens", Some(("/v1beta/models/x", "countTokens"))),
            ("/models/x:streamGenerateContent?alt=sse", Some(("/models/x", "streamGenerateContent"))),
            ("/models/a%3Ab:predict", Some(("/models/a%3Ab", "predict"))),
            ("http://host:80/models", None),
            ("/models/:predict", None),
            ("/models", None),
        ] {
            assert_eq!(resource_and_method(path), expected, "{path}");
        }
    }
}
