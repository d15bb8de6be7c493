//! What an item costs that is ready: handed over by Rust one by one, where Ferrule hands over lists.

use pyo3::{
    exceptions::{PyStopAsyncIteration, PyStopIteration},
    prelude::*,
};
use std::sync::atomic::{AtomicUsize, Ordering};

/// `count` items that are ready. As an asynchronous iterator, each comes in an awaitable that is done.
#[pyclass(frozen)]
pub(crate) struct Ready {
    left: AtomicUsize,
}

impl Ready {
    fn item(&self) -> Option<String> {
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .ok()
            .map(|left| format!("{left:>20}"))
    }
}

#[pymethods]
impl Ready {
    #[new]
    fn new(count: usize) -> Self {
        Self { left: count.into() }
    }

    /// One item, or `None` at the end.
    fn one(&self) -> Option<String> {
        self.item()
    }

    /// As many as `most` items, or `None` at the end.
    fn take(&self, most: usize) -> Option<Vec<String>> {
        let items: Vec<_> = std::iter::from_fn(|| self.item()).take(most).collect();
        (!items.is_empty()).then_some(items)
    }

    fn __aiter__(this: Bound<'_, Self>) -> Bound<'_, Self> {
        this
    }

    fn __anext__(&self) -> PyResult<Done> {
        match self.item() {
            Some(text) => Ok(Done { text }),
            None => Err(PyStopAsyncIteration::new_err(())),
        }
    }
}

/// An awaitable that is done: its first step raises `StopIteration` with the value.
#[pyclass(frozen)]
pub(crate) struct Done {
    text: String,
}

#[pymethods]
impl Done {
    fn __await__(this: Bound<'_, Self>) -> Bound<'_, Self> {
        this
    }

    fn __iter__(this: Bound<'_, Self>) -> Bound<'_, Self> {
        this
    }

    fn __next__(&self) -> PyResult<()> {
        Err(PyStopIteration::new_err(self.text.clone()))
    }
}
