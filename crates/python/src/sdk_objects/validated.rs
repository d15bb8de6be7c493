//! Validated values, as pydantic makes them; the SDKs use validation in every union, including `Optional`.
//!
//! Only certain cases are decided here: a value that pydantic might convert (`"1"` to an integer), or that several
//! variants of a union would accept, is [`Outcome::Unsure`].

use super::{
    objects::Draft,
    plan::{Kind, Model, Union},
    tape::{Extent, Place, Value},
    values::Building,
};
use pyo3::{
    prelude::*,
    types::{PyBool, PyDict, PyFloat, PyList},
};

/// Integers up to here convert to floats without loss.
const EXACT_IN_FLOAT: u64 = 1 << 53;

/// Pydantic's result for a value.
pub(super) enum Outcome<'py> {
    Valid(Bound<'py, PyAny>, Fit),
    Invalid,
    /// It cannot be decided here.
    Unsure,
}

/// How well a value fits, which determines pydantic's choice between the variants of a union.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Fit {
    exactness: Exactness,
    /// It is, or contains, an object with fields, whose number is compared first.
    has_fields: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Exactness {
    /// Converted, or a model from a dictionary.
    Lax,
    /// An integer for a float.
    Strict,
    Exact,
}

impl Fit {
    const EXACT: Self = Self { exactness: Exactness::Exact, has_fields: false };
    const STRICT: Self = Self { exactness: Exactness::Strict, has_fields: false };
    const ANYTHING: Self = Self { exactness: Exactness::Lax, has_fields: false };
    const MODEL: Self = Self { exactness: Exactness::Lax, has_fields: true };

    /// The fit of a container that holds both.
    fn and(self, other: Self) -> Self {
        Self {
            exactness: self.exactness.min(other.exactness),
            has_fields: self.has_fields || other.has_fields,
        }
    }
}

