//! Errors as Python exceptions, and the one doorway that no panic passes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::error::Error;
use crate::threads::message;

create_exception!(benchrace_core, Cancelled, PyException, "The run was cancelled.");
create_exception!(
    benchrace_core,
    KernelPanic,
    PyRuntimeError,
    "A kernel panicked: a defect of the kernel, not of its arguments."
);
create_exception!(
    benchrace_core,
    KernelFault,
    PyRuntimeError,
    "A kernel's result is wrong: a defect of the kernel or of the machine."
);
create_exception!(
    benchrace_core,
    KernelRefused,
    PyValueError,
    "The run needs more memory than is available; nothing was allocated."
);

impl From<Error> for PyErr {
    fn from(error: Error) -> PyErr {
        let text = error.to_string();
        match error {
            Error::Field { .. } => PyValueError::new_err(text),
            Error::Memory { .. } | Error::Allocation { .. } => KernelRefused::new_err(text),
            Error::Cancelled => Cancelled::new_err(text),
            Error::Panic(_) => KernelPanic::new_err(text),
            Error::Wrong(_) => KernelFault::new_err(text),
            Error::Spent => PyRuntimeError::new_err(text),
            Error::Thread(_) => PyOSError::new_err(text),
        }
    }
}

/// Does the work without the GIL; a panic becomes an error like any other.
pub fn enter<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, Error> + Send,
) -> PyResult<T> {
    let result = py.detach(|| {
        catch_unwind(AssertUnwindSafe(work))
            .unwrap_or_else(|payload| Err(Error::Panic(message(&*payload))))
    });
    Ok(result?)
}
