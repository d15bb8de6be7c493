//! Messages and tool calls: the Python classes.

use crate::{
    forms,
    from_python::{self, Path},
    to_python::{Reduced, json_to_python, object_to_python},
};
use ferrule_wire::{
    dialect::message_dicts,
    json::Json,
    model::{self, PartKind},
};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyDict, PyString, PyTuple, PyType},
};

/// One turn of a conversation.
///
/// Args:
///     role: `system`, `developer`, `user`, `assistant` or `tool`.
///     content: Text, or a list of content blocks in OpenAI's or Anthropic's form.
///     fields: What else the message has in OpenAI's form: `tool_calls`, `tool_call_id`, `name`, ...
#[pyclass(frozen, eq, module = "ferrule._native")]
#[derive(Clone)]
pub(crate) struct Message(pub(crate) model::Message);

const ROLES: [&str; 5] = ["system", "developer", "user", "assistant", "tool"];

impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        message_dicts::is_same(&self.0, &other.0)
    }
}

#[pymethods]
impl Message {
    #[new]
    #[pyo3(signature = (role, content = None, **fields))]
    fn new(
        role: &Bound<'_, PyString>,
        content: Option<&Bound<'_, PyAny>>,
        fields: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let message = match fields {
            Some(fields) => fields.copy()?,
            None => PyDict::new(role.py()),
        };
        if !ROLES.contains(&role.to_str()?) {
            return Err(PyValueError::new_err(format!(
                "role: expected one of {}, not {}; a role of one provider's own goes as a dict",
                ROLES.join(", "),
                role.repr()?
            )));
        }
        message.set_item("role", role)?;
        message.set_item("content", content)?;
        Self::from_dict(&role.py().get_type::<Self>(), message.as_any())
    }

    /// The message of a dictionary with `role` and `content`.
    #[classmethod]
    fn from_dict(_class: &Bound<'_, PyType>, message: &Bound<'_, PyAny>) -> PyResult<Self> {
        let mut decoded = Vec::new();
        let json = from_python::json(message, Path::Root("message"))?;
        message_dicts::MessageList::new(&mut decoded)
            .decode(json.value(), "message")
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        match (decoded.pop(), decoded.is_empty()) {
            (Some(message), true) => Ok(Self(message)),
            _ => Err(PyValueError::new_err("message: this is more than one turn; give its parts one by one")),
        }
    }

    /// The role.
    #[getter]
    fn role(&self) -> &str {
        match &self.0.role {
            model::Role::System => "system",
            model::Role::Developer => "developer",
            model::Role::User => "user",
            model::Role::Assistant => "assistant",
            model::Role::Tool => "tool",
            model::Role::Other(role) => role,
        }
    }

    /// The content: text if there is nothing else, else a list of content blocks.
    #[getter]
    fn content<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.to_dict(py)?.get_item("content")
    }

    /// The text of all text parts.
    #[getter]
    pub(crate) fn text(&self) -> String {
        joined(&self.0, |kind| if let PartKind::Text(text) = kind { Some(text) } else { None })
            .unwrap_or_default()
    }

    /// The model's reasoning; `None` if there is none.
    #[getter]
    pub(crate) fn reasoning(&self) -> Option<String> {
        joined(
            &self.0,
            |kind| if let PartKind::Reasoning(reasoning) = kind { Some(&reasoning.text) } else { None },
        )
    }

    /// The model's refusal; `None` if it did not refuse.
    #[getter]
    pub(crate) fn refusal(&self) -> Option<String> {
        joined(&self.0, |kind| if let PartKind::Refusal(text) = kind { Some(text) } else { None })
    }

    /// The tools the model calls.
    #[getter]
    pub(crate) fn tool_calls(&self) -> Vec<ToolCall> {
        let calls = self.0.content.iter();
        calls
            .filter_map(|part| {
                if let PartKind::ToolCall(call) = &part.kind { Some(ToolCall(call.clone())) } else { None }
            })
            .collect()
    }

    /// The message as a dictionary that `from_dict` reads, without loss.
    pub(crate) fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json_to_python(py, self.json().text())
    }

    /// The message as JSON text, which `from_json` reads.
    fn to_json(&self) -> String {
        self.json().text().to_owned()
    }

    /// The message of what `to_json` returned.
    #[classmethod]
    fn from_json(class: &Bound<'_, PyType>, text: &str) -> PyResult<Self> {
        Self::from_dict(class, &json_to_python(class.py(), text)?)
    }

    /// The messages that represent this one in OpenAI's Chat Completions: one per tool result.
    fn to_openai<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        forms::messages(py, forms::OPENAI, &self.0)
    }

    /// The messages that represent this one in Anthropic's Messages.
    fn to_anthropic<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        forms::messages(py, forms::ANTHROPIC, &self.0)
    }

    /// The pairs of `to_dict`, so that `dict(message)` works.
    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        forms::pairs(&self.to_dict(py)?)
    }

    fn _repr_markdown_(&self) -> String {
        forms::markdown(&self.0)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Message(role='{}', content={})", self.role(), forms::short_content(py, &self.0)?))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, Bound<'py, PyTuple>> {
        let from_dict = py.get_type::<Self>().getattr("from_dict")?;
        Ok((from_dict, PyTuple::new(py, [self.to_dict(py)?])?))
    }
}

