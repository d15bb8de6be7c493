//! Gemini and Vertex AI: contents and their parts (`docs/wire/requests-accepted.md`, section 4).

use super::shape::{
    Fields,
    Shape::{self, Any, AnyObject, Bool, List, Object, OneOf, Text},
};

const MEDIA: Shape = Object(&[("mimeType", Text), ("data", Text), ("displayName", Text)]);
const FILE: Shape = Object(&[("mimeType", Text), ("fileUri", Text), ("displayName", Text)]);

/// The siblings of a part's data.
const BESIDE: Fields = &[
    ("thought", Bool),
    ("thoughtSignature", Text),
    ("videoMetadata", AnyObject),
    ("mediaResolution", Any),
    ("audioTranscription", Any),
    ("speechMetadata", Any),
    ("documentMetadata", Any),
    ("spreadsheetMetadata", Any),
    ("audioMetadata", Any),
    ("partMetadata", AnyObject),
    ("mediaProcessing", Any),
];
const PART: Shape = OneOf(
    &[
        ("text", Text),
        ("inlineData", MEDIA),
        ("fileData", FILE),
        ("functionCall", Object(&[("id", Text), ("name!", Text), ("args", AnyObject)])),
        (
            "functionResponse",
            Object(&[
                ("id", Text),
                ("name!", Text),
                ("response!", AnyObject),
                ("parts", List(&Object(&[("inlineData", MEDIA), ("fileData", FILE)]))),
                ("scheduling", Text),
                ("willContinue", Bool),
            ]),
        ),
        ("executableCode", Object(&[("language", Text), ("code", Text), ("id", Text)])),
        ("codeExecutionResult", Object(&[("outcome", Text), ("output", Text), ("id", Text)])),
        ("toolCall", AnyObject),
        ("toolResponse", AnyObject),
    ],
    BESIDE,
);

/// A part, whose data has a name of its own in the model.
pub(super) const PART_FIELDS: Fields = BESIDE;
/// A content.
pub(super) const CONTENT: Shape = Object(CONTENT_FIELDS);
/// The fields of a content.
pub(super) const CONTENT_FIELDS: Fields = &[("role", Text), ("parts!", List(&PART))];
