//! Who is asked: one row per provider.

use secrecy::SecretString;

/// A key. Shows as `***`, is wiped when dropped.
pub type Secret = SecretString;

/// One provider.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Its id, for instance `openai`.
    pub id: String,
    /// Its dialect's name, for instance `openai-chat`.
    pub dialect: String,
    /// Its address up to where the dialect's path begins.
    pub base_url: String,
    /// Its key.
    pub api_key: Option<Secret>,
    /// The variables the key is looked for in, for the error that says it is missing; empty: no key needed.
    pub key_variables: Vec<String>,
    /// Headers for each request.
    pub headers: Vec<(String, String)>,
}
