//! The models a provider offers, page by page.

use crate::{Failure, call::Receive, send::Incoming, target::Target};
use ferrule_wire::operation::ModelPage;

/// More pages than any provider has.
pub(crate) const MOST_PAGES: usize = 100;

/// Reads one page.
#[derive(Debug)]
pub(crate) struct Listing;

impl Receive for Listing {
    type Answer = ModelPage;

    async fn receive(&self, mut incoming: Incoming, target: &Target) -> Result<ModelPage, Failure> {
        let body = incoming.body().await?;
        let page = target.provider.dialect.model_listing().decode_page(&body);
        page.map_err(|error| incoming.unreadable(error.into()))
    }
}
