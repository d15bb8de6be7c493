//! Byte-pair encoding of one piece: the two neighbours that form the token of the lowest rank are merged, until none
//! do.
//!
//! A piece may be as long as its text (a line of letters is one), so the next pair comes from a heap: the time is n log
//! n for any text.

use crate::ranks::Ranks;
use std::{cmp::Reverse, collections::BinaryHeap};

/// The number of tokens in `piece`.
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

/// The parts of a piece, linked to their neighbours.
struct Parts<'a> {
    piece: &'a [u8],
    /// For the part that begins at each byte: its end. `GONE` if no part begins there any more.
    ends: Vec<usize>,
    /// For the part that begins at each byte: the start of the previous one.
    befores: Vec<usize>,
}

const GONE: usize = usize::MAX;

impl<'a> Parts<'a> {
    fn merged(piece: &'a [u8], ranks: &Ranks) -> Self {
        let ends = (1..=piece.len()).collect();
        let befores = (0..piece.len()).map(|start| start.wrapping_sub(1)).collect();
        let mut parts = Self { piece, ends, befores };
        // The lowest rank first, then the leftmost; with the pair's end, to check that it still exists.
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

    /// The end of the part that begins at `start`; `None` if none begins there.
    fn end(&self, start: usize) -> Option<usize> {
        self.ends.get(start).copied().filter(|end| *end != GONE)
    }

    fn before(&self, start: usize) -> Option<usize> {
        self.befores.get(start).copied().filter(|before| *before != GONE)
    }

    /// The part at `start` and the next, if they form a token: its rank, start and end.
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
