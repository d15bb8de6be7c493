//! Media of a user, to every provider of the table: what leaves has a form that the provider's requests have, or it is
//! refused by its place before it is sent.

use ferrule_wire::{
    dialect::{message_dicts, registry},
    encode::EncodeOptions,
    json::Json,
    model::Request,
    operation::OperationKind,
    providers,
    server::EmulatedProvider,
};

/// A part of each kind, in the forms that programs write.
const PARTS: [&str; 7] = [
    r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}"#,
    r#"{"type":"image_url","image_url":{"url":"https://x/y.png","detail":"low"}}"#,
    r#"{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}}"#,
    r#"{"type":"document_url","document_url":"https://x/y.pdf"}"#,
    r#"{"type":"input_audio","input_audio":{"data":"UklGRg==","format":"wav"}}"#,
    r#"{"type":"video_url","video_url":{"url":"https://x/y.mp4"}}"#,
    r#"{"type":"document","source":{"type":"text","media_type":"text/plain","data":"a"},"title":"b"}"#,
];

#[test]
fn media_are_taken_by_the_provider_or_refused_before_they_are_sent() {
    let (mut taken, mut refused) = (0, 0);
    for row in providers::all().iter().filter(|row| row.quirks.has(OperationKind::Chat)) {
        let dialect = registry::find(row.dialect).unwrap();
        let provider = EmulatedProvider::from_row(row).unwrap();
        for part in PARTS {
            let message = format!(r#"{{"role":"user","content":[{part},{{"type":"text","text":"x"}}]}}"#);
            let messages =
                message_dicts::decode_messages(Json::parse(&message).unwrap().value(), "messages").unwrap();
            let request = Request { model: "m".into(), messages, max_tokens: Some(9), ..Request::default() };
            let options = EncodeOptions { drop_unsupported: false, quirks: &row.quirks };
            match dialect.encode_request(&request, options) {
                Ok(encoded) => {
                    taken += 1;
                    let error = provider.refusal(&encoded.body);
                    assert_eq!(error, None, "{}: {}", row.id, String::from_utf8_lossy(&encoded.body));
                }
                // Some take one text and nothing else.
                Err(error) if error.field == "max_tokens" => {}
                Err(error) => {
                    refused += 1;
                    assert!(error.field.starts_with("messages[0].content[0]"), "{}: {error}", row.id);
                }
            }
        }
    }
    assert!(taken > 100 && refused > 100, "{taken} taken, {refused} refused");
}
