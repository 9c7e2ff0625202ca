//! The Python module `benchrace_core._native`: thin, and the only place that knows Python.

mod ceiling;
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
    use super::ceiling::{Ceiling, Measurement, gemv};
    #[pymodule_export]
    use super::errors::{Cancelled, KernelFault, KernelPanic, KernelRefused};
    #[pymodule_export]
    use super::functions::{
        available_threads, cpu_tier, cpu_tiers, first_primes, known_pi, limits,
    };
    #[pymodule_export]
    use super::run::{Count, Run};
    #[pymodule_export]
    use super::stream::{Connection, Splitter, StreamFault, monotonic_ns};

    use pyo3::prelude::*;
    use pyo3::types::PyTuple;

    use crate::algorithm::Algorithm;
    use crate::bandwidth::kernel::Kernel;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let names = Algorithm::ALL.map(Algorithm::name);
        module.add("ALGORITHMS", PyTuple::new(module.py(), names)?)?;
        let kernels = Kernel::ALL.into_iter().filter(|kernel| kernel.is_available());
        let names: Vec<_> = kernels.map(Kernel::name).collect();
        module.add("BANDWIDTH_KERNELS", PyTuple::new(module.py(), names)?)
    }
}
