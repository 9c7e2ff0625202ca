//! The Python module `benchrace_core._native`: thin, and the only place that knows Python.

mod errors;
mod functions;
mod integer;
mod run;
mod stream;

use pyo3::prelude::*;

/// The measured kernels of benchrace.
#[pymodule]
#[pyo3(name = "_native")]
mod native {
    #[pymodule_export]
    use super::errors::{Cancelled, KernelPanic, KernelRefused};
    #[pymodule_export]
    use super::functions::{available_threads, cpu_tier, first_primes, known_pi, limits};
    #[pymodule_export]
    use super::run::{Count, Run};
    #[pymodule_export]
    use super::stream::{Connection, Splitter, StreamFault, monotonic_ns};

    use pyo3::prelude::*;

    use crate::algorithm::Algorithm;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let names = Algorithm::ALL.map(Algorithm::name);
        module.add("ALGORITHMS", pyo3::types::PyTuple::new(module.py(), names)?)
    }
}
