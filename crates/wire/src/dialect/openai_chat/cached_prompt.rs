//! Prompt caching on request, in OpenAI's formats: breakpoints where the model or the provider has them, and a key by
//! which requests with the same beginning find each other (`docs/wire/late-2026.md`, section 6).

use crate::dialect::shared::prompt_cache::{BREAKPOINTS_SINCE, Places, gpt_version, key, marked};
use crate::json::ObjectWriter;
use crate::model::{CacheLifetime, Request};
use crate::quirks::{CacheControl, Quirks};
use alloc::{borrow::Cow, string::String};

/// A request, with what it says of its cache.
pub(crate) struct CachedPrompt<'a> {
    request: Cow<'a, Request>,
    key: Option<String>,
    retention: Option<&'static str>,
    lifetime: Option<&'static str>,
}

impl<'a> CachedPrompt<'a> {
    pub(crate) fn new(request: &'a Request, quirks: &Quirks) -> Self {
        let blank = Self { request: Cow::Borrowed(request), key: None, retention: None, lifetime: None };
        let Some(asked) = &request.prompt_cache else { return blank };
        let is_hour = asked.lifetime == Some(CacheLifetime::OneHour);
        let keyed = Self { key: Some(key(request)), ..blank };
        match quirks.cache_control {
            CacheControl::Passthrough => {
                let request = marked(request, Places { tools: false, hour: true });
                Self { request, key: None, ..keyed }
            }
            CacheControl::Strip if quirks.prompt_cache_key => keyed,
            CacheControl::Strip => Self { key: None, ..keyed },
            CacheControl::Breakpoint => match gpt_version(&request.model) {
                Some(version) if version >= BREAKPOINTS_SINCE => Self {
                    request: marked(request, Places { tools: false, hour: false }),
                    lifetime: is_hour.then_some("12h"),
                    ..keyed
                },
                // Those that keep a prompt for a day; the others keep it for minutes.
                Some(version) if is_hour && (version.0 >= 5 || version == (4, 1)) => {
                    Self { retention: Some("24h"), ..keyed }
                }
                _ => keyed,
            },
        }
    }

    /// The request as it is written.
    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    /// Writes the fields of Chat Completions, where a breakpoint has no other lifetime than the usual.
    pub(crate) fn write(&self, body: &mut ObjectWriter<'_>) {
        body.optional("prompt_cache_key", self.key.as_ref());
        body.optional("prompt_cache_retention", self.retention);
    }

    /// Writes the fields of Responses.
    pub(crate) fn write_with_lifetime(&self, body: &mut ObjectWriter<'_>) {
        self.write(body);
        if let Some(lifetime) = self.lifetime.filter(|_| self.request.cache.is_none()) {
            body.object("prompt_cache_options", |options| {
                options.field("mode", "implicit").field("ttl", lifetime);
            });
        }
    }
}
