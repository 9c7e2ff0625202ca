//! Questions that need no run.

use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;

use super::errors::enter;
use super::integer::unsigned;
use crate::algorithm::Algorithm;
use crate::dispatch::{BASELINE, FusedTier, Tier};
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

/// The tier of this name, or an error that lists the names.
pub fn tier_named(name: &str) -> Result<Tier, Error> {
    let includes = "avx512 includes VPOPCNTDQ (Ice Lake, Zen 4 and later)";
    Tier::named(name).ok_or_else(|| no_tier(name, &cpu_tiers(), includes))
}

/// The tier of this name for kernels that multiply, or an error that lists the names.
pub fn fused_tier_named(name: &str) -> Result<FusedTier, Error> {
    let includes = "avx2 includes FMA and F16C here, avx512 VPOPCNTDQ and VNNI (Ice Lake, Zen 4 and \
                    later)";
    let names: Vec<_> = FusedTier::all().into_iter().map(FusedTier::name).collect();
    FusedTier::named(name).ok_or_else(|| no_tier(name, &names, includes))
}

/// The refusal of a tier; the last one of the known ones is the baseline.
fn no_tier(name: &str, known: &[&str], includes: &str) -> Error {
    let (own, others) = known.split_last().unwrap_or((&BASELINE, &[]));
    let others: String = others.iter().map(|other| format!("{other}, ")).collect();
    let text =
        format!("this processor has no {name:?}; it has {others}{BASELINE} ({own}). {includes}");
    Error::field("tier", text)
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

/// Return the names of all instruction tiers that this processor can run, best first.
#[pyfunction]
pub fn cpu_tiers() -> Vec<&'static str> {
    Tier::all().into_iter().map(Tier::name).collect()
}

/// Return the threads that this process may run at once (affinity and cgroup quota respected).
#[pyfunction]
pub fn available_threads() -> usize {
    threads::available()
}
