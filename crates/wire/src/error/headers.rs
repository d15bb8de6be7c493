//! Response headers, as decoders see them.

use alloc::string::String;

/// What a LiteLLM proxy writes before the names of its upstream's headers.
const FORWARDED: &str = "llm_provider-";

/// The name that a header had at the upstream of a LiteLLM proxy; `None` where it is the proxy's own.
pub(super) fn forwarded_name(name: &str) -> Option<&str> {
    name.split_at_checked(FORWARDED.len())
        .filter(|(prefix, _)| prefix.eq_ignore_ascii_case(FORWARDED))
        .map(|(_, name)| name)
}

/// Response headers by lower-case name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Headers<'a>(pub &'a [(&'a str, &'a str)]);

impl<'a> Headers<'a> {
    /// The first value of `name`.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    /// The first value of `name`, or else what a LiteLLM proxy hands on of its upstream's header of that name
    /// (`docs/wire/litellm-proxy.md`, section 3).
    pub(crate) fn get_or_forwarded(&self, name: &str) -> Option<&'a str> {
        self.get(name).or_else(|| {
            let is_it = |key: &str| forwarded_name(key).is_some_and(|key| key.eq_ignore_ascii_case(name));
            self.0.iter().find(|(key, _)| is_it(key)).map(|(_, value)| *value)
        })
    }

    /// The media type of the body in lower case, without parameters; empty where none is said.
    pub fn media_type(&self) -> String {
        let content_type = self.get("content-type").unwrap_or_default();
        content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }
}
