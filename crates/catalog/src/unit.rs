//! Units that are counted and priced.
//!
//! The units and their hierarchy are genai-prices' (`data_units.py` there), plus caches kept for 30 minutes and 12
//! hours, which it does not have; those in our usage have our names. A unit is part of another if it has all of its
//! dimensions and more: cached audio is part of audio, of cache reads, and of the input.

/// A unit that is counted and priced.
#[derive(Debug, PartialEq, Eq)]
pub struct Unit {
    /// What is counted, for instance `input_tokens`.
    pub name: &'static str,
    /// The name of its price, for instance `input_mtok`.
    pub price: &'static str,
    /// The quantity that the price applies to.
    pub per: u64,
    dimensions: &'static [(&'static str, &'static str)],
}

impl Unit {
    /// Whether this is a part of `whole`.
    pub(crate) fn is_part_of(&self, whole: &Self) -> bool {
        self.dimensions.len() > whole.dimensions.len()
            && whole.dimensions.iter().all(|dimension| self.dimensions.contains(dimension))
    }

    /// How specific it is: a part is more specific than its whole.
    pub(crate) const fn rank(&self) -> usize {
        self.dimensions.len()
    }

    /// Whether it counts all tokens, not a kind of them.
    pub(crate) fn is_whole_tokens(&self) -> bool {
        matches!(self.dimensions, [("family", "tokens"), ("direction", _)])
    }

    /// Whether it counts audio tokens, in or out.
    pub(crate) fn is_sound_tokens(&self) -> bool {
        matches!(self.dimensions, [("family", "tokens"), ("direction", _), ("modality", "audio")])
    }

    /// Whether it counts tokens cached for another time than the provider's usual one.
    pub(crate) fn is_kept_unusually(&self) -> bool {
        // Five minutes is the usual time of all providers that have it.
        self.dimensions.iter().any(|(name, value)| *name == "cache_ttl" && *value != "5m")
    }

    /// The index in [`UNITS`] of the unit with this price.
    pub(crate) fn place_of_price(price: &str) -> Option<usize> {
        UNITS.iter().position(|unit| unit.price == price)
    }

    /// The index in [`UNITS`] of the unit with this name.
    pub(crate) fn place_of(name: &str) -> Option<usize> {
        UNITS.iter().position(|unit| unit.name == name)
    }
}

/// The number of units.
pub(crate) const COUNT: usize = 29;

