//! Content of a chat request made to fit: texts in place of documents, hosted tools in the provider's form, and no media
//! beyond its limits.

use super::{hosted_declaration, media_limits, text_documents};
use crate::encode::{Refusals, UnsupportedField};
use crate::model::Request;
use crate::quirks::Quirks;

/// The request as the provider takes it. `None` where it is that already.
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
