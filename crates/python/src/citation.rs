//! Citations in replies and streams: the Python class.

use crate::{
    forms,
    from_python::{self, Path},
    to_python::{Reduced, json_to_python, object_to_python},
};
use ferrule_wire::{
    json::{Extra, Json, ObjectWriter},
    model::{self, StreamEvent, citation},
};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyDict, PyType},
};

/// A source that a reply cites.
#[pyclass(frozen, eq, module = "ferrule._native")]
#[derive(Clone, PartialEq)]
pub(crate) struct Citation(pub(crate) model::Citation);

#[pymethods]
impl Citation {
    /// What the source is: `web`, `document`, `file`, `search_result`, `tool`, or the provider's word.
    #[getter]
    fn kind(&self) -> &str {
        &self.0.kind
    }

    /// Its title.
    #[getter]
    fn title(&self) -> Option<&str> {
        self.0.title.as_deref()
    }

    /// Its URL.
    #[getter]
    fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// The id of the file or document.
    #[getter]
    fn source_id(&self) -> Option<&str> {
        self.0.source_id.as_deref()
    }

    /// The quoted text of the source.
    #[getter]
    fn cited_text(&self) -> Option<&str> {
        self.0.cited_text.as_deref()
    }

    /// The text of the reply that cites it.
    #[getter]
    fn text(&self) -> Option<&str> {
        self.0.text.as_deref()
    }

    /// Where that begins in the reply's text, in characters.
    #[getter]
    fn start(&self) -> Option<u64> {
        self.0.start
    }

    /// Where it ends.
    #[getter]
    fn end(&self) -> Option<u64> {
        self.0.end
    }

    /// The provider's whole citation.
    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.0.raw.as_ref().map(|raw| json_to_python(py, raw.text())).transpose()
    }

    /// Everything as a dictionary of JSON values.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        object_to_python(py, |object| self.write_fields(object))
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        forms::pairs(&self.to_dict(py)?)
    }

    /// Pickled as its text, because two citations are equal if their texts are.
    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (String,)> {
        let text = identity(&self.0).text().to_owned();
        Ok((py.get_type::<Self>().getattr("_from_json")?, (text,)))
    }

    /// The citation of what `to_dict` returned.
    #[classmethod]
    fn from_dict(_class: &Bound<'_, PyType>, fields: &Bound<'_, PyDict>) -> PyResult<Self> {
        Ok(Self::read(&from_python::json(fields, Path::Root("citation"))?))
    }

    /// For unpickling.
    #[classmethod]
    fn _from_json(_class: &Bound<'_, PyType>, text: &str) -> PyResult<Self> {
        let json = Json::parse(text).map_err(|error| PyValueError::new_err(format!("citation: {error}")))?;
        Ok(Self::read(&json))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let mut shown = vec![format!("kind={}", forms::short(py, &self.0.kind)?)];
        for (name, value) in [
            ("title", &self.0.title),
            ("url", &self.0.url),
            ("source_id", &self.0.source_id),
            ("cited_text", &self.0.cited_text),
        ] {
            if let Some(value) = value {
                shown.push(format!("{name}={}", forms::short(py, value)?));
            }
        }
        if let (Some(start), Some(end)) = (self.0.start, self.0.end) {
            shown.push(format!("start={start}, end={end}"));
        }
        Ok(format!("Citation({})", shown.join(", ")))
    }
}

impl Citation {
    fn read(json: &Json) -> Self {
        let mut fields = json.value().object().unwrap_or_default();
        Self(model::Citation {
            kind: fields.take_string("kind").unwrap_or_default(),
            title: fields.take_string("title"),
            url: fields.take_string("url"),
            source_id: fields.take_string("source_id"),
            cited_text: fields.take_string("cited_text"),
            text: fields.take_string("text"),
            start: fields.take_u64("start"),
            end: fields.take_u64("end"),
            part: None,
            raw: fields.take_json("raw"),
        })
    }

    /// The fields of a citation: events also give its part, and a reply gives positions in its whole text.
    pub(crate) fn new(citation: model::Citation) -> Self {
        Self(model::Citation { part: None, ..citation })
    }

    fn write_fields(&self, object: &mut ObjectWriter<'_>) {
        let model::Citation { kind, title, url, source_id, cited_text, text, start, end, part: _, raw } =
            &self.0;
        object.field("kind", kind).nullable("title", title.as_ref()).nullable("url", url.as_ref());
        object.nullable("source_id", source_id.as_ref()).nullable("cited_text", cited_text.as_ref());
        object.nullable("text", text.as_ref()).nullable("start", *start).nullable("end", *end);
        object.nullable("raw", raw.as_ref());
    }
}

/// The citations of a stream event, with the index of the choice and the part.
pub(crate) fn event_citations(event: &StreamEvent) -> Vec<(model::Citation, u32, Option<u32>)> {
    let of = |found: Vec<model::Citation>, choice: u32, part: Option<u32>| {
        found.into_iter().map(move |citation| {
            let part = part.or(citation.part);
            (citation, choice, part)
        })
    };
    match event {
        StreamEvent::PartExtra { choice, part, extra } => {
            of(citation::part_citations(extra), *choice, Some(*part)).collect()
        }
        StreamEvent::MessageExtra { choice, extra } => {
            of(citation::of_message(extra), *choice, None).collect()
        }
        StreamEvent::ChoiceExtra { choice, extra } => of(citation::of_answer(extra), *choice, None).collect(),
        StreamEvent::ResponseExtra(extra) => of(citation::of_response(extra), 0, None).collect(),
        StreamEvent::Start(start) => of(citation::of_response(&start.extra), 0, None).collect(),
        StreamEvent::Part { choice, index, part } => {
            let mut found = citation::part_citations(&part.extra);
            found.extend(citation::of_reference(&part.kind));
            of(found, *choice, Some(*index)).collect()
        }
        _ => Vec::new(),
    }
}

/// The JSON of a citation, for recognising one that a provider repeats.
pub(crate) fn identity(citation: &model::Citation) -> Json {
    Json::object(&Extra::new(), |object| Citation(citation.clone()).write_fields(object))
}
