//! Redaction of credentials in what is passed on.
//!
//! Providers quote the key that they refuse, proxies the header they got, and some errors a whole URL.

use alloc::string::String;

/// How much of a body, or of any text in it, is passed on, in characters.
const KEPT_CHARS: usize = 2_000;
/// How much is read before that is cut, so that no credential is cut into something unknown.
const READ_CHARS: usize = 4_000;
const MASK: &str = "***";

/// How keys of known providers begin.
const KEY_PREFIXES: &[&str] = &[
    "sk-",
    "sk_",
    "pk-",
    "rk-",
    "gsk_",
    "xai-",
    "hf_",
    "r8_",
    "pplx-",
    "nvapi-",
    "fw_",
    "csk-",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "github_pat_",
    "dapi",
    "AIza",
    "ya29.",
    "AKIA",
    "ASIA",
    "ABSK",
    "eyJ",
];
/// A shorter word that begins like a key is none.
const KEY_LENGTH: usize = 10;

/// Names whose value is a credential, with `_` for `-`, in JSON, headers and URLs.
const CREDENTIAL_NAMES: &[&str] = &[
    "api_key",
    "apikey",
    "x_api_key",
    "x_goog_api_key",
    "api_token",
    "authorization",
    "proxy_authorization",
    "access_token",
    "accesstoken",
    "refresh_token",
    "id_token",
    "auth_token",
    "session_token",
    "secret",
    "client_secret",
    "secret_key",
    "secret_access_key",
    "aws_secret_access_key",
    "aws_session_token",
    "password",
    "x_amz_security_token",
    "x_amz_signature",
    "x_amz_credential",
    "cookie",
    "set_cookie",
];

/// Names that are a credential's only in a URL: `key=...`.
const QUERY_NAMES: &[&str] = &["key", "token", "sig", "signature"];

/// Names of authentication schemes; the credential follows.
const SCHEMES: &[&str] = &["bearer", "basic", "api_key"];

/// The beginning of `body`, credentials masked.
pub(super) fn bounded(body: &[u8]) -> String {
    // A character has four bytes at most.
    let beginning = body.get(..READ_CHARS * 4).unwrap_or(body);
    text(&String::from_utf8_lossy(beginning))
}

/// The beginning of `text`, credentials masked.
pub(super) fn text(text: &str) -> String {
    let end = text.char_indices().nth(READ_CHARS).map_or(text.len(), |(position, _)| position);
    let mut masked = mask(text.get(..end).unwrap_or(text));
    if let Some((position, _)) = masked.char_indices().nth(KEPT_CHARS) {
        masked.truncate(position);
    }
    masked
}

/// Reads word by word: whether a word is a credential shows in how it begins and in the words before it.
fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ["", ""];
    loop {
        let (between, from_word) = split_where(rest, is_word);
        out.push_str(between);
        if from_word.is_empty() {
            return out;
        }
        let (word, after_word) = split_where(from_word, |it| !is_word(it));
        if begins_like_a_key(word) || is_credential(before, between, word) {
            let (secret, after) = split_where(from_word, ends_secret);
            // The full stop after a key belongs to the sentence.
            let stop = secret.len() - secret.trim_end_matches(['.', ':', '?', '!']).len();
            out.push_str(MASK);
            out.push_str(secret.get(secret.len() - stop..).unwrap_or_default());
            rest = after;
            before = ["", ""];
        } else {
            out.push_str(word);
            rest = after_word;
            before = [before[1], word];
        }
    }
}

/// Splits before the first character for which `at` holds.
fn split_where(text: &str, at: impl Fn(char) -> bool) -> (&str, &str) {
    let position = text.find(at).unwrap_or(text.len());
    text.split_at_checked(position).unwrap_or((text, ""))
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | '*')
}

fn ends_secret(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '"' | '\'' | '`' | '&' | ',' | ';' | ')' | '}' | ']' | '<' | '>' | '\\' | '#')
}

fn begins_like_a_key(word: &str) -> bool {
    word.len() >= KEY_LENGTH && KEY_PREFIXES.iter().any(|prefix| word.starts_with(prefix))
}

/// Whether `word` is what `before`, and the punctuation in `between`, announce.
fn is_credential(before: [&str; 2], between: &str, word: &str) -> bool {
    let [second, first] = before.map(|word| word.to_ascii_lowercase().replace('-', "_"));
    let is_scheme = SCHEMES.contains(&word.to_ascii_lowercase().replace('-', "_").as_str());
    if between.chars().all(char::is_whitespace) {
        // `Bearer` may also begin a sentence about tokens; a credential is longer than most words.
        let announced = second.ends_with("authorization") || word.len() >= KEY_LENGTH;
        return !between.is_empty() && SCHEMES.contains(&first.as_str()) && announced;
    }
    let assigned = between.contains([':', '=']);
    let only_assigned =
        between.chars().all(|it| it.is_whitespace() || matches!(it, ':' | '=' | '"' | '\'' | '\\' | '`'));
    if !assigned || !only_assigned || is_scheme {
        return false;
    }
    CREDENTIAL_NAMES.contains(&first.as_str())
        || between == "=" && QUERY_NAMES.contains(&first.as_str())
        || second == "api" && first == "key"
        || second == "key" && first == "provided"
}
