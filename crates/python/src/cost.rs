//! Cost of replies in `decimal.Decimal`: the Python class.

use crate::from_python::{self, Path};
use crate::to_python::{Reduced, object_to_python};
use ferrule_catalog::{self as catalog, Amount, Part, Settlement, Source, UNITS};
use ferrule_wire::json::{Fields, ObjectWriter};
use pyo3::{
    exceptions::PyValueError,
    intern,
    prelude::*,
    sync::PyOnceLock,
    types::{PyDict, PyType},
};
use std::sync::Arc;
use std::time::SystemTime;

/// The cost of an answer.
#[pyclass(frozen, eq, module = "ferrule._native")]
#[derive(Clone, PartialEq)]
pub(crate) struct Cost(pub(crate) catalog::Cost);

static DECIMAL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Converts `amount` to `decimal.Decimal` by its text.
pub(crate) fn decimal<'py>(py: Python<'py>, amount: &impl ToString) -> PyResult<Bound<'py, PyAny>> {
    let decimal = DECIMAL.get_or_try_init(py, || {
        py.import(intern!(py, "decimal"))?.getattr(intern!(py, "Decimal")).map(Bound::unbind)
    })?;
    decimal.bind(py).call1((amount.to_string(),))
}

#[pymethods]
impl Cost {
    /// The total.
    #[getter]
    fn total<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        decimal(py, &self.0.total)
    }

    /// The currency, always `USD`.
    #[getter]
    #[expect(clippy::unused_self, reason = "an attribute")]
    const fn currency(&self) -> &'static str {
        "USD"
    }

    /// The cost of each kind of usage, by name. Each token counts in one of them only: tokens read from a cache are not
    /// in `input_tokens`. Empty if the provider itself reported the total.
    #[getter]
    fn breakdown<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let breakdown = PyDict::new(py);
        for part in &self.0.parts {
            breakdown.set_item(part.unit.name, decimal(py, &part.amount)?)?;
        }
        Ok(breakdown)
    }

    /// The charged quantity of each kind, by name.
    #[getter]
    fn quantities<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let quantities = PyDict::new(py);
        for part in &self.0.parts {
            quantities.set_item(part.unit.name, part.quantity)?;
        }
        Ok(quantities)
    }

    /// The source of the prices: `genai-prices`, `configuration`, or the provider that reported the cost.
    #[getter]
    fn source(&self) -> &str {
        &self.0.source.name
    }

    /// The version of the price list; `None` if it has none.
    #[getter]
    fn source_version(&self) -> Option<&str> {
        self.0.source.version.as_deref()
    }

    /// The day (YYYY-MM-DD) on which the price was compared with the provider's page, or from which it is valid; the
    /// later of the two. `None` if neither is known.
    #[getter]
    fn source_date(&self) -> Option<&str> {
        self.0.source.date.as_deref()
    }

    /// Whether the provider itself reported the cost.
    #[getter]
    const fn is_reported(&self) -> bool {
        self.0.reported
    }

    /// Everything as a dictionary of JSON values; amounts are strings.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        object_to_python(py, |object| self.write_fields(object))
    }

    /// The pairs of `to_dict`, so that `dict(cost)` works.
    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        crate::forms::pairs(&self.to_dict(py)?)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (Bound<'py, PyAny>,)> {
        Ok((py.get_type::<Self>().getattr("from_dict")?, (self.to_dict(py)?,)))
    }

    /// The cost of what `to_dict` returned.
    #[classmethod]
    fn from_dict(_class: &Bound<'_, PyType>, fields: &Bound<'_, PyDict>) -> PyResult<Self> {
        let json = from_python::json(fields, Path::Root("cost"))?;
        Self::read(json.value().object().unwrap_or_default())
            .ok_or_else(|| PyValueError::new_err("cost: this is not what to_dict() gave"))
    }

    /// The sum of the costs of several replies; `None` if one of them is not known, or there are none.
    #[staticmethod]
    fn _sum(costs: Vec<Option<PyRef<'_, Self>>>) -> Option<Self> {
        Self::sum(costs.into_iter().map(|cost| cost.as_deref().cloned()))
    }

    fn __float__(&self, py: Python<'_>) -> PyResult<f64> {
        self.total(py)?.call_method0("__float__")?.extract()
    }

    fn __repr__(&self) -> String {
        format!("Cost(total=Decimal('{}'), currency='USD', source='{}')", self.0.total, self.0.source.name)
    }
}

impl Cost {
    /// The sum of `costs`; `None` if one of them is not known.
    pub(crate) fn sum(costs: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        catalog::Cost::sum(costs.into_iter().map(|cost| cost.map(|cost| cost.0))).map(Self)
    }

    pub(crate) fn write_fields(&self, object: &mut ObjectWriter<'_>) {
        let cost = &self.0;
        object.field("total", cost.total.to_string()).field("currency", "USD");
        object.object("breakdown", |object| {
            for part in &cost.parts {
                object.field(part.unit.name, part.amount.to_string());
            }
        });
        object.object("quantities", |object| {
            for part in &cost.parts {
                object.field(part.unit.name, part.quantity);
            }
        });
        object.field("source", &cost.source.name);
        object.nullable("source_version", cost.source.version.as_ref());
        object.nullable("source_date", cost.source.date.as_ref());
        object.nullable("source_licence", cost.source.licence.as_ref());
        object.field("is_reported", cost.reported);
    }

    pub(crate) fn read(mut fields: Fields<'_>) -> Option<Self> {
        let total: Amount = fields.take_string("total")?.parse().ok()?;
        let mut quantities = fields.take_object("quantities").unwrap_or_default();
        let breakdown = fields.take_object("breakdown").unwrap_or_default();
        let parts = breakdown.iter().map(|(name, amount)| {
            Some(Part {
                unit: UNITS.iter().find(|unit| unit.name == name)?,
                quantity: quantities.take_u64(name)?,
                amount: amount.string()?.parse().ok()?,
            })
        });
        let parts = parts.collect::<Option<Vec<_>>>()?;
        let source = Source {
            name: fields.take_string("source")?,
            version: fields.take_string("source_version"),
            date: fields.take_string("source_date"),
            licence: fields.take_string("source_licence"),
        };
        let reported = fields.take_bool("is_reported").unwrap_or_default();
        Some(Self(catalog::Cost { total, parts, source: Arc::new(source), reported }))
    }
}

/// The source of a reply's cost on access.
#[derive(Clone)]
pub(crate) enum Pricing {
    /// In the call's settlement.
    Settled(Arc<Settlement>),
    /// Computed before the reply was pickled.
    Known(Option<Box<Cost>>),
}

impl Pricing {
    pub(crate) fn cost(&self) -> Option<Cost> {
        match self {
            Self::Settled(settlement) => settlement.cost().cloned().map(Cost),
            Self::Known(cost) => cost.as_deref().cloned(),
        }
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
