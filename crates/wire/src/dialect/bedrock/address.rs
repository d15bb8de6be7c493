//! Addresses: `/model/{model}/{operation}`, where the model is one segment, escaped (`docs/wire/bedrock.md`, section
//! 1).

use crate::operation::{Endpoint, OperationKind};
use crate::quirks::escaped;
use alloc::{borrow::Cow, format, string::String, vec::Vec};

/// The path of `operation` on `model`: an ARN has colons and slashes, and is one segment all the same.
pub(super) fn path(model: &str, operation: &str) -> String {
    format!("/model/{}/{operation}", escaped(model))
}

/// Server: what an address asks for.
pub(super) fn endpoint(path: &str) -> Option<Endpoint<'_>> {
    if path.ends_with("/foundation-models") {
        return Some(Endpoint::new(OperationKind::ModelListing));
    }
    let (before, operation) = path.rsplit_once('/')?;
    // Some clients leave an ARN's slashes as they are.
    let (_, model) = before.rsplit_once("/model/").filter(|(_, model)| !model.is_empty())?;
    let (operation, stream) = match operation {
        "converse" => (OperationKind::Chat, Some(false)),
        "converse-stream" => (OperationKind::Chat, Some(true)),
        // Of what models are invoked for in their own forms, vectors are all that is spoken here.
        "invoke" => (OperationKind::Embeddings, None),
        "count-tokens" => (OperationKind::TokenCounting, None),
        _ => return None,
    };
    Some(Endpoint { operation, model: Some(unescape(model)), stream })
}

/// `segment` without escapes; as it stands where that is not valid text.
fn unescape(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment);
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = match (byte, after) {
            (b'%', [high, low, after @ ..]) => digit(*high).zip(digit(*low)).map(|digits| (digits, after)),
            _ => None,
        };
        match escaped {
            Some(((high, low), after)) => {
                bytes.push(high << 4 | low);
                rest = after;
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(segment), Cow::Owned)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_model_is_one_segment() {
        for (model, segment) in [
            ("us.amazon.nova-micro-v1:0", "us.amazon.nova-micro-v1%3A0"),
            (
                "arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/abc123",
                "arn%3Aaws%3Abedrock%3Aus-west-2%3A123456789012%3Aapplication-inference-profile%2Fabc123",
            ),
            ("a b/%é~", "a%20b%2F%25%C3%A9~"),
        ] {
            let path = path(model, "converse");
            assert_eq!(path, format!("/model/{segment}/converse"));
            assert_eq!(endpoint(&path).unwrap().model.unwrap(), model);
        }
    }

    #[test]
    fn addresses_mean_operations() {
        let of = |path| {
            endpoint(path).map(|it| (it.operation, it.model.unwrap_or_default().into_owned(), it.stream))
        };
        let m = || "m:0".into();
        assert_eq!(of("/x/model/m%3A0/converse"), Some((OperationKind::Chat, m(), Some(false))));
        assert_eq!(of("/model/m:0/converse-stream"), Some((OperationKind::Chat, m(), Some(true))));
        assert_eq!(of("/model/m%3a0/invoke"), Some((OperationKind::Embeddings, m(), None)));
        assert_eq!(of("/model/m:0/count-tokens"), Some((OperationKind::TokenCounting, m(), None)));
        assert_eq!(of("/foundation-models"), Some((OperationKind::ModelListing, String::new(), None)));
        assert_eq!(
            of("/model/arn:aws:bedrock:r:1:custom-model/x/converse"),
            Some((OperationKind::Chat, "arn:aws:bedrock:r:1:custom-model/x".into(), Some(false)))
        );
        assert_eq!(of("/model/%zz%4/invoke"), Some((OperationKind::Embeddings, "%zz%4".into(), None)));
        for none in
            ["/model/m/invoke-with-response-stream", "/model//converse", "/converse", "/v1/messages", ""]
        {
            assert_eq!(of(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn what_is_escaped_is_found_again(model in ".+") {
            let path = path(&model, "converse");
            prop_assert_eq!(endpoint(&path).unwrap().model.unwrap(), model);
        }
    }
}
