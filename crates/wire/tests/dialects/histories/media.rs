//! Images, documents and audio: media types, titles, tools' results, an answer's audio.

use super::receivers::{self, Form, Receiver};
use super::{assistant, call, json, result_of, user};
use ferrule_wire::model::{Audio, Document, Image, Message, Part, PartKind, Role, Source};
use ferrule_wire::quirks::MediaParts;

const JPEG: &str = "/9j/4AAQ";
const PDF: &str = "JVBERi0x";

fn base64(media_type: &str, data: &str) -> Source {
    Source::Base64 { media_type: media_type.into(), data: data.into() }
}

fn picture(media_type: &str) -> Part {
    Part::new(PartKind::Image(Image { source: base64(media_type, JPEG), detail: None }))
}

fn document(source: Source) -> Part {
    Part::new(PartKind::Document(Document { source, name: Some("Report 7".into()) }))
}

fn sound(source: Source) -> Part {
    Part::new(PartKind::Audio(Audio { source }))
}

fn shown(part: Part) -> [Message; 1] {
    [Message::new(Role::User, vec![part, Part::text("See?")])]
}

#[test]
fn media_types_have_their_usual_name() {
    let parts = [
        ("image/jpg", picture("image/jpg")),
        ("image/pjpeg", picture("image/pjpeg")),
        ("IMAGE/JPEG", picture("IMAGE/JPEG; charset=binary")),
        ("application/x-pdf", document(base64("application/x-pdf", PDF))),
        ("audio/x-wav", sound(base64("audio/x-wav", "UklGRg=="))),
    ];
    let mut carried = 0;
    for receiver in receivers::all() {
        for (alias, part) in &parts {
            let body = receiver.body(&shown(part.clone())).to_string();
            assert!(!body.contains(alias), "{}: {body}", receiver.name());
            carried += usize::from(body.contains("image/jpeg") || body.contains("application/pdf"));
        }
    }
    assert!(carried > 100, "{carried}");
}

#[test]
fn a_documents_title_survives() {
    for receiver in receivers::all() {
        for source in [
            base64("application/pdf", PDF),
            Source::Text { media_type: "text/plain".into(), text: "All is well.".into() },
            Source::Url("https://example.org/a.pdf".into()),
        ] {
            let request = receiver.request(&shown(document(source.clone())));
            let Ok(encoded) = receiver.encode(&request, false) else { continue };
            let body = String::from_utf8(encoded.body).unwrap();
            assert!(body.contains("Report 7"), "{}: {source:?} in {body}", receiver.name());
            assert!(encoded.dropped.is_empty(), "{}: {:?}", receiver.name(), encoded.dropped);
        }
    }
}

