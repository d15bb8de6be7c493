//! Cohere's chat, version 2: messages (`docs/wire/requests-accepted.md`, section 8).

use super::openai_chat::{PLAIN_IMAGE, PLAIN_TEXT, PLAIN_TEXTS};
use super::shape::{
    Fields,
    Shape::{self, Any, AnyObject, Either, List, Object, Tagged, Text},
};

/// A call.
pub(super) const CALL: Fields =
    &[("id!", Text), ("type!", Text), ("function!", Object(&[("name", Text), ("arguments", Text)]))];

/// A message.
pub(super) const MESSAGE: Shape = Tagged(
    "role",
    &[
        ("system", &[("role!", Text), ("content!", PLAIN_TEXTS)]),
        (
            "user",
            &[
                ("role!", Text),
                (
                    "content!",
                    Either(&[
                        Text,
                        List(&Tagged("type", &[("text", PLAIN_TEXT), ("image_url", PLAIN_IMAGE)])),
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
                            &[("text", PLAIN_TEXT), ("thinking", &[("type!", Text), ("thinking!", Text)])],
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
                                ("text", PLAIN_TEXT),
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
