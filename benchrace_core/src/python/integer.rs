//! Python's unbounded integers as the numbers that the kernels take.

use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt};

use crate::error::Error;

/// The integer, or an error that names the field: `TypeError` for what is no integer,
/// `ValueError` for one below 0 or beyond 64 bits.
pub fn unsigned(field: &'static str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    if !value.is_instance_of::<PyInt>() || value.is_instance_of::<PyBool>() {
        let kind = value.get_type().name()?;
        return Err(PyTypeError::new_err(format!("{field}: expected an integer, got {kind}")));
    }
    value.extract().map_err(|error: PyErr| {
        if !error.is_instance_of::<PyOverflowError>(value.py()) {
            return error;
        }
        let problem =
            if value.lt(0).unwrap_or(false) { "is negative" } else { "is beyond 64 bits" };
        Error::field(field, format!("the number {problem}")).into()
    })
}
