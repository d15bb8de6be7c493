//! Pictures and sound.

use super::{Start, answer::Told};
use crate::{bridge::LoopBridge, client::NativeClient, flight::Flight, request};
use ferrule_engine::OperationCall;
use ferrule_wire::operation::{
    Image, ImageRequest, ImageResponse, SpeechRequest, Transcript, TranscriptionRequest,
};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict, PyList},
};
use std::mem;

/// Starts to make pictures of `prompt`. Delivers a dict with `images` (triples of data, address and changed prompt), and
/// what every answer has.
#[pyfunction]
#[pyo3(signature = (client, model, prompt, options, *, bridge = None))]
pub(crate) fn images(
    client: &NativeClient,
    model: &Bound<'_, PyAny>,
    prompt: String,
    options: &Bound<'_, PyDict>,
    bridge: Option<&LoopBridge>,
) -> PyResult<Flight> {
    let mut request = ImageRequest { prompt, ..ImageRequest::default() };
    let mut start = Start::read(client, model, options, bridge, |name, value| {
        match name {
            "n" => request.n = Some(request::count(value, name)?),
            "size" => request.size = Some(request::text(value, name)?),
            "quality" => request.quality = Some(request::text(value, name)?),
            "response_format" => request.response_format = Some(request::text(value, name)?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    (request.model, request.extra) = (mem::take(&mut start.model), mem::take(&mut start.extra));
    start.answer(request, async |engine, call| engine.images(call).await, told_of_images)
}

fn told_of_images(response: ImageResponse) -> Told {
    let ImageResponse { images, usage, extra } = response;
    // Where no details are told, an answer of pictures is nothing else.
    let all_pictures = usage.as_ref().filter(|usage| usage.extra.get("output_tokens_details").is_none());
    let measured = all_pictures.and_then(|usage| Some(("output_image_tokens", usage.output_tokens?)));
    Told {
        model: String::new(),
        measured: measured.into_iter().collect(),
        usage,
        extra,
        add: Box::new(move |fields| {
            let py = fields.py();
            let list = PyList::empty(py);
            for Image { data, url, revised_prompt } in images {
                list.append((data.map(|data| PyBytes::new(py, &data)), url, revised_prompt))?;
            }
            fields.set_item("images", list)
        }),
    }
}

/// Starts to speak `text`. Delivers lists, as `raw` does.
#[pyfunction]
#[pyo3(signature = (client, model, text, options, *, bridge = None))]
pub(crate) fn speech(
    client: &NativeClient,
    model: &Bound<'_, PyAny>,
    text: String,
    options: &Bound<'_, PyDict>,
    bridge: Option<&LoopBridge>,
) -> PyResult<Flight> {
    let characters = text.chars().count() as u64;
    let mut request = SpeechRequest { text, ..SpeechRequest::default() };
    let start = Start::read(client, model, options, bridge, |name, value| {
        match name {
            "voice" => request.voice = request::text(value, name)?,
            "response_format" => request.response_format = Some(request::text(value, name)?),
            "speed" => request.speed = Some(request::number(value, name)?),
            "instructions" => request.instructions = Some(request::text(value, name)?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let Start { bridge, engine, provider, options, entry, .. } = start;
    (request.model, request.extra) = (start.model, start.extra);
    let call = OperationCall { provider: provider.clone(), request, options };
    let measured = vec![("input_characters", characters)];
    Flight::start_call(bridge, provider, entry, None, move |shared| {
        shared.pump_raw(Box::pin(async move { engine.speech(call).await }), measured)
    })
}

/// Starts to write down what a recording says. Delivers a dict with `text`, `language`, `duration`, and what every
/// answer has.
#[pyfunction]
#[pyo3(signature = (client, model, file_name, file, options, *, bridge = None))]
pub(crate) fn transcribe(
    client: &NativeClient,
    model: &Bound<'_, PyAny>,
    file_name: String,
    file: Vec<u8>,
    options: &Bound<'_, PyDict>,
    bridge: Option<&LoopBridge>,
) -> PyResult<Flight> {
    let mut request = TranscriptionRequest { file, file_name, ..TranscriptionRequest::default() };
    let mut start = Start::read(client, model, options, bridge, |name, value| {
        match name {
            "language" => request.language = Some(request::text(value, name)?),
            "prompt" => request.prompt = Some(request::text(value, name)?),
            "response_format" => request.response_format = Some(request::text(value, name)?),
            "temperature" => request.temperature = Some(request::number(value, name)?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    (request.model, request.extra) = (mem::take(&mut start.model), mem::take(&mut start.extra));
    start.answer(request, async |engine, call| engine.transcribe(call).await, told_of_transcript)
}

fn told_of_transcript(transcript: Transcript) -> Told {
    let Transcript { text, language, duration, usage, extra } = transcript;
    Told {
        model: String::new(),
        usage,
        measured: Vec::new(),
        extra,
        add: Box::new(move |fields| {
            fields.set_item("text", text)?;
            fields.set_item("language", language)?;
            fields.set_item("duration", duration)
        }),
    }
}
