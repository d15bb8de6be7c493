//! Reranking: documents ranked by relevance to a query.

use super::{codec::Operation, kind::OperationKind};
use crate::json::Extra;
use crate::model::Usage;
use alloc::{borrow::ToOwned, string::String, vec::Vec};

/// Documents ranked by relevance to a query.
#[derive(Clone, Copy, Debug)]
pub struct Reranking;

impl Operation for Reranking {
    const KIND: OperationKind = OperationKind::Reranking;
    type Request = RerankRequest;
    type Response = RerankResponse;

    fn model(request: &RerankRequest) -> &str {
        &request.model
    }

    fn set_model(request: &mut RerankRequest, model: &str) {
        model.clone_into(&mut request.model);
    }
}

/// A query and the documents to rank.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RerankRequest {
    /// The provider's name of the model.
    pub model: String,
    /// The query.
    pub query: String,
    /// The documents.
    pub documents: Vec<String>,
    /// How many of the best to return; all where absent.
    pub top_n: Option<u64>,
    /// Fields without a name of their own here.
    pub extra: Extra,
}

/// The ranking.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RerankResponse {
    /// The provider's id of the answer; empty where it gave none.
    pub id: String,
    /// The documents, best first.
    pub results: Vec<RankedDocument>,
    /// What it used, in tokens.
    pub usage: Option<Usage>,
    /// What it used where the provider counts searches.
    pub search_units: Option<u64>,
    /// Fields without a name of their own here.
    pub extra: Extra,
}

/// One document of the ranking.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankedDocument {
    /// Its index in the request.
    pub index: usize,
    /// Its relevance, higher is better; the range is the model's.
    pub score: f64,
}
