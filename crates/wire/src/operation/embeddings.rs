//! Embeddings of texts.

use super::{codec::Operation, kind::OperationKind};
use crate::framing::StreamError;
use crate::json::Extra;
use crate::model::Usage;
use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::fmt;

/// Embeddings of texts.
#[derive(Clone, Copy, Debug)]
pub struct Embeddings;

impl Operation for Embeddings {
    const KIND: OperationKind = OperationKind::Embeddings;
    type Request = EmbeddingRequest;
    type Response = EmbeddingResponse;

    fn model(request: &EmbeddingRequest) -> &str {
        &request.model
    }

    fn set_model(request: &mut EmbeddingRequest, model: &str) {
        model.clone_into(&mut request.model);
    }

    fn check(request: &EmbeddingRequest) -> Result<(), &'static str> {
        if request.inputs.is_empty() { Err("input: at least one text is required") } else { Ok(()) }
    }
}

/// Texts to embed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EmbeddingRequest {
    /// The provider's name of the model.
    pub model: String,
    /// The texts, in order.
    pub inputs: Vec<String>,
    /// The length of each vector; the model's default where absent.
    pub dimensions: Option<u64>,
    /// What the embeddings are for.
    pub input_type: Option<InputType>,
    /// An opaque id of the end user, for the provider's abuse checks.
    pub user: Option<String>,
    /// How the vectors are to be written, where the format has a choice.
    pub format: VectorFormat,
    /// Fields without a name of their own here.
    pub extra: Extra,
}

/// How the vectors of an answer are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VectorFormat {
    /// In base64, a quarter of the size of decimal digits.
    #[default]
    Base64,
    /// As lists of numbers, which is asked for by name.
    Numbers,
    /// As the provider writes them when it is not asked: some refuse the field, whatever it says.
    Usual,
}

/// What embeddings are for. Each dialect has its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputType {
    /// A search query.
    Query,
    /// A document to be found.
    Document,
    /// A text to classify.
    Classification,
    /// A text to cluster.
    Clustering,
    /// Texts to compare with each other.
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

/// Embeddings, in the order of the request's texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EmbeddingResponse {
    /// The model that answered; empty where the provider does not say.
    pub model: String,
    /// The vectors.
    pub vectors: Vectors,
    /// What it used.
    pub usage: Option<Usage>,
    /// Fields without a name of their own here.
    pub extra: Extra,
}

/// Vectors of one length, contiguous in memory.
#[derive(Clone, Default, PartialEq)]
pub struct Vectors {
    values: Vec<f32>,
    dimensions: usize,
}

impl Vectors {
    /// Appends a vector. Fails, and appends nothing, where it is empty or its length differs from that of the others.
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

    /// The length of each; 0 where there are none.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// All numbers, vector by vector.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The vectors in order.
    pub fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.dimensions.max(1))
    }
}

/// The numbers are of no use in a log.
impl fmt::Debug for Vectors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Vectors({} of {})", self.len(), self.dimensions)
    }
}
