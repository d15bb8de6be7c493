//! Vocabularies of tokens, and the models that use them.
//!
//! The data is what OpenAI publishes for tiktoken (MIT, Copyright (c) 2022 OpenAI, Shantanu Jain), packed by
//! `tools/vocabularies.py`: the tokens in the order of their ranks, each after its length.

use crate::{merge, ranks::Ranks, split::Splitter};
use flate2::read::DeflateDecoder;
use std::{hash::BuildHasherDefault, io::Read, sync::LazyLock};

/// A vocabulary: the texts that are single tokens.
#[derive(Debug)]
pub struct Vocabulary {
    name: &'static str,
    splitter: Splitter,
    ranks: Ranks,
}

static CL100K: LazyLock<Vocabulary> = LazyLock::new(|| {
    Vocabulary::unpack("cl100k_base", include_bytes!("../data/cl100k_base.deflate"), Splitter::cl100k())
});
static O200K: LazyLock<Vocabulary> = LazyLock::new(|| {
    Vocabulary::unpack("o200k_base", include_bytes!("../data/o200k_base.deflate"), Splitter::o200k())
});

/// The vocabulary of each model, by prefixes of names; the first match counts. From tiktoken's `tiktoken/model.py`,
/// with Azure's names for some.
const MODELS: [(&str, bool); 16] = [
    ("ft:gpt-4o", true),
    ("ft:gpt-4.1", true),
    ("ft:gpt-4", false),
    ("ft:gpt-3.5-turbo", false),
    ("gpt-4o", true),
    ("gpt-4.1", true),
    ("gpt-4.5", true),
    ("chatgpt-4o", true),
    ("gpt-4", false),
    ("gpt-3.5", false),
    ("gpt-35", false),
    ("gpt-5", true),
    ("gpt-oss", true),
    ("text-embedding-", false),
    ("babbage-002", false),
    ("davinci-002", false),
];

/// As [`MODELS`]; these names are complete or followed by a dash.
const REASONING_MODELS: [&str; 3] = ["o1", "o3", "o4-mini"];

impl Vocabulary {
    /// The vocabulary of GPT-3.5, GPT-4 and the embedding models.
    pub fn cl100k() -> &'static Self {
        &CL100K
    }

    /// The vocabulary of GPT-4o and later models.
    pub fn o200k() -> &'static Self {
        &O200K
    }

    /// The vocabulary of an OpenAI model; `None` for other models.
    pub fn of_model(model: &str) -> Option<&'static Self> {
        let is_reasoning = REASONING_MODELS.iter().any(|name| {
            model.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        });
        if is_reasoning {
            return Some(Self::o200k());
        }
        let (_, is_newer) = MODELS.iter().find(|(beginning, _)| model.starts_with(beginning))?;
        Some(if *is_newer { Self::o200k() } else { Self::cl100k() })
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The number of tokens in `text`. Names of special tokens count as text.
    pub fn count(&self, text: &str) -> u64 {
        self.splitter.pieces(text).map(|piece| merge::count(piece.as_bytes(), &self.ranks) as u64).sum()
    }

    /// The tokens of `text`.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        self.splitter.pieces(text).flat_map(|piece| merge::encode(piece.as_bytes(), &self.ranks)).collect()
    }

    fn unpack(name: &'static str, packed: &[u8], splitter: Splitter) -> Self {
        let mut bytes = Vec::new();
        // With a broken vocabulary bytes would be counted; a test reads both.
        let _ = DeflateDecoder::new(packed).read_to_end(&mut bytes);
        // Leaked for the lifetime of the program: it is only made for a static.
        let mut rest: &'static [u8] = bytes.leak();
        let mut ranks = Ranks::with_capacity_and_hasher(200_000, BuildHasherDefault::default());
        let mut rank = 0;
        while let Some((length, tokens)) = rest.split_first()
            && let Some((token, after)) = tokens.split_at_checked(usize::from(*length))
        {
            ranks.insert(token, rank);
            rank += 1;
            rest = after;
        }
        Self { name, splitter, ranks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_vocabularies_are_complete() {
        assert_eq!((Vocabulary::cl100k().ranks.len(), Vocabulary::o200k().ranks.len()), (100_256, 199_998));
    }

    #[test]
    fn models_have_their_vocabularies() {
        let name = |model| Vocabulary::of_model(model).map_or("", Vocabulary::name);
        for model in [
            "gpt-4o",
            "gpt-4o-mini-2024-07-18",
            "gpt-4.1-nano",
            "gpt-5.1",
            "o1",
            "o1-mini",
            "o3-pro",
            "o4-mini",
            "ft:gpt-4o:x",
            "chatgpt-4o-latest",
            "gpt-oss-20b",
        ] {
            assert_eq!(name(model), "o200k_base", "{model}");
        }
        for model in [
            "gpt-4",
            "gpt-4-turbo",
            "gpt-4-0613",
            "gpt-3.5-turbo",
            "gpt-35-turbo",
            "text-embedding-3-small",
            "ft:gpt-4:x",
        ] {
            assert_eq!(name(model), "cl100k_base", "{model}");
        }
        for model in ["claude-3-opus", "o1x", "llama3.2", ""] {
            assert_eq!(name(model), "", "{model}");
        }
    }
}
