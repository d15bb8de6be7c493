//! What a provider does otherwise than its dialect says: facts about providers, as data.
//!
//! A dialect's encoder asks them where it writes; what they change in answers is done around the dialect's decoders, so
//! that a provider without quirks pays nothing.

mod flags;

pub use flags::*;
