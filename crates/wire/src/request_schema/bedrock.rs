//! Bedrock Converse: messages and their blocks (`docs/wire/requests-accepted.md`, section 5).

use super::shape::{
    Fields,
    Shape::{self, Any, AnyObject, List, Object, OneOf, Text},
};

const IMAGE: Shape = Object(&[("format!", Text), ("source!", AnyObject)]);
const DOCUMENT: Shape = Object(&[
    ("name!", Text),
    ("source!", AnyObject),
    ("format", Text),
    ("context", Text),
    ("citations", AnyObject),
]);
const MEDIA: Shape = Object(&[("format!", Text), ("source!", AnyObject)]);
const SEARCH_RESULT: Shape = Object(&[
    ("source!", Text),
    ("title!", Text),
    ("content!", List(&Object(&[("text!", Text)]))),
    ("citations", AnyObject),
]);
/// A call.
pub(super) const CALL: Fields = &[("toolUseId!", Text), ("name!", Text), ("input!", Any), ("type", Text)];
const POINT: Shape = Object(&[("type!", Text), ("ttl", Text)]);
const GUARDED: Shape = AnyObject;

const BLOCK: Shape = OneOf(
    &[
        ("text", Text),
        ("image", IMAGE),
        ("document", DOCUMENT),
        ("video", MEDIA),
        ("audio", MEDIA),
        ("toolUse", Object(CALL)),
        (
            "toolResult",
            Object(&[
                ("toolUseId!", Text),
                (
                    "content!",
                    List(&OneOf(
                        &[
                            ("json", Any),
                            ("text", Text),
                            ("image", IMAGE),
                            ("document", DOCUMENT),
                            ("video", MEDIA),
                            ("searchResult", SEARCH_RESULT),
                        ],
                        &[],
                    )),
                ),
                ("status", Text),
                ("type", Text),
            ]),
        ),
        ("reasoningContent", OneOf(&[("reasoningText", Object(REASONING)), ("redactedContent", Text)], &[])),
        (
            "citationsContent",
            Object(&[("content", List(&Object(&[("text!", Text)]))), ("citations", List(&AnyObject))]),
        ),
        ("searchResult", SEARCH_RESULT),
        ("guardContent", GUARDED),
        ("cachePoint", POINT),
        ("toolAddition", AnyObject),
        ("toolRemoval", AnyObject),
    ],
    &[],
);
/// A thought.
pub(super) const REASONING: Fields = &[("text!", Text), ("signature", Text)];

/// A message.
pub(super) const MESSAGE: Fields = &[("role!", Text), ("content!", List(&BLOCK))];
/// A text, whose sources make it another block.
pub(super) const TEXT: Fields = &[("text!", Text), ("citations", List(&AnyObject))];
/// The instructions.
pub(super) const SYSTEM: Shape =
    List(&OneOf(&[("text", Text), ("guardContent", GUARDED), ("cachePoint", POINT)], &[]));
