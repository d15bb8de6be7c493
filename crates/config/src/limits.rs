//! Limits on configuration files.

/// The maximum size of a file in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// The maximum nesting depth of values.
pub const MAX_NESTING: usize = 64;

/// The maximum number of values in a file.
pub const MAX_VALUES: usize = 100_000;
