//! Byte-pair encoding of one piece: the two neighbours that make the token of the lowest rank are merged, until none do.
//!
//! A piece may be as long as its text (a line of letters has one), so the next pair is taken from a heap: the time is
//! n log n whatever the text.

use crate::ranks::Ranks;
use std::{cmp::Reverse, collections::BinaryHeap};

/// How many tokens `piece` has.
pub(crate) fn count(piece: &[u8], ranks: &Ranks) -> usize {
    if piece.len() == 1 || ranks.contains_key(piece) {
        usize::from(!piece.is_empty())
    } else {
        Parts::merged(piece, ranks).count()
    }
}

/// The tokens of `piece`.
pub(crate) fn encode(piece: &[u8], ranks: &Ranks) -> Vec<u32> {
    if let Some(rank) = ranks.get(piece) {
        return vec![*rank];
    }
    Parts::merged(piece, ranks).tokens().filter_map(|token| ranks.get(token).copied()).collect()
}

/// The parts of a piece, which know their neighbours.
struct Parts<'a> {
    piece: &'a [u8],
    /// For the part that begins at each byte: where it ends. `GONE` where a part no longer begins.
    ends: Vec<usize>,
    /// For the part that begins at each byte: where the one before it begins.
    befores: Vec<usize>,
}

const GONE: usize = usize::MAX;

impl<'a> Parts<'a> {
    fn merged(piece: &'a [u8], ranks: &Ranks) -> Self {
        let ends = (1..=piece.len()).collect();
        let befores = (0..piece.len()).map(|start| start.wrapping_sub(1)).collect();
        let mut parts = Self { piece, ends, befores };
        // The lowest rank first, the leftmost of several; with the pair's end, to check whether it is still there.
        let mut pairs: BinaryHeap<Reverse<(u32, usize, usize)>> =
            (0..piece.len()).filter_map(|start| parts.pair(start, ranks)).map(Reverse).collect();
        while let Some(Reverse((_, start, end))) = pairs.pop() {
            let Some(middle) = parts.end(start) else { continue };
            if middle == end || parts.end(middle) != Some(end) {
                continue;
            }
            parts.merge(start, middle, end);
            pairs.extend(parts.pair(start, ranks).map(Reverse));
            if let Some(before) = parts.before(start) {
                pairs.extend(parts.pair(before, ranks).map(Reverse));
            }
        }
        parts
    }

    /// Where the part that begins at `start` ends; `None` where none begins.
    fn end(&self, start: usize) -> Option<usize> {
        self.ends.get(start).copied().filter(|end| *end != GONE)
    }

    fn before(&self, start: usize) -> Option<usize> {
        self.befores.get(start).copied().filter(|before| *before != GONE)
    }

    /// The part at `start` and the next, where they make a token: its rank, beginning and end.
    fn pair(&self, start: usize, ranks: &Ranks) -> Option<(u32, usize, usize)> {
        let end = self.end(self.end(start)?)?;
        let rank = ranks.get(self.piece.get(start..end)?)?;
        Some((*rank, start, end))
    }

    fn merge(&mut self, start: usize, middle: usize, end: usize) {
        if let Some(place) = self.ends.get_mut(start) {
            *place = end;
        }
        if let Some(place) = self.ends.get_mut(middle) {
            *place = GONE;
        }
        if let Some(place) = self.befores.get_mut(end) {
            *place = start;
        }
    }

    fn count(&self) -> usize {
        self.ends.iter().filter(|end| **end != GONE).count()
    }

    fn tokens(&self) -> impl Iterator<Item = &'a [u8]> {
        let parts = self.ends.iter().enumerate().filter(|(_, end)| **end != GONE);
        parts.filter_map(|(start, end)| self.piece.get(start..*end))
    }
}