/// All units. Those of the neutral usage come first, in a fixed order.
pub static UNITS: [Unit; COUNT] = [
    Unit {
        name: "input_tokens",
        price: "input_mtok",
        per: 1_000_000,
        dimensions: &[("family", "tokens"), ("direction", "input")],
    },
    Unit {
        name: "output_tokens",
        price: "output_mtok",
        per: 1_000_000,
        dimensions: &[("family", "tokens"), ("direction", "output")],
    },
    Unit {
        name: "cache_read_tokens",
        price: "cache_read_mtok",
        per: 1_000_000,
        dimensions: &[("family", "tokens"), ("direction", "input"), ("token_type", "cache_read")],
    },
    Unit {
        name: "cache_write_tokens",
        price: "cache_write_mtok",
        per: 1_000_000,
        dimensions: &[("family", "tokens"), ("direction", "input"), ("token_type", "cache_write")],
    },
    Unit {
        name: "cache_write_5m_tokens",
        price: "cache_write_5m_mtok",
        per: 1_000_000,
        dimensions: &[
            ("family", "tokens"),
            ("direction", "input"),
            ("token_type", "cache_write"),
            ("cache_ttl", "5m"),
        ],
    },
    Unit {
        name: "cache_write_30m_tokens",
        price: "cache_write_30m_mtok",
        per: 1_000_000,
        dimensions: &[
            ("family", "tokens"),
            ("direction", "input"),
            ("token_type", "cache_write"),
            ("cache_ttl", "30m"),
        ],
    },
    Unit {
        name: "cache_write_1h_tokens",
        price: "cache_write_1h_mtok",
        per: 1_000_000,
        dimensions: &[
            ("family", "tokens"),
            ("direction", "input"),
            ("token_type", "cache_write"),
            ("cache_ttl", "1h"),
        ],
    },
    Unit {
        name: "cache_write_12h_tokens",
        price: "cache_write_12h_mtok",
        per: 1_000_000,
        dimensions: &[
            ("family", "tokens"),
            ("direction", "input"),
            ("token_type", "cache_write"),
            ("cache_ttl", "12h"),
        ],
    },
    Unit {
        name: "reasoning_tokens",
        price: "output_reasoning_mtok",
        per: 1_000_000,
        dimensions: &[("family", "tokens"), ("direction", "output"), ("token_type", "reasoning")],
    },
    Unit {
        name: "input_audio_tokens",
        price: "input_audio_mtok",
        per: 1_000_000,
        dimensions: &[("family", "tokens"), ("direction", "input"), ("modality", "audio")],
    },
    Unit {
        name: "output_audio_tokens",
        price: "output_audio_mtok",
        per: 1_000_000,
        dimensions: &[("family", "tokens"), ("direction", "output"), ("modality", "audio")],
    },
    Unit {
        name: "cache_audio_read_tokens",
        price: "cache_audio_read_mtok",
        per: 1_000_000,
        dimensions: &[
            ("family", "tokens"),
            ("direction", "input"),
            ("modality", "audio"),
            ("token_type", "cache_read"),
        ],
    },
    Unit {
        name: "cache_audio_write_tokens",
        price: "cache_audio_write_mtok",
        per: 1_000_000,
        dimensions: &[
            ("family", "tokens"),
            ("direction", "input"),
            ("modality", "audio"),
            ("token_type", "cache_write"),
        ],
    },
    Unit {
        name: "input_image_tokens",
        price: "input_image_mtok",
        per: 1_000_000,
        dimensions: &[("family", "tokens"), ("direction", "input"), ("modality", "image")],
    },
    Unit {
        name: "output_image_tokens",
        price: "output_image_mtok",
        per: 1_000_000,
        dimensions: &[("family", "tokens"), ("direction", "output"), ("modality", "image")],
    },
    Unit {
        name: "cache_image_read_tokens",
        price: "cache_image_read_mtok",
        per: 1_000_000,
        dimensions: &[
            ("family", "tokens"),
            ("direction", "input"),
            ("modality", "image"),
            ("token_type", "cache_read"),
        ],
    },
    Unit {
        name: "input_video_tokens",
        price: "input_video_mtok",
        per: 1_000_000,
        dimensions: &[("family", "tokens"), ("direction", "input"), ("modality", "video")],
    },
    Unit {
        name: "output_video_tokens",
        price: "output_video_mtok",
        per: 1_000_000,
        dimensions: &[("family", "tokens"), ("direction", "output"), ("modality", "video")],
    },
    Unit {
        name: "output_citation_tokens",
        price: "output_citation_mtok",
        per: 1_000_000,
        dimensions: &[("family", "tokens"), ("direction", "output"), ("token_type", "citation")],
    },
    Unit {
        name: "input_characters",
        price: "input_mchars",
        per: 1_000_000,
        dimensions: &[("family", "characters"), ("direction", "input")],
    },
    Unit {
        name: "input_text_messages",
        price: "input_text_messages_kcount",
        per: 1_000,
        dimensions: &[("family", "messages"), ("direction", "input"), ("modality", "text")],
    },
    Unit {
        name: "audio_seconds",
        price: "audio_hours",
        per: 3_600,
        dimensions: &[("family", "durations"), ("modality", "audio")],
    },
    Unit {
        name: "input_audio_seconds",
        price: "input_audio_hours",
        per: 3_600,
        dimensions: &[("family", "durations"), ("direction", "input"), ("modality", "audio")],
    },
    Unit {
        name: "input_document_pages",
        price: "input_document_kpages",
        per: 1_000,
        dimensions: &[("family", "document_pages"), ("direction", "input")],
    },
    Unit {
        name: "input_annotated_document_pages",
        price: "input_annotated_document_kpages",
        per: 1_000,
        dimensions: &[("family", "document_pages"), ("direction", "input"), ("page_type", "annotated")],
    },
    Unit {
        name: "rerank_searches",
        price: "rerank_searches_kcount",
        per: 1_000,
        dimensions: &[("family", "rerank")],
    },
    Unit {
        name: "web_searches",
        price: "web_searches_kcount",
        per: 1_000,
        dimensions: &[("family", "tool_calls"), ("tool_type", "web_search")],
    },
    Unit {
        name: "storage_searches",
        price: "storage_searches_kcount",
        per: 1_000,
        dimensions: &[("family", "tool_calls"), ("tool_type", "storage_search")],
    },
    Unit { name: "requests", price: "requests_kcount", per: 1_000, dimensions: &[("family", "requests")] },
];
