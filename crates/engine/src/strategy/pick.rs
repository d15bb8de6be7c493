//! Pick of the lowest of several candidates in one pass, ties broken at random.

/// The lowest so far, with its rank.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pick<R, T> {
    lowest: Option<(R, T)>,
    /// The number of candidates with that rank.
    equals: u32,
}

impl<R: PartialOrd, T> Pick<R, T> {
    pub(super) fn new() -> Self {
        Self { lowest: None, equals: 0 }
    }

    /// Offers a candidate. Among equals each is kept with the same probability.
    pub(super) fn offer(&mut self, rank: R, one: T, random: &mut fastrand::Rng) {
        match &self.lowest {
            Some((lowest, _)) if rank == *lowest => {
                self.equals += 1;
                if random.u32(..self.equals) != 0 {
                    return;
                }
            }
            Some((lowest, _)) if rank < *lowest => self.equals = 1,
            // The first is kept if they cannot be compared, as with NaN.
            Some(_) => return,
            None => self.equals = 1,
        }
        self.lowest = Some((rank, one));
    }

    /// The pick; `None` if nothing was offered.
    pub(super) fn finish(self) -> Option<T> {
        self.lowest.map(|(_, one)| one)
    }
}
