//! Model lists of providers, fetched page by page.

use crate::{
    admission::Measured,
    apart::read_whole,
    failure::Failure,
    incoming::Incoming,
    option_defaults::OptionDefaults,
    outgoing::Outgoing,
    provider::Provider,
    target::Target,
    work::{Encoding, Success, Work},
};
use ferrule_wire::{
    error::Headers,
    operation::{ModelListRequest, ModelListing, ModelPage},
};

/// Fetches one page of a provider's model list: the first, or the one after this cursor.
#[derive(Clone, Debug)]
pub struct ListModels(pub Option<String>);

impl Work for ListModels {
    /// The page, and the number of bytes read for it.
    type Received = (ModelPage, u64);
    type Output = (ModelPage, u64);

    fn encode(&mut self, provider: &Provider, _: &str, _: Encoding<'_>) -> Result<Outgoing, Failure> {
        let request = ModelListRequest { after: self.0.clone() };
        let listing = provider.operation::<ModelListing>()?;
        let encoded = listing.encode_request(&request, provider.encode_options(false));
        encoded.map(|encoded| Outgoing::get(encoded.path)).map_err(Failure::Unsupported)
    }

    fn measure(&self, _: Option<&OptionDefaults>) -> Measured {
        Measured::free()
    }

    async fn receive(&self, mut incoming: Incoming, target: &Target) -> Result<(ModelPage, u64), Failure> {
        let body = incoming.content().await?;
        let listing = target.provider.operation::<ModelListing>()?;
        let read = move |body: &[u8]| listing.decode_response(Headers::default(), body);
        let page = read_whole(&mut incoming, &body, read).await?;
        Ok((page.map_err(|error| incoming.unreadable(error.into(), &body))?, body.len() as u64))
    }

    fn finish(self, page: (ModelPage, u64), _: Success) -> (ModelPage, u64) {
        page
    }
}
