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

/// What to count, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// The kernel.
    pub algorithm: Algorithm,
    /// The first number of the range; always 1 except for the segmented sieve.
    pub start: u64,
    /// The last number of the range.
    pub n: u64,
    /// Threads to spread the work over.
    pub threads: usize,
    /// The processor's instructions to use; the best that the kernel is compiled for if `None`.
    pub tier: Option<Tier>,
    /// Bytes that may be taken, in place of what the system tells.
    pub memory_limit: Option<u64>,
}

impl Request {
    /// A count of the primes `<= n` on one thread, with the processor's best instructions.
    pub fn new(algorithm: Algorithm, n: u64) -> Self {
        Request { algorithm, start: 1, n, threads: 1, tier: None, memory_limit: None }
    }
}

/// Bytes that may be taken. Only asked of the system, which reads files, where it matters.
fn limit(algorithm: Algorithm, memory_limit: Option<u64>) -> Option<u64> {
    let available = || match algorithm {
        Algorithm::Simple => memory::available().map(bounds::usable),
        Algorithm::Segmented | Algorithm::Trial | Algorithm::Panic => None,
    };
    memory_limit.or_else(available)
}

/// A checked request with its controls.
#[derive(Debug)]
pub struct Run {
    request: Request,
    control: Control,
    started: AtomicBool,
}

/// What a run found, and what it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Primes of the range.
    pub primes: u64,
    /// Monotonic time of the whole kernel: tables, thread start, sieving, counting,
    /// taking memory and giving it back.
    pub elapsed_ns: u64,
    /// Threads that finished at least one task.
    pub threads_used: usize,
    /// Finished blocks.
    pub blocks: u64,
    /// The best of the processor's instructions that the kernel used.
    pub tier: Tier,
}

impl Run {
    /// Checks everything; allocates nothing.
    pub fn new(request: Request) -> Result<Self, Error> {
        let Request { algorithm, start, n, threads, tier, memory_limit } = request;
        bounds::check_n(algorithm, n, limit(algorithm, memory_limit))?;
        bounds::check_start(algorithm, start, n)?;
        bounds::check_tier(algorithm, tier)?;
        if threads != 1 {
            bounds::check_threads(threads, threads::available())?;
        }
        Caches::detect(); // reads files: here, so that the timed part does not
        Ok(Run { request, control: Control::default(), started: AtomicBool::new(false) })
    }

    /// Runs the kernel; once only.
    pub fn execute(&self) -> Result<Count, Error> {
        if self.started.swap(true, Ordering::Relaxed) {
            return Err(Error::Spent);
        }
        self.control.check()?;
        let start = Instant::now();
        let (tally, tier) = self.kernel()?;
        let elapsed_ns = start.elapsed().as_nanos() as u64;
        let (blocks, _) = self.progress();
        let Tally { primes, threads_used } = tally;
        Ok(Count { primes, elapsed_ns, threads_used, blocks, tier })
    }

    /// The kernel's result, and the instructions that it used.
    fn kernel(&self) -> Result<(Tally, Tier), Error> {
        let Request { algorithm, start, n, threads, tier, .. } = self.request;
        let control = &self.control;
        let tier = tier.unwrap_or_else(Tier::detect);
        match algorithm {
            Algorithm::Segmented => {
                let choice = segmented::Choice::best(&(start..=n), tier);
                Ok((segmented::count(start..=n, threads, choice, control)?, tier))
            }
            Algorithm::Simple => Ok((simple::count(n, threads, tier, control)?, tier)),
            Algorithm::Trial => Ok((trial::count(n, threads, control)?, Tier::BASELINE)),
            Algorithm::Panic => {
                let panic = |(): &mut (), index| panic!("asked to panic in task {index}");
                Ok((threads::share(threads, n, control, || (), panic)?, Tier::BASELINE))
            }
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
        let run = Run::new(Request::new(Algorithm::Segmented, 1000)).unwrap();
        let count = run.execute().unwrap();
        assert_eq!((count.primes, count.threads_used), (168, 1));
        assert_eq!(run.progress(), (count.blocks, count.blocks));
        assert!(count.elapsed_ns > 0);
        assert_eq!(run.execute(), Err(Error::Spent));
    }

    #[test]
    fn ranges_are_counted_with_the_instructions_asked_for() {
        for tier in Tier::all() {
            let request = Request::new(Algorithm::Segmented, 1_000_000);
            let run = Run::new(Request { start: 999_984, tier: Some(tier), ..request }).unwrap();
            let count = run.execute().unwrap();
            assert_eq!((count.primes, count.tier), (0, tier));
        }
        let request = Request { start: 2, ..Request::new(Algorithm::Trial, 1000) };
        let error = Run::new(request).unwrap_err();
        assert!(matches!(error, Error::Field { field: "start", .. }));
    }

    #[test]
    fn a_count_names_the_instructions_of_its_kernel() {
        for (algorithm, tier) in [
            (Algorithm::Segmented, Tier::detect()),
            (Algorithm::Simple, Tier::detect()),
            (Algorithm::Trial, Tier::BASELINE),
        ] {
            let count = Run::new(Request::new(algorithm, 1000)).unwrap().execute().unwrap();
            assert_eq!(count.tier, tier, "{}", algorithm.name());
        }
        let request = Request::new(Algorithm::Trial, 1000);
        let error = Run::new(Request { tier: Some(Tier::BASELINE), ..request }).unwrap_err();
        assert!(matches!(error, Error::Field { field: "tier", .. }));
    }

    #[test]
    fn a_run_cancelled_before_does_no_work() {
        for algorithm in Algorithm::ALL {
            let run = Run::new(Request::new(algorithm, 1000)).unwrap();
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
            let request = Request { memory_limit: Some(1 << 40), ..Request::new(algorithm, n) };
            let run = Run::new(request).unwrap();
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
        let request = Request::new(Algorithm::Simple, 1_000_000_000);
        let error = Run::new(Request { memory_limit: Some(1000), ..request }).unwrap_err();
        assert_eq!(
            error,
            Error::Memory {
                field: "n",
                needed: 62_500_000,
                available: 1000,
                alternative: bounds::SEGMENTED
            }
        );
    }

    #[test]
    fn a_panic_is_an_error() {
        let run = Run::new(Request::new(Algorithm::Panic, 4)).unwrap();
        let message = "asked to panic in task 0".to_owned();
        assert_eq!(run.execute(), Err(Error::Panic(message)));
    }
}
