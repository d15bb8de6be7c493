//! What a provider does otherwise than its dialect says: facts about providers, as data.
//!
//! A dialect's encoder asks them where it writes; what they change in answers is done around the dialect's decoders, so
//! that a provider without quirks pays nothing.

/// How a provider differs from its dialect. The default differs in nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Quirks {}

impl Quirks {
    /// No difference.
    pub const NONE: Self = Self {};
}

impl Default for Quirks {
    fn default() -> Self {
        Self::NONE
    }
}
