//! Registry of an SDK's model classes: makes their plans from `ferrule/sdk_objects/describing.py`.

use super::{
    field_sets::FieldSets,
    plan::{Declared, Details, Field, Kind, Model, Plan, Tag, Union, Word},
    slots::Slots,
};
use pyo3::{
    exceptions::{PyException, PyValueError},
    prelude::*,
    sync::PyOnceLock,
    types::{PyDict, PyString, PyTuple, PyType},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The maximum number of fields, limited by the bit masks; larger models are left to the SDK.
const MOST_FIELDS: usize = 128;

/// Python's description of a field, in the order of `describing.py`.
type FieldDescription<'py> = (
    String,
    Bound<'py, PyString>,
    Bound<'py, PyAny>,
    bool,
    bool,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
);

/// The model classes of one SDK.
pub(super) struct Registry {
    construct_type: Py<PyAny>,
    describe_model: Py<PyAny>,
    describe_tags: Py<PyAny>,
    models: Mutex<HashMap<usize, Arc<Model>>>,
}

impl Registry {
    pub(super) fn new(
        construct_type: Py<PyAny>,
        describe_model: Py<PyAny>,
        describe_tags: Py<PyAny>,
    ) -> Self {
        Self { construct_type, describe_model, describe_tags, models: Mutex::default() }
    }

    /// The SDK's own result for a value. `None`: it raised.
    pub(super) fn construct<'py>(
        &self,
        value: &Bound<'py, PyAny>,
        declared: &Bound<'py, PyAny>,
        metadata: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = value.py();
        match self.construct_or_raise(value, declared, metadata) {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_instance_of::<PyException>(py) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The SDK's own result for a value, or its error.
    pub(super) fn construct_or_raise<'py>(
        &self,
        value: &Bound<'py, PyAny>,
        declared: &Bound<'py, PyAny>,
        metadata: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = value.py();
        let arguments = PyDict::new(py);
        arguments.set_item("value", value)?;
        arguments.set_item("type_", declared)?;
        if let Some(metadata) = metadata {
            arguments.set_item("metadata", metadata)?;
        }
        self.construct_type.bind(py).call((), Some(&arguments))
    }

    /// The plan of a model class, made on first use. `None`: only the SDK can build its objects.
    pub(super) fn plan<'a>(&self, py: Python<'_>, model: &'a Model) -> PyResult<Option<&'a Plan>> {
        Ok(model.plan.get_or_try_init(py, || self.make_plan(model.class.bind(py)))?.as_ref())
    }

    /// The SDK's own table of tags for a union, made for its first invalid value.
    pub(super) fn details<'a>(&self, py: Python<'_>, union: &'a Union) -> PyResult<Option<&'a Details>> {
        let Some(declared) = &union.declared else { return Ok(None) };
        let details = union.details.get_or_try_init(py, || {
            let described = self.describe_tags.call1(py, (&declared.union, &declared.metadata))?;
            let Some((key, classes)) = described.extract::<Option<(String, Bound<'_, PyDict>)>>(py)? else {
                return Ok(None);
            };
            let mut models = HashMap::new();
            for (tag, class) in classes {
                models.insert(tag.extract::<String>()?.into(), self.model(&class)?);
            }
            Ok::<_, PyErr>(Some(Details { key: key.into(), models }))
        })?;
        Ok(details.as_ref())
    }

    fn model(&self, class: &Bound<'_, PyAny>) -> PyResult<Arc<Model>> {
        let class = class.cast::<PyType>()?.clone().unbind();
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        // The model keeps the class alive, so its address is not reused.
        let model = models
            .entry(class.as_ptr() as usize)
            .or_insert_with(|| Arc::new(Model { class, plan: PyOnceLock::new() }));
        Ok(Arc::clone(model))
    }

    /// Parses a type's description: a name, or a tuple that begins with one.
    pub(super) fn kind(&self, description: &Bound<'_, PyAny>) -> PyResult<Kind> {
        if let Ok(name) = description.cast::<PyString>() {
            return match name.to_str()? {
                "str" => Ok(Kind::Text),
                "int" => Ok(Kind::Integer),
                "float" => Ok(Kind::Float),
                "bool" => Ok(Kind::Boolean),
                "none" => Ok(Kind::Nothing),
                "any" => Ok(Kind::Anything),
                "unknown" => Ok(Kind::Unknown),
                other => Err(PyValueError::new_err(format!("no type is described as {other:?}"))),
            };
        }
        let description = description.cast::<PyTuple>()?;
        let name = description.get_item(0)?;
        let inner = description.get_item(1)?;
        match name.cast::<PyString>()?.to_str()? {
            "literal" => Ok(Kind::Literal(words(&inner)?)),
            "model" => Ok(Kind::Model(self.model(&inner)?)),
            "list" => Ok(Kind::List(Box::new(self.kind(&inner)?))),
            "map" => Ok(Kind::Map(Box::new(self.kind(&inner)?))),
            "union" => Ok(Kind::Union(Box::new(self.union(description)?))),
            other => Err(PyValueError::new_err(format!("no type is described as {other:?}"))),
        }
    }

