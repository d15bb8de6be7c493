//! Responses: items of the input (`docs/wire/requests-accepted.md`, section 2).

use super::shape::{
    Fields,
    Shape::{self, Any, AnyObject, Either, Item, List, Null, Object, Tagged, Text},
};

const OPTIONAL_TEXT: Shape = Either(&[Text, Null]);
const BREAKPOINT: Shape = Object(&[("mode!", Text), ("ttl", Text)]);

const INPUT_PARTS: Shape = List(&Tagged(
    "type",
    &[
        ("input_text", &[("type!", Text), ("text!", Text), ("prompt_cache_breakpoint", BREAKPOINT)]),
        (
            "input_image",
            &[
                ("type!", Text),
                ("detail", Text),
                ("image_url", OPTIONAL_TEXT),
                ("file_id", OPTIONAL_TEXT),
                ("prompt_cache_breakpoint", BREAKPOINT),
            ],
        ),
        (
            "input_file",
            &[
                ("type!", Text),
                ("file_data", OPTIONAL_TEXT),
                ("file_id", OPTIONAL_TEXT),
                ("file_url", OPTIONAL_TEXT),
                ("filename", OPTIONAL_TEXT),
                ("detail", Text),
                ("prompt_cache_breakpoint", BREAKPOINT),
            ],
        ),
    ],
));
/// A text that the model said.
pub(super) const OUTPUT_TEXT: Fields =
    &[("type!", Text), ("text!", Text), ("annotations!", List(&AnyObject)), ("logprobs", List(&AnyObject))];
const OUTPUT_PARTS: Shape = List(&Tagged(
    "type",
    &[("output_text", OUTPUT_TEXT), ("refusal", &[("type!", Text), ("refusal!", Text)])],
));
const INPUT: Fields = &[
    ("type", Text),
    ("role!", Text),
    ("content!", Either(&[Text, INPUT_PARTS])),
    ("status", Text),
    ("phase", Text),
];
const OUTPUT: Shape = Either(&[Text, INPUT_PARTS]);
/// A message of the assistant's.
pub(super) const MESSAGE: Fields = &[
    ("type", Text),
    ("id", Text),
    ("role!", Text),
    ("content!", Either(&[Text, OUTPUT_PARTS])),
    ("status", Text),
    ("phase", OPTIONAL_TEXT),
];
/// Reasoning. Its `status` is typed, and refused (section 2).
pub(super) const REASONING: Fields = &[
    ("type!", Text),
    ("id", Text),
    ("summary!", List(&AnyObject)),
    ("encrypted_content", OPTIONAL_TEXT),
    ("content", Either(&[Null, List(&AnyObject)])),
];
/// A call of a function.
pub(super) const CALL: Fields = &[
    ("type!", Text),
    ("id", OPTIONAL_TEXT),
    ("call_id!", Text),
    ("name!", Text),
    ("arguments!", Text),
    ("namespace", OPTIONAL_TEXT),
    ("caller", Any),
    ("status", OPTIONAL_TEXT),
    ("async", Any),
];
/// A call of a tool that takes free text.
pub(super) const CUSTOM_CALL: Fields = &[
    ("type!", Text),
    ("id", OPTIONAL_TEXT),
    ("call_id!", Text),
    ("name!", Text),
    ("input!", Text),
    ("namespace", OPTIONAL_TEXT),
    ("status", OPTIONAL_TEXT),
];
/// A hosted tool's item goes back as it was received.
const RECEIVED: Fields = &[];

/// An item.
pub(super) const ITEM: Shape = Item(&[
    ("message:user", INPUT),
    ("message:system", INPUT),
    ("message:developer", INPUT),
    ("message:assistant", MESSAGE),
    ("function_call", CALL),
    (
        "function_call_output",
        &[
            ("type!", Text),
            ("id", OPTIONAL_TEXT),
            ("call_id", Text),
            ("output!", OUTPUT),
            ("name", OPTIONAL_TEXT),
            ("namespace", OPTIONAL_TEXT),
            ("caller", Any),
            ("status", OPTIONAL_TEXT),
        ],
    ),
    ("custom_tool_call", CUSTOM_CALL),
    (
        "custom_tool_call_output",
        &[("type!", Text), ("id", OPTIONAL_TEXT), ("call_id!", Text), ("output!", OUTPUT)],
    ),
    ("reasoning", REASONING),
    ("compaction", &[("type!", Text), ("id", OPTIONAL_TEXT), ("encrypted_content!", Text)]),
    ("item_reference", &[("type", Text), ("id!", Text)]),
    ("web_search_call", RECEIVED),
    ("file_search_call", RECEIVED),
    ("code_interpreter_call", RECEIVED),
    ("image_generation_call", RECEIVED),
    ("computer_call", RECEIVED),
    ("computer_call_output", RECEIVED),
    ("local_shell_call", RECEIVED),
    ("local_shell_call_output", RECEIVED),
    ("shell_call", RECEIVED),
    ("shell_call_output", RECEIVED),
    ("apply_patch_call", RECEIVED),
    ("apply_patch_call_output", RECEIVED),
    ("mcp_list_tools", RECEIVED),
    ("mcp_call", RECEIVED),
    ("mcp_approval_request", RECEIVED),
    ("mcp_approval_response", RECEIVED),
    ("tool_search_call", RECEIVED),
    ("tool_search_output", RECEIVED),
    ("additional_tools", RECEIVED),
    ("configuration_update", RECEIVED),
    ("compaction_trigger", RECEIVED),
    ("program", RECEIVED),
    ("program_output", RECEIVED),
]);
