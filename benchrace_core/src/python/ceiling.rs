//! Measurements of a machine's ceilings, as Python sees them.

use pyo3::prelude::*;

use super::errors::enter;
use super::functions::fused_tier_named;
use super::integer::unsigned;
use crate::bandwidth::Bandwidth;
use crate::ceiling::{self, Job, Request, kernels};
use crate::dispatch::FusedTier;
use crate::error::Error;
use crate::gemm::{Gemm, Precision};
use crate::gemv::format::Format;
use crate::gemv::{Gemv, multiply};
use crate::passes;

type Number<'py> = Bound<'py, PyAny>;

/// One measurement of a machine's ceiling. Its methods may be called from any thread.
#[pyclass(frozen, module = "benchrace_core")]
pub struct Ceiling(ceiling::Ceiling);

fn measure(
    job: Job,
    threads: &Number<'_>,
    passes: &Number<'_>,
    tier: Option<&str>,
    pin: bool,
) -> PyResult<Ceiling> {
    let threads = usize::try_from(unsigned("threads", threads)?).unwrap_or(usize::MAX);
    let passes = usize::try_from(unsigned("passes", passes)?).unwrap_or(usize::MAX);
    let tier = tier.map(fused_tier_named).transpose()?;
    Ok(Ceiling(ceiling::Ceiling::new(Request { job, threads, passes, tier, pin })?))
}

fn format_named(name: &str) -> Result<Format, Error> {
    Format::from_name(name).ok_or_else(|| {
        let names = Format::ALL.map(Format::name).join(", ");
        Error::field("format", format!("unknown format {name:?}; known: {names}"))
    })
}

fn size(value: Option<&Number<'_>>) -> PyResult<Option<u64>> {
    value.map(|value| unsigned("size", value)).transpose()
}

#[pymethods]
impl Ceiling {
    /// Reading and writing memory.
    #[staticmethod]
    #[allow(clippy::too_many_arguments)]
    #[pyo3(signature = (kernels = Vec::new(), *, threads, passes, size = None, tier = None, pin = true))]
    fn bandwidth(
        kernels: Vec<String>,
        threads: &Number<'_>,
        passes: &Number<'_>,
        size: Option<&Number<'_>>,
        tier: Option<&str>,
        pin: bool,
    ) -> PyResult<Self> {
        let kernels = self::kernels(&kernels)?;
        let job = Job::Bandwidth(Bandwidth { kernels, array_bytes: self::size(size)? });
        measure(job, threads, passes, tier, pin)
    }

    /// Quantised weights times a vector.
    #[staticmethod]
    #[allow(clippy::too_many_arguments)]
    #[pyo3(signature = (layout, columns, *, threads, passes, size = None, tier = None, pin = true))]
    fn gemv(
        layout: &str,
        columns: &Number<'_>,
        threads: &Number<'_>,
        passes: &Number<'_>,
        size: Option<&Number<'_>>,
        tier: Option<&str>,
        pin: bool,
    ) -> PyResult<Self> {
        let format = format_named(layout)?;
        let columns = usize::try_from(unsigned("columns", columns)?).unwrap_or(usize::MAX);
        let job = Job::Gemv(Gemv { format, columns, weight_bytes: self::size(size)? });
        measure(job, threads, passes, tier, pin)
    }

    /// A matrix times a matrix.
    #[staticmethod]
    #[pyo3(signature = (precision, n, *, threads, passes, tier = None, pin = true))]
    fn gemm(
        precision: &str,
        n: &Number<'_>,
        threads: &Number<'_>,
        passes: &Number<'_>,
        tier: Option<&str>,
        pin: bool,
    ) -> PyResult<Self> {
        let precision = Precision::from_name(precision).ok_or_else(|| {
            let names = Precision::ALL.map(Precision::name).join(", ");
            Error::field("precision", format!("unknown precision {precision:?}; known: {names}"))
        })?;
        let job = Job::Gemm(Gemm { precision, n: unsigned("n", n)? });
        measure(job, threads, passes, tier, pin)
    }

    /// Measure without the GIL; once only.
    fn execute(&self, py: Python<'_>) -> PyResult<Measurement> {
        enter(py, || self.0.execute()).map(Measurement)
    }

    /// Ask the kernels to stop: `execute` raises `Cancelled` within 50 ms. Harmless at any time.
    fn cancel(&self) {
        self.0.cancel();
    }

    /// Bytes of an array, of the weights, or of all three matrices.
    #[getter]
    fn bytes(&self) -> u64 {
        self.0.bytes()
    }

    /// Return (finished, total) slices of all passes; (0, 0) until planned.
    fn progress(&self) -> (u64, u64) {
        self.0.progress()
    }
}

/// What was measured.
#[pyclass(frozen, module = "benchrace_core")]
pub struct Measurement(ceiling::Measurement);

#[pymethods]
impl Measurement {
    /// Each kernel: its name, what a pass works on, and the nanoseconds of each pass.
    #[getter]
    fn sweeps(&self) -> Vec<(&'static str, u64, Vec<u64>)> {
        let sweep = |sweep: &passes::Sweep| (sweep.kernel, sweep.amount, sweep.elapsed_ns.clone());
        self.0.sweeps.iter().map(sweep).collect()
    }

    /// The most threads that had work in a pass.
    #[getter]
    fn threads_used(&self) -> usize {
        self.0.sweeps.iter().map(|sweep| sweep.threads_used).max().unwrap_or(0)
    }

    /// The most threads that were bound to a core each.
    #[getter]
    fn cores_pinned(&self) -> usize {
        self.0.sweeps.iter().map(|sweep| sweep.cores_pinned).max().unwrap_or(0)
    }

    /// The instructions that the kernels used.
    #[getter]
    fn cpu_tier(&self) -> &'static str {
        self.0.tier.name()
    }

    /// Bytes of an array, of the weights, or of all three matrices.
    #[getter]
    fn bytes(&self) -> u64 {
        self.0.bytes
    }

    /// Bytes of all last-level caches, as the system tells.
    #[getter]
    fn cache_bytes(&self) -> Option<u64> {
        self.0.surroundings.cache
    }

    /// Whether a hypervisor runs below.
    #[getter]
    fn virtual_machine(&self) -> Option<bool> {
        self.0.surroundings.is_virtual
    }
}

/// Multiply rows of weights with a vector on this thread.
#[pyfunction]
#[pyo3(signature = (layout, weights, vector, *, tier = None))]
pub fn gemv(
    py: Python<'_>,
    layout: &str,
    weights: &[u8],
    vector: Vec<f32>,
    tier: Option<&str>,
) -> PyResult<Vec<f32>> {
    let format = format_named(layout)?;
    let tier = tier.map_or(Ok(FusedTier::detect()), fused_tier_named)?;
    enter(py, || multiply(format, tier, weights, vector))
}
