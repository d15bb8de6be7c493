//! Text whose places can be looked up by characters and by bytes, each in the same short time however long it is.

use alloc::vec::Vec;

/// How many characters lie between two places that are remembered.
const STEP: usize = 64;

/// A text, and where every [`STEP`]th of its characters begins.
#[derive(Debug)]
pub(super) struct MeasuredText<'a> {
    pub(super) text: &'a str,
    /// In characters.
    pub(super) length: u64,
    steps: Vec<usize>,
}

impl<'a> MeasuredText<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut steps = Vec::new();
        let mut count = 0_usize;
        for (start, _) in text.char_indices() {
            if count.is_multiple_of(STEP) {
                steps.push(start);
            }
            count += 1;
        }
        Self { text, length: count.try_into().unwrap_or(u64::MAX), steps }
    }

    /// The text from character `start` to character `end`; `None` where it has no such places.
    pub(super) fn between(&self, start: u64, end: u64) -> Option<&'a str> {
        self.text.get(self.byte(start)?..self.byte(end)?)
    }

    /// How many characters the first `bytes` of UTF-8 are.
    pub(super) fn characters(&self, bytes: u64) -> Option<u64> {
        let bytes = usize::try_from(bytes).ok()?;
        let step = self.steps.partition_point(|start| *start <= bytes).saturating_sub(1);
        let start = self.steps.get(step).copied().unwrap_or_default();
        let rest = self.text.get(start..bytes)?.chars().count();
        u64::try_from(step * STEP + rest).ok()
    }

    /// Where a character begins.
    fn byte(&self, character: u64) -> Option<usize> {
        if character == self.length {
            return Some(self.text.len());
        }
        let character = usize::try_from(character).ok()?;
        let start = *self.steps.get(character / STEP)?;
        let (rest, _) = self.text.get(start..)?.char_indices().nth(character % STEP)?;
        Some(start + rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn places_are_those_that_counting_finds(
            text in "[aé日🎈]{0,300}",
            start in 0..320_usize,
            end in 0..320_usize,
            bytes in 0..1300_usize,
        ) {
            let measured = MeasuredText::new(&text);
            let length = text.chars().count();
            prop_assert_eq!(measured.length, length as u64);
            let expected = (start <= end && end <= length)
                .then(|| text.chars().skip(start).take(end - start).collect::<std::string::String>());
            let between = measured.between(start as u64, end as u64);
            prop_assert_eq!(between, expected.as_deref());
            let counted = text.get(..bytes).map(|text| text.chars().count() as u64);
            prop_assert_eq!(measured.characters(bytes as u64), counted);
        }
    }
}
