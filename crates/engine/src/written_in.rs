//! Requests written in one provider's wire format, encoded for a provider that uses another.
//!
//! Programs that use a provider's own SDK set fields that only that provider's servers use. A label that does not
//! affect the answer, and that the call also carries in our own form, is dropped if the target has no field for it. A
//! field that refers to something stored on those servers is refused by name.

use ferrule_wire::{
    dialect::Dialect,
    encode::{EncodeOptions, EncodedRequest, UnsupportedField},
    json::Json,
    model::Request,
};
use std::borrow::Cow;

/// OpenAI fields about storage, caching and delivery, none of which changes the answer. Each with the prefix of the
/// names of the formats that know it.
const OF_ITS_SERVERS: &[(&str, &str)] = &[
    ("store", "openai-"),
    ("prompt_cache_key", "openai-"),
    ("prompt_cache_retention", "openai-"),
    ("stream_options", "openai-"),
    ("include", "openai-responses"),
    ("truncation", "openai-responses"),
];

/// Fields that refer to objects stored on OpenAI's servers.
const STORED: &[&str] = &["previous_response_id", "conversation", "prompt", "background"];
/// Our name of the labels for the provider's records; errors may say which of them are meant.
const METADATA: &str = "provider_metadata";
const RESPONSES: &str = "openai-responses";

/// Encodes `request`, written in `format`, in `dialect`.
pub(crate) fn encode(
    request: &Request,
    format: &'static str,
    dialect: &dyn Dialect,
    options: EncodeOptions<'_>,
) -> Result<EncodedRequest, UnsupportedField> {
    let mut request = Cow::Borrowed(request);
    if format != dialect.format() {
        for (name, known_to) in OF_ITS_SERVERS {
            let is_foreign = format.starts_with("openai-") && !dialect.format().starts_with(known_to);
            if is_foreign && request.extra.get(name).is_some() {
                request.to_mut().extra.remove(name);
            }
        }
        let stored = STORED.iter().find(|name| format == RESPONSES && refers(request.extra.get(name)));
        if let Some(name) = stored {
            return Err(UnsupportedField {
                field: (*name).to_owned(),
                dialect: dialect.name(),
                reason: "it refers to what OpenAI's own servers keep; send the conversation itself"
                    .to_owned(),
            });
        }
        for name in STORED.iter().filter(|_| format == RESPONSES) {
            if request.extra.get(name).is_some() {
                request.to_mut().extra.remove(name);
            }
        }
    }
    loop {
        match dialect.encode_request(&request, options) {
            Err(refused) if is_label(&request, &refused.field) => clear(request.to_mut(), &refused.field),
            encoded => return encoded,
        }
    }
}

/// Whether a field has a meaningful value: frameworks write `null` and `false` for those they do not use.
fn refers(field: Option<&Json>) -> bool {
    field.is_some_and(|value| !matches!(value.text(), "null" | "false"))
}

fn is_label(request: &Request, field: &str) -> bool {
    match field {
        field if field.starts_with(METADATA) => !request.metadata.is_empty(),
        "user" => request.user.is_some(),
        "safety_identifier" => request.safety_identifier.is_some(),
        _ => false,
    }
}

fn clear(request: &mut Request, label: &str) {
    match label {
        label if label.starts_with(METADATA) => request.metadata.clear(),
        "user" => request.user = None,
        _ => request.safety_identifier = None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferrule_wire::{
        dialect::registry,
        json::Fields,
        model::{Message, Role},
    };

    fn request(extra: &[(&str, &str)]) -> Request {
        let mut request = Request {
            model: "m".into(),
            messages: vec![Message::text(Role::User, "Hello!")],
            max_tokens: Some(9),
            metadata: vec![("team".into(), "search".into())],
            user: Some("u-1".into()),
            ..Request::default()
        };
        for (name, value) in extra {
            request.extra.insert(*name, Json::parse(value).unwrap());
        }
        request
    }

    fn names(format: &'static str, dialect: &str, extra: &[(&str, &str)]) -> Vec<String> {
        let dialect = registry::find(dialect).unwrap();
        let encoded = encode(&request(extra), format, dialect, EncodeOptions::REFUSE).unwrap();
        let fields = Fields::parse(&encoded.body).unwrap();
        fields.iter().map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn labels_without_a_field_are_dropped() {
        let sent = names("openai-chat", "gemini", &[("store", "true")]);
        assert!(!sent.iter().any(|name| matches!(name.as_str(), "metadata" | "user" | "store")), "{sent:?}");
        let sent = names("openai-chat", "openai-chat", &[("store", "true")]);
        assert!(["metadata", "user", "store"].iter().all(|name| sent.iter().any(|sent| sent == name)));
        // Anthropic has a field for the user.
        assert!(names("openai-chat", "anthropic", &[]).iter().any(|name| name == "metadata"));
    }

    #[test]
    fn other_fields_are_sent_to_any_provider() {
        let sent = names("openai-chat", "anthropic", &[("top_k", "5"), ("prompt_cache_key", "\"a\"")]);
        assert!(sent.iter().any(|name| name == "top_k"));
        assert!(!sent.iter().any(|name| name == "prompt_cache_key"));
    }

    #[test]
    fn references_to_stored_objects_are_refused_elsewhere() {
        let anthropic = registry::find("anthropic").unwrap();
        let stored = request(&[("previous_response_id", "\"resp_1\"")]);
        let refused = encode(&stored, RESPONSES, anthropic, EncodeOptions::REFUSE).unwrap_err();
        assert_eq!(refused.field, "previous_response_id");
        let sent =
            names(RESPONSES, "anthropic", &[("previous_response_id", "null"), ("background", "false")]);
        assert!(!sent.iter().any(|name| name == "previous_response_id" || name == "background"));
    }
}
