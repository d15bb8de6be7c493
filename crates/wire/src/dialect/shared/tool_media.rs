//! Media in tool results, in formats whose results are text: a message of the user's after the results shows them.
//!
//! So do the providers' own guides and most clients (`docs/wire/requests-accepted.md`, section 14): a model that sees
//! images sees them wherever they are.

use crate::model::PartKind;

/// The text before what tools have shown.
pub(crate) const SHOWN: &str = "What the tools returned besides text:";
/// The text of a result that has nothing but media.
pub(crate) const FOLLOWS: &str = "The result is in the message after the tool results.";

/// Whether a part of a result may be shown after it.
pub(crate) const fn is_media(kind: &PartKind) -> bool {
    matches!(kind, PartKind::Image(_) | PartKind::Document(_) | PartKind::Audio(_))
}
