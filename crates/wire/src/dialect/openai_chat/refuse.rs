//! What the dialect cannot carry: refused, or left out and listed.

use super::NAME;
use crate::dialect::{EncodeOptions, UnsupportedField};
use alloc::{string::String, vec::Vec};

/// Refuses fields, or collects them where the caller wants them dropped.
#[derive(Debug)]
pub(super) struct Refusals {
    drop_unsupported: bool,
    /// What was left out.
    pub(super) dropped: Vec<UnsupportedField>,
}

impl Refusals {
    pub(super) fn new(options: EncodeOptions) -> Self {
        Self { drop_unsupported: options.drop_unsupported, dropped: Vec::new() }
    }

    /// `field` cannot be carried.
    pub(super) fn add(&mut self, field: impl Into<String>, reason: &str) -> Result<(), UnsupportedField> {
        let unsupported = UnsupportedField { field: field.into(), dialect: NAME, reason: reason.into() };
        if !self.drop_unsupported {
            return Err(unsupported);
        }
        self.dropped.push(unsupported);
        Ok(())
    }
}
