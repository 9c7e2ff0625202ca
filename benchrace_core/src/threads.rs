//! Spreads numbered tasks over scoped threads by one atomic counter.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, ScopedJoinHandle};

use crate::control::Control;
use crate::error::Error;

/// What all threads found together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Sum of what the tasks returned.
    pub primes: u64,
    /// Threads that finished at least one task.
    pub threads_used: usize,
}

/// Threads that this process may run at once (affinity and cgroup quota respected).
pub fn available() -> usize {
    thread::available_parallelism().map_or(1, |count| count.get())
}

/// Runs tasks `0..tasks` on `threads` threads, the caller's included, and adds up their results.
/// No thread is started that would find no task.
///
/// `worker` makes a thread's scratch space at its first task. The first error stops the other
/// threads at their next check; a panic becomes [`Error::Panic`] and wins over a cancel.
pub fn share<W>(
    threads: usize,
    tasks: u64,
    control: &Control,
    worker: impl Fn() -> W + Sync,
    task: impl Fn(&mut W, u64) -> Result<u64, Error> + Sync,
) -> Result<Tally, Error> {
    let next = AtomicU64::new(0);
    let drain = || guarded(control, || drain(&next, tasks, control, &worker, &task));
    let shares = thread::scope(|scope| {
        let mut handles = Vec::new();
        for _ in 1..tasks.min(threads as u64) {
            match thread::Builder::new().name("kernel".into()).spawn_scoped(scope, drain) {
                Ok(handle) => handles.push(handle),
                Err(error) => {
                    control.cancel.set();
                    return vec![Err(Error::Thread(error.to_string()))];
                }
            }
        }
        let mut shares = vec![drain()];
        shares.extend(handles.into_iter().map(joined));
        shares
    });
    add_up(shares)
}

/// Waits for a thread; a panic of its own becomes an error.
pub(crate) fn joined<T>(handle: ScopedJoinHandle<'_, Result<T, Error>>) -> Result<T, Error> {
    handle.join().unwrap_or_else(|payload| Err(Error::Panic(message(&*payload))))
}

/// Turns a panic of `work` into an error and stops the other threads on any error.
pub(crate) fn guarded<T>(
    control: &Control,
    work: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    let result = catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|payload| Err(Error::Panic(message(&*payload))));
    if result.is_err() {
        control.cancel.set();
    }
    result
}

/// Takes tasks until none is left.
fn drain<W>(
    next: &AtomicU64,
    tasks: u64,
    control: &Control,
    worker: &impl Fn() -> W,
    task: &impl Fn(&mut W, u64) -> Result<u64, Error>,
) -> Result<Option<u64>, Error> {
    let mut scratch = None;
    let mut primes = 0;
    loop {
        control.check()?;
        let index = next.fetch_add(1, Ordering::Relaxed);
        if index >= tasks {
            return Ok(scratch.map(|_| primes));
        }
        primes += task(scratch.get_or_insert_with(worker), index)?;
    }
}

/// Sums the shares.
fn add_up(shares: Vec<Result<Option<u64>, Error>>) -> Result<Tally, Error> {
    let found: Vec<u64> = telling(shares)?.into_iter().flatten().collect();
    Ok(Tally { primes: found.iter().sum(), threads_used: found.len() })
}

/// What all threads found; of several errors the most telling one.
pub(crate) fn telling<T>(shares: Vec<Result<T, Error>>) -> Result<Vec<T>, Error> {
    let mut found = Vec::new();
    let mut failure = None;
    for share in shares {
        match share {
            Ok(value) => found.push(value),
            Err(Error::Cancelled) => failure = failure.or(Some(Error::Cancelled)),
            Err(error) => failure = Some(error),
        }
    }
    failure.map_or(Ok(found), Err)
}

/// The text of a panic, as far as it has one.
pub fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn every_task_runs_once() {
        for threads in 1..=4 {
            let tally = share(threads, 100, &Control::default(), || (), |(), i| Ok(i)).unwrap();
            assert_eq!(tally.primes, 4950);
            assert!((1..=threads).contains(&tally.threads_used));
        }
    }

    #[test]
    fn threads_run_at_the_same_time() {
        // Each task waits for the other: one thread alone would never get past the barrier.
        let barrier = Barrier::new(2);
        let tally = share(
            2,
            2,
            &Control::default(),
            || (),
            |(), _| {
                barrier.wait();
                Ok(1)
            },
        );
        assert_eq!(tally, Ok(Tally { primes: 2, threads_used: 2 }));
    }

    #[test]
    fn idle_threads_are_not_counted() {
        let tally = share(3, 1, &Control::default(), || (), |(), _| Ok(7));
        assert_eq!(tally, Ok(Tally { primes: 7, threads_used: 1 }));
    }

    #[test]
    fn no_tasks_give_nothing() {
        assert_eq!(share(2, 0, &Control::default(), || (), |(), _| Ok(1)), Ok(Tally::default()));
    }

    #[test]
    fn a_panic_on_any_thread_is_an_error() {
        for threads in 1..=2 {
            let result = share(
                threads,
                8,
                &Control::default(),
                || (),
                |(), i| {
                    assert!(i != 3, "task {i} broke");
                    Ok(0)
                },
            );
            assert_eq!(result, Err(Error::Panic("task 3 broke".into())));
        }
    }

    #[test]
    fn cancel_stops_between_tasks() {
        let control = Control::default();
        let result = share(
            2,
            u64::MAX,
            &control,
            || (),
            |(), i| {
                if i == 10 {
                    control.cancel.set();
                }
                Ok(1)
            },
        );
        assert_eq!(result, Err(Error::Cancelled));
    }
}
