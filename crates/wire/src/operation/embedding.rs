//! Vectors of texts.

use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::{Extra, JsonError};
use crate::model::Usage;
use alloc::{string::String, vec::Vec};
use core::fmt;

/// What is to be embedded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EmbeddingRequest {
    /// The provider's name of the model.
    pub model: String,
    /// The texts, in order.
    pub inputs: Vec<String>,
    /// How many numbers each vector shall have; the model's own number where absent.
    pub dimensions: Option<u64>,
    /// What the vectors are for.
    pub input_type: Option<InputType>,
    /// Who the provider's abuse checks should hold responsible, as an opaque id.
    pub user: Option<String>,
    /// Fields without a name of their own here.
    pub extra: Extra,
}

/// What vectors are for. Each dialect has its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputType {
    /// A text that is searched for with.
    Query,
    /// A text that is searched in.
    Document,
    /// A text to be classified.
    Classification,
    /// A text to be grouped with others.
    Clustering,
    /// Texts to be compared with each other.
    Similarity,
    /// Another one, in the provider's words.
    Other(String),
}

impl InputType {
    /// Our word for it, in configuration and Python.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Query => "query",
            Self::Document => "document",
            Self::Classification => "classification",
            Self::Clustering => "clustering",
            Self::Similarity => "similarity",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for InputType {
    fn from(word: &str) -> Self {
        match word {
            "query" => Self::Query,
            "document" => Self::Document,
            "classification" => Self::Classification,
            "clustering" => Self::Clustering,
            "similarity" => Self::Similarity,
            other => Self::Other(other.into()),
        }
    }
}

/// The vectors of a request, in its order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EmbeddingResponse {
    /// The model that answered; empty where the provider did not say.
    pub model: String,
    /// The vectors.
    pub vectors: Vectors,
    /// What it used.
    pub usage: Option<Usage>,
    /// Fields without a name of their own here.
    pub extra: Extra,
}

/// Vectors of one length, one after the other in one piece of memory.
#[derive(Clone, Default, PartialEq)]
pub struct Vectors {
    values: Vec<f32>,
    dimensions: usize,
}

impl Vectors {
    /// Appends a vector. Fails, and appends nothing, where it is empty or its length is another than that of those before.
    pub fn push(&mut self, vector: &[f32]) -> Result<(), StreamError> {
        if self.values.is_empty() {
            self.dimensions = vector.len();
        }
        if vector.is_empty() || vector.len() != self.dimensions {
            return Err(StreamError::Malformed(alloc::format!(
                "a vector has {} numbers, where those before it have {}",
                vector.len(),
                self.dimensions
            )));
        }
        self.values.extend_from_slice(vector);
        Ok(())
    }

    /// Appends all of `others`.
    pub fn append(&mut self, others: &Self) -> Result<(), StreamError> {
        others.iter().try_for_each(|vector| self.push(vector))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.dimensions).unwrap_or_default()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many numbers each has; 0 where there are none.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// All numbers, vector after vector.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The vectors in order.
    pub fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.dimensions.max(1))
    }
}

/// Their numbers are of no use in a log.
impl fmt::Debug for Vectors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Vectors({} of {})", self.len(), self.dimensions)
    }
}

/// A dialect's embeddings.
pub trait Embeddings: Sync {
    /// The most texts one request may carry to `model`.
    fn most_inputs(&self, model: &str) -> usize;

    /// Client: the HTTP request that asks `request`.
    fn encode_request(
        &self,
        request: &EmbeddingRequest,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField>;

    /// Client: the answer. Its vectors are in the order of the request.
    fn decode_response(&self, headers: Headers<'_>, body: &[u8]) -> Result<EmbeddingResponse, StreamError>;

    /// Server: what a request asks.
    fn decode_request(&self, body: &[u8]) -> Result<EmbeddingRequest, JsonError>;

    /// Server: the body that answers a request whose body was `request`.
    fn encode_response(&self, response: &EmbeddingResponse, request: &[u8]) -> Vec<u8>;
}
