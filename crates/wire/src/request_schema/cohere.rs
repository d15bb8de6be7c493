//! Cohere's chat, version 2: messages (`docs/wire/requests-accepted.md`, section 8).

use super::shape::{
    Fields,
    Shape::{self, Any, AnyObject, Either, List, Object, Tagged, Text},
};

const TEXT_PART: Fields = &[("type!", Text), ("text!", Text)];
const TEXTS: Shape = Either(&[Text, List(&Tagged("type", &[("text", TEXT_PART)]))]);
/// A call.
pub(super) const CALL: Fields =
    &[("id!", Text), ("type!", Text), ("function!", Object(&[("name", Text), ("arguments", Text)]))];

/// A message.
pub(super) const MESSAGE: Shape = Tagged(
    "role",
    &[
        ("system", &[("role!", Text), ("content!", TEXTS)]),
        (
            "user",
            &[
                ("role!", Text),
                (
                    "content!",
                    Either(&[
                        Text,
                        List(&Tagged(
                            "type",
                            &[
                                ("text", TEXT_PART),
                                (
                                    "image_url",
                                    &[
                                        ("type!", Text),
                                        ("image_url!", Object(&[("url!", Text), ("detail", Text)])),
                                    ],
                                ),
                            ],
                        )),
                    ]),
                ),
            ],
        ),
        (
            "assistant",
            &[
                ("role!", Text),
                (
                    "content",
                    Either(&[
                        Text,
                        List(&Tagged(
                            "type",
                            &[("text", TEXT_PART), ("thinking", &[("type!", Text), ("thinking!", Text)])],
                        )),
                    ]),
                ),
                ("tool_calls", List(&Object(CALL))),
                ("tool_plan", Text),
                ("citations", List(&AnyObject)),
            ],
        ),
        (
            "tool",
            &[
                ("role!", Text),
                ("tool_call_id!", Text),
                (
                    "content!",
                    Either(&[
                        Text,
                        List(&Tagged(
                            "type",
                            &[
                                ("text", TEXT_PART),
                                (
                                    "document",
                                    &[
                                        ("type!", Text),
                                        ("document!", Object(&[("data!", Any), ("id", Text)])),
                                    ],
                                ),
                            ],
                        )),
                    ]),
                ),
            ],
        ),
    ],
);
