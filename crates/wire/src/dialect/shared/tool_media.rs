//! Media in tool results, for formats with text-only results: a user message after the results contains them.
//!
//! The providers' own guides and most clients do the same (`docs/wire/requests-accepted.md`, section 14): a model that
//! supports images sees them anywhere in the conversation.

use crate::model::PartKind;

/// The text before the media of tools.
pub(crate) const SHOWN: &str = "What the tools returned besides text:";
/// The text of a result that consists only of media.
pub(crate) const FOLLOWS: &str = "The result is in the message after the tool results.";

/// Whether a part of a result may be moved after the results.
pub(crate) const fn is_media(kind: &PartKind) -> bool {
    matches!(kind, PartKind::Image(_) | PartKind::Document(_) | PartKind::Audio(_))
}
