//! Pick of the lowest of several, of equal ones any, in one pass.

/// The lowest so far, by its rank.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pick<R, T> {
    lowest: Option<(R, T)>,
    /// How many of that rank there were.
    equals: u32,
}

impl<R: PartialOrd, T> Pick<R, T> {
    pub(super) fn new() -> Self {
        Self { lowest: None, equals: 0 }
    }

    /// Offers one more. Each of those with the same rank is kept with the same chance.
    pub(super) fn offer(&mut self, rank: R, one: T, random: &mut fastrand::Rng) {
        match &self.lowest {
            Some((lowest, _)) if rank == *lowest => {
                self.equals += 1;
                if random.u32(..self.equals) != 0 {
                    return;
                }
            }
            Some((lowest, _)) if rank < *lowest => self.equals = 1,
            // Of what cannot be compared, as NaN, the first is kept.
            Some(_) => return,
            None => self.equals = 1,
        }
        self.lowest = Some((rank, one));
    }

    /// Whichever it is; `None` where nothing was offered.
    pub(super) fn finish(self) -> Option<T> {
        self.lowest.map(|(_, one)| one)
    }
}
