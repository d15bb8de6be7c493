//! JSON as this crate reads and writes it: one object level at a time, and unknown values kept as their text.
//!
//! A provider's body is read with [`Fields`]: take the names you know, keep the [`Fields::rest`]. It is written
//! with [`ObjectWriter`], which lets the caller's extra fields win over ours. A value that nobody looks into is a
//! [`Json`]: its text, so that key order, number precision and unknown parts survive a round trip.

mod error;
mod meaning;
mod nesting;
mod object;
mod owned;
mod read;
mod split;
mod write;

pub use error::JsonError;
pub use nesting::{MAX_NESTING, check_nesting};
pub(crate) use nesting::{Nesting, Scan};
pub use object::ObjectWriter;
pub use owned::{Extra, Json};
pub use read::{Fields, Value};
pub use write::{WriteJson, write_array, write_string};
