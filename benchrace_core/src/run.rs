//! One run of one kernel: checked, executed once, watched and stopped from any thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::algorithm::Algorithm;
use crate::bounds;
use crate::control::Control;
use crate::dispatch::Tier;
use crate::error::Error;
use crate::machine::{cache::Caches, memory};
use crate::sieve::{segmented, simple};
use crate::threads::{self, Tally};
use crate::trial;

/// A checked plan with its controls.
#[derive(Debug)]
pub struct Run {
    algorithm: Algorithm,
    n: u64,
    threads: usize,
    control: Control,
    started: AtomicBool,
}

/// What a run found, and what it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Primes `<= n`.
    pub primes: u64,
    /// Monotonic time of the whole kernel: tables, thread start, sieving, counting,
    /// taking memory and giving it back.
    pub elapsed_ns: u64,
    /// Threads that finished at least one task.
    pub threads_used: usize,
    /// Finished blocks.
    pub blocks: u64,
    /// The processor's instructions that were used.
    pub tier: Tier,
}

impl Run {
    /// Checks everything; allocates nothing. `memory_limit` replaces what the system tells.
    pub fn new(
        algorithm: Algorithm,
        n: u64,
        threads: usize,
        memory_limit: Option<u64>,
    ) -> Result<Self, Error> {
        let limit = memory_limit.or_else(|| memory::available().map(bounds::usable));
        bounds::check_n(algorithm, n, limit)?;
        bounds::check_threads(threads, threads::available())?;
        Caches::detect(); // reads files: here, so that the timed part does not
        let (control, started) = (Control::default(), AtomicBool::new(false));
        Ok(Run { algorithm, n, threads, control, started })
    }

    /// Runs the kernel; once only.
    pub fn execute(&self) -> Result<Count, Error> {
        if self.started.swap(true, Ordering::Relaxed) {
            return Err(Error::Spent);
        }
        self.control.check()?;
        let start = Instant::now();
        let tier = Tier::detect();
        let tally = self.kernel(tier)?;
        let elapsed_ns = start.elapsed().as_nanos() as u64;
        let (blocks, _) = self.progress();
        let Tally { primes, threads_used } = tally;
        Ok(Count { primes, elapsed_ns, threads_used, blocks, tier })
    }

    fn kernel(&self, tier: Tier) -> Result<Tally, Error> {
        let Run { n, threads, ref control, .. } = *self;
        match self.algorithm {
            Algorithm::Segmented => {
                segmented::count(n, threads, segmented::Choice::best(n), control)
            }
            Algorithm::Simple => simple::count(n, threads, tier, control),
            Algorithm::Trial => trial::count(n, threads, control),
            Algorithm::Panic => threads::share(
                threads,
                n,
                control,
                || (),
                |(), index| panic!("asked to panic in task {index}"),
            ),
        }
    }

    /// Asks the kernel to stop; `execute` then fails with `Cancelled` within 50 ms.
    pub fn cancel(&self) {
        self.control.cancel.set();
    }

    /// (finished, total) blocks; (0, 0) until the kernel has planned them.
    pub fn progress(&self) -> (u64, u64) {
        self.control.progress.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn runs_once() {
        let run = Run::new(Algorithm::Segmented, 1000, 1, None).unwrap();
        let count = run.execute().unwrap();
        assert_eq!((count.primes, count.threads_used), (168, 1));
        assert_eq!(run.progress(), (count.blocks, count.blocks));
        assert!(count.elapsed_ns > 0);
        assert_eq!(run.execute(), Err(Error::Spent));
    }

    #[test]
    fn a_run_cancelled_before_does_no_work() {
        for algorithm in Algorithm::ALL {
            let run = Run::new(algorithm, 1000, 1, None).unwrap();
            run.cancel();
            assert_eq!(run.execute(), Err(Error::Cancelled));
            assert_eq!(run.progress(), (0, 0));
        }
    }

    #[test]
    fn every_kernel_can_be_cancelled_on_its_way() {
        for (algorithm, n) in [
            (Algorithm::Segmented, bounds::SEGMENTED_MAX),
            (Algorithm::Simple, 20_000_000_000),
            (Algorithm::Trial, bounds::TRIAL_MAX),
        ] {
            let run = Run::new(algorithm, n, 1, Some(1 << 40)).unwrap();
            let result = thread::scope(|scope| {
                let handle = scope.spawn(|| run.execute());
                while run.progress().0 < 3 && !handle.is_finished() {
                    thread::yield_now();
                }
                run.cancel();
                handle.join().unwrap()
            });
            assert_eq!(result, Err(Error::Cancelled), "{}", algorithm.name());
            let (done, total) = run.progress();
            assert!(done >= 3 && done < total);
        }
    }

    #[test]
    fn memory_is_refused_before_it_is_taken() {
        let error = Run::new(Algorithm::Simple, 1_000_000_000, 1, Some(1000)).unwrap_err();
        assert_eq!(error, Error::Memory { needed: 62_500_000, available: 1000 });
    }

    #[test]
    fn a_panic_is_an_error() {
        let run = Run::new(Algorithm::Panic, 4, 1, None).unwrap();
        let message = "asked to panic in task 0".to_owned();
        assert_eq!(run.execute(), Err(Error::Panic(message)));
    }
}
