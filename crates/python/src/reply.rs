//! Replies: the Python class, whose attributes are computed on access, so that unused ones cost nothing.

use crate::{
    attempt::{Attempt, Stats, hash_of},
    choice::{Choice, read_choice},
    citation::Citation,
    cost::{Cost, Pricing},
    forms,
    from_python::{self, Path},
    message::{Message, ToolCall},
    progress::Progress,
    to_python::{Reduced, fields_to_python, json_to_python, object_to_python},
    usage::Usage,
};
use bytes::Bytes;
use ferrule_catalog::UsageRecord;
use ferrule_client::Entry;
use ferrule_engine as engine;
use ferrule_wire::{
    json::{Extra, Json, ObjectWriter},
    model,
};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    sync::PyOnceLock,
    types::{PyDict, PyString, PyType},
};
use std::{
    mem,
    time::{Duration, Instant},
};

/// A model's reply to a call.
#[pyclass(frozen, module = "ferrule._native")]
pub(crate) struct Reply {
    response: model::Response,
    body: Option<Bytes>,
    provider: String,
    request_id: Option<String>,
    headers: engine::ReplyHeaders,
    attempts: Vec<engine::Attempt>,
    stats: engine::Stats,
    pricing: Pricing,
    parse: Option<Py<PyAny>>,
    parsed: PyOnceLock<Py<PyAny>>,
}

impl Reply {
    pub(crate) fn new(reply: engine::Reply, parse: Option<Py<PyAny>>) -> Self {
        let engine::Reply {
            response, raw, provider, request_id, headers, attempts, stats, settlement, ..
        } = reply;
        Self {
            response,
            body: Some(raw),
            provider,
            request_id,
            headers,
            attempts,
            stats,
            pricing: Pricing::Settled(settlement),
            parse,
            parsed: PyOnceLock::new(),
        }
    }

    /// The reply of a stream, as far as received.
    pub(crate) fn received(
        mut response: model::Response,
        progress: &Progress,
        entry: &Entry,
        parse: Option<Py<PyAny>>,
    ) -> Self {
        let record = UsageRecord::new(&progress.provider, &progress.asked, &response, 0);
        let settlement = entry.settle(record, progress.bill.clone());
        if let Some(usage) = &mut response.usage {
            for begun in &progress.bill.begun {
                *usage = mem::take(usage).plus_known(&begun.record().usage);
            }
        }
        Self {
            pricing: Pricing::Settled(settlement),
            response,
            body: None,
            provider: progress.provider.clone(),
            request_id: progress.request_id.clone(),
            headers: engine::ReplyHeaders::default(),
            attempts: progress.attempts.clone(),
            stats: progress.stats,
            parse,
            parsed: PyOnceLock::new(),
        }
    }

    fn first(&self) -> Option<&model::Choice> {
        self.response.choices.first()
    }

    fn write_fields(&self, object: &mut ObjectWriter<'_>) {
        let response = &self.response;
        object.field("id", &response.id).field("model", &response.model).field("provider", &self.provider);
        object.nullable("created", response.created).nullable("request_id", self.request_id.as_ref());
        object.array("choices", &response.choices, |out, choice| {
            let mut object = ObjectWriter::begin(out);
            Choice(choice.clone()).write_fields(&mut object);
            object.finish();
        });
        object.object("usage", |object| self.usage().write_fields(object));
        match self.pricing.cost() {
            Some(cost) => drop(object.object("cost", |object| cost.write_fields(object))),
            None => drop(object.nullable("cost", None::<&str>)),
        }
        object.array("attempts", &self.attempts, |out, attempt| {
            let mut object = ObjectWriter::begin(out);
            Attempt(attempt.clone()).write_fields(&mut object);
            object.finish();
        });
        object.object("stats", |object| {
            object.nullable("time_to_first_token", self.stats().time_to_first_token());
            object.nullable("duration", self.stats().duration());
        });
        if !response.extra.is_empty() {
            object.with("extra", |out| ObjectWriter::begin_with(out, &response.extra).finish());
        }
    }

    /// Everything that `to_dict` contains.
    fn json(&self) -> Json {
        Json::object(&Extra::new(), |object| self.write_fields(object))
    }