impl Message {
    pub(crate) fn json(&self) -> Json {
        message_dicts::encode_message(&self.0)
    }
}

/// The messages of a JSON object or list with `role` and `content`; `path` names it in errors.
pub(crate) fn decode(json: &Json, path: &str) -> PyResult<Vec<model::Message>> {
    message_dicts::decode_messages(json.value(), path)
        .map_err(|error| PyValueError::new_err(error.to_string()))
}

fn joined<'a>(
    message: &'a model::Message,
    pick: impl Fn(&'a PartKind) -> Option<&'a String>,
) -> Option<String> {
    let mut texts = message.content.iter().filter_map(|part| pick(&part.kind)).peekable();
    texts.peek()?;
    Some(texts.map(String::as_str).collect())
}

/// A tool call of a model.
#[pyclass(frozen, eq, module = "ferrule._native")]
#[derive(Clone)]
pub(crate) struct ToolCall(pub(crate) model::ToolCall);

impl PartialEq for ToolCall {
    fn eq(&self, other: &Self) -> bool {
        message_dicts::is_same_call(&self.0, &other.0)
    }
}

#[pymethods]
impl ToolCall {
    #[new]
    #[pyo3(signature = (id, name, arguments_json = String::from("{}"), custom = false))]
    fn new(id: String, name: String, arguments_json: String, custom: bool) -> Self {
        Self(model::ToolCall { id, name, arguments: arguments_json, custom })
    }

    /// The call's id, which the tool's result refers to.
    #[getter]
    fn id(&self) -> &str {
        &self.0.id
    }

    /// The tool's name.
    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// The arguments, decoded from the model's JSON. Raises `ValueError` with the text if it is not valid JSON: models
    /// do make mistakes.
    #[getter]
    fn arguments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.0.custom {
            return Ok(PyString::new(py, &self.0.arguments).into_any());
        }
        json_to_python(py, &self.0.arguments).map_err(|error| {
            PyValueError::new_err(format!(
                "the arguments of `{}` are not JSON ({error}): {}",
                self.0.name, self.0.arguments
            ))
        })
    }

    /// The arguments as the model wrote them.
    #[getter]
    fn arguments_json(&self) -> &str {
        &self.0.arguments
    }

    /// Calls the tool of this name in `tools`, and makes the message for the model from what it returns or raises.
    fn run<'py>(slf: &Bound<'py, Self>, tools: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("ferrule.tool_execution")?.call_method1("run_call", (slf, tools))
    }

    /// `run`, awaited: tools that are `async def` run on the caller's event loop.
    fn arun<'py>(slf: &Bound<'py, Self>, tools: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("ferrule.tool_execution")?.call_method1("arun_call", (slf, tools))
    }

    /// The message for the model with the result `value`.
    fn result<'py>(slf: &Bound<'py, Self>, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("ferrule.tool_results")?.call_method1("result_message", (slf, value))
    }

    /// The message that tells the model that the call failed.
    fn error<'py>(slf: &Bound<'py, Self>, exception: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("ferrule.tool_results")?.call_method1("error_message", (slf, exception))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let repr = |text: &str| PyString::new(py, text).repr().map(|repr| repr.to_string());
        Ok(format!(
            "ToolCall(id={}, name={}, arguments_json={})",
            repr(&self.0.id)?,
            repr(&self.0.name)?,
            repr(&self.0.arguments)?
        ))
    }

    /// Everything as a dictionary of JSON values; the arguments are the text that the model wrote.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let model::ToolCall { id, name, arguments, custom } = &self.0;
        object_to_python(py, |object| {
            object.field("id", id).field("name", name).field("arguments_json", arguments);
            object.field("custom", *custom);
        })
    }

    /// The call of what `to_dict` returned.
    #[classmethod]
    fn from_dict<'py>(
        class: &Bound<'py, PyType>,
        fields: &Bound<'py, PyDict>,
    ) -> PyResult<Bound<'py, PyAny>> {
        class.call((), Some(fields))
    }

    /// The pairs of `to_dict`, so that `dict(call)` works.
    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        forms::pairs(&self.to_dict(py)?)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (&str, &str, &str, bool)> {
        let model::ToolCall { id, name, arguments, custom } = &self.0;
        Ok((py.get_type::<Self>().into_any(), (id, name, arguments, *custom)))
    }
}
