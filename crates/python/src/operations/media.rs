//! Images and audio: their arguments, options and results.

use super::{answer::Fields, raw, start::Start};
use crate::{arguments, bridge::LoopBridge, caller::Caller, flight::Flight, produce};
use ferrule_engine::Demands;
use ferrule_wire::operation::{
    Image, ImageRequest, ImageResponse, SpeechRequest, Transcript, TranscriptionRequest,
};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict, PyList, PyTuple},
};
use std::mem;

/// Starts an image call. The argument is the prompt.
pub(super) fn images(
    client: &Caller,
    model: &Bound<'_, PyAny>,
    input: &Bound<'_, PyTuple>,
    options: &Bound<'_, PyDict>,
    bridge: Option<&LoopBridge>,
) -> PyResult<Flight> {
    let (prompt,): (Bound<'_, PyAny>,) = input.extract()?;
    let prompt = arguments::text(&prompt, "prompt")?;
    let mut request = ImageRequest { prompt, ..ImageRequest::default() };
    let mut start = Start::read(client, model, options, bridge, &Demands::other(false), |name, value| {
        image_option(&mut request, name, value)
    })?;
    request.extra = mem::take(&mut start.extra);
    start.answer(|call, options| call.operate(request, options), image_fields)
}

/// Reads the option `name`; false if there is no such option.
pub(super) fn image_option(
    request: &mut ImageRequest,
    name: &str,
    value: &Bound<'_, PyAny>,
) -> PyResult<bool> {
    match name {
        "n" => request.n = Some(arguments::count(value, name)?),
        "size" => request.size = Some(arguments::text(value, name)?),
        "quality" => request.quality = Some(arguments::text(value, name)?),
        "response_format" => request.response_format = Some(arguments::text(value, name)?),
        _ => return Ok(false),
    }
    Ok(true)
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

/// Starts a speech call. The argument is the text.
pub(super) fn speech(
    client: &Caller,
    model: &Bound<'_, PyAny>,
    input: &Bound<'_, PyTuple>,
    options: &Bound<'_, PyDict>,
    bridge: Option<&LoopBridge>,
) -> PyResult<Flight> {
    let (text,): (Bound<'_, PyAny>,) = input.extract()?;
    let text = arguments::text(&text, "text")?;
    let mut request = SpeechRequest { text, ..SpeechRequest::default() };
    let start = Start::read(client, model, options, bridge, &Demands::other(true), |name, value| {
        speech_option(&mut request, name, value)
    })?;
    let Start { bridge, call, provider, options, entry, extra, observed } = start;
    request.extra = extra;
    let flight = Flight::start(bridge, provider, entry, None, move |channel| {
        produce::pump_raw(channel, Box::pin(call.speech(request, options)), raw::head)
    })?;
    Ok(flight.observed(observed))
}

/// Reads the option `name`; false if there is no such option.
pub(super) fn speech_option(
    request: &mut SpeechRequest,
    name: &str,
    value: &Bound<'_, PyAny>,
) -> PyResult<bool> {
    match name {
        "voice" => request.voice = arguments::text(value, name)?,
        "response_format" => request.response_format = Some(arguments::text(value, name)?),
        "speed" => request.speed = Some(arguments::number(value, name)?),
        "instructions" => request.instructions = Some(arguments::text(value, name)?),
        _ => return Ok(false),
    }
    Ok(true)
}

/// Starts a transcription. The arguments are the file's name and bytes.
pub(super) fn transcribe(
    client: &Caller,
    model: &Bound<'_, PyAny>,
    input: &Bound<'_, PyTuple>,
    options: &Bound<'_, PyDict>,
    bridge: Option<&LoopBridge>,
) -> PyResult<Flight> {
    let (file_name, file): (String, Vec<u8>) = input.extract()?;
    let mut request = TranscriptionRequest { file, file_name, ..TranscriptionRequest::default() };
    let mut start = Start::read(client, model, options, bridge, &Demands::other(false), |name, value| {
        transcription_option(&mut request, name, value)
    })?;
    request.extra = mem::take(&mut start.extra);
    start.answer(|call, options| call.operate(request, options), transcript_fields)
}

/// Reads the option `name`; false if there is no such option.
pub(super) fn transcription_option(
    request: &mut TranscriptionRequest,
    name: &str,
    value: &Bound<'_, PyAny>,
) -> PyResult<bool> {
    match name {
        "language" => request.language = Some(arguments::text(value, name)?),
        "prompt" => request.prompt = Some(arguments::text(value, name)?),
        "response_format" => request.response_format = Some(arguments::text(value, name)?),
        "temperature" => request.temperature = Some(arguments::number(value, name)?),
        _ => return Ok(false),
    }
    Ok(true)
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
