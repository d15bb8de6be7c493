//! The order of documents by how well they answer a query.

use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::framing::StreamError;
use crate::json::{Extra, JsonError};
use crate::model::Usage;
use alloc::{string::String, vec::Vec};

/// What is to be put in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RerankRequest {
    /// The provider's name of the model.
    pub model: String,
    /// What is looked for.
    pub query: String,
    /// Where it is looked for.
    pub documents: Vec<String>,
    /// How many of the best are wanted; all where absent.
    pub top_n: Option<u64>,
    /// Fields without a name of their own here.
    pub extra: Extra,
}

/// The order, best first.
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

/// One document of the answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankedDocument {
    /// Its place in the request.
    pub index: usize,
    /// How well it answers, more is better; the range is the model's.
    pub score: f64,
}

/// A dialect's reranking.
pub trait Reranking: Sync {
    /// Client: the HTTP request that asks `request`.
    fn encode_request(
        &self,
        request: &RerankRequest,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField>;

    /// Client: the answer.
    fn decode_response(&self, body: &[u8]) -> Result<RerankResponse, StreamError>;

    /// Server: what a request asks.
    fn decode_request(&self, body: &[u8]) -> Result<RerankRequest, JsonError>;

    /// Server: the body of the answer.
    fn encode_response(&self, response: &RerankResponse) -> Vec<u8>;
}
