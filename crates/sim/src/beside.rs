//! Answers beside chat: vectors, orders of documents, counts. The same question gets the same answer.

use crate::{random, tokens};
use ferrule_wire::{
    framing::StreamError,
    model::Usage,
    operation::{
        EmbeddingRequest, EmbeddingResponse, RankedDocument, RerankRequest, RerankResponse, Vectors,
    },
};
use std::collections::HashSet;

/// How many numbers a vector has where the request does not say; few, so that tests can be read.
const DIMENSIONS: u64 = 8;
/// The most numbers a vector can have.
const MOST_DIMENSIONS: u64 = 8192;

/// Vectors of length 1, drawn from the words: texts that share words are near each other.
pub(crate) fn embed(request: &EmbeddingRequest, seed: u64) -> Result<EmbeddingResponse, StreamError> {
    let dimensions = request.dimensions.unwrap_or(DIMENSIONS);
    if !(1..=MOST_DIMENSIONS).contains(&dimensions) {
        return Err(StreamError::Malformed(format!("dimensions has to be 1 to {MOST_DIMENSIONS}")));
    }
    let mut vectors = Vectors::default();
    let mut vector = Vec::new();
    for text in &request.inputs {
        vector.clear();
        vector.resize(usize::try_from(dimensions).unwrap_or_default(), 0_f32);
        // A text without words has a direction, too.
        for word in std::iter::once("").chain(text.split_whitespace()) {
            let stream = random::hash(seed, word.to_lowercase().as_bytes());
            let weight = if word.is_empty() { 0.1 } else { 1.0 };
            for (number, count) in vector.iter_mut().zip(0..) {
                *number += (weight * (random::share(seed, stream, count) * 2.0 - 1.0)) as f32;
            }
        }
        let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|number| *number /= length.max(f32::MIN_POSITIVE));
        vectors.push(&vector)?;
    }
    Ok(EmbeddingResponse {
        model: request.model.clone(),
        vectors,
        usage: Some(usage(request.inputs.iter().map(String::as_str))),
        ..EmbeddingResponse::default()
    })
}

/// Documents by how many of the query's words they have.
pub(crate) fn rerank(request: &RerankRequest, id: String) -> RerankResponse {
    let words = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<HashSet<_>>();
    let query = words(&request.query);
    let score = |document: &String| {
        let shared = words(document).intersection(&query).count();
        shared as f64 / query.len().max(1) as f64
    };
    let mut results: Vec<_> = request
        .documents
        .iter()
        .enumerate()
        .map(|(index, document)| RankedDocument { index, score: score(document) })
        .collect();
    results.sort_by(|left, right| right.score.total_cmp(&left.score));
    results.truncate(request.top_n.and_then(|top| usize::try_from(top).ok()).unwrap_or(usize::MAX));
    RerankResponse {
        id,
        results,
        usage: Some(usage(
            request.documents.iter().map(String::as_str).chain(std::iter::once(request.query.as_str())),
        )),
        search_units: Some(1),
        ..RerankResponse::default()
    }
}

fn usage<'a>(texts: impl Iterator<Item = &'a str>) -> Usage {
    Usage { input_tokens: Some(texts.map(tokens::count).sum()), ..Usage::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors(texts: &[&str]) -> Vec<Vec<f32>> {
        let inputs = texts.iter().map(|text| (*text).to_owned()).collect();
        let request = EmbeddingRequest { inputs, dimensions: Some(64), ..EmbeddingRequest::default() };
        embed(&request, 0).unwrap().vectors.iter().map(<[f32]>::to_vec).collect()
    }

    fn dot(left: &[f32], right: &[f32]) -> f32 {
        left.iter().zip(right).map(|(left, right)| left * right).sum()
    }

    #[test]
    fn texts_that_share_words_are_near() {
        let found = vectors(&["the blue sky", "a blue sky", "seven ferrules", ""]);
        assert!(found.iter().all(|vector| (dot(vector, vector) - 1.0).abs() < 1e-5));
        assert!(dot(&found[0], &found[1]) > dot(&found[0], &found[2]));
        assert_eq!(found, vectors(&["the blue sky", "a blue sky", "seven ferrules", ""]));
    }

    #[test]
    fn the_document_with_the_query_in_it_is_first() {
        let request = RerankRequest {
            query: "blue sky".into(),
            documents: vec!["green grass".into(), "the sky is blue".into(), "blue".into()],
            top_n: Some(2),
            ..RerankRequest::default()
        };
        let order: Vec<_> = rerank(&request, "r".into()).results.iter().map(|result| result.index).collect();
        assert_eq!(order, [1, 2]);
    }
}
