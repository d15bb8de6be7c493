//! Chat Completions: messages of OpenAI and of the providers that took over its form
//! (`docs/wire/requests-accepted.md`, sections 1, 6, 7, 10 and 13).

use super::shape::{
    Fields,
    Shape::{self, Any, AnyObject, Bool, Either, List, Null, Number, Object, Tagged, Text},
};

const OPTIONAL_TEXT: Shape = Either(&[Text, Null]);
/// A text part without a cache breakpoint.
pub(super) const PLAIN_TEXT: Fields = &[("type!", Text), ("text!", Text)];
/// What a model said, in texts alone.
const PLAIN_ANSWER: Shape = Either(&[Text, Null, List(&Tagged("type", &[("text", PLAIN_TEXT)]))]);
/// Content that nobody described.
const CONTENT: Shape = Either(&[Text, List(&Any)]);
const OPTIONAL_CONTENT: Shape = Either(&[Text, Null, List(&Any)]);
const BREAKPOINT: Shape = Object(&[("mode!", Text), ("ttl", Text)]);

/// A text part.
pub(super) const TEXT: Fields = &[("type!", Text), ("text!", Text), ("prompt_cache_breakpoint", BREAKPOINT)];
const IMAGE: Fields = &[
    ("type!", Text),
    ("image_url!", Object(&[("url!", Text), ("detail", Text)])),
    ("prompt_cache_breakpoint", BREAKPOINT),
];
const AUDIO: Fields = &[
    ("type!", Text),
    ("input_audio!", Object(&[("data!", Text), ("format!", Text)])),
    ("prompt_cache_breakpoint", BREAKPOINT),
];
const FILE: Fields = &[
    ("type!", Text),
    ("file!", Object(&[("file_data", Text), ("file_id", Text), ("filename", Text)])),
    ("prompt_cache_breakpoint", BREAKPOINT),
];
const REFUSAL: Fields = &[("type!", Text), ("refusal!", Text)];
const TEXTS: Shape = Either(&[Text, List(&Tagged("type", &[("text", TEXT)]))]);

const FUNCTION: Shape = Object(&[("name!", Text), ("arguments!", Text)]);
/// A call as OpenAI takes it back.
pub(super) const CALL: Fields = &[("id!", Text), ("type!", Text), ("function!", FUNCTION)];
const CUSTOM_CALL: Fields =
    &[("id!", Text), ("type!", Text), ("custom!", Object(&[("name!", Text), ("input!", Text)]))];
const CALLS: Shape = List(&Tagged("type", &[("function", CALL), ("custom", CUSTOM_CALL)]));
const PLAIN_CALLS: Shape = List(&Tagged("type", &[("function", CALL)]));

const INSTRUCTIONS: Fields = &[("role!", Text), ("content!", TEXTS), ("name", Text)];
const RESULT: Fields = &[("role!", Text), ("content!", TEXTS), ("tool_call_id!", Text)];

/// OpenAI and Azure.
pub(super) const OPENAI: Shape = Tagged(
    "role",
    &[
        ("developer", INSTRUCTIONS),
        ("system", INSTRUCTIONS),
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
                            &[("text", TEXT), ("image_url", IMAGE), ("input_audio", AUDIO), ("file", FILE)],
                        )),
                    ]),
                ),
                ("name", Text),
            ],
        ),
        (
            "assistant",
            &[
                ("role!", Text),
                (
                    "content",
                    Either(&[Text, Null, List(&Tagged("type", &[("text", TEXT), ("refusal", REFUSAL)]))]),
                ),
                ("refusal", OPTIONAL_TEXT),
                ("name", Text),
                ("audio", Either(&[Null, Object(&[("id!", Text)])])),
                ("tool_calls", CALLS),
                ("function_call", Either(&[Null, FUNCTION])),
            ],
        ),
        ("tool", RESULT),
        ("function", &[("role!", Text), ("content!", OPTIONAL_TEXT), ("name!", Text)]),
    ],
);

const MISTRAL_CHUNKS: Shape = List(&Tagged(
    "type",
    &[
        ("text", PLAIN_TEXT),
        (
            "image_url",
            &[("type!", Text), ("image_url!", Either(&[Text, Object(&[("url!", Text), ("detail", Text)])]))],
        ),
        ("document_url", &[("type!", Text), ("document_url!", Text), ("document_name", OPTIONAL_TEXT)]),
        ("file", &[("type!", Text), ("file_id!", Text)]),
        ("reference", &[("type!", Text), ("reference_ids!", List(&Any))]),
        (
            "thinking",
            &[
                ("type!", Text),
                ("thinking!", List(&AnyObject)),
                ("signature", OPTIONAL_TEXT),
                ("closed", Bool),
            ],
        ),
        ("input_audio", &[("type!", Text), ("input_audio!", Text)]),
        ("resource", &[("type!", Text), ("uri!", Text), ("content!", Any)]),
        ("resource_link", &[("type!", Text), ("uri!", Text), ("name", Text)]),
    ],
));
const MISTRAL_CONTENT: Shape = Either(&[Text, Null, MISTRAL_CHUNKS]);
/// A call as Mistral takes it back.
pub(super) const MISTRAL_CALL: Fields = &[
    ("id", Text),
    ("type", Text),
    ("index", Number),
    ("function!", Object(&[("name!", Text), ("arguments!", Either(&[Text, AnyObject]))])),
];

