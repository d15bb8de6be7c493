//! Providers: the built-in table, one row each, made of `providers.toml` by `build.rs`, which checks its syntax.
//!
//! A row says what no program should have to: the wire format, the address, where keys are looked for, and how the
//! provider differs from its wire format. Nothing is parsed at run time.

use crate::dialect::{self, KeyHeader};
use crate::operation::OperationKind;
use crate::quirks::*;
use alloc::{borrow::Cow, string::String, vec::Vec};

/// A provider.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderRow {
    /// Its id in configuration, and before the `/` of a model's name.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// Other ids.
    pub aliases: &'static [&'static str],
    /// The name of its wire format.
    pub dialect: &'static str,
    /// Its address up to where the dialect's path begins, with `{placeholders}`; empty where it has none (a program on
    /// this machine).
    pub base_url: &'static str,
    /// Its other addresses, by region.
    pub base_urls: &'static [(&'static str, &'static str)],
    /// The placeholder whose value chooses among them; else `region`, which need not be one.
    pub base_urls_by: &'static str,
    /// The environment variables that name another address, in order.
    pub base_url_variables: &'static [&'static str],
    /// What the placeholders of its addresses are.
    pub placeholders: &'static [Placeholder],
    /// The environment variables that hold its key, in order.
    pub key_variables: &'static [&'static str],
    /// How a request is authorised.
    pub authentication: Authentication,
    /// Headers of every request.
    pub headers: &'static [HeaderRow],
    /// How it differs from its dialect.
    pub quirks: Quirks,
    /// Embedding models that it is known for.
    pub embedding_models: &'static [&'static str],
    /// Where it is documented.
    pub documentation: Option<&'static str>,
    /// The provider that is asked, with the same model, when this one cannot be reached.
    pub fallback: Option<&'static str>,
}

/// A `{name}` in an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// Its name.
    pub name: &'static str,
    /// The environment variables it comes from, in order.
    pub variables: &'static [&'static str],
    /// What it is where nobody says.
    pub default: Option<&'static str>,
}

/// How a request is authorised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// The key, as the dialect wants to be shown it.
    Key,
    /// The key alone, in the header of this name.
    Header(&'static str),
    /// As `Key`, where there is one: servers of one's own.
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
    /// A Databricks token, or one made with a client's id and secret.
    Databricks,
}

/// A header of every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderRow {
    /// Its name, in lower case.
    pub name: &'static str,
    /// The environment variables that hold its value, in order.
    pub variables: &'static [&'static str],
    /// Its value where no variable has one; without, the header is left out.
    pub value: Option<&'static str>,
}

include!(concat!(env!("OUT_DIR"), "/providers.rs"));

/// Every provider, in the table's order.
pub fn all() -> &'static [ProviderRow] {
    ROWS
}

/// The provider that is called `name`, or has it among its aliases, whatever the case.
pub fn find(name: &str) -> Option<&'static ProviderRow> {
    let is = |known: &&str| known.eq_ignore_ascii_case(name);
    ROWS.iter().find(|row| is(&row.id)).or_else(|| ROWS.iter().find(|row| row.aliases.iter().any(&is)))
}

/// `provider/model` or `provider:model`, taken apart. The rest of it is the provider's own.
pub fn split_name(name: &str) -> Option<(&str, &str)> {
    name.split_once(['/', ':'])
}

impl ProviderRow {
    /// The operations that it has, by the names of the client's methods: `chat`, `embed`, ...
    pub fn operations(&self) -> Vec<&'static str> {
        let Some(dialect) = dialect::registry::find(self.dialect) else { return Vec::new() };
        let offered = |kind: &OperationKind| dialect.operations().has(*kind) && self.quirks.has(*kind);
        OperationKind::ALL.into_iter().filter(offered).map(OperationKind::method).collect()
    }

    /// The address in `region`, or with that value of the placeholder which [`Self::base_urls_by`] names: its own, else
    /// the usual one where that says the region or none is given.
    pub fn address(&self, region: &str) -> Option<&'static str> {
        let own = self.base_urls.iter().find(|(name, _)| *name == region).map(|(_, address)| *address);
        own.or_else(|| (region.is_empty() || self.says_region()).then_some(self.base_url))
    }

    /// Whether the usual address has the placeholder that chooses among the others.
    fn says_region(&self) -> bool {
        placeholders(self.base_url).any(|name| name == self.base_urls_by)
    }

    /// How a key or token is shown to the provider, given how its dialect does it; `None` where nothing is shown.
    pub fn key_header(&self, dialect: KeyHeader) -> Option<KeyHeader> {
        match self.authentication {
            Authentication::Key | Authentication::Optional => Some(dialect),
            Authentication::Header(name) => Some(KeyHeader::Named(name)),
            // A key; a token of Entra goes as a bearer's.
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

/// Puts values for the `{placeholders}` of `template`. Fails with the name of the first that `value` does not know.
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
        // Its usual address has the region.
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
