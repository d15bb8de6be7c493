//! Reranking: its arguments, options and result.

use super::{answer::Fields, start::Start};
use crate::{arguments, bridge::LoopBridge, caller::Caller, flight::Flight};
use ferrule_engine::Demands;
use ferrule_wire::operation::{RerankRequest, RerankResponse};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyDict, PyTuple},
};
use std::mem;

/// Starts a reranking call. The arguments are the query and the documents.
pub(super) fn rerank(
    client: &Caller,
    model: &Bound<'_, PyAny>,
    input: &Bound<'_, PyTuple>,
    options: &Bound<'_, PyDict>,
    bridge: Option<&LoopBridge>,
) -> PyResult<Flight> {
    let (query, documents): (Bound<'_, PyAny>, Bound<'_, PyAny>) = input.extract()?;
    let query = arguments::text(&query, "query")?;
    let documents = arguments::strings(&documents, "documents")?;
    if documents.is_empty() {
        return Err(PyValueError::new_err("documents: expected at least one document, not an empty list"));
    }
    let mut request = RerankRequest { query, documents, ..RerankRequest::default() };
    let mut start = Start::read(client, model, options, bridge, &Demands::other(false), |name, value| {
        option(&mut request, name, value)
    })?;
    request.extra = mem::take(&mut start.extra);
    start.answer(|call, options| call.operate(request, options), fields)
}

/// Reads the option `name`; false if reranking has no such option.
pub(super) fn option(request: &mut RerankRequest, name: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let is_known = name == "top_n";
    if is_known {
        request.top_n = Some(arguments::count(value, name)?);
    }
    Ok(is_known)
}

fn fields(response: RerankResponse) -> Fields {
    let RerankResponse { id, results, usage, search_units, extra } = response;
    Fields {
        model: String::new(),
        usage,
        extra,
        add: Box::new(move |fields| {
            let results: Vec<(usize, f64)> =
                results.iter().map(|result| (result.index, result.score)).collect();
            fields.set_item("id", id)?;
            fields.set_item("results", results)?;
            fields.set_item("search_units", search_units)
        }),
    }
}