/// Mistral.
pub(super) const MISTRAL: Shape = Tagged(
    "role",
    &[
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
                            &[
                                ("text", PLAIN_TEXT),
                                (
                                    "thinking",
                                    &[("type!", Text), ("thinking!", List(&AnyObject)), ("closed", Bool)],
                                ),
                            ],
                        )),
                    ]),
                ),
            ],
        ),
        ("user", &[("role!", Text), ("content!", MISTRAL_CONTENT)]),
        (
            "assistant",
            &[
                ("role!", Text),
                ("content", MISTRAL_CONTENT),
                ("tool_calls", Either(&[Null, List(&Object(MISTRAL_CALL))])),
                ("prefix", Bool),
            ],
        ),
        (
            "tool",
            &[
                ("role!", Text),
                ("content!", MISTRAL_CONTENT),
                ("tool_call_id", Text),
                ("name", OPTIONAL_TEXT),
            ],
        ),
    ],
);

/// An image part without a cache breakpoint.
pub(super) const PLAIN_IMAGE: Fields =
    &[("type!", Text), ("image_url!", Object(&[("url!", Text), ("detail", Text)]))];
/// Content that is texts alone.
pub(super) const PLAIN_TEXTS: Shape = Either(&[Text, List(&Tagged("type", &[("text", PLAIN_TEXT)]))]);
const GROQ_CONTENT: Shape = Either(&[
    Text,
    List(&Tagged(
        "type",
        &[
            ("text", PLAIN_TEXT),
            ("image_url", PLAIN_IMAGE),
            ("document", &[("type!", Text), ("document!", AnyObject)]),
        ],
    )),
]);
const GROQ_INSTRUCTIONS: Fields = &[("role!", Text), ("content!", PLAIN_TEXTS), ("name", Text)];

/// Groq.
pub(super) const GROQ: Shape = Tagged(
    "role",
    &[
        ("system", GROQ_INSTRUCTIONS),
        ("developer", GROQ_INSTRUCTIONS),
        ("user", &[("role!", Text), ("content!", GROQ_CONTENT), ("name", Text)]),
        (
            "assistant",
            &[
                ("role!", Text),
                ("content", PLAIN_ANSWER),
                ("name", Text),
                ("reasoning", Text),
                ("tool_calls", PLAIN_CALLS),
                ("function_call", FUNCTION),
            ],
        ),
        ("tool", &[("role!", Text), ("content!", GROQ_CONTENT), ("tool_call_id!", Text)]),
    ],
);

/// A call as Cerebras takes it back.
pub(super) const CEREBRAS_CALL: Fields =
    &[("id!", Text), ("type!", Text), ("function!", FUNCTION), ("index", Number)];
const CEREBRAS_INPUT: Fields = &[
    ("role!", Text),
    (
        "content!",
        Either(&[
            Text,
            List(&Tagged(
                "type",
                &[
                    ("text", PLAIN_TEXT),
                    ("image_url", PLAIN_IMAGE),
                    ("image", &[("type!", Text), ("image!", Any)]),
                ],
            )),
        ]),
    ),
    ("name", Text),
];

/// Cerebras.
pub(super) const CEREBRAS: Shape = Tagged(
    "role",
    &[
        ("system", CEREBRAS_INPUT),
        ("developer", CEREBRAS_INPUT),
        ("user", CEREBRAS_INPUT),
        (
            "assistant",
            &[
                ("role!", Text),
                ("content", PLAIN_ANSWER),
                ("name", Text),
                ("reasoning", Either(&[Text, List(&Tagged("type", &[("text", PLAIN_TEXT)]))])),
                ("tool_calls", List(&Object(CEREBRAS_CALL))),
            ],
        ),
        ("tool", &[("role!", Text), ("content!", PLAIN_TEXTS), ("tool_call_id!", Text), ("name", Text)]),
    ],
);

/// Together, whose system and tool messages are strings.
pub(super) const TOGETHER: Shape = Tagged(
    "role",
    &[
        ("system", &[("role!", Text), ("content!", Text), ("name", Text)]),
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
                                ("text", PLAIN_TEXT),
                                ("image_url", PLAIN_IMAGE),
                                ("video_url", &[("type!", Text), ("video_url!", AnyObject)]),
                                ("audio_url", &[("type!", Text), ("audio_url!", AnyObject)]),
                                ("input_audio", &[("type!", Text), ("input_audio!", AnyObject)]),
                            ],
                        )),
                    ]),
                ),
                ("name", Text),
            ],
        ),
        (
            "assistant",
            &[
                ("role!", Text),
                ("content", PLAIN_ANSWER),
                ("name", Text),
                ("reasoning", Text),
                ("reasoning_content", Text),
                // Its client writes it back as it came.
                ("refusal", Null),
                ("tool_calls", List(&Object(CEREBRAS_CALL))),
                ("function_call", FUNCTION),
            ],
        ),
        ("tool", &[("role!", Text), ("content!", Text), ("tool_call_id!", Text), ("name", Text)]),
    ],
);

