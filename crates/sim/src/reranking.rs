//! Reranking: orders documents by how many of the query's words they contain.

use crate::tokens;
use ferrule_wire::operation::{RankedDocument, RerankRequest, RerankResponse};
use std::collections::HashSet;

/// The ranking of a request's documents.
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
        usage: Some(tokens::input_usage(
            request.documents.iter().map(String::as_str).chain(std::iter::once(request.query.as_str())),
        )),
        search_units: Some(1),
        ..RerankResponse::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
