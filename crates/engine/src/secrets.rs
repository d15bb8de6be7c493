//! Secrets and their masking: whatever a provider or a library writes about a request, none of its secrets leaves this
//! crate.

use crate::{echo, encoded_echo, failure::Failure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ferrule_wire::model::ProviderError;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use url::Url;

/// A key. Shows as `***`, is wiped when dropped.
pub type Secret = SecretString;

/// Shorter texts would mask ordinary words.
const SHORTEST: usize = 6;

/// Shorter texts are not masked, even as whole words and if the configuration declares them secret.
const SHORTEST_DECLARED: usize = 4;

/// Longer texts do not count as ordinary words.
const LONGEST_WORD: usize = 20;

/// Words that mark a header or a parameter as secret if its name contains them.
const SECRET_WORDS: &[&str] = &[
    "auth",
    "authentication",
    "authorization",
    "bearer",
    "cookie",
    "credential",
    "credentials",
    "csrf",
    "jwt",
    "key",
    "keys",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "pat",
    "pwd",
    "secret",
    "secrets",
    "session",
    "sid",
    "sig",
    "signature",
    "token",
];

/// The parts that form one word with `key` and the like: `apikey`, `accesstoken`.
const RUN_TOGETHER: &[&str] = &[
    "access",
    "account",
    "admin",
    "api",
    "app",
    "auth",
    "client",
    "consumer",
    "id",
    "license",
    "master",
    "private",
    "refresh",
    "secret",
    "security",
    "service",
    "session",
    "shared",
    "sub",
    "subscription",
    "user",
    "virtual",
    "xapi",
    "xauth",
];

/// Prefixes of `key` that do not mean a secret: `idempotency-key`.
const OTHER_KEYS: &[&str] = &["cache", "idempotency", "partition", "public", "sort"];

/// Schemes in front of credentials in a header. They are not secret.
const SCHEMES: &[&str] = &[
    "api-key",
    "apikey",
    "aws4-hmac-sha256",
    "basic",
    "bearer",
    "digest",
    "key",
    "negotiate",
    "sharedaccesssignature",
    "token",
];

/// Parameters whose values are not secret, wherever they are set.
const PLAIN_PARAMETERS: &[&str] = &[
    "alt",
    "api-version",
    "api_version",
    "deployment",
    "format",
    "limit",
    "location",
    "model",
    "project",
    "region",
    "stream",
    "timeout",
    "version",
];

/// The secrets of a provider, or of one call.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<Secret>);

impl Secrets {
    pub(crate) fn add(&mut self, secret: &str) {
        if secret.len() >= SHORTEST {
            self.insert(secret);
        }
    }

    /// Adds a value that the configuration takes from a variable, a file or a command: it is secret wherever it is
    /// used.
    pub(crate) fn add_declared(&mut self, secret: &str) {
        if secret.len() >= SHORTEST_DECLARED {
            self.insert(secret);
        }
        self.add_words(secret);
    }

    /// Adds all of `others`, without duplicates.
    pub(crate) fn add_all(&mut self, others: &Self) {
        for secret in &others.0 {
            self.insert(secret.expose_secret());
        }
    }

    /// Adds the value of a header if its name marks it as secret.
    pub(crate) fn add_header(&mut self, name: &str, value: &str) {
        if is_secret_name(name) {
            self.add_words(value);
        }
    }

    /// Adds the value of a URL parameter, unless it is known not to be secret.
    pub(crate) fn add_parameter(&mut self, name: &str, value: &str) {
        let known = PLAIN_PARAMETERS.contains(&&*name.to_ascii_lowercase()) || looks_plain(value);
        if !known || is_secret_name(name) {
            self.add_words(value);
        }
    }

    /// Adds the parameters of `url`.
    pub(crate) fn add_query(&mut self, url: &Url) {
        for (name, value) in url.query_pairs() {
            self.add_parameter(&name, &value);
        }
    }

    /// Adds `value`, and each of its words, as a server may repeat one of them alone: `Bearer key`, `id=...,
    /// signature=...`, `user:password`.
    fn add_words(&mut self, value: &str) {
        let mut words = value.split_whitespace().peekable();
        let mut is_basic = false;
        if let Some(first) = words.peek()
            && SCHEMES.contains(&&*first.to_ascii_lowercase())
        {
            is_basic = first.eq_ignore_ascii_case("basic");
            words.next();
        } else {
            self.add(value);
        }
        for word in words {
            self.add(word);
            for part in word.split([',', ';', ':']) {
                let part = part.split_once('=').map_or(part, |(_, value)| value);
                self.add(part.trim_matches('"'));
            }
            if is_basic
                && let Some(decoded) = STANDARD.decode(word).ok().and_then(|it| String::from_utf8(it).ok())
            {
                self.add(decoded.split_once(':').map_or(&*decoded, |(_, password)| password));
                self.add(&decoded);
            }
        }
    }

    /// Longer ones first: one may contain another.
    fn insert(&mut self, secret: &str) {
        let place = self.0.partition_point(|known| known.expose_secret().len() > secret.len());
        let alike = self.0.get(place..).unwrap_or_default();
        let mut alike = alike.iter().take_while(|known| known.expose_secret().len() == secret.len());
        if !alike.any(|known| known.expose_secret() == secret) {
            self.0.insert(place, Secret::from(secret));
        }
    }

    pub(crate) fn mask_failure(&self, failure: &mut Failure) {
        match failure {
            Failure::Provider(error) => self.mask_provider_error(error),
            Failure::Connect(text) | Failure::Interrupted(text) | Failure::Config(text) => self.mask(text),
            Failure::Unreadable(answer) => {
                self.mask(&mut answer.message);
                self.mask(&mut answer.body);
                answer.request_id.iter_mut().for_each(|id| self.mask(id));
            }
            Failure::Timeout(_) | Failure::Unsupported(_) | Failure::Limited(_) | Failure::Budget(_) => {}
        }
    }

    fn mask_provider_error(&self, error: &mut ProviderError) {
        self.mask(&mut error.message);
        self.mask(&mut error.note);
        self.mask(&mut error.body);
        for text in [&mut error.code, &mut error.error_type, &mut error.param, &mut error.request_id] {
            text.iter_mut().for_each(|text| self.mask(text));
        }
    }

    pub(crate) fn mask(&self, text: &mut String) {
        for secret in &self.0 {
            echo::mask(text, secret.expose_secret());
            encoded_echo::mask(text, secret.expose_secret());
        }
    }
}

/// `text` with `secrets` masked, however they are escaped in it.
pub fn mask_secrets<'a>(mut text: String, secrets: impl IntoIterator<Item = &'a str>) -> String {
    let mut all = Secrets::default();
    secrets.into_iter().for_each(|secret| all.add_declared(secret));
    all.mask(&mut text);
    text
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// Whether `value` is a number, a date or ordinary words, which errors must be able to show.
fn looks_plain(value: &str) -> bool {
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b':'));
    let is_word = value.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-' | b','));
    is_number || is_word && value.len() < LONGEST_WORD
}

