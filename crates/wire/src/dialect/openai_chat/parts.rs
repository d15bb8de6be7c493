//! Parts of one streamed answer: which place each has.

/// The places of the parts, in the order they first appeared.
#[derive(Debug, Default)]
pub(super) struct Parts {
    next: u32,
    pub(super) text: Option<u32>,
    refusal: Option<u32>,
    pub(super) reasoning: Option<u32>,
}

impl Parts {
    /// Whether nothing was said yet.
    pub(super) fn is_empty(&self) -> bool {
        self.next == 0
    }

    /// The place of a part that begins.
    pub(super) fn begin(&mut self) -> u32 {
        begin(&mut self.next)
    }

    pub(super) fn text(&mut self) -> u32 {
        self.text.unwrap_or_else(|| *self.text.insert(begin(&mut self.next)))
    }

    pub(super) fn refusal(&mut self) -> u32 {
        self.refusal.unwrap_or_else(|| *self.refusal.insert(begin(&mut self.next)))
    }

    pub(super) fn reasoning(&mut self) -> u32 {
        self.reasoning.unwrap_or_else(|| *self.reasoning.insert(begin(&mut self.next)))
    }
}

fn begin(next: &mut u32) -> u32 {
    let place = *next;
    *next += 1;
    place
}
