//! Media types in the form that providers accept: common synonyms would be refused.

use alloc::{borrow::Cow, string::String};

/// Other names, and the usual one (`image/jpg` is none that was ever registered).
const ALIASES: [(&str, &str); 21] = [
    ("image/jpg", "image/jpeg"),
    ("image/jpe", "image/jpeg"),
    ("image/jfif", "image/jpeg"),
    ("image/pjpeg", "image/jpeg"),
    ("image/x-jpeg", "image/jpeg"),
    ("image/x-jpg", "image/jpeg"),
    ("image/x-citrix-jpeg", "image/jpeg"),
    ("image/x-png", "image/png"),
    ("image/x-citrix-png", "image/png"),
    ("image/x-webp", "image/webp"),
    ("image/x-gif", "image/gif"),
    ("application/x-pdf", "application/pdf"),
    ("text/pdf", "application/pdf"),
    ("text/x-markdown", "text/markdown"),
    ("audio/x-wav", "audio/wav"),
    ("audio/wave", "audio/wav"),
    ("audio/vnd.wave", "audio/wav"),
    ("audio/x-mpeg", "audio/mpeg"),
    ("audio/x-mp3", "audio/mpeg"),
    ("audio/x-flac", "audio/flac"),
    ("audio/x-m4a", "audio/m4a"),
];

/// `media_type` as providers know it: the usual name, in lower case, without parameters.
pub(crate) fn usual(media_type: &str) -> Cow<'_, str> {
    let plain = media_type.split(';').next().unwrap_or_default().trim();
    if let Some((_, usual)) = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(plain)) {
        return Cow::Borrowed(usual);
    }
    if plain.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(String::from(plain).to_ascii_lowercase());
    }
    Cow::Borrowed(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_names_become_the_usual_one() {
        for (written, usual_name) in [
            ("image/jpg", "image/jpeg"),
            ("IMAGE/JPG", "image/jpeg"),
            ("image/jpeg; charset=binary", "image/jpeg"),
            ("Image/PNG", "image/png"),
            ("audio/mpeg", "audio/mpeg"),
            ("audio/x-wav", "audio/wav"),
            ("application/x-pdf", "application/pdf"),
            ("video/mp4", "video/mp4"),
        ] {
            assert_eq!(usual(written), usual_name);
        }
    }
}