impl<'py> Building<'_, 'py> {
    /// Validates the value at `place`.
    pub(super) fn validated(&self, kind: &Kind, place: Place) -> PyResult<Outcome<'py>> {
        let value = self.tape.at(place);
        Ok(match (kind, value) {
            (Kind::Anything, _) => Outcome::Valid(self.anything(place)?, Fit::ANYTHING),
            (Kind::Union(union), _) => self.validated_union(union, place)?,
            (Kind::Model(model), Value::Object(extent)) => self.validated_model(model, place, extent)?,
            (Kind::List(inner), Value::Array(extent)) => self.validated_list(inner, place, extent)?,
            (Kind::Map(inner), Value::Object(extent)) => self.validated_map(inner, place, extent)?,
            (Kind::Literal(words), Value::Text(text)) => {
                self.word(text, words).map_or(Outcome::Invalid, |word| Outcome::Valid(word, Fit::EXACT))
            }
            (Kind::Text, Value::Text(text)) => Outcome::Valid(self.text(text).into_any(), Fit::EXACT),
            (Kind::Nothing, Value::Null)
            | (Kind::Integer, Value::Integer(_))
            | (Kind::Float, Value::Float(_)) => Outcome::Valid(self.anything(place)?, Fit::EXACT),
            (Kind::Boolean, Value::Boolean(value)) => {
                Outcome::Valid(PyBool::new(self.py, value).to_owned().into_any(), Fit::EXACT)
            }
            (Kind::Float, Value::Integer(value)) if value.unsigned_abs() <= EXACT_IN_FLOAT => {
                let value = PyFloat::new(self.py, value as f64);
                Outcome::Valid(value.into_any(), Fit::STRICT)
            }
            // Pydantic converts between numbers and booleans, and from text.
            (Kind::Unknown, _)
            | (
                Kind::Integer | Kind::Float | Kind::Boolean,
                Value::Integer(_) | Value::Large(_) | Value::Float(_) | Value::Text(_) | Value::Boolean(_),
            ) => Outcome::Unsure,
            _ => Outcome::Invalid,
        })
    }

    fn validated_list(&self, inner: &Kind, place: Place, extent: Extent) -> PyResult<Outcome<'py>> {
        let mut items = Vec::with_capacity(extent.count as usize);
        let mut fit = Fit::EXACT;
        let mut is_unsure = false;
        for item in self.tape.items(place, extent) {
            match self.validated(inner, item)? {
                Outcome::Valid(item, its) => {
                    items.push(item);
                    fit = fit.and(its);
                }
                Outcome::Invalid => return Ok(Outcome::Invalid),
                Outcome::Unsure => is_unsure = true,
            }
        }
        if is_unsure {
            return Ok(Outcome::Unsure);
        }
        Ok(Outcome::Valid(PyList::new(self.py, items)?.into_any(), fit))
    }

    fn validated_map(&self, inner: &Kind, place: Place, extent: Extent) -> PyResult<Outcome<'py>> {
        let object = PyDict::new(self.py);
        let mut fit = Fit::EXACT;
        let mut is_unsure = false;
        for (key, value) in self.tape.members(place, extent) {
            match self.validated(inner, value)? {
                Outcome::Valid(value, its) => {
                    object.set_item(self.text(key), value)?;
                    fit = fit.and(its);
                }
                Outcome::Invalid => return Ok(self.invalid_unless_repeated(place, extent)),
                Outcome::Unsure => is_unsure = true,
            }
        }
        if is_unsure {
            return Ok(Outcome::Unsure);
        }
        Ok(Outcome::Valid(object.into_any(), fit))
    }

    fn validated_model(&self, model: &Model, place: Place, extent: Extent) -> PyResult<Outcome<'py>> {
        let Some(plan) = self.registry.plan(self.py, model)? else { return Ok(Outcome::Unsure) };
        let mut draft = Draft::new(self.py, plan)?;
        let mut is_unsure = false;
        let mut expected = 0;
        let mut scratch = String::new();
        for (key, value) in self.tape.members(place, extent) {
            let found = plan.index_of(self.tape.text(key, &mut scratch), expected);
            let Some((index, field)) = found.and_then(|at| Some((at, plan.fields.get(at)?))) else {
                draft.add(self, key, self.anything(value)?)?;
                continue;
            };
            expected = index + 1;
            is_unsure |= draft.has(index);
            match self.validated(&field.kind, value)? {
                Outcome::Valid(value, _) => draft.set(index, &value)?,
                Outcome::Invalid => return Ok(self.invalid_unless_repeated(place, extent)),
                Outcome::Unsure => {
                    is_unsure = true;
                    draft.present |= 1 << index;
                }
            }
        }
        if plan.required & !draft.present != 0 {
            return Ok(Outcome::Invalid);
        }
        if is_unsure {
            return Ok(Outcome::Unsure);
        }
        Ok(Outcome::Valid(draft.finish(self.py, true)?, Fit::MODEL))
    }

    /// An invalid value does not count if its key occurs again.
    fn invalid_unless_repeated(&self, place: Place, extent: Extent) -> Outcome<'py> {
        let mut keys = Vec::with_capacity(extent.count as usize);
        for (key, _) in self.tape.members(place, extent) {
            keys.push(self.tape.text(key, &mut String::new()).to_owned());
        }
        keys.sort_unstable();
        keys.dedup();
        if keys.len() == extent.count as usize { Outcome::Invalid } else { Outcome::Unsure }
    }

    /// Pydantic's choice between variants: the first that fits exactly, else the one with most fields, else the best fit.
    pub(super) fn validated_union(&self, union: &Union, place: Place) -> PyResult<Outcome<'py>> {
        let value = self.tape.at(place);
        if union.accepts_null && value == Value::Null {
            return Ok(Outcome::Valid(self.py.None().into_bound(self.py), Fit::EXACT));
        }
        if let [variant] = &*union.variants {
            return self.validated(variant, place);
        }
        let tagged = self.tagged(union, place);
        let mut best = None::<(Bound<'py, PyAny>, Fit)>;
        let (mut is_unsure, mut may_convert) = (false, false);
        for (index, variant) in union.variants.iter().enumerate() {
            if let (Kind::Model(_), Some(tagged)) = (variant, tagged)
                && !tagged.contains(&index)
            {
                continue;
            }
            match self.validated(variant, place)? {
                Outcome::Valid(object, Fit::EXACT) if !is_unsure => {
                    return Ok(Outcome::Valid(object, Fit::EXACT));
                }
                Outcome::Valid(object, fit) => match &best {
                    Some((_, known)) if known.has_fields || fit.has_fields => return Ok(Outcome::Unsure),
                    Some((_, known)) if known.exactness >= fit.exactness => {}
                    _ => best = Some((object, fit)),
                },
                Outcome::Invalid => {}
                // A converted value never fits better than an unconverted one.
                Outcome::Unsure if matches!(variant, Kind::Integer | Kind::Float | Kind::Boolean) => {
                    may_convert = true;
                }
                Outcome::Unsure => is_unsure = true,
            }
        }
        Ok(match best {
            _ if is_unsure => Outcome::Unsure,
            Some((object, Fit::STRICT)) => Outcome::Valid(object, Fit::STRICT),
            _ if may_convert => Outcome::Unsure,
            Some((object, fit)) => Outcome::Valid(object, fit),
            None => Outcome::Invalid,
        })
    }

    /// The only models that an object can be, by its tag; `None` for any.
    fn tagged<'u>(&self, union: &'u Union, place: Place) -> Option<&'u [usize]> {
        let tag = union.tag.as_ref()?;
        let Value::Object(_) = self.tape.at(place) else { return None };
        let Some(Value::Text(text)) = self.tape.member(place, &tag.key).map(|place| self.tape.at(place))
        else {
            return Some(&[]);
        };
        let mut scratch = String::new();
        let variants = tag.variants.get(self.tape.text(text, &mut scratch));
        Some(variants.map_or(&[], Vec::as_slice))
    }
}
