//! A run and its count, as Python sees them.

use pyo3::prelude::*;

use super::errors::enter;
use super::functions::{algorithm_named, tier_named};
use super::integer::unsigned;
use crate::run::{self, Request};

/// One run of one kernel. Its methods may be called from any thread.
#[pyclass(frozen, module = "benchrace_core")]
pub struct Run(run::Run);

#[pymethods]
impl Run {
    #[new]
    #[pyo3(signature = (
        algorithm, n, threads = None, *, start = None, tier = None, memory_limit = None
    ))]
    fn new(
        algorithm: &str,
        n: &Bound<'_, PyAny>,
        threads: Option<&Bound<'_, PyAny>>,
        start: Option<&Bound<'_, PyAny>>,
        tier: Option<&str>,
        memory_limit: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let algorithm = algorithm_named(algorithm)?;
        let tier = tier.map(tier_named).transpose()?;
        let n = unsigned("n", n)?;
        let threads = threads.map_or(Ok(1), |value| unsigned("threads", value))?;
        let start = start.map_or(Ok(1), |value| unsigned("start", value))?;
        let memory_limit = memory_limit.map(|value| unsigned("memory_limit", value)).transpose()?;
        let threads = usize::try_from(threads).unwrap_or(usize::MAX);
        let request = Request { algorithm, start, n, threads, tier, memory_limit };
        Ok(Run(run::Run::new(request)?))
    }

    /// Run the kernel to its end without the GIL; once only.
    fn execute(&self, py: Python<'_>) -> PyResult<Count> {
        enter(py, || self.0.execute()).map(Count)
    }

    /// Ask the kernel to stop: `execute` raises `Cancelled` within 50 ms. Harmless at any time.
    fn cancel(&self) {
        self.0.cancel();
    }

    /// Return (finished, total) blocks; (0, 0) until planned. Lock-free, no system call.
    fn progress(&self) -> (u64, u64) {
        self.0.progress()
    }
}

/// What a run found, and what it took.
#[pyclass(frozen, module = "benchrace_core")]
pub struct Count(run::Count);

#[pymethods]
impl Count {
    /// Number of primes from `start` to `n`.
    #[getter]
    fn primes(&self) -> u64 {
        self.0.primes
    }

    /// Monotonic nanoseconds of the whole kernel: tables, thread start, sieving, counting, taking
    /// memory and giving it back. Not in it: checking the arguments, waiting for the GIL.
    #[getter]
    fn elapsed_ns(&self) -> u64 {
        self.0.elapsed_ns
    }

    /// Threads that finished at least one task; fewer than asked where the work was too short.
    #[getter]
    fn threads_used(&self) -> usize {
        self.0.threads_used
    }

    /// Finished blocks.
    #[getter]
    fn blocks(&self) -> u64 {
        self.0.blocks
    }

    /// The best instructions that the kernel used: of the simple sieve those that count its array,
    /// of trial division always the baseline.
    #[getter]
    fn cpu_tier(&self) -> &'static str {
        self.0.tier.name()
    }

    fn __repr__(&self) -> String {
        format!(
            "Count(primes={}, elapsed_ns={}, threads_used={}, blocks={}, cpu_tier='{}')",
            self.0.primes,
            self.0.elapsed_ns,
            self.0.threads_used,
            self.0.blocks,
            self.0.tier.name()
        )
    }
}
