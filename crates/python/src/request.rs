//! Requests: converts a call's arguments to the neutral request, in one crossing.

use crate::{
    arguments::{boolean, count, is_truth, items, number, pairs, secret_pairs, text, texts, whole, wrong},
    from_python::{self, Path, type_name},
    message::{self, Message},
    policies,
    reply::Reply,
    routing,
};
use ferrule_engine::{CallOptions, Timeouts};
use ferrule_wire::{
    dialect::message_dicts,
    json::{Extra, Json, JsonError},
    model::{self, CacheBreakpoint, CacheLifetime, Effort, ReasoningRequest, Request, ResponseFormat, Role},
};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyBytes, PyDict, PyList, PyString},
};
use std::time::Duration;

/// Options that concern neither the prompt nor the answer.
const OF_EVERY_OPERATION: &[&str] = &[
    "timeout",
    "max_retries",
    "retry",
    "routing",
    "drop_params",
    "extra_headers",
    "extra_query",
    "extra_body",
    "metadata",
];

/// The common options of operations other than chat.
pub(crate) struct Given {
    pub(crate) options: CallOptions,
    /// The fields of `extra_body`.
    pub(crate) extra: Extra,
}

/// The models named by a caller.
pub(crate) enum Models {
    /// None: the default one.
    Default,
    /// One, by its name.
    One(String),
    /// Several, as fallbacks in this order.
    Several(Vec<String>),
}

/// The model, or models, named by a caller.
pub(crate) fn model(model: &Bound<'_, PyAny>) -> Result<Models, String> {
    if model.is_none() {
        return Ok(Models::Default);
    }
    if let Ok(name) = model.extract() {
        return Ok(Models::One(name));
    }
    let several = if model.is_instance_of::<PyDict>() { None } else { model.extract().ok() };
    several.map(Models::Several).ok_or_else(|| {
        format!(
            "model: expected a string such as 'openai/gpt-5-mini', or a list of them, not {}",
            type_name(model)
        )
    })
}