/// Fireworks: OpenAI's form, and reasoning in `reasoning_content`.
pub(super) const FIREWORKS: Shape = Tagged(
    "role",
    &[
        ("system", GENERIC_INPUT),
        ("user", GENERIC_INPUT),
        (
            "assistant",
            &[
                ("role!", Text),
                ("content", OPTIONAL_CONTENT),
                ("name", Text),
                ("reasoning_content", Text),
                ("tool_calls", PLAIN_CALLS),
            ],
        ),
        ("tool", PLAIN_RESULT),
    ],
);

const PERPLEXITY_MESSAGE: Fields = &[
    ("role!", Text),
    (
        "content!",
        Either(&[
            Text,
            Null,
            List(&Tagged(
                "type",
                &[
                    ("text", PLAIN_TEXT),
                    ("image_url", &[("type!", Text), ("image_url!", Any)]),
                    ("file_url", &[("type!", Text), ("file_url!", Any), ("file_name", Any)]),
                    ("pdf_url", &[("type!", Text), ("pdf_url!", Any)]),
                    ("video_url", &[("type!", Text), ("video_url!", Any)]),
                ],
            )),
        ]),
    ),
    ("reasoning_steps", List(&AnyObject)),
    ("tool_calls", List(&AnyObject)),
    ("tool_call_id", Text),
];

/// Perplexity.
pub(super) const PERPLEXITY: Shape = Tagged(
    "role",
    &[
        ("system", PERPLEXITY_MESSAGE),
        ("user", PERPLEXITY_MESSAGE),
        ("assistant", PERPLEXITY_MESSAGE),
        ("tool", PERPLEXITY_MESSAGE),
    ],
);

const PLAIN_RESULT: Fields = &[("role!", Text), ("content!", CONTENT), ("tool_call_id!", Text)];
const GENERIC_INPUT: Fields = &[("role!", Text), ("content!", CONTENT), ("name", Text)];

/// OpenRouter.
pub(super) const OPENROUTER: Shape = Tagged(
    "role",
    &[
        ("system", OPENROUTER_INSTRUCTIONS),
        ("developer", OPENROUTER_INSTRUCTIONS),
        ("user", GENERIC_INPUT),
        (
            "assistant",
            &[
                ("role!", Text),
                ("content", OPTIONAL_CONTENT),
                ("audio", Either(&[Null, Object(&[("id!", Text)])])),
                ("images", List(&Any)),
                ("model", Text),
                ("name", Text),
                ("reasoning", OPTIONAL_TEXT),
                ("reasoning_details", List(&AnyObject)),
                ("refusal", OPTIONAL_TEXT),
                ("tool_calls", List(&AnyObject)),
                // Those of files, so that they are not read again.
                ("annotations", List(&AnyObject)),
            ],
        ),
        ("tool", PLAIN_RESULT),
    ],
);
const OPENROUTER_INSTRUCTIONS: Fields =
    &[("role!", Text), ("content!", CONTENT), ("name", Text), ("configuration_update", AnyObject)];

/// What the providers whose requests nobody described are known to take: the union of what some of them want back.
pub(super) const GENERIC: Shape = Tagged(
    "role",
    &[
        ("system", GENERIC_INPUT),
        ("developer", GENERIC_INPUT),
        ("user", GENERIC_INPUT),
        ("assistant", GENERIC_ASSISTANT),
        ("tool", &[("role!", Text), ("content!", CONTENT), ("tool_call_id!", Text), ("name", Text)]),
    ],
);
const GENERIC_ASSISTANT: Fields = &[
    ("role!", Text),
    ("content", OPTIONAL_CONTENT),
    ("name", Text),
    ("reasoning", Text),
    ("reasoning_content", Text),
    ("reasoning_details", List(&AnyObject)),
    // LiteLLM's forms of them.
    ("thinking_blocks", List(&AnyObject)),
    ("provider_specific_fields", AnyObject),
    ("images", List(&Any)),
    ("refusal", OPTIONAL_TEXT),
    ("tool_calls", List(&AnyObject)),
];
/// A call of such a provider. Google's layer keeps the signature in `extra_content`, and LiteLLM among the provider's own
/// fields.
pub(super) const GENERIC_CALL: Fields = &[
    ("id!", Text),
    ("type!", Text),
    ("function!", FUNCTION),
    ("extra_content", Any),
    ("provider_specific_fields", AnyObject),
];
