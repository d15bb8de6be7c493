//! Lists of models, page by page.

use crate::{
    failure::Failure,
    incoming::Incoming,
    outgoing::Outgoing,
    provider::Provider,
    target::Target,
    work::{Answered, Work},
};
use ferrule_wire::{
    error::Headers,
    operation::{ModelListRequest, ModelListing, ModelPage},
};

/// The work of getting one page of a provider's list of models: the first, or the one after this.
#[derive(Debug)]
pub struct ListModels(pub Option<String>);

impl Work for ListModels {
    type Received = ModelPage;
    type Output = ModelPage;

    fn encode(&mut self, provider: &Provider, _: &str, _: bool) -> Result<Outgoing, Failure> {
        let request = ModelListRequest { after: self.0.clone() };
        let listing = provider.operation::<ModelListing>()?;
        let encoded = listing.encode_request(&request, provider.encode_options(false));
        encoded.map(|encoded| Outgoing::get(encoded.path)).map_err(Failure::Unsupported)
    }

    async fn receive(&self, mut incoming: Incoming, target: &Target) -> Result<ModelPage, Failure> {
        let body = incoming.body().await?;
        let listing = target.provider.operation::<ModelListing>()?;
        let page = listing.decode_response(Headers::default(), &body);
        page.map_err(|error| incoming.unreadable(error.into()))
    }

    fn finish(self, page: ModelPage, _: Answered) -> ModelPage {
        page
    }
}