    fn union(&self, description: &Bound<'_, PyTuple>) -> PyResult<Union> {
        let mut variants = Vec::new();
        let (mut accepts_null, mut begins_with_null) = (false, false);
        for (index, variant) in description.get_item(1)?.try_iter()?.enumerate() {
            match self.kind(&variant?)? {
                Kind::Nothing => {
                    accepts_null = true;
                    begins_with_null |= index == 0;
                }
                kind => variants.push(kind),
            }
        }
        let has = |test: fn(&Kind) -> bool| variants.iter().any(test);
        let has_list_and_model =
            has(|kind| matches!(kind, Kind::List(_))) && has(|kind| matches!(kind, Kind::Model(_)));
        let models = variants.iter().filter(|kind| matches!(kind, Kind::Model(_))).count();
        let declared = declared(&description.get_item(3)?)?;
        Ok(Union {
            is_theirs: description.get_item(4)?.extract()?,
            is_ambiguous: models > 1 && declared.is_none(),
            has_list_and_model,
            variants: variants.into(),
            accepts_null,
            begins_with_null,
            tag: tag(&description.get_item(2)?)?,
            declared,
            details: PyOnceLock::new(),
        })
    }

    fn make_plan(&self, class: &Bound<'_, PyType>) -> PyResult<Option<Plan>> {
        let py = class.py();
        let described = match self.describe_model.call1(py, (class,)) {
            Err(error) if error.is_instance_of::<PyException>(py) => return Ok(None),
            described => described?,
        };
        let Some((described, descriptors)) =
            described.extract::<Option<(Vec<Bound<'_, PyAny>>, [Bound<'_, PyAny>; 3])>>(py)?
        else {
            return Ok(None);
        };
        if described.len() > MOST_FIELDS {
            return Ok(None);
        }
        let template = PyDict::new(py);
        let mut fields = Vec::new();
        let mut dropped = Vec::new();
        let mut required = 0;
        for (index, field) in described.iter().enumerate() {
            let (key, name, kind, is_extra_too, is_required, default, annotation, metadata) =
                field.extract::<FieldDescription<'_>>()?;
            template.set_item(&name, &default)?;
            if is_required {
                required |= 1 << index;
            }
            if name.to_str()? != key {
                dropped.push(name.to_str()?.into());
            }
            fields.push(Field {
                key: key.into(),
                name: name.unbind(),
                kind: self.kind(&kind)?,
                is_extra_too,
                default: default.unbind(),
                annotation: annotation.unbind(),
                metadata: metadata.unbind(),
            });
        }
        Ok(Some(Plan {
            fields: fields.into(),
            template: template.unbind(),
            required,
            slots: Slots::new(class, descriptors)?,
            field_sets: FieldSets::default(),
            dropped: dropped.into(),
        }))
    }
}

fn words(described: &Bound<'_, PyAny>) -> PyResult<Box<[Word]>> {
    let mut words = Vec::new();
    for word in described.try_iter()? {
        let text: String = word?.extract()?;
        words.push(Word { object: PyString::intern(described.py(), &text).unbind(), text: text.into() });
    }
    Ok(words.into())
}

fn tag(described: &Bound<'_, PyAny>) -> PyResult<Option<Tag>> {
    let Some((key, tags)) = described.extract::<Option<(String, HashMap<String, Vec<usize>>)>>()? else {
        return Ok(None);
    };
    let variants = tags.into_iter().map(|(tag, variants)| (tag.into(), variants)).collect();
    Ok(Some(Tag { key: key.into(), variants }))
}

fn declared(described: &Bound<'_, PyAny>) -> PyResult<Option<Declared>> {
    let declared = described.extract::<Option<(Py<PyAny>, Py<PyAny>)>>()?;
    Ok(declared.map(|(union, metadata)| Declared { union, metadata }))
}