/// The request and options of a chat call from `messages` and `options`. An error names the invalid argument.
pub(crate) fn chat(
    drop_params: bool,
    messages: &Bound<'_, PyAny>,
    options: &Bound<'_, PyDict>,
) -> PyResult<(Request, CallOptions)> {
    let mut request = Request::default();
    let mut how = CallOptions { drop_params, ..CallOptions::default() };
    // Instructions come first, regardless of the order of arguments.
    if let Some(system) = options.get_item("system")?
        && !system.is_none()
    {
        let content = from_python::json(&system, Path::Root("system"))?;
        let message = format!(r#"{{"role":"system","content":{}}}"#, content.text());
        request.messages.extend(message::decode(&parse(message)?, "system")?);
    }
    add_messages(messages, &mut request.messages)?;
    for (name, value) in options.iter() {
        if value.is_none() {
            continue;
        }
        let name = name.cast_into::<PyString>()?;
        let name = name.to_str()?;
        if !option(&mut request, &mut how, name, &value)? {
            return Err(unknown_option(name));
        }
    }
    Ok((request, how))
}

/// Reads the options of an operation other than chat. `own` reads those that only this operation has, and returns
/// whether it knows the name.
pub(crate) fn operation<'py>(
    options: &Bound<'py, PyDict>,
    drop_params: bool,
    own: &mut dyn FnMut(&str, &Bound<'py, PyAny>) -> PyResult<bool>,
) -> PyResult<Given> {
    let mut request = Request::default();
    let mut how = CallOptions { drop_params, ..CallOptions::default() };
    for (name, value) in options.iter() {
        if value.is_none() {
            continue;
        }
        let name = name.cast_into::<PyString>()?;
        let name = name.to_str()?;
        if OF_EVERY_OPERATION.contains(&name) {
            option(&mut request, &mut how, name, &value)?;
        } else if !own(name, &value)? {
            return Err(unknown_option(name));
        }
    }
    Ok(Given { options: how, extra: request.extra })
}

fn parse(text: String) -> PyResult<Json> {
    Json::from_string(text).map_err(|error| value_error(&error))
}

fn value_error(error: &JsonError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

fn add_messages(messages: &Bound<'_, PyAny>, into: &mut Vec<model::Message>) -> PyResult<()> {
    if let Ok(text) = messages.cast::<PyString>() {
        let text = from_python::whole_text(text, Path::Root("messages"))?;
        into.push(model::Message::text(Role::User, text));
        return Ok(());
    }
    if messages.cast::<Message>().is_ok() || messages.cast::<PyDict>().is_ok() {
        return Err(PyTypeError::new_err("messages: give a list of messages, not one message"));
    }
    // Bytes, replies and pydantic models are iterable, but contain no messages.
    let is_value = !messages.is_instance_of::<PyList>()
        && (messages.is_instance_of::<PyBytes>()
            || messages.is_instance_of::<Reply>()
            || messages.hasattr("model_dump")?);
    let items = if is_value { None } else { messages.try_iter().ok() };
    let Some(items) = items else {
        return Err(PyTypeError::new_err(format!(
            "messages: expected a string or a list of messages, not {}",
            type_name(messages)
        )));
    };
    let mut decoder = message_dicts::MessageList::new(into);
    for (position, item) in items.enumerate() {
        let item = item?;
        if let Ok(message) = item.cast::<Message>() {
            decoder.push(message.get().0.clone());
        } else if let Some(message) = plain(&item)? {
            decoder.push(message);
        } else if item.cast::<PyDict>().is_ok() || item.hasattr("model_dump")? {
            let root = Path::Root("messages");
            let path = Path::Item(&root, position);
            let json = from_python::json(&item, path)?;
            decoder.decode(json.value(), &path.to_string()).map_err(|error| value_error(&error))?;
        } else {
            return Err(PyTypeError::new_err(format!(
                "messages[{position}]: expected a dict with `role` and `content` or a ferrule.Message, not {}",
                type_name(&item)
            )));
        }
    }
    Ok(())
}

/// The most common message, `{"role": ..., "content": "text"}`, without a detour through JSON.
fn plain(item: &Bound<'_, PyAny>) -> PyResult<Option<model::Message>> {
    let Ok(fields) = item.cast::<PyDict>() else { return Ok(None) };
    if fields.len() != 2 {
        return Ok(None);
    }
    let py = item.py();
    let (Some(role), Some(content)) =
        (fields.get_item(pyo3::intern!(py, "role"))?, fields.get_item(pyo3::intern!(py, "content"))?)
    else {
        return Ok(None);
    };
    let (Ok(role), Ok(content)) = (role.cast::<PyString>(), content.cast::<PyString>()) else {
        return Ok(None);
    };
    let role = match role.to_str()? {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        "developer" => Role::Developer,
        _ => return Ok(None),
    };
    // Errors are reported by the caller, which knows the path.
    let Ok(text) = content.to_str() else { return Ok(None) };
    // Empty content has no parts, as in every dialect.
    Ok((!text.is_empty()).then(|| model::Message::text(role, text)))
}

/// Reads the option `name` of a completion; false if there is no such option.
pub(crate) fn option(
    request: &mut Request,
    how: &mut CallOptions,
    name: &str,
    value: &Bound<'_, PyAny>,
) -> PyResult<bool> {
    match name {
        "system" => {}
        "tools" => {
            for (position, tool) in items(value, name)?.enumerate() {
                let root = Path::Root(name);
                let path = Path::Item(&root, position);
                let json = from_python::json(&tool?, path)?;
                let tool = message_dicts::decode_tool(json.value(), &path.to_string());
                request.tools.push(tool.map_err(|error| value_error(&error))?);
            }
        }
        "tool_choice" => {
            let json = from_python::json(value, Path::Root(name))?;
            let (choice, parallel) =
                message_dicts::decode_tool_choice(json.value(), name).map_err(|error| value_error(&error))?;
            request.tool_choice = Some(choice);
            request.parallel_tool_calls = request.parallel_tool_calls.or(parallel);
        }
        "parallel_tool_calls" => request.parallel_tool_calls = Some(boolean(value, name)?),
        "response_format" => request.response_format = Some(response_format(value)?),
        "reasoning" => request.reasoning = Some(reasoning(value)?),
        "temperature" => request.temperature = Some(number(value, name)?),
        "top_p" => request.top_p = Some(number(value, name)?),
        "top_k" => request.top_k = Some(count(value, name)?),
        "frequency_penalty" => request.frequency_penalty = Some(number(value, name)?),
        "presence_penalty" => request.presence_penalty = Some(number(value, name)?),
        "max_tokens" => request.max_tokens = Some(count(value, name)?),
        "stop" => request.stop = texts(value, name)?,
        "seed" => request.seed = Some(whole(value, name)?),
        "n" => request.n = Some(count(value, name)?),
        "logprobs" => {
            // `True`, or the number of alternatives per position.
            request.logprobs = Some(true);
            if is_truth(value) {
                request.logprobs = Some(boolean(value, name)?);
            } else {
                request.top_logprobs = Some(count(value, name)?);
            }
        }
        "metadata" => how.metadata = pairs(value, name)?,
        "provider_metadata" => request.metadata = pairs(value, name)?,
        "user" => request.user = Some(text(value, name)?),
        "safety_identifier" => request.safety_identifier = Some(text(value, name)?),
        "service_tier" => request.service_tier = Some(text(value, name)?),
        "verbosity" => request.verbosity = Some(text(value, name)?),
        "betas" => request.betas = texts(value, name)?,
        "prompt_cache" => request.prompt_cache = prompt_cache(value)?,
        "timeout" => how.timeouts = timeouts(value)?,
        "max_retries" => {
            how.max_retries =
                Some(u32::try_from(count(value, name)?).map_err(|_| wrong(value, name, "a smaller number"))?);
        }
        "retry" => how.retry = policies::retry(value)?,
        "routing" => how.routing = Some(routing::read(value)?),
        "drop_params" => how.drop_params = boolean(value, name)?,
        "extra_headers" => how.headers = secret_pairs(value, name)?,
        "extra_query" => how.query = secret_pairs(value, name)?,
        "extra_body" => {
            let fields = value.cast::<PyDict>().map_err(|_| wrong(value, name, "a dict"))?;
            for (key, item) in fields.iter() {
                let key = text(&key, "a key of extra_body")?;
                let root = Path::Root(name);
                request.extra.insert(key.clone(), from_python::json(&item, Path::Key(&root, &key))?);
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// The error for an unknown option.
pub(crate) fn unknown_option(name: &str) -> PyErr {
    PyTypeError::new_err(format!("unknown option `{name}`"))
}

/// `True`, or a duration.
fn prompt_cache(value: &Bound<'_, PyAny>) -> PyResult<Option<CacheBreakpoint>> {
    if is_truth(value) {
        let breakpoint = CacheBreakpoint { lifetime: None };
        return Ok(boolean(value, "prompt_cache")?.then_some(breakpoint));
    }
    let lifetime = match value.cast::<PyString>().ok().and_then(|word| word.to_str().ok()) {
        Some("5m") => CacheLifetime::FiveMinutes,
        Some("1h") => CacheLifetime::OneHour,
        _ => return Err(wrong(value, "prompt_cache", "True, \"5m\" or \"1h\"")),
    };
    Ok(Some(CacheBreakpoint { lifetime: Some(lifetime) }))
}

fn response_format(value: &Bound<'_, PyAny>) -> PyResult<ResponseFormat> {
    let json = from_python::json(value, Path::Root("response_format"))?;
    message_dicts::decode_response_format(json.value(), "response_format")
        .map_err(|error| value_error(&error))
}

/// An effort by name, a budget in tokens, or a dict of both.
fn reasoning(value: &Bound<'_, PyAny>) -> PyResult<ReasoningRequest> {
    const EXPECTED: &str = "an effort (\"none\", \"minimal\", \"low\", \"medium\", \"high\", \"xhigh\", \"max\"), a number of tokens, or a dict with `effort`, `budget_tokens` and `display`";
    let mut reasoning = ReasoningRequest::default();
    if let Ok(word) = value.cast::<PyString>() {
        let effort = Effort::from(word.to_str()?);
        if matches!(effort, Effort::Other(_)) {
            return Err(PyValueError::new_err(format!(
                "reasoning: expected {EXPECTED}, not {}; a word of one provider's own goes as {{\"effort\": {}}}",
                word.repr()?,
                word.repr()?
            )));
        }
        reasoning.effort = Some(effort);
    } else if let Ok(fields) = value.cast::<PyDict>() {
        for (key, item) in fields.iter() {
            if item.is_none() {
                continue;
            }
            match text(&key, "a key of reasoning")?.as_str() {
                "effort" => reasoning.effort = Some(Effort::from(text(&item, "reasoning.effort")?.as_str())),
                "budget_tokens" => reasoning.budget_tokens = Some(count(&item, "reasoning.budget_tokens")?),
                "display" => reasoning.display = Some(text(&item, "reasoning.display")?),
                _ => return Err(wrong(value, "reasoning", EXPECTED)),
            }
        }
    } else {
        reasoning.budget_tokens =
            Some(count(value, "reasoning").map_err(|_| wrong(value, "reasoning", EXPECTED))?);
    }
    Ok(reasoning)
}

/// A number of seconds for the whole call, or an object with `connect`, `first_byte`, `idle` and `total`.
pub(crate) fn timeouts(value: &Bound<'_, PyAny>) -> PyResult<Timeouts> {
    if let Ok(total) = number(value, "timeout") {
        return Ok(Timeouts { total: Some(seconds(value, "timeout", total)?), ..Timeouts::default() });
    }
    let limit = |name: &str| -> PyResult<Option<Duration>> {
        let Ok(limit) = value.getattr(name) else {
            return Err(wrong(value, "timeout", "a number of seconds or ferrule.Timeouts"));
        };
        if limit.is_none() {
            return Ok(None);
        }
        let name = format!("timeout.{name}");
        seconds(&limit, &name, number(&limit, &name)?).map(Some)
    };
    Ok(Timeouts {
        connect: limit("connect")?,
        first_byte: limit("first_byte")?,
        idle: limit("idle")?,
        total: limit("total")?,
    })
}

fn seconds(value: &Bound<'_, PyAny>, name: &str, seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| wrong(value, name, "a positive number of seconds"))
}
