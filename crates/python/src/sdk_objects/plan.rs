//! Plans of types: everything needed to build their values.

use super::{field_sets::FieldSets, slots::Slots};
use pyo3::{
    prelude::*,
    sync::PyOnceLock,
    types::{PyDict, PyString, PyType},
};
use std::{collections::HashMap, sync::Arc};

/// What a type accepts.
pub(super) enum Kind {
    Text,
    Integer,
    Float,
    Boolean,
    /// `None`.
    Nothing,
    /// `object` or `Any`.
    Anything,
    /// Certain strings.
    Literal(Box<[Word]>),
    Model(Arc<Model>),
    List(Box<Kind>),
    /// `dict[str, ...]`.
    Map(Box<Kind>),
    Union(Box<Union>),
    /// Left to the SDK.
    Unknown,
}

/// An interned string.
pub(super) struct Word {
    pub(super) text: Box<str>,
    pub(super) object: Py<PyString>,
}

/// Several types, any of which a value may have.
pub(super) struct Union {
    /// As declared, without `None` except for `first`.
    pub(super) variants: Box<[Kind]>,
    pub(super) accepts_null: bool,
    /// The first of them is `None`.
    pub(super) begins_with_null: bool,
    /// Contains a list and a model: the SDKs differ in how they treat an invalid list.
    pub(super) has_list_and_model: bool,
    /// Invalid values are left to the SDK.
    pub(super) is_theirs: bool,
    /// Several models without a discriminator: the SDK may use one of an equal union.
    pub(super) is_ambiguous: bool,
    pub(super) tag: Option<Tag>,
    /// The type given to the SDK's `construct_type`, from which it makes its own table of tags.
    pub(super) declared: Option<Declared>,
    pub(super) details: PyOnceLock<Option<Details>>,
}

/// A key that every model of a union requires, with literal values.
pub(super) struct Tag {
    pub(super) key: Box<str>,
    /// Indexes into `variants`.
    pub(super) variants: HashMap<Box<str>, Vec<usize>>,
}

/// A union that has a discriminator.
pub(super) struct Declared {
    pub(super) union: Py<PyAny>,
    pub(super) metadata: Py<PyAny>,
}

/// The SDK's table of tags for invalid values.
pub(super) struct Details {
    pub(super) key: Box<str>,
    pub(super) models: HashMap<Box<str>, Arc<Model>>,
}

/// A model class; its plan is made for the first object.
pub(super) struct Model {
    pub(super) class: Py<PyType>,
    pub(super) plan: PyOnceLock<Option<Plan>>,
}

/// How objects of a model class are built.
pub(super) struct Plan {
    pub(super) fields: Box<[Field]>,
    /// `__dict__` if no field is present: the defaults, in order.
    pub(super) template: Py<PyDict>,
    /// One bit per required field.
    pub(super) required: u128,
    pub(super) slots: Slots,
    pub(super) field_sets: FieldSets,
    /// Names of fields that have another name in JSON: as keys they are neither fields nor extra fields.
    pub(super) dropped: Box<[Box<str>]>,
}

/// A field of a model.
pub(super) struct Field {
    pub(super) key: Box<str>,
    pub(super) name: Py<PyString>,
    pub(super) kind: Kind,
    /// The key is not a field's name to the SDK: the value is also an extra field.
    pub(super) is_extra_too: bool,
    pub(super) default: Py<PyAny>,
    /// For the SDK's `construct_type`.
    pub(super) annotation: Py<PyAny>,
    pub(super) metadata: Py<PyAny>,
}

impl Plan {
    /// The index of the field with that key; the search begins at `expected`, as fields mostly come in the same order.
    pub(super) fn index_of(&self, key: &str, expected: usize) -> Option<usize> {
        let (before, after) = self.fields.split_at_checked(expected)?;
        let is_it = |field: &Field| &*field.key == key;
        after.iter().position(is_it).map(|at| at + expected).or_else(|| before.iter().position(is_it))
    }
}
