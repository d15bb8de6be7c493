//! What a dialect cannot carry: refused, or left out and listed.

use super::{EncodeOptions, UnsupportedField};
use alloc::{string::String, vec::Vec};

/// Refuses fields, or collects them where the caller wants them dropped.
#[derive(Debug)]
pub(super) struct Refusals {
    dialect: &'static str,
    drop_unsupported: bool,
    /// What was left out.
    pub(super) dropped: Vec<UnsupportedField>,
}

impl Refusals {
    pub(super) fn new(dialect: &'static str, options: EncodeOptions<'_>) -> Self {
        Self { dialect, drop_unsupported: options.drop_unsupported, dropped: Vec::new() }
    }

    /// `field` cannot be carried.
    pub(super) fn add(&mut self, field: impl Into<String>, reason: &str) -> Result<(), UnsupportedField> {
        let unsupported =
            UnsupportedField { field: field.into(), dialect: self.dialect, reason: reason.into() };
        if !self.drop_unsupported {
            return Err(unsupported);
        }
        self.dropped.push(unsupported);
        Ok(())
    }
}
