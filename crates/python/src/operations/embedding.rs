//! Embeddings: their arguments, options and result.

use super::{answer::Fields, start::Start};
use crate::{arguments, bridge::LoopBridge, caller::Caller, flight::Flight};
use ferrule_engine::Demands;
use ferrule_wire::operation::{EmbeddingRequest, EmbeddingResponse, InputType};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyBytes, PyDict, PyString, PyTuple},
};
use std::mem;

/// Starts an embedding call. The arguments are a text, or several.
pub(super) fn embed(
    client: &Caller,
    model: &Bound<'_, PyAny>,
    input: &Bound<'_, PyTuple>,
    options: &Bound<'_, PyDict>,
    bridge: Option<&LoopBridge>,
) -> PyResult<Flight> {
    let (texts,): (Bound<'_, PyAny>,) = input.extract()?;
    let inputs = inputs(&texts)?;
    let demands = Demands::texts(&inputs);
    let mut request = EmbeddingRequest { inputs, ..EmbeddingRequest::default() };
    let mut batch_size = None;
    let mut start = Start::read(client, model, options, bridge, &demands, |name, value| {
        if name != "batch_size" {
            return option(&mut request, name, value);
        }
        batch_size = usize::try_from(arguments::count(value, name)?).ok();
        Ok(true)
    })?;
    request.extra = mem::take(&mut start.extra);
    start.answer(|call, options| call.embed(request, batch_size, options), fields)
}

/// Reads the option `name`; false if embeddings have no such option.
pub(super) fn option(request: &mut EmbeddingRequest, name: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    match name {
        "dimensions" => request.dimensions = Some(arguments::count(value, name)?),
        "input_type" => request.input_type = Some(InputType::from(arguments::text(value, name)?.as_str())),
        "user" => request.user = Some(arguments::text(value, name)?),
        _ => return Ok(false),
    }
    Ok(true)
}

/// A text, or several.
pub(super) fn inputs(texts: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let inputs = match texts.cast::<PyString>() {
        Ok(only) => vec![only.to_str()?.to_owned()],
        Err(_) => arguments::strings(texts, "texts")?,
    };
    if inputs.is_empty() {
        return Err(PyValueError::new_err("texts: expected a text or a list of texts, not an empty list"));
    }
    Ok(inputs)
}

fn fields(response: EmbeddingResponse) -> Fields {
    let EmbeddingResponse { model, vectors, usage, extra } = response;
    Fields {
        model,
        usage,
        extra,
        add: Box::new(move |fields| {
            let values = vectors.values();
            // Written directly into Python's buffer, from which numpy reads them.
            let data = PyBytes::new_with(fields.py(), size_of_val(values), |data| {
                for (bytes, number) in data.chunks_exact_mut(4).zip(values) {
                    bytes.copy_from_slice(&number.to_le_bytes());
                }
                Ok(())
            })?;
            fields.set_item("data", data)?;
            fields.set_item("count", vectors.len())?;
            fields.set_item("dimensions", vectors.dimensions())
        }),
    }
}