    /// Reads a reply written by [`Self::json`].
    fn read(json: &Json, parse: Option<Py<PyAny>>) -> PyResult<Self> {
        let mut fields = json.value().object().unwrap_or_default();
        let mut choices = Vec::new();
        for value in fields.take_array("choices").unwrap_or_default() {
            choices.push(read_choice(value)?);
        }
        let mut stats = fields.take_object("stats").unwrap_or_default();
        let mut seconds = |name: &str| Duration::try_from_secs_f64(stats.take_f64(name)?).ok();
        let stats = engine::Stats {
            started: Instant::now(),
            time_to_first_token: seconds("time_to_first_token"),
            duration: seconds("duration"),
        };
        let attempts = fields.take_array("attempts").unwrap_or_default();
        let cost = fields.take_object("cost").and_then(Cost::read);
        Ok(Self {
            response: model::Response {
                id: fields.take_string("id").unwrap_or_default(),
                model: fields.take_string("model").unwrap_or_default(),
                created: fields.take_u64("created"),
                choices,
                usage: fields.take_object("usage").map(|usage| Usage::read(usage).0),
                extra: fields.take_object("extra").unwrap_or_default().rest(),
            },
            body: None,
            provider: fields.take_string("provider").unwrap_or_default(),
            request_id: fields.take_string("request_id"),
            headers: engine::ReplyHeaders::default(),
            attempts: attempts
                .into_iter()
                .filter_map(|value| Some(Attempt::read(value.object()?).0))
                .collect(),
            stats,
            pricing: Pricing::Known(cost.map(Box::new)),
            parse,
            parsed: PyOnceLock::new(),
        })
    }
}

#[pymethods]
impl Reply {
    /// The text of the first choice; empty if it has none.
    #[getter]
    fn text(&self) -> String {
        self.message().text()
    }

    /// The first choice as a message, to be appended to the conversation as it is.
    #[getter]
    fn message(&self) -> Message {
        Message(self.first().map_or_else(
            || model::Message::new(model::Role::Assistant, Vec::new()),
            |choice| choice.message.clone(),
        ))
    }

    /// The tool calls of the first choice.
    #[getter]
    fn tool_calls(&self) -> Vec<ToolCall> {
        self.message().tool_calls()
    }

    /// The reasoning of the first choice; `None` if the provider shows none.
    #[getter]
    fn reasoning(&self) -> Option<String> {
        self.message().reasoning()
    }

    /// The refusal of the first choice; `None` if it did not refuse.
    #[getter]
    fn refusal(&self) -> Option<String> {
        self.message().refusal()
    }

    /// Why the first choice ended: `stop`, `length`, `tool_calls`, `content_filter`, ...; `None` if the provider did
    /// not say or the stream has not ended.
    #[getter]
    fn finish_reason(&self) -> Option<&str> {
        self.first()?.finish_reason.as_ref().map(model::FinishReason::as_str)
    }

    /// All choices; one unless `n` asked for more.
    #[getter]
    fn choices(&self) -> Vec<Choice> {
        self.response.choices.iter().cloned().map(Choice).collect()
    }

    /// The tokens used; numbers that the provider did not report are `None`.
    #[getter]
    fn usage(&self) -> Usage {
        self.response.usage.clone().unwrap_or_default().into()
    }

    /// The cost, computed on access: as the provider reported it, else from the catalog's prices. `None` if the price
    /// or the usage is not known. For an interrupted stream, what is known of it so far.
    #[getter]
    fn cost(&self) -> Option<Cost> {
        self.pricing.cost()
    }

    /// The provider's id of the response.
    #[getter]
    fn id(&self) -> &str {
        &self.response.id
    }

    /// The model that answered, as the provider names it.
    #[getter]
    fn model(&self) -> &str {
        &self.response.model
    }

    /// When the provider made the response, in seconds since 1970; `None` if it did not say.
    #[getter]
    fn created(&self) -> Option<u64> {
        self.response.created
    }

    /// The id of the provider that answered.
    #[getter]
    fn provider(&self) -> &str {
        &self.provider
    }

    /// The provider's request id, for its support.
    #[getter]
    fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The headers of the response, with names in lower case; empty for streams.
    #[getter]
    fn headers(&self) -> Vec<(&str, &str)> {
        self.headers.pairs()
    }

    /// Every attempt, oldest first; the last one answered.
    #[getter]
    fn attempts(&self) -> Vec<Attempt> {
        self.attempts.iter().cloned().map(Attempt).collect()
    }

    /// How long the call took.
    #[getter]
    fn stats(&self) -> Stats {
        Stats(self.stats)
    }

