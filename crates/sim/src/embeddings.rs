//! Embeddings: vectors that are close together if their texts share words. The same text gets the same vector.

use crate::{random, tokens};
use ferrule_wire::{
    framing::StreamError,
    operation::{EmbeddingRequest, EmbeddingResponse, Vectors},
};

/// The default dimensions of a vector; few, so that tests are readable.
const DEFAULT_DIMENSIONS: u64 = 8;
/// The maximum dimensions of a vector.
const MAX_DIMENSIONS: u64 = 8192;

/// Unit vectors derived from the words of each text.
pub(crate) fn embed(request: &EmbeddingRequest, seed: u64) -> Result<EmbeddingResponse, StreamError> {
    let dimensions = request.dimensions.unwrap_or(DEFAULT_DIMENSIONS);
    if !(1..=MAX_DIMENSIONS).contains(&dimensions) {
        return Err(StreamError::Malformed(format!("dimensions has to be 1 to {MAX_DIMENSIONS}")));
    }
    let mut vectors = Vectors::default();
    let mut vector = Vec::new();
    for text in &request.inputs {
        vector.clear();
        vector.resize(usize::try_from(dimensions).unwrap_or_default(), 0_f32);
        // A text without words also has a direction.
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
        usage: Some(tokens::input_usage(request.inputs.iter().map(String::as_str))),
        ..EmbeddingResponse::default()
    })
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
}
