//! Options that a generateContent request carries.

/// Why no place of a prompt can be marked.
pub(super) const NO_BREAKPOINTS: &str =
    "prompts are cached by themselves; or name a cache in the extra field `cachedContent`";
