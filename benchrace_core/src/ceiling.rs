//! One measurement of a machine's ceiling: checked, executed once, watched and stopped from any
//! thread.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::bandwidth::Bandwidth;
use crate::bandwidth::kernel::Kernel;
use crate::bounds;
use crate::control::Control;
use crate::dispatch::FusedTier;
use crate::error::Error;
use crate::gemm::Gemm;
use crate::gemv::Gemv;
use crate::passes::size::Surroundings;
use crate::passes::team::Team;
use crate::passes::{Measuring, Sweep};
use crate::threads;

/// The most passes of a kernel.
const MOST_PASSES: usize = 1000;

/// What is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// Memory, read and written.
    Bandwidth(Bandwidth),
    /// Quantised weights times a vector.
    Gemv(Gemv),
    /// A matrix times a matrix.
    Gemm(Gemm),
}

/// What to measure, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is measured.
    pub job: Job,
    /// Threads to spread each pass over.
    pub threads: usize,
    /// Passes of each kernel.
    pub passes: usize,
    /// The processor's instructions to use; the best if `None`.
    pub tier: Option<FusedTier>,
    /// Whether to bind each thread to a core.
    pub pin: bool,
}

/// A checked request with its controls.
#[derive(Debug)]
pub struct Ceiling {
    request: Request,
    surroundings: Surroundings,
    /// Bytes of an array of the bandwidth kernels, of the weights, of all three matrices.
    bytes: u64,
    control: Control,
    started: AtomicBool,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measurement {
    /// The kernels in the order in which they ran.
    pub sweeps: Vec<Sweep>,
    /// The instructions that the kernels used.
    pub tier: FusedTier,
    /// Bytes of an array of the bandwidth kernels, of the weights, of all three matrices.
    pub bytes: u64,
    /// What decided the sizes.
    pub surroundings: Surroundings,
}

impl Ceiling {
    /// Checks everything; allocates nothing.
    pub fn new(request: Request) -> Result<Self, Error> {
        let Request { job, threads, passes, .. } = &request;
        bounds::check_threads(*threads, threads::available())?;
        if !(1..=MOST_PASSES).contains(passes) {
            let text = format!("{passes}, but it is from 1 to {MOST_PASSES}");
            return Err(Error::field("passes", text));
        }
        let surroundings = Surroundings::detect();
        let (field, bytes, arrays) = match job {
            Job::Bandwidth(bandwidth) => {
                ("size", bandwidth.checked()?.size(&surroundings), bandwidth.arrays())
            }
            Job::Gemv(gemv) => ("size", gemv.checked()?.size(&surroundings), 1),
            Job::Gemm(gemm) => ("n", gemm.checked()?.bytes(), 1),
        };
        let needed = bytes.saturating_mul(arrays);
        match surroundings.available.map(bounds::usable) {
            Some(available) if needed > available => {
                Err(Error::Memory { field, needed, available, alternative: None })
            }
            _ => {
                let (control, started) = (Control::default(), AtomicBool::new(false));
                Ok(Ceiling { request, surroundings, bytes, control, started })
            }
        }
    }

    /// Measures; once only.
    pub fn execute(&self) -> Result<Measurement, Error> {
        if self.started.swap(true, Ordering::Relaxed) {
            return Err(Error::Spent);
        }
        let Request { job, threads, passes, tier, pin } = &self.request;
        let tier = tier.unwrap_or_else(FusedTier::detect);
        let team = Team::new(*threads, *pin);
        let measuring = Measuring { passes: *passes, tier, team, control: &self.control };
        let sweeps = match job {
            Job::Bandwidth(bandwidth) => bandwidth.run(self.bytes, &measuring)?,
            Job::Gemv(gemv) => gemv.run(self.bytes, &measuring)?,
            Job::Gemm(gemm) => gemm.run(&measuring)?,
        };
        let surroundings = self.surroundings;
        Ok(Measurement { sweeps, tier, bytes: self.bytes, surroundings })
    }

    /// Asks the kernels to stop; `execute` then fails with `Cancelled` within 50 ms.
    pub fn cancel(&self) {
        self.control.cancel.set();
    }

    /// Bytes of an array of the bandwidth kernels, of the weights, of all three matrices.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// (finished, total) slices of all passes; (0, 0) until they are planned.
    pub fn progress(&self) -> (u64, u64) {
        self.control.progress.get()
    }
}

/// The kernels of these names, all that the processor has if there are none.
pub fn kernels(names: &[String]) -> Result<Vec<Kernel>, Error> {
    if names.is_empty() {
        return Ok(Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()).collect());
    }
    let named = |name: &String| {
        let kernel = Kernel::from_name(name).filter(|kernel| kernel.is_available());
        kernel.ok_or_else(|| {
            let known = Kernel::ALL.map(Kernel::name).join(", ");
            Error::field("kernels", format!("there is no {name:?} here; known: {known}"))
        })
    };
    names.iter().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gemm::Precision;
    use crate::gemv::format::Format;
    use std::thread;

    fn request(job: Job) -> Request {
        Request { job, threads: 1, passes: 2, tier: None, pin: true }
    }

    fn jobs(bytes: u64, n: u64) -> [Job; 3] {
        let kernels = kernels(&[]).unwrap();
        [
            Job::Bandwidth(Bandwidth { kernels, array_bytes: Some(bytes) }),
            Job::Gemv(Gemv { format: Format::Q8_0, columns: 4096, weight_bytes: Some(bytes) }),
            Job::Gemm(Gemm { precision: Precision::F32, n }),
        ]
    }

    #[test]
    fn everything_is_measured_once() {
        for job in jobs(3 << 20, 200) {
            let ceiling = Ceiling::new(request(job)).unwrap();
            let measurement = ceiling.execute().unwrap();
            assert_eq!(measurement.tier, FusedTier::detect());
            assert_eq!(measurement.bytes, ceiling.bytes());
            for sweep in measurement.sweeps {
                assert_eq!((sweep.elapsed_ns.len(), sweep.threads_used), (2, 1));
                assert!(sweep.elapsed_ns.iter().all(|ns| *ns > 0));
            }
            let (done, total) = ceiling.progress();
            assert_eq!(done, total);
            assert_eq!(ceiling.execute(), Err(Error::Spent));
        }
    }

    #[test]
    fn a_cancel_ends_every_pass() {
        for job in jobs(64 << 20, 3000) {
            let ceiling = Ceiling::new(Request { passes: MOST_PASSES, ..request(job) }).unwrap();
            let result = thread::scope(|scope| {
                let handle = scope.spawn(|| ceiling.execute());
                while ceiling.progress().0 < 3 && !handle.is_finished() {
                    thread::yield_now();
                }
                ceiling.cancel();
                handle.join().unwrap()
            });
            assert_eq!(result, Err(Error::Cancelled));
        }
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        let [bandwidth, gemv, gemm] = jobs(1 << 60, 1 << 15);
        for (job, name) in [(bandwidth, "size"), (gemv, "size")] {
            let error = Ceiling::new(request(job)).unwrap_err();
            assert!(matches!(error, Error::Memory { field, .. } if field == name), "{error}");
        }
        for wrong in [
            Request { threads: 0, ..request(gemm.clone()) },
            Request { passes: 0, ..request(gemm) },
        ] {
            assert!(matches!(Ceiling::new(wrong), Err(Error::Field { .. })));
        }
        assert!(matches!(kernels(&["scale".into()]), Err(Error::Field { field: "kernels", .. })));
        assert_eq!(kernels(&["copy".into()]), Ok(vec![Kernel::Copy]));
    }
}
