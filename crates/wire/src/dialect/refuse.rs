//! What a dialect cannot carry: refused, or left out and listed.

use super::{EncodeOptions, UnsupportedField};
use alloc::{string::String, vec::Vec};

/// Refuses fields, or collects them where the caller wants them dropped.
#[derive(Debug)]
pub(crate) struct Refusals {
    dialect: &'static str,
    drop_unsupported: bool,
    /// What was left out.
    pub(crate) dropped: Vec<UnsupportedField>,
}

impl Refusals {
    pub(crate) fn new(dialect: &'static str, options: EncodeOptions<'_>) -> Self {
        Self { dialect, drop_unsupported: options.drop_unsupported, dropped: Vec::new() }
    }

    /// `field` cannot be carried.
    pub(crate) fn add(&mut self, field: impl Into<String>, reason: &str) -> Result<(), UnsupportedField> {
        let unsupported = self.refusal(field, reason);
        if !self.drop_unsupported {
            return Err(unsupported);
        }
        self.dropped.push(unsupported);
        Ok(())
    }

    /// `value`, unless the provider does not take it: then `field` cannot be carried.
    pub(crate) fn kept<T>(
        &mut self,
        field: &str,
        value: Option<T>,
        is_taken: bool,
        reason: impl FnOnce() -> String,
    ) -> Result<Option<T>, UnsupportedField> {
        if value.is_none() || is_taken {
            return Ok(value);
        }
        self.add(field, &reason()).map(|()| None)
    }

    /// `field` cannot be carried, and not be dropped.
    pub(crate) fn refusal(&self, field: impl Into<String>, reason: &str) -> UnsupportedField {
        UnsupportedField { field: field.into(), dialect: self.dialect, reason: reason.into() }
    }

    /// Of `field` something is left out that no answer is wrong without: said, never refused.
    pub(crate) fn note(&mut self, field: impl Into<String>, reason: &str) {
        let field = field.into();
        if !self.dropped.iter().any(|dropped| dropped.field == field) {
            self.dropped.push(UnsupportedField { field, dialect: self.dialect, reason: reason.into() });
        }
    }
}
