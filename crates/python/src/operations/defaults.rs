//! Option defaults of operations, which groups have for their targets.

use super::{embedding, media, reranking};
use crate::request;
use ferrule_engine::{CallOptions, OperationDefaults, OptionDefaults};
use ferrule_wire::model::Request;
use pyo3::{
    prelude::*,
    types::{PyDict, PyList, PyString},
};

/// Applies each option to all kinds of calls that have an option of its name and accept its value: a target does not
/// restrict the kinds of calls.
pub(crate) fn defaults(options: &Bound<'_, PyDict>) -> PyResult<OptionDefaults> {
    let py = options.py();
    let of_chat = PyDict::new(py);
    let mut operations = OperationDefaults::default();
    for (name, value) in options.iter() {
        if value.is_none() {
            continue;
        }
        let name = name.cast_into::<PyString>()?;
        let word = name.to_str()?;
        let chat = request::option(&mut Request::default(), &mut CallOptions::default(), word, &value);
        if matches!(chat, Ok(true)) {
            of_chat.set_item(&name, &value)?;
        }
        let OperationDefaults { embedding, reranking, image, speech, transcription } = &mut operations;
        let outcomes = [
            chat,
            embedding::option(embedding, word, &value),
            reranking::option(reranking, word, &value),
            media::image_option(image, word, &value),
            media::speech_option(speech, word, &value),
            media::transcription_option(transcription, word, &value),
        ];
        if !outcomes.iter().any(|read| matches!(read, Ok(true))) {
            let wrong = outcomes.into_iter().find_map(Result::err);
            return Err(wrong.unwrap_or_else(|| request::unknown_option(word)));
        }
    }
    let (request, call) = request::chat(false, PyList::empty(py).as_any(), &of_chat)?;
    Ok(OptionDefaults { request, call, operations })
}
