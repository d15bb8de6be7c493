//! Limits on configuration files.

/// The most bytes of a file.
pub const MAX_BYTES: usize = 1 << 20;

/// The most levels that values may be nested.
pub const MAX_NESTING: usize = 64;

/// The most values of a file.
pub const MAX_VALUES: usize = 100_000;