/// Whether a word of `name` (`x-api-key`, `accessToken`, `X_AUTH`) marks the value as secret: of a header, a parameter
/// or an environment variable.
pub fn is_secret_name(name: &str) -> bool {
    let mut before = String::new();
    words(name).any(|word| {
        let is_other = word == "key" && OTHER_KEYS.contains(&&*before);
        let is_secret = !is_other && is_secret_word(&word);
        before = word;
        is_secret
    })
}

fn is_secret_word(word: &str) -> bool {
    SECRET_WORDS.contains(&word)
        || ["password", "passwd"].iter().any(|end| word.ends_with(end))
        || ["key", "token", "secret", "password", "auth"]
            .iter()
            .any(|end| word.strip_suffix(end).is_some_and(|begin| RUN_TOGETHER.contains(&begin)))
}

/// The words of a name, in lower case; a capital letter after a small one begins a new word.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut split = String::with_capacity(name.len() + 4);
    let mut before = ' ';
    for character in name.chars() {
        if character.is_ascii_uppercase() && before.is_ascii_lowercase() {
            split.push(' ');
        }
        split.push(if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { ' ' });
        before = character;
    }
    split.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(add: impl FnOnce(&mut Secrets), text: &str) -> String {
        let mut secrets = Secrets::default();
        add(&mut secrets);
        let mut text = text.to_owned();
        secrets.mask(&mut text);
        text
    }

    #[test]
    fn names_are_read_by_whole_words() {
        for name in [
            "authorization",
            "proxy-authorization",
            "x-api-key",
            "X_API_KEY",
            "apikey",
            "x-apikey",
            "apiKey",
            "accessToken",
            "x-auth-token",
            "Ocp-Apim-Subscription-Key",
            "x-portkey-api-key",
            "x-portkey-virtual-key",
            "cookie",
            "x-amz-security-token",
            "client_secret",
            "sig",
            "x-password",
            "PGPASSWORD",
            "HF_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "GITHUB_PAT",
            "GOOGLE_APPLICATION_CREDENTIALS",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "x-portkey-provider",
            "x-monkey",
            "x-author",
            "x-authority",
            "x-max-tokens",
            "x-tokens",
            "x-keyboard",
            "x-secretary",
            "x-cookiecutter",
            "x-encoder",
            "idempotency-key",
            "x-cache-key",
            "accept",
            "x-team",
            "TOKENIZERS_PARALLELISM",
            "KEYBOARD_LAYOUT",
            "COMPASS",
            "",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn every_word_of_a_secret_header_is_masked() {
        for (name, value, echo, expected) in [
            ("authorization", "Bearer first-secret", "Bearer first-secret", "Bearer ***"),
            ("authorization", "Custom first-secret second-secret", "first-secret, second-secret", "***, ***"),
            ("x-api-key", "first-secret", "'first-secret'", "'***'"),
            ("cookie", "a=first-secret; b=second-secret", "second-secret first-secret", "*** ***"),
            ("x-auth", "user-name:first-secret", "first-secret", "***"),
            (
                "authorization",
                "Basic dXNlcjpmaXJzdC1zZWNyZXQ=",
                "first-secret dXNlcjpmaXJzdC1zZWNyZXQ=",
                "*** ***",
            ),
            ("x-auth", r#"id="first-secret",sig="second-secret""#, "first-secret second-secret", "*** ***"),
            ("x-portkey-provider", "openai-compatible", "openai-compatible", "openai-compatible"),
        ] {
            assert_eq!(masked(|secrets| secrets.add_header(name, value), echo), expected, "{name}: {value}");
        }
    }

    #[test]
    fn parameters_are_secret_unless_known_otherwise() {
        for (url, echo, expected) in [
            ("a:?key=first-secret&x=s3cond-secret", "first-secret s3cond-secret", "*** ***"),
            ("a:?x=First%2Fsecret", "First/secret First%2Fsecret", "*** ***"),
            ("a:?team=search", "search", "search"),
            ("a:?api-version=2024-10-21-preview", "2024-10-21-preview", "2024-10-21-preview"),
            ("a:?v=2024-10-21", "2024-10-21", "2024-10-21"),
        ] {
            assert_eq!(
                masked(|secrets| secrets.add_query(&Url::parse(url).unwrap()), echo),
                expected,
                "{url}"
            );
        }
    }

    #[test]
    fn declared_secrets_are_masked_even_where_they_are_short() {
        assert_eq!(masked(|secrets| secrets.add_declared("s3cr"), "a s3cr, b"), "a ***, b");
        assert_eq!(masked(|secrets| secrets.add("s3cr"), "a s3cr, b"), "a s3cr, b");
        assert_eq!(masked(|secrets| secrets.add_declared("one first-secret"), "first-secret"), "***");
    }

    #[test]
    fn nested_secrets_are_masked_completely() {
        let add = |secrets: &mut Secrets| {
            secrets.add("secret");
            secrets.add("secret-and-more");
        };
        assert_eq!(masked(add, "secret-and-more secret"), "*** ***");
    }
}
