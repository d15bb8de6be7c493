//! Objects of pydantic's model classes, allocated and filled without running any of their code: the one module here
//! with `unsafe` code.
//!
//! Everything is in the stable ABI: `PyType_GetSlot`, `PyObject_GenericSetDict`, `PySet_New`, and the two slots called
//! (`tp_alloc` of the class, `tp_descr_set` of the descriptors).
#![expect(unsafe_code, reason = "an object without its constructor can only be made through the C API")]

use pyo3::{
    exceptions::PyTypeError,
    ffi,
    prelude::*,
    types::{PyDict, PySet, PyType},
};
use std::{mem, ptr};

/// How to allocate objects of a class, and set the three slots that pydantic keeps besides `__dict__`.
pub(super) struct Slots {
    class: Py<PyType>,
    allocate: ffi::allocfunc,
    fields_set: Descriptor,
    extra: Descriptor,
    private: Descriptor,
}

impl Slots {
    /// Of `class`, whose `__new__` is `object`'s, and whose slots are those member descriptors.
    pub(super) fn new(class: &Bound<'_, PyType>, descriptors: [Bound<'_, PyAny>; 3]) -> PyResult<Self> {
        // SAFETY: `class` is a type object, and any may be asked for `tp_alloc` from Python 3.10 on.
        let slot = unsafe { ffi::PyType_GetSlot(class.as_type_ptr(), ffi::Py_tp_alloc) };
        if slot.is_null() {
            return Err(PyTypeError::new_err("the class has no allocator"));
        }
        // SAFETY: what is in this slot is of this type, by the C API's definition of it, and not null.
        let allocate = unsafe { mem::transmute::<*mut std::ffi::c_void, ffi::allocfunc>(slot) };
        let [fields_set, extra, private] = descriptors;
        Ok(Self {
            class: class.clone().unbind(),
            allocate,
            fields_set: Descriptor::new(fields_set)?,
            extra: Descriptor::new(extra)?,
            private: Descriptor::new(private)?,
        })
    }

    /// A new object with these attributes, set of set fields, and extra fields.
    pub(super) fn object<'py>(
        &self,
        py: Python<'py>,
        attributes: &Bound<'py, PyDict>,
        fields_set: &Bound<'py, PySet>,
        extra: &Bound<'py, PyDict>,
    ) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: the function is this class's own allocator, which returns a new reference to an object whose memory
        // is zeroed, or null with an exception set. With all slots empty it is a valid object of the class: `__new__`
        // of `object` does no more than this, and `describing.py` lets no class through that has another `__new__`.
        let object = unsafe {
            Bound::from_owned_ptr_or_err(py, (self.allocate)(self.class.bind(py).as_type_ptr(), 0))?
        };
        // SAFETY: both pointers are valid for the whole call; the function takes a reference of its own to the
        // dictionary. It returns -1 with an exception set, for example where the class has no `__dict__`.
        let failed = unsafe {
            ffi::PyObject_GenericSetDict(object.as_ptr(), attributes.as_ptr(), ptr::null_mut()) != 0
        };
        if failed {
            return Err(PyErr::fetch(py));
        }
        self.fields_set.set(&object, fields_set)?;
        self.extra.set(&object, extra)?;
        self.private.set(&object, py.None().bind(py))?;
        Ok(object)
    }
}

/// A member descriptor, with its setter.
struct Descriptor {
    descriptor: Py<PyAny>,
    set: ffi::descrsetfunc,
}

impl Descriptor {
    fn new(descriptor: Bound<'_, PyAny>) -> PyResult<Self> {
        // SAFETY: the argument is a type object, and any may be asked for `tp_descr_set` from Python 3.10 on.
        let slot = unsafe { ffi::PyType_GetSlot(descriptor.get_type().as_type_ptr(), ffi::Py_tp_descr_set) };
        if slot.is_null() {
            return Err(PyTypeError::new_err("the descriptor cannot be set"));
        }
        // SAFETY: what is in this slot is of this type, by the C API's definition of it, and not null.
        let set = unsafe { mem::transmute::<*mut std::ffi::c_void, ffi::descrsetfunc>(slot) };
        Ok(Self { descriptor: descriptor.unbind(), set })
    }

    fn set(&self, object: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        // SAFETY: all three are valid for the whole call, and `set` is the function of the descriptor's own type. It
        // checks by itself that the object is of the class that it describes, and takes a reference of its own.
        let failed = unsafe { (self.set)(self.descriptor.as_ptr(), object.as_ptr(), value.as_ptr()) != 0 };
        if failed { Err(PyErr::fetch(object.py())) } else { Ok(()) }
    }
}

/// A new set with the same members.
pub(super) fn copy_of<'py>(set: &Bound<'py, PySet>) -> PyResult<Bound<'py, PySet>> {
    // SAFETY: the argument is valid for the whole call; the function returns a new reference to a set, or null with an
    // exception set.
    let copy = unsafe { Bound::from_owned_ptr_or_err(set.py(), ffi::PySet_New(set.as_ptr()))? };
    Ok(copy.cast_into::<PySet>()?)
}
