//! Providers: the built-in table, one row each, generated from `providers.toml` by `build.rs`, which checks its syntax.
//!
//! A row has what no program should need to know: the wire format, the address, the environment variables of keys, and
//! the provider's deviations from its wire format. Nothing is parsed at run time.

use crate::dialect::{self, KeyHeader};
use crate::operation::OperationKind;
use crate::quirks::*;
use alloc::{borrow::Cow, string::String, vec::Vec};

/// A provider.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderRow {
    /// Its id in configuration, and before the `/` of a model's name.
    pub id: &'static str,
    /// Its display name.
    pub name: &'static str,
    /// Other ids.
    pub aliases: &'static [&'static str],
    /// The name of its wire format.
    pub dialect: &'static str,
    /// Its base URL, without the dialect's path and with `{placeholders}`; empty if it has none (a program on this
    /// machine).
    pub base_url: &'static str,
    /// Its other base URLs, by region.
    pub base_urls: &'static [(&'static str, &'static str)],
    /// The placeholder whose value selects one of them; otherwise `region`, which need not be a placeholder.
    pub base_urls_by: &'static str,
    /// The environment variables that override the base URL, in order.
    pub base_url_variables: &'static [&'static str],
    /// The placeholders of its addresses.
    pub placeholders: &'static [Placeholder],
    /// The environment variables that hold its key, in order.
    pub key_variables: &'static [&'static str],
    /// How a request is authorised.
    pub authentication: Authentication,
    /// Headers of every request.
    pub headers: &'static [HeaderRow],
    /// How it differs from its dialect.
    pub quirks: Quirks,
    /// Well-known embedding models of the provider.
    pub embedding_models: &'static [&'static str],
    /// The URL of its documentation.
    pub documentation: Option<&'static str>,
    /// The provider that is called, with the same model, if this one cannot be reached.
    pub fallback: Option<&'static str>,
}

/// A `{name}` in an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// Its name.
    pub name: &'static str,
    /// The environment variables it comes from, in order.
    pub variables: &'static [&'static str],
    /// Its default value.
    pub default: Option<&'static str>,
}

/// How a request is authorised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// The key, in the dialect's usual header.
    Key,
    /// The key alone, in the header of this name.
    Header(&'static str),
    /// As `Key`, if there is a key: self-hosted servers.
    Optional,
    /// Nothing.
    None,
    /// A signature (AWS), or a bearer key.
    Aws,
    /// A Google access token.
    Google,
    /// A Microsoft Entra token, or the key in `api-key`.
    Entra,
    /// An IBM Cloud token made with the key.
    Watsonx,
    /// A Databricks token, or one obtained with a client's id and secret.
    Databricks,
}

/// A header of every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderRow {
    /// Its name, in lower case.
    pub name: &'static str,
    /// The environment variables that hold its value, in order.
    pub variables: &'static [&'static str],
    /// Its value if no variable is set; without a value, the header is left out.
    pub value: Option<&'static str>,
}

include!(concat!(env!("OUT_DIR"), "/providers.rs"));

/// Every provider, in the table's order.
pub fn all() -> &'static [ProviderRow] {
    ROWS
}

/// The provider with the id or alias `name`, ignoring case.
pub fn find(name: &str) -> Option<&'static ProviderRow> {
    let is = |known: &&str| known.eq_ignore_ascii_case(name);
    ROWS.iter().find(|row| is(&row.id)).or_else(|| ROWS.iter().find(|row| row.aliases.iter().any(&is)))
}

/// Splits `provider/model` or `provider:model`. The second part is the provider's own name of the model.
pub fn split_name(name: &str) -> Option<(&str, &str)> {
    name.split_once(['/', ':'])
}

impl ProviderRow {
    /// The operations that it supports, by the names of the client's methods: `chat`, `embed`, ...
    pub fn operations(&self) -> Vec<&'static str> {
        let Some(dialect) = dialect::registry::find(self.dialect) else { return Vec::new() };
        let offered = |kind: &OperationKind| dialect.operations().has(*kind) && self.quirks.has(*kind);
        OperationKind::ALL.into_iter().filter(offered).map(OperationKind::method).collect()
    }

    /// The base URL for `region`, or for that value of the placeholder that [`Self::base_urls_by`] names. It is the
    /// region's own, or else the default one if that contains the region or if no region is given.
    pub fn address(&self, region: &str) -> Option<&'static str> {
        let own = self.base_urls.iter().find(|(name, _)| *name == region).map(|(_, address)| *address);
        own.or_else(|| (region.is_empty() || self.says_region()).then_some(self.base_url))
    }

    /// Whether the default base URL contains the placeholder that selects the others.
    fn says_region(&self) -> bool {
        placeholders(self.base_url).any(|name| name == self.base_urls_by)
    }

    /// The header for a key or token, given the dialect's usual one; `None` if none is sent.
    pub fn key_header(&self, dialect: KeyHeader) -> Option<KeyHeader> {
        match self.authentication {
            Authentication::Key | Authentication::Optional => Some(dialect),
            Authentication::Header(name) => Some(KeyHeader::Named(name)),
            // A key. An Entra token is sent as a bearer token.
            Authentication::Entra => Some(KeyHeader::Named("api-key")),
            Authentication::Aws
            | Authentication::Google
            | Authentication::Watsonx
            | Authentication::Databricks => Some(KeyHeader::Bearer),
            Authentication::None => None,
        }
    }
}

/// The names of the `{placeholders}` in `template`.
fn placeholders(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|after| after.split_once('}').map(|(name, _)| name))
}

/// Replaces the `{placeholders}` of `template`. Fails with the name of the first one that has no `value`.
pub fn fill<'a>(
    template: &'a str,
    mut value: impl FnMut(&str) -> Option<Cow<'a, str>>,
) -> Result<String, &'a str> {
    let mut filled = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        filled.push_str(before);
        filled.push_str(&value(name).ok_or(name)?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_id_and_alias() {
        assert_eq!(find("openai").unwrap().dialect, "openai-chat");
        for row in all() {
            for name in core::iter::once(&row.id).chain(row.aliases) {
                assert_eq!(find(name).unwrap().id, row.id);
                assert_eq!(find(&name.to_ascii_uppercase()).unwrap().id, row.id);
            }
            assert_eq!(row.quirks.provider, row.id);
        }
        assert!(find("nobody").is_none());
    }

    #[test]
    fn a_region_that_nobody_knows_has_no_address() {
        let openai = find("openai").unwrap();
        assert_eq!(openai.address("eu"), Some("https://eu.api.openai.com/v1"));
        assert_eq!(openai.address(""), Some(openai.base_url));
        assert_eq!(openai.address("atlantis"), None);
        // Its default base URL contains the region.
        let bedrock = find("bedrock").unwrap();
        assert_eq!(bedrock.address("eu-central-1"), Some(bedrock.base_url));
    }

    #[test]
    fn placeholders_are_filled_or_named() {
        let value = |name: &str| (name == "a").then_some(Cow::Borrowed("1"));
        assert_eq!(fill("x{a}y{a}", value).unwrap(), "x1y1");
        assert_eq!(fill("x{a}y{b}", value), Err("b"));
        assert_eq!(fill("plain", value).unwrap(), "plain");
        assert_eq!(fill("open{a", value).unwrap(), "open{a");
    }
}
