//! JSON as this crate reads and writes it: one object level at a time, and unknown values kept as their text.
//!
//! A provider's body is read with [`Fields`]: take the names you know, keep the [`Fields::rest`]. It is written
//! with [`ObjectWriter`], which lets the caller's extra fields win over ours. A value that nobody looks into is a
//! [`Json`]: its text, so that key order, number precision and unknown parts survive a round trip.

mod error;
mod keys;
mod lenient;
mod meaning;
mod nesting;
mod object;
mod ordered;
mod owned;
mod read;
mod split;
mod surrogates;
mod write;

pub use error::JsonError;
pub use keys::MAX_KEYS;
pub use nesting::{MAX_NESTING, check_nesting};
pub(crate) use nesting::{Nesting, Scan};
pub use object::ObjectWriter;
pub(crate) use ordered::Ordered;
pub use owned::{Extra, Json};
pub use read::{Fields, Value};
pub(crate) use surrogates::{
    ESCAPE, HalfKind, LoneHalf, REPLACEMENT, lone_halves, replaced as replaced_halves,
};
pub use write::{WriteJson, write_array, write_string};