#[test]
fn mistral_has_forms_of_its_own() {
    let rows = receivers::all();
    let own: Vec<&Receiver> =
        rows.iter().filter(|receiver| receiver.row.quirks.media_parts == MediaParts::Mistral).collect();
    assert_eq!(own.iter().map(|receiver| receiver.row.id).collect::<Vec<_>>(), ["mistral", "codestral"]);
    for receiver in own {
        for (part, written) in [
            (
                document(base64("application/pdf", PDF)),
                r#"{"type":"document_url","document_url":"data:application/pdf;base64,JVBERi0x","document_name":"Report 7"}"#,
            ),
            (
                document(Source::Url("https://example.org/a.pdf".into())),
                r#"{"type":"document_url","document_url":"https://example.org/a.pdf","document_name":"Report 7"}"#,
            ),
            (document(Source::File { id: "f1".into() }), r#"{"type":"file","file_id":"f1"}"#),
            (sound(base64("audio/wav", "UklGRg==")), r#"{"type":"input_audio","input_audio":"UklGRg=="}"#),
            (
                sound(Source::Url("https://example.org/a.mp3".into())),
                r#"{"type":"input_audio","input_audio":"https://example.org/a.mp3"}"#,
            ),
        ] {
            let request = receiver.request(&shown(part.clone()));
            let body = receiver.encode(&request, false).unwrap().body;
            let body = String::from_utf8(body).unwrap();
            assert!(body.contains(written), "{body}");
            // A server of theirs reads the same.
            let read = receiver.dialect().decode_request(body.as_bytes()).unwrap();
            let read = &read.messages[0].content[0];
            let again = receiver.body(&shown(read.clone())).to_string();
            let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
            assert_eq!(value(&again), value(&body), "{part:?} was read as {read:?}");
        }
    }
}

/// Rows whose tools' results may hold images.
const WITH_PICTURES: [&str; 5] = ["openrouter", "llamacpp", "groq", "mistral", "openai-responses"];

#[test]
fn pictures_stand_in_tools_results_where_they_are_taken() {
    let history = |id: &str| {
        [
            user("Hi"),
            assistant(vec![call(id, "f", 1)]),
            Message::new(
                Role::Tool,
                vec![result_of(id, None, vec![Part::text("See:"), picture("image/jpg")], None)],
            ),
        ]
    };
    for receiver in receivers::all().into_iter().filter(Receiver::calls_tools) {
        let takes = match receiver.form() {
            Form::Anthropic | Form::Bedrock | Form::Ollama => true,
            Form::Gemini => receiver.model.contains("gemini-3"),
            Form::Cohere | Form::Prompt => false,
            Form::Chat | Form::Responses => WITH_PICTURES.contains(&receiver.row.id),
        };
        let (name, history) = (receiver.name(), history("callid001"));
        // Where results are texts, a message of the user's after them shows the image to providers that take any.
        let sees = receiver.encode(&receiver.request(&shown(picture("image/jpg"))), false).is_ok();
        let follows = !takes && sees && matches!(receiver.form(), Form::Chat | Form::Cohere);
        let refused = receiver.encode(&receiver.request(&history), false).err().map(|refusal| refusal.field);
        let field = (!takes && !follows).then(|| "messages[2].content[0].content[1]".to_owned());
        assert_eq!(refused, field, "{name}");
        let body = receiver.body(&history);
        assert_eq!(body.to_string().contains(JPEG), takes || follows, "{name}: {body}");
        if follows {
            let last = body["messages"].as_array().and_then(|messages| messages.last()).unwrap();
            assert_eq!(last["role"], "user", "{name}: {body}");
            assert!(last.to_string().contains(JPEG), "{name}: {body}");
        }
        assert!(receiver.results(&body)[0].what.contains("See:"), "{name}: {body}");
    }
    let body = receivers::receiver("ollama").body(&history("c")).to_string();
    assert!(body.contains(r#""images":["/9j/4AAQ"]"#), "{body}");
}

#[test]
fn an_answers_sound_goes_back_by_its_id() {
    let answer = br#"{"id":"r","choices":[{"message":{"role":"assistant","content":null,"audio":{"id":"audio_1","data":"UklGRg==","expires_at":1,"transcript":"Hello there."}}}]}"#;
    let openai = receivers::receiver("openai");
    let mut response = openai.dialect().decode_response(answer).unwrap();
    let message = response.choices.remove(0).message;
    let body = openai.body(&[user("Hi"), message.clone(), user("And?")]);
    assert_eq!(body["messages"][1]["audio"], serde_json::json!({"id": "audio_1"}), "{body}");
    for receiver in receivers::all() {
        let body = receiver.body(&[user("Hi"), message.clone(), user("And?")]).to_string();
        assert!(!body.contains("UklGRg==") && !body.contains("expires_at"), "{}: {body}", receiver.name());
        if receiver.form() != Form::Chat {
            assert!(
                !body.contains("audio_1") && body.contains("Hello there."),
                "{}: {body}",
                receiver.name()
            );
        }
    }
    // Without an id there is nothing to name.
    let mut bare = message;
    bare.extra.insert("audio", json(r#"{"transcript":"Hello there."}"#));
    let body = openai.body(&[user("Hi"), bare, user("And?")]).to_string();
    assert!(!body.contains("\"audio\"") && body.contains("Hello there."), "{body}");
}
