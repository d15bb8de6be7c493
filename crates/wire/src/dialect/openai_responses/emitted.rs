//! Emitted text of a stream: what is new of the whole that comes after its pieces.

/// Whether a text is more of it, or all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    More,
    Whole,
}

/// What was emitted of a text: its length in bytes, and a hash by which a whole is known to begin with it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Emitted {
    length: usize,
    hash: Fnv,
}

impl Emitted {
    pub(super) fn is_nothing(&self) -> bool {
        self.length == 0
    }

    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// What of `text` was not emitted yet, and is now. A whole that does not begin with what was emitted says nothing new: some
    /// servers write it in another way than its pieces, with other white space for instance.
    pub(super) fn take_new<'a>(&mut self, text: &'a str, extent: Extent) -> Option<&'a str> {
        let rest = match extent {
            Extent::More => text,
            Extent::Whole => self.rest_of(text)?,
        };
        self.add(rest);
        (!rest.is_empty()).then_some(rest)
    }

    /// What `whole` has behind what was emitted; `None` where it does not begin with that.
    pub(super) fn rest_of<'a>(&self, whole: &'a str) -> Option<&'a str> {
        let (emitted, rest) = whole.split_at_checked(self.length)?;
        let mut hash = Fnv::default();
        hash.add(emitted);
        (hash == self.hash).then_some(rest)
    }

    pub(super) fn add(&mut self, text: &str) {
        self.length += text.len();
        self.hash.add(text);
    }
}

/// A hash of a text that grows: a few bytes with each delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, text: &str) {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
