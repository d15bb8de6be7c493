//! Anthropic Messages: blocks of the conversation (`docs/wire/requests-accepted.md`, section 3).

use super::shape::{
    Fields,
    Shape::{self, Any, AnyObject, Bool, Either, List, Null, Object, Tagged, Text},
};

const CACHE: Shape = Either(&[Null, Object(&[("type!", Text), ("ttl", Text)])]);
const CITATIONS: Shape = Either(&[Null, List(&AnyObject)]);
const OPTIONAL_TEXT: Shape = Either(&[Text, Null]);

/// A text.
pub(super) const TEXT: Fields =
    &[("type!", Text), ("text!", Text), ("cache_control", CACHE), ("citations", CITATIONS)];
/// A thought.
pub(super) const THINKING: Fields = &[("type!", Text), ("thinking!", Text), ("signature!", Text)];
/// A thought for the provider's eyes only.
pub(super) const REDACTED: Fields = &[("type!", Text), ("data!", Text)];
/// A call.
pub(super) const CALL: Fields = &[
    ("type!", Text),
    ("id!", Text),
    ("name!", Text),
    ("input!", AnyObject),
    ("cache_control", CACHE),
    ("caller", Any),
    ("toolset_name", Any),
];
const IMAGE: Fields =
    &[("type!", Text), ("source!", SOURCE), ("cache_control", CACHE), ("transformations", AnyObject)];
const DOCUMENT: Fields = &[
    ("type!", Text),
    ("source!", SOURCE),
    ("title", OPTIONAL_TEXT),
    ("context", OPTIONAL_TEXT),
    ("citations", Either(&[Null, Object(&[("enabled", Bool)])])),
    ("cache_control", CACHE),
];
const SOURCE: Shape = Tagged(
    "type",
    &[
        ("base64", &[("type!", Text), ("media_type!", Text), ("data!", Text)]),
        ("text", &[("type!", Text), ("media_type!", Text), ("data!", Text)]),
        ("content", &[("type!", Text), ("content!", Any)]),
        ("url", &[("type!", Text), ("url!", Text)]),
        ("file", &[("type!", Text), ("file_id!", Text)]),
    ],
);
const SEARCH_RESULT: Fields = &[
    ("type!", Text),
    ("source!", Text),
    ("title!", Text),
    ("content!", List(&AnyObject)),
    ("citations", AnyObject),
    ("cache_control", CACHE),
];
const RESULT: Fields = &[
    ("type!", Text),
    ("tool_use_id!", Text),
    (
        "content",
        Either(&[
            Text,
            List(&Tagged(
                "type",
                &[
                    ("text", TEXT),
                    ("image", IMAGE),
                    ("search_result", SEARCH_RESULT),
                    ("document", DOCUMENT),
                    ("tool_reference", &[("type!", Text), ("tool_name!", Text), ("cache_control", CACHE)]),
                    ("browser_state", &[]),
                ],
            )),
        ]),
    ),
    ("is_error", Bool),
    ("toolset_name", Any),
    ("cache_control", CACHE),
];
/// The result of a tool that the provider runs.
const SERVER_RESULT: Fields =
    &[("type!", Text), ("tool_use_id!", Text), ("content!", Any), ("caller", Any), ("cache_control", CACHE)];

const BLOCK: Shape = Tagged(
    "type",
    &[
        ("text", TEXT),
        ("image", IMAGE),
        ("document", DOCUMENT),
        ("search_result", SEARCH_RESULT),
        ("thinking", THINKING),
        ("redacted_thinking", REDACTED),
        ("tool_use", CALL),
        ("tool_result", RESULT),
        (
            "server_tool_use",
            &[
                ("type!", Text),
                ("id!", Text),
                ("name!", Text),
                ("input!", AnyObject),
                ("caller", Any),
                ("cache_control", CACHE),
            ],
        ),
        ("web_search_tool_result", SERVER_RESULT),
        ("web_fetch_tool_result", SERVER_RESULT),
        ("code_execution_tool_result", SERVER_RESULT),
        ("bash_code_execution_tool_result", SERVER_RESULT),
        ("text_editor_code_execution_tool_result", SERVER_RESULT),
        ("tool_search_tool_result", SERVER_RESULT),
        (
            "mcp_tool_use",
            &[
                ("type!", Text),
                ("id!", Text),
                ("name!", Text),
                ("server_name!", Text),
                ("input!", AnyObject),
                ("cache_control", CACHE),
            ],
        ),
        (
            "mcp_tool_result",
            &[
                ("type!", Text),
                ("tool_use_id!", Text),
                ("content", Any),
                ("is_error", Bool),
                ("cache_control", CACHE),
            ],
        ),
        ("mcp_tool_listing", &[("type!", Text), ("mcp_server_name!", Text), ("tools!", List(&Any))]),
        ("container_upload", &[("type!", Text), ("file_id!", Text), ("cache_control", CACHE)]),
        (
            "compaction",
            &[
                ("type!", Text),
                ("content", OPTIONAL_TEXT),
                ("encrypted_content", OPTIONAL_TEXT),
                ("signature", OPTIONAL_TEXT),
                ("tool_changes", Any),
                ("cache_control", CACHE),
            ],
        ),
        ("fallback", &[("type!", Text), ("from!", Any), ("to!", Any), ("trigger", Any)]),
    ],
);
const CONTENT: Shape = Either(&[Text, List(&BLOCK)]);
const CHANGE: Fields = &[("type!", Text), ("tool!", Any), ("cache_control", CACHE)];

/// A message.
pub(super) const MESSAGE: Shape = Tagged(
    "role",
    &[
        ("user", &[("role!", Text), ("content!", CONTENT)]),
        ("assistant", &[("role!", Text), ("content!", CONTENT)]),
        (
            "system",
            &[
                ("role!", Text),
                (
                    "content!",
                    Either(&[
                        Text,
                        List(&Tagged(
                            "type",
                            &[("text", TEXT), ("tool_addition", CHANGE), ("tool_removal", CHANGE)],
                        )),
                    ]),
                ),
                ("clear_at", Text),
                ("output_config", AnyObject),
            ],
        ),
    ],
);

/// The instructions.
pub(super) const SYSTEM: Shape = Either(&[Text, List(&Tagged("type", &[("text", TEXT)]))]);
