//! Values as constructed by the SDKs' `construct_type`: what does not match is kept unchanged.

use super::{
    base64_floats,
    objects::Draft,
    plan::{Field, Kind, Model, Plan, Union},
    tape::{Extent, Place, Value},
    validated::Outcome,
    values::Building,
};
use pyo3::{
    prelude::*,
    types::{PyDict, PyFloat, PyList},
};

/// Parameters of `construct` itself, which a key of that name in the body would collide with.
const PARAMETERS: [&str; 2] = ["_fields_set", "_BaseModel__cls"];

/// The built value. `None`: the SDK's own code must build it.
pub(super) type Constructed<'py> = PyResult<Option<Bound<'py, PyAny>>>;

impl<'py> Building<'_, 'py> {
    /// The value at `place`, of type `kind` if it matches.
    pub(super) fn constructed(&self, kind: &Kind, place: Place) -> Constructed<'py> {
        match (kind, self.tape.at(place)) {
            (Kind::Unknown, _) | (Kind::Float, Value::Large(_)) => Ok(None),
            (Kind::Union(union), _) => self.constructed_union(union, place),
            (Kind::Model(model), Value::Object(extent)) => self.constructed_model(model, place, extent),
            (Kind::Model(model), Value::Array(extent)) => self.constructed_models(model, place, extent),
            (Kind::List(inner), Value::Array(extent)) => self.constructed_list(inner, place, extent),
            (Kind::List(inner), Value::Text(text)) if self.reads_base64 && matches!(**inner, Kind::Float) => {
                let mut scratch = String::new();
                base64_floats::read(self.py, self.tape.text(text, &mut scratch))
                    .unwrap_or_else(|| self.anything(place))
                    .map(Some)
            }
            (Kind::Map(inner), Value::Object(extent)) => self.constructed_map(inner, place, extent),
            (Kind::Literal(words), Value::Text(text)) => {
                Ok(Some(self.word(text, words).unwrap_or_else(|| self.text(text).into_any())))
            }
            (Kind::Float, Value::Integer(value)) => {
                let float = value as f64;
                // A number that loses precision stays an integer.
                let is_same = float as i128 == i128::from(value);
                if is_same { self.float(float) } else { self.anything(place).map(Some) }
            }
            (Kind::Float, Value::Boolean(value)) => self.float(f64::from(u8::from(value))),
            _ => self.anything(place).map(Some),
        }
    }

    fn float(&self, value: f64) -> Constructed<'py> {
        Ok(Some(PyFloat::new(self.py, value).into_any()))
    }

    fn constructed_list(&self, inner: &Kind, place: Place, extent: Extent) -> Constructed<'py> {
        let mut items = Vec::with_capacity(extent.count as usize);
        for item in self.tape.items(place, extent) {
            let Some(item) = self.constructed(inner, item)? else { return Ok(None) };
            items.push(item);
        }
        Ok(Some(PyList::new(self.py, items)?.into_any()))
    }

    fn constructed_map(&self, inner: &Kind, place: Place, extent: Extent) -> Constructed<'py> {
        let object = PyDict::new(self.py);
        for (key, value) in self.tape.members(place, extent) {
            let Some(value) = self.constructed(inner, value)? else { return Ok(None) };
            object.set_item(self.text(key), value)?;
        }
        Ok(Some(object.into_any()))
    }

    /// A list where one object was declared: objects of the same class.
    fn constructed_models(&self, model: &Model, place: Place, extent: Extent) -> Constructed<'py> {
        let mut items = Vec::with_capacity(extent.count as usize);
        for item in self.tape.items(place, extent) {
            items.push(match self.tape.at(item) {
                Value::Object(extent) => match self.constructed_model(model, item, extent)? {
                    Some(object) => object,
                    None => return Ok(None),
                },
                _ => self.anything(item)?,
            });
        }
        Ok(Some(PyList::new(self.py, items)?.into_any()))
    }

    fn constructed_model(&self, model: &Model, place: Place, extent: Extent) -> Constructed<'py> {
        let Some(plan) = self.registry.plan(self.py, model)? else { return Ok(None) };
        let mut draft = Draft::new(self.py, plan)?;
        let mut expected = 0;
        let mut scratch = String::new();
        for (key, value) in self.tape.members(place, extent) {
            let name = self.tape.text(key, &mut scratch);
            let found = plan.index_of(name, expected);
            let Some((index, field)) = found.and_then(|at| Some((at, plan.fields.get(at)?))) else {
                if PARAMETERS.contains(&name) {
                    return Ok(None);
                }
                if !is_dropped(plan, name) {
                    draft.add(self, key, self.anything(value)?)?;
                }
                continue;
            };
            expected = index + 1;
            let Some(object) = self.constructed_field(field, value)? else { return Ok(None) };
            draft.set(index, &object)?;
            if field.is_extra_too {
                draft.add(self, key, self.anything(value)?)?;
            }
        }
        draft.finish(self.py, false).map(Some)
    }

    fn constructed_field(&self, field: &Field, place: Place) -> Constructed<'py> {
        if self.tape.at(place) == Value::Null {
            return Ok(Some(field.default.bind(self.py).clone()));
        }
        if let Some(object) = self.constructed(&field.kind, place)? {
            return Ok(Some(object));
        }
        let (annotation, metadata) = (field.annotation.bind(self.py), field.metadata.bind(self.py));
        self.fallbacks.set(self.fallbacks.get() + 1);
        self.registry.construct(&self.anything(place)?, annotation, Some(metadata))
    }

    /// The value if it is valid; else an object of the variant with its tag, else of the first variant, valid or not.
    fn constructed_union(&self, union: &Union, place: Place) -> Constructed<'py> {
        match self.validated_union(union, place)? {
            Outcome::Valid(object, _) => return Ok(Some(object)),
            Outcome::Unsure => return Ok(None),
            Outcome::Invalid => {}
        }
        let value = self.tape.at(place);
        if union.is_theirs || (union.has_list_and_model && matches!(value, Value::Array(_))) {
            return Ok(None);
        }
        if let Value::Object(extent) = value
            && let Some(details) = self.registry.details(self.py, union)?
            && let Some(Value::Text(tag)) = self.tape.member(place, &details.key).map(|tag| self.tape.at(tag))
            && let Some(model) = details.models.get(self.tape.text(tag, &mut String::new()))
        {
            return self.constructed_model(model, place, extent);
        }
        if union.is_ambiguous && matches!(value, Value::Object(_)) {
            return Ok(None);
        }
        match union.variants.first() {
            Some(first) if !union.begins_with_null => self.constructed(first, place),
            _ => self.anything(place).map(Some),
        }
    }
}

/// Whether `name` is a field that has another name in JSON.
fn is_dropped(plan: &Plan, name: &str) -> bool {
    plan.dropped.iter().any(|dropped| &**dropped == name)
}
