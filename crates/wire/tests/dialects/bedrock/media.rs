//! Images, documents, audio and video.

use super::{CLAUDE, ask, dialect, field, json, refused};
use ferrule_wire::encode::EncodeOptions;
use ferrule_wire::model::{Audio, Document, Image, Message, Part, PartKind, Role, Source};

fn base64(media_type: &str) -> Source {
    Source::Base64 { media_type: media_type.into(), data: "AAAA".into() }
}

fn picture(source: Source) -> Part {
    Part::new(PartKind::Image(Image { source, detail: None }))
}

fn document(source: Source, name: Option<&str>) -> Part {
    Part::new(PartKind::Document(Document { source, name: name.map(Into::into) }))
}

fn content(parts: Vec<Part>) -> String {
    let messages = field(&ask(CLAUDE, vec![Message::new(Role::User, parts)]), "messages");
    let inner = messages.strip_prefix(r#"[{"role":"user","content":["#).unwrap();
    inner.strip_suffix("]}]").unwrap().to_owned()
}

#[test]
fn bytes_and_s3_are_sent() {
    for (part, expected) in [
        (picture(base64("image/png")), r#"{"image":{"format":"png","source":{"bytes":"AAAA"}}}"#),
        (picture(base64("image/jpg")), r#"{"image":{"format":"jpeg","source":{"bytes":"AAAA"}}}"#),
        (
            picture(Source::Url("s3://b/a.JPG".into())),
            r#"{"image":{"format":"jpeg","source":{"s3Location":{"uri":"s3://b/a.JPG"}}}}"#,
        ),
        (
            picture(Source::Other(json(r#"{"s3Location":{"uri":"s3://b/a","bucketOwner":"1"}}"#))),
            r#"{"image":{"source":{"s3Location":{"uri":"s3://b/a","bucketOwner":"1"}}}}"#,
        ),
        (
            Part::new(PartKind::Audio(Audio { source: base64("audio/mpeg") })),
            r#"{"audio":{"format":"mp3","source":{"bytes":"AAAA"}}}"#,
        ),
        (
            Part::provider_item("bedrock", json(r#"{"video":{"format":"mp4","source":{"bytes":"AAAA"}}}"#)),
            r#"{"video":{"format":"mp4","source":{"bytes":"AAAA"}}}"#,
        ),
    ] {
        assert_eq!(content(vec![part]), expected);
    }
}

#[test]
fn what_would_have_to_be_fetched_is_refused_with_the_reason() {
    for part in [
        picture(Source::Url("https://example.org/a.png".into())),
        picture(Source::File { id: "file_1".into() }),
        picture(base64("image/tiff")),
        picture(Source::Text { media_type: "text/plain".into(), text: "x".into() }),
        picture(Source::Other(json(r#"{"type":"x"}"#))),
        document(base64("application/zip"), None),
        Part::new(PartKind::Audio(Audio { source: base64("audio/x-new") })),
        Part::provider_item("anthropic", json(r#"{"type":"server_tool_use"}"#)),
        Part::new(PartKind::Unknown(json("7"))),
    ] {
        let request = ask(CLAUDE, vec![Message::new(Role::User, vec![Part::text("a"), part.clone()])]);
        assert_eq!(refused(&request), "messages[0].content[1]", "{part:?}");
        let dropped = dialect().encode_request(&request, EncodeOptions::DROP).unwrap();
        assert_eq!(dropped.dropped.len(), 1);
        assert_eq!(dropped.body, br#"{"messages":[{"role":"user","content":[{"text":"a"}]}]}"#);
    }
    let url =
        ask(CLAUDE, vec![Message::new(Role::User, vec![picture(Source::Url("https://e.org/".into()))])]);
    let error = dialect().encode_request(&url, EncodeOptions::REFUSE).unwrap_err();
    assert!(error.reason.contains("not fetched"), "{error}");
    let mut detailed = picture(base64("image/png"));
    let PartKind::Image(image) = &mut detailed.kind else { panic!() };
    image.detail = Some("high".into());
    let request = ask(CLAUDE, vec![Message::new(Role::User, vec![detailed])]);
    assert_eq!(refused(&request), "messages[0].content[0].detail");
}

#[test]
fn documents_have_names_of_their_own_and_a_text_beside_them() {
    let pdf = || base64("application/pdf");
    let written = content(vec![
        document(pdf(), Some("report.pdf")),
        document(pdf(), Some("report.pdf")),
        document(Source::Text { media_type: "text/x-odd".into(), text: "t".into() }, None),
    ]);
    assert_eq!(
        written,
        concat!(
            r#"{"document":{"format":"pdf","name":"report-pdf","source":{"bytes":"AAAA"}}},"#,
            r#"{"document":{"format":"pdf","name":"report-pdf 2","source":{"bytes":"AAAA"}}},"#,
            r#"{"document":{"format":"txt","name":"document","source":{"text":"t"}}},"#,
            r#"{"text":"See the document."}"#,
        )
    );
    let beside = content(vec![document(pdf(), None), Part::text("What is it?")]);
    assert!(beside.ends_with(r#"{"text":"What is it?"}"#), "{beside}");
    assert_eq!(beside.matches("\"text\"").count(), 1);
}

#[test]
fn media_types_and_formats_agree() {
    for (format, media_type) in [
        ("pdf", "application/pdf"),
        ("csv", "text/csv"),
        ("doc", "application/msword"),
        ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("xls", "application/vnd.ms-excel"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("html", "text/html"),
        ("txt", "text/plain"),
        ("md", "text/markdown"),
    ] {
        let written = content(vec![document(base64(media_type), None), Part::text("a")]);
        assert!(written.contains(&format!(r#""format":"{format}""#)), "{written}");
        let body = format!(r#"{{"messages":[{{"role":"user","content":[{written}]}}]}}"#);
        let read = dialect().decode_request(body.as_bytes()).unwrap();
        let PartKind::Document(document) = &read.messages[0].content[0].kind else { panic!() };
        assert_eq!(document.source, base64(media_type));
    }
}
