//! The measured kernels of benchrace, and its stream reader. Everything but `python` is free of Python.

// What a caller sees
pub mod algorithm;
pub mod bounds;
pub mod ceiling;
pub mod error;
pub mod run;

// How an engine's output is read, and stamped at arrival
pub mod stream;

// How a run is watched and stopped
pub mod cancel;
pub mod control;
pub mod progress;

// How work is spread over threads and fitted to the machine
pub mod dispatch;
pub mod machine;
pub mod threads;

// The ceilings of a machine
pub mod bandwidth;
pub mod gemm;
pub mod gemv;
pub mod passes;

// The kernels
pub(crate) mod sieve;
pub mod trial;

// Known answers
pub mod first_primes;
pub mod known;

#[cfg(feature = "python")]
mod python;
