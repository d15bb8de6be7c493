//! Content of a chat request adapted to the provider: text documents as text, hosted tools in the provider's format,
//! and media within its limits.

use super::{hosted_declaration, media_limits, text_documents};
use crate::encode::{Refusals, UnsupportedField};
use crate::model::Request;
use crate::quirks::Quirks;

/// The request as the provider accepts it; `None` if no change is needed.
pub(crate) fn fit(
    request: &Request,
    quirks: &Quirks,
    refusals: &mut Refusals,
) -> Result<Option<Request>, UnsupportedField> {
    let texts = text_documents::fit(request, refusals.dialect());
    let hosted = hosted_declaration::fit(texts.as_ref().unwrap_or(request), quirks, refusals)?.or(texts);
    let media = media_limits::fit(hosted.as_ref().unwrap_or(request), quirks, refusals)?;
    Ok(media.or(hosted))
}
