//! Ranks of tokens, in a hash table with a fast hasher.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

/// The rank of each token, by its bytes.
pub(crate) type Ranks = HashMap<&'static [u8], u32, BuildHasherDefault<TokenHasher>>;

/// Mixes eight bytes at a time. The keys are built in, so they cannot be chosen to collide; looked-up texts are short.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TokenHasher(u64);

impl TokenHasher {
    const fn mix(&mut self, word: u64) {
        // The multiplier is derived from the golden ratio, as in Knuth's multiplicative hashing.
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

impl Hasher for TokenHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        let tail = rest.iter().fold(0, |tail, byte| (tail << 8) | u64::from(*byte));
        self.mix(tail ^ (rest.len() as u64) << 60);
    }

    fn write_usize(&mut self, length: usize) {
        self.mix(length as u64);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}
