//! Embeddings in the models' own forms, which InvokeModel passes on (`docs/wire/bedrock.md`, section 9).

use crate::framing::StreamError;
use crate::json::{Fields, ObjectWriter, Value, write_array};
use crate::model::Usage;
use crate::operation::{EmbeddingResponse, InputType, Vectors};
use alloc::{borrow::ToOwned, string::String, vec::Vec};

/// Whose form it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Amazon's Titan for texts, which takes one.
    Titan,
    /// Amazon's Titan for images and texts.
    TitanImage,
    /// Cohere's, of which the fourth version takes the length of the vectors.
    Cohere { takes_dimensions: bool },
    /// Amazon's Nova.
    Nova,
}

impl Form {
    /// The form that `model` speaks; `None` where its id names none of these.
    pub(super) fn for_model(model: &str) -> Option<Self> {
        let says = |word: &str| model.contains(word);
        if says("titan-embed-image") {
            Some(Self::TitanImage)
        } else if says("titan-embed") {
            Some(Self::Titan)
        } else if says("cohere.embed") {
            Some(Self::Cohere {
                takes_dimensions: !(says("embed-english-v3") || says("embed-multilingual-v3")),
            })
        } else if says("nova") && says("embed") {
            Some(Self::Nova)
        } else {
            None
        }
    }

    /// The form of a request's body.
    pub(super) fn of_body(body: &Fields<'_>) -> Option<Self> {
        let has = |name: &str| body.get(name).is_some();
        if has("texts") {
            Some(Self::Cohere { takes_dimensions: true })
        } else if has("singleEmbeddingParams") {
            Some(Self::Nova)
        } else if has("embeddingConfig") {
            Some(Self::TitanImage)
        } else {
            has("inputText").then_some(Self::Titan)
        }
    }

    /// The form's word for what vectors are for; `None` where it has none. Titan has no such field at all.
    pub(super) fn purpose<'a>(&self, input_type: Option<&'a InputType>) -> Option<&'a str> {
        match self {
            Self::Cohere { .. } => Some(match input_type {
                None | Some(InputType::Document) => "search_document",
                Some(InputType::Query) => "search_query",
                Some(InputType::Classification) => "classification",
                Some(InputType::Clustering) => "clustering",
                Some(InputType::Similarity) => return None,
                Some(InputType::Other(word)) => word,
            }),
            Self::Nova => Some(match input_type {
                None | Some(InputType::Document) => "GENERIC_INDEX",
                Some(InputType::Query) => "GENERIC_RETRIEVAL",
                Some(InputType::Classification) => "CLASSIFICATION",
                Some(InputType::Clustering) => "CLUSTERING",
                Some(InputType::Similarity) => return None,
                Some(InputType::Other(word)) => word,
            }),
            Self::Titan | Self::TitanImage => None,
        }
    }

    /// The neutral word for one of the form's.
    pub(super) fn input_type(word: String) -> InputType {
        match word.as_str() {
            "search_document" | "GENERIC_INDEX" => InputType::Document,
            "search_query" | "GENERIC_RETRIEVAL" => InputType::Query,
            "classification" | "CLASSIFICATION" => InputType::Classification,
            "clustering" | "CLUSTERING" => InputType::Clustering,
            _ => InputType::Other(word),
        }
    }

    /// Writes the body of an answer. `types` says that the request chose how numbers are written.
    pub(super) fn encode(self, response: &EmbeddingResponse, types: bool, body: &mut ObjectWriter<'_>) {
        let tokens = response.usage.as_ref().and_then(|usage| usage.input_tokens);
        let vectors = &response.vectors;
        match self {
            Self::Titan | Self::TitanImage => {
                if let Some(vector) = vectors.iter().next() {
                    body.with("embedding", |out| write_vector(out, vector));
                }
                body.optional("inputTextTokenCount", tokens);
            }
            Self::Cohere { .. } => {
                if types {
                    body.object("embeddings", |by_type| {
                        by_type.array("float", vectors.iter(), write_vector);
                    });
                } else {
                    body.array("embeddings", vectors.iter(), write_vector);
                }
                body.field("response_type", if types { "embeddings_by_type" } else { "embeddings_floats" });
            }
            Self::Nova => {
                body.array("embeddings", vectors.iter(), |out, vector| {
                    let mut entry = ObjectWriter::begin(out);
                    entry.field("embeddingType", "TEXT");
                    entry.with("embedding", |out| write_vector(out, vector));
                    entry.finish();
                });
                body.optional("inputTokenCount", tokens);
            }
        }
    }
}

fn write_vector(out: &mut Vec<u8>, vector: &[f32]) {
    write_array(out, vector, |out, number| {
        // The shortest text that reads as the same number.
        if number.is_finite() {
            out.extend_from_slice(alloc::format!("{number}").as_bytes());
        } else {
            out.extend_from_slice(b"null");
        }
    });
}

/// Reads the body of an answer in any of the forms. `counted` is what the answer's header says was read.
pub(super) fn decode(mut body: Fields<'_>, counted: Option<u64>) -> Result<EmbeddingResponse, StreamError> {
    let missing = || StreamError::Malformed("the answer has no vectors".to_owned());
    let mut vectors = Vectors::default();
    let lists = if let Some(vector) = body.take("embedding") {
        alloc::vec![vector]
    } else if let Some(by_type) = body.take_object("embeddingsByType") {
        alloc::vec![by_type.get("float").ok_or_else(missing)?]
    } else if let Some(by_type) = body.take_object("embeddings") {
        by_type.get("float").and_then(Value::array).ok_or_else(missing)?
    } else {
        body.take_array("embeddings").ok_or_else(missing)?
    };
    // A Titan answers both ways at once where types were asked for.
    body.take("embeddingsByType");
    for entry in lists {
        let numbers = entry.object().map_or(Some(entry), |fields| fields.get("embedding"));
        let numbers = numbers.and_then(Value::array).ok_or_else(missing)?;
        let vector: Option<Vec<f32>> =
            numbers.into_iter().map(|number| number.f64().map(|number| number as f32)).collect();
        vectors.push(&vector.ok_or_else(missing)?)?;
    }
    let reported = body.take_u64("inputTextTokenCount").or_else(|| body.take_u64("inputTokenCount"));
    let usage = reported.or(counted).map(|tokens| Usage { input_tokens: Some(tokens), ..Usage::default() });
    // The texts come back, which the caller has.
    body.take("texts");
    Ok(EmbeddingResponse { model: String::new(), vectors, usage, extra: body.rest() })
}