    /// The response body as received; `None` for streams.
    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(body) = &self.body else { return Ok(None) };
        json_to_python(py, &String::from_utf8_lossy(body)).map(Some)
    }

    /// What else the provider says about the whole response: a fingerprint, a service tier, sources, ...
    #[getter]
    fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        fields_to_python(py, &self.response.extra)
    }

    /// The text as a value of the type given in `response_format`; the JSON value for `"json"` and JSON schemas; `None`
    /// if no format was requested.
    #[getter]
    fn parsed(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        let (py, reply) = (slf.py(), slf.get());
        let Some(parse) = &reply.parse else { return Ok(py.None()) };
        let parsed = reply.parsed.get_or_try_init(py, || parse.call1(py, (slf,)))?;
        Ok(parsed.clone_ref(py))
    }

    /// `Reply[type]`, for annotations that are evaluated.
    #[classmethod]
    fn __class_getitem__<'py>(
        class: &Bound<'py, PyType>,
        item: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        class.py().import("types")?.getattr("GenericAlias")?.call1((class, item))
    }

    /// The reply as the last of several of one call: includes the usage, the cost and the attempts of the `earlier`
    /// ones.
    #[expect(clippy::needless_pass_by_value, reason = "PyO3 makes a vector of a Python list")]
    fn _after(&self, py: Python<'_>, earlier: Vec<Py<Self>>) -> Self {
        let replies = || earlier.iter().map(Py::get).chain([self]);
        let usages: Option<Vec<_>> = replies().map(|reply| reply.response.usage.as_ref()).collect();
        let usage = usages.map(model::Usage::sum);
        let cost = Cost::sum(replies().map(|reply| reply.pricing.cost()));
        let attempts = replies().flat_map(|reply| reply.attempts.iter().cloned()).collect();
        let mut stats = self.stats;
        if let Some(first) = earlier.first() {
            stats.started = first.get().stats.started;
            stats.duration = stats.duration.map(|last| (self.stats.started + last) - stats.started);
        }
        Self {
            response: model::Response { usage, ..self.response.clone() },
            body: self.body.clone(),
            provider: self.provider.clone(),
            request_id: self.request_id.clone(),
            headers: self.headers.clone(),
            attempts,
            stats,
            pricing: Pricing::Known(cost.map(Box::new)),
            parse: self.parse.as_ref().map(|parse| parse.clone_ref(py)),
            parsed: PyOnceLock::new(),
        }
    }

    /// The sources that the first choice cites.
    #[getter]
    fn citations(&self) -> Vec<Citation> {
        self.response.citations().into_iter().map(Citation::new).collect()
    }

    /// Everything as a dictionary of JSON values. The messages in it are in the form that calls take.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        object_to_python(py, |object| self.write_fields(object))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (Bound<'py, PyAny>, Py<PyAny>)> {
        let parse = self.parse.as_ref().map_or_else(|| py.None(), |parse| parse.clone_ref(py));
        let text = self.json();
        // A value that cannot be unpickled would hang the receiving process: a pool of workers would wait for ever.
        Self::read(&text, None)?;
        let text = PyString::new(py, text.text()).into_any();
        Ok((py.get_type::<Self>().getattr("_from_json")?, (text, parse)))
    }

    /// For unpickling.
    #[classmethod]
    fn _from_json(_class: &Bound<'_, PyType>, text: &str, parse: Option<Py<PyAny>>) -> PyResult<Self> {
        let json = Json::parse(text).map_err(|error| PyValueError::new_err(format!("reply: {error}")))?;
        Self::read(&json, parse)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| self.json() == other.get().json())
    }

    fn __hash__(&self) -> u64 {
        hash_of(&self.response.id)
    }

    /// The reply of what `to_dict` returned. Its `raw` body is not kept.
    #[classmethod]
    #[pyo3(signature = (fields, *, response_format = None))]
    fn from_dict(
        class: &Bound<'_, PyType>,
        fields: &Bound<'_, PyDict>,
        response_format: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let parse = parser(class.py(), response_format)?;
        Self::read(&from_python::json(fields, Path::Root("reply"))?, parse)
    }

    /// Everything as JSON text, which `from_json` reads.
    fn to_json(&self) -> String {
        self.json().text().to_owned()
    }

    /// The reply of what `to_json` returned.
    #[classmethod]
    #[pyo3(signature = (text, *, response_format = None))]
    fn from_json(
        class: &Bound<'_, PyType>,
        text: &str,
        response_format: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let parse = parser(class.py(), response_format)?;
        Self::_from_json(class, text, parse)
    }

    /// The response in the form of OpenAI's Chat Completions.
    fn to_openai<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        forms::response(py, forms::OPENAI, &self.response)
    }

    /// The response in the form of Anthropic's Messages.
    fn to_anthropic<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        forms::response(py, forms::ANTHROPIC, &self.response)
    }

    /// The pairs of `to_dict`, so that `dict(reply)` works.
    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        forms::pairs(&self.to_dict(py)?)
    }

    fn _repr_markdown_(&self) -> String {
        forms::markdown(&self.message().0)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let message = self.message();
        let text = forms::short(py, &message.text())?;
        let called = forms::called(&message.0);
        let calls =
            if called.is_empty() { String::new() } else { format!(", tool_calls=[{}]", called.join(", ")) };
        let (provider, model) = (&self.provider, &self.response.model);
        let finish_reason =
            self.finish_reason().map_or_else(|| "None".into(), |reason| format!("'{reason}'"));
        Ok(format!(
            "Reply(text={text}{calls}, finish_reason={finish_reason}, model='{model}', provider='{provider}')"
        ))
    }
}

/// The function that makes `Reply.parsed` from a reply's text.
fn parser(py: Python<'_>, response_format: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Py<PyAny>>> {
    let Some(response_format) = response_format.filter(|format| !format.is_none()) else { return Ok(None) };
    let parse = py.import("ferrule.conversations")?.call_method1("parser", (response_format,))?;
    Ok((!parse.is_none()).then(|| parse.unbind()))
}
