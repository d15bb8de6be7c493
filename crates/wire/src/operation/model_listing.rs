//! Lists of models: the models that a provider offers, page by page.

use super::{codec::Operation, kind::OperationKind};
use crate::json::Json;
use alloc::{borrow::ToOwned, string::String, vec::Vec};

/// The list of the provider's models, one page per request.
#[derive(Clone, Copy, Debug)]
pub struct ModelListing;

impl Operation for ModelListing {
    const KIND: OperationKind = OperationKind::ModelListing;
    const METHOD: &'static str = "GET";
    type Request = ModelListRequest;
    type Response = ModelPage;

    fn model(_request: &ModelListRequest) -> &str {
        ""
    }

    fn set_model(_request: &mut ModelListRequest, _model: &str) {}
}

/// A request for one page of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelListRequest {
    /// The [`ModelPage::next`] of the page before; the first page where absent.
    pub after: Option<String>,
}

/// A model that a provider offers.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInfo {
    /// The provider's name of it.
    pub id: String,
    /// When it was created, in seconds since 1970.
    pub created: Option<u64>,
    /// Who made or owns it.
    pub owned_by: Option<String>,
    /// The provider's whole entry.
    pub raw: Json,
}

impl ModelInfo {
    /// A model of which only the name is known.
    pub fn named(id: &str) -> Self {
        Self { id: id.to_owned(), created: None, owned_by: None, raw: Json::string(id) }
    }
}

impl ModelPage {
    /// The only page, of models of which only the names are known.
    pub fn named(names: &[&str]) -> Self {
        Self { models: names.iter().map(|name| ModelInfo::named(name)).collect(), next: None }
    }
}

/// One page of the list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelPage {
    /// The models.
    pub models: Vec<ModelInfo>,
    /// What to ask the next page with, where there is one.
    pub next: Option<String>,
}
