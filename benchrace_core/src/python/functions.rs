//! Questions that need no run.

use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;

use super::errors::enter;
use super::integer::unsigned;
use crate::algorithm::Algorithm;
use crate::dispatch::Tier;
use crate::error::Error;
use crate::machine::memory;
use crate::{bounds, first_primes as firsts, known, threads};

/// The kernel of this name, or an error that lists the names.
pub fn algorithm_named(name: &str) -> Result<Algorithm, Error> {
    Algorithm::from_name(name).ok_or_else(|| {
        let names = Algorithm::ALL.map(Algorithm::name).join(", ");
        Error::field("algorithm", format!("unknown algorithm {name:?}; known: {names}"))
    })
}

/// Return the smallest and largest n of a kernel; the simple sieve's by the memory now available.
#[pyfunction]
pub fn limits(algorithm: &str) -> PyResult<(u64, u64)> {
    let limit = memory::available().map(bounds::usable);
    Ok(bounds::limits(algorithm_named(algorithm)?, limit))
}

/// Return the number of primes <= n where it is on record, else None.
#[pyfunction]
pub fn known_pi(n: &Bound<'_, PyAny>) -> PyResult<Option<u64>> {
    match n.extract() {
        Ok(n) => Ok(known::known_pi(n)),
        Err(error) if error.is_instance_of::<PyOverflowError>(n.py()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Return the first k primes, fewer if there are not as many <= limit; k up to 1,000,000.
#[pyfunction]
pub fn first_primes(k: &Bound<'_, PyAny>, limit: &Bound<'_, PyAny>) -> PyResult<Vec<u32>> {
    let (count, limit) = (unsigned("k", k)?, unsigned("limit", limit)?);
    enter(k.py(), || firsts::first_primes(count, limit))
}

/// Return the name of the instruction tier that kernels use here: avx512, avx2, sse2 or neon.
#[pyfunction]
pub fn cpu_tier() -> &'static str {
    Tier::detect().name()
}

/// Return the threads that this process may run at once (affinity and cgroup quota respected).
#[pyfunction]
pub fn available_threads() -> usize {
    threads::available()
}
