//! Lists of models, page by page.

use crate::{
    failure::Failure,
    incoming::Incoming,
    outgoing::Outgoing,
    provider::Provider,
    target::Target,
    work::{Answered, Work},
};
use ferrule_wire::operation::ModelPage;

/// The work of getting one page of a provider's list of models: the first, or the one after this.
#[derive(Debug)]
pub struct ListModels(pub Option<String>);

impl Work for ListModels {
    type Received = ModelPage;
    type Output = ModelPage;

    fn encode(&mut self, provider: &Provider, _: &str, _: bool) -> Result<Outgoing, Failure> {
        let listing = provider.dialect.model_listing();
        let query = listing.query(self.0.as_deref()).into_iter().map(|(name, value)| (name.into(), value));
        Ok(Outgoing { query: query.collect(), ..Outgoing::get(listing.path()) })
    }

    async fn receive(&self, mut incoming: Incoming, target: &Target) -> Result<ModelPage, Failure> {
        let body = incoming.body().await?;
        let page = target.provider.dialect.model_listing().decode_page(&body);
        page.map_err(|error| incoming.unreadable(error.into()))
    }

    fn finish(self, page: ModelPage, _: Answered) -> ModelPage {
        page
    }
}
