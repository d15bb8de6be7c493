//! Images and audio.

use super::{Start, answer::Fields};
use crate::{
    bridge::LoopBridge,
    client::{NativeClient, provider_of},
    flight::Flight,
    request,
};
use ferrule_engine::Call;
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
    request.extra = mem::take(&mut start.extra);
    start.answer(request, async |engine, call| engine.operate(call).await, image_fields)
}

fn image_fields(response: ImageResponse) -> Fields {
    let ImageResponse { images, usage, extra } = response;
    Fields {
        model: String::new(),
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
    let Start { bridge, engine, route, options, entry, extra } = start;
    request.extra = extra;
    let provider = provider_of(&route);
    let call = Call { to: route.into(), request, options };
    Flight::start_call(bridge, provider, entry, None, move |shared| {
        shared.pump_raw(Box::pin(async move { engine.speech(call).await }))
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
    request.extra = mem::take(&mut start.extra);
    start.answer(request, async |engine, call| engine.operate(call).await, transcript_fields)
}

fn transcript_fields(transcript: Transcript) -> Fields {
    let Transcript { text, language, duration, usage, extra } = transcript;
    Fields {
        model: String::new(),
        usage,
        extra,
        add: Box::new(move |fields| {
            fields.set_item("text", text)?;
            fields.set_item("language", language)?;
            fields.set_item("duration", duration)
        }),
    }
}
