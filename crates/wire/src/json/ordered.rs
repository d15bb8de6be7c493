//! Named values in the order they came, each name once: few are found by a scan, many by an index.

use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};
use core::fmt;

/// So many are scanned; more have an index, so that an object of a hundred thousand keys is not read in the square of
/// that.
pub(super) const SCANNED: usize = 48;

/// The index is a tree, not a table of hashes: the names come out of the network, and there is no secret here to keep
/// them from having all the same hash.
#[derive(Clone)]
pub(crate) struct Ordered<T> {
    entries: Vec<(String, T)>,
    /// Positions by name. `None` where there are few, and after a removal until a name is added.
    #[expect(
        clippy::box_collection,
        reason = "nearly always absent, and stands in every part of every message"
    )]
    index: Option<Box<BTreeMap<String, usize>>>,
}

impl<T> Ordered<T> {
    pub(crate) const fn new() -> Self {
        Self { entries: Vec::new(), index: None }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn position(&self, name: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(name).copied(),
            None => self.entries.iter().position(|(key, _)| key == name),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        self.entries.get(self.position(name)?).map(|(_, value)| value)
    }

    /// The value under `name`, to change or to add.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        // Who asks so often adds what is not there.
        self.ensure_index();
        let position = self.position(name)?;
        self.entries.get_mut(position).map(|(_, value)| value)
    }

    /// Puts `value` under `name`, replacing what was there.
    pub(crate) fn insert(&mut self, name: String, value: T) {
        match self.get_mut(&name) {
            Some(old) => *old = value,
            None => {
                if let Some(index) = &mut self.index {
                    index.insert(name.clone(), self.entries.len());
                }
                self.entries.push((name, value));
            }
        }
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<T> {
        let position = self.position(name)?;
        self.index = None;
        Some(self.entries.remove(position).1)
    }

    pub(crate) fn iter(&self) -> core::slice::Iter<'_, (String, T)> {
        self.entries.iter()
    }

    fn ensure_index(&mut self) {
        if self.index.is_none() && self.entries.len() >= SCANNED {
            let positions = self.entries.iter().enumerate();
            self.index =
                Some(Box::new(positions.map(|(position, (name, _))| (name.clone(), position)).collect()));
        }
    }
}

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for Ordered<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entries.fmt(formatter)
    }
}

impl<T: PartialEq> PartialEq for Ordered<T> {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl<T: Eq> Eq for Ordered<T> {}

impl<T> FromIterator<(String, T)> for Ordered<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(values: I) -> Self {
        let values = values.into_iter();
        let mut ordered = Self { entries: Vec::with_capacity(values.size_hint().0), index: None };
        for (name, value) in values {
            ordered.insert(name, value);
        }
        ordered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{string::ToString, vec};

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u8),
        Remove(u8),
    }

    proptest! {
        /// Against a plain list, which is scanned whatever its length.
        #[test]
        fn the_index_changes_nothing(steps in proptest::collection::vec(
            (0u8..90, 0u8..16).prop_map(|(name, kind)| if kind == 0 { Step::Remove(name) } else { Step::Insert(name) }),
            0..240,
        )) {
            let mut ordered = Ordered::new();
            let mut plain: Vec<(String, usize)> = Vec::new();
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Insert(name) => {
                        ordered.insert(name.to_string(), number);
                        match plain.iter_mut().find(|(known, _)| *known == name.to_string()) {
                            Some((_, value)) => *value = number,
                            None => plain.push((name.to_string(), number)),
                        }
                    }
                    Step::Remove(name) => {
                        let position = plain.iter().position(|(known, _)| *known == name.to_string());
                        let removed = position.map(|position| plain.remove(position).1);
                        prop_assert_eq!(ordered.remove(&name.to_string()), removed);
                    }
                }
                for name in 0u8..90 {
                    let expected = plain.iter().find(|(known, _)| *known == name.to_string());
                    prop_assert_eq!(ordered.get(&name.to_string()), expected.map(|(_, value)| value));
                }
            }
            prop_assert_eq!(ordered.iter().cloned().collect::<Vec<_>>(), plain);
        }
    }

    #[test]
    fn equal_is_what_has_the_same_in_the_same_order() {
        let of = |names: &[u8]| names.iter().map(|name| (name.to_string(), *name)).collect::<Ordered<u8>>();
        let mut many = of(&(0..60).collect::<Vec<_>>());
        many.remove("59");
        assert_eq!(many, of(&(0..59).collect::<Vec<_>>()));
        assert_ne!(of(&[1, 2]), of(&[2, 1]));
        assert_eq!(
            of(&[1, 2, 1]).iter().cloned().collect::<Vec<_>>(),
            vec![("1".into(), 1), ("2".into(), 2)]
        );
    }
}
