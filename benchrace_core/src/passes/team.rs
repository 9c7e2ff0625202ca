//! Threads that begin a pass together, each on a core of its own.

use std::hint;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use super::share::Slices;
use crate::control::Control;
use crate::error::Error;
use crate::machine::affinity;
use crate::threads::{guarded, joined, telling};

/// Threads, and the cores that they are bound to.
#[derive(Debug)]
pub struct Team {
    threads: usize,
    /// Empty where threads are not bound.
    cores: Vec<usize>,
}

/// What one pass took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pass {
    /// Nanoseconds from the first thread's start to the last one's end.
    pub elapsed_ns: u64,
    /// Sum of what the slices returned, wrapped.
    pub sum: u64,
    /// Threads that had a slice.
    pub threads_used: usize,
    /// Threads that were bound to a core.
    pub cores_pinned: usize,
}

const WAIT: u8 = 0;
const GO: u8 = 1;
const ABANDON: u8 = 2;
/// Looks at the gate before the core is left to others.
const SPINS: usize = 1000;

/// One thread's part of a pass.
struct Part {
    start: Instant,
    end: Instant,
    sum: u64,
    slices: u64,
    pinned: bool,
}

impl Team {
    /// A team of this many threads, bound to cores if `pin`, where the system supports that.
    pub fn new(threads: usize, pin: bool) -> Self {
        let cores = if pin { affinity::cores() } else { Vec::new() };
        Team { threads, cores }
    }

    /// How many threads there are.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Passes once over slices `0..total`; a slice is `work(slice)`.
    ///
    /// The first error stops the other threads at their next slice.
    pub fn pass(
        &self,
        total: u64,
        control: &Control,
        work: impl Fn(u64) -> Result<u64, Error> + Sync,
    ) -> Result<Pass, Error> {
        let (gate, ready) = (AtomicU8::new(WAIT), AtomicUsize::new(0));
        let slices = Slices::new(total, self.threads);
        let part = |thread: usize| {
            let pinned = self.cores.get(thread).is_some_and(|core| affinity::pin(*core));
            ready.fetch_add(1, Ordering::Release);
            guarded(control, || {
                wait(&gate)?;
                drain(thread, pinned, &slices, control, &work)
            })
        };
        let parts = thread::scope(|scope| {
            let mut handles = Vec::new();
            for thread in 0..self.threads {
                let builder = thread::Builder::new().name("kernel".into());
                match builder.spawn_scoped(scope, move || part(thread)) {
                    Ok(handle) => handles.push(handle),
                    Err(error) => {
                        gate.store(ABANDON, Ordering::Release);
                        return vec![Err(Error::Thread(error.to_string()))];
                    }
                }
            }
            while ready.load(Ordering::Acquire) < self.threads {
                thread::yield_now();
            }
            gate.store(GO, Ordering::Release);
            handles.into_iter().map(joined).collect()
        });
        add_up(parts)
    }
}

/// Waits for the others.
fn wait(gate: &AtomicU8) -> Result<(), Error> {
    for look in 0.. {
        match gate.load(Ordering::Acquire) {
            WAIT if look % SPINS == 0 => thread::yield_now(),
            WAIT => hint::spin_loop(),
            GO => break,
            _ => return Err(Error::Cancelled),
        }
    }
    Ok(())
}

/// Takes slices until none is left.
fn drain(
    thread: usize,
    pinned: bool,
    slices: &Slices,
    control: &Control,
    work: &impl Fn(u64) -> Result<u64, Error>,
) -> Result<Part, Error> {
    control.check()?;
    let start = Instant::now();
    let (mut sum, mut taken) = (0_u64, 0);
    while let Some(slice) = slices.take(thread) {
        sum = sum.wrapping_add(work(slice)?);
        taken += 1;
        control.block_done()?;
    }
    Ok(Part { start, end: Instant::now(), sum, slices: taken, pinned })
}

fn add_up(parts: Vec<Result<Part, Error>>) -> Result<Pass, Error> {
    let parts = telling(parts)?;
    let mut pass = Pass::default();
    for part in &parts {
        pass.sum = pass.sum.wrapping_add(part.sum);
        pass.threads_used += usize::from(part.slices > 0);
        pass.cores_pinned += usize::from(part.pinned);
    }
    let start = parts.iter().map(|part| part.start).min();
    let end = parts.iter().map(|part| part.end).max();
    if let (Some(start), Some(end)) = (start, end) {
        pass.elapsed_ns = end.duration_since(start).as_nanos() as u64;
    }
    Ok(pass)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn each_slice_is_worked_on_once() {
        for (threads, pin) in [(1, true), (2, false), (3, true)] {
            let control = Control::default();
            let pass = Team::new(threads, pin).pass(100, &control, Ok).unwrap();
            assert_eq!(pass.sum, 4950);
            assert!((1..=threads).contains(&pass.threads_used));
            assert!(pass.cores_pinned <= if pin { threads } else { 0 });
            assert!(pass.elapsed_ns > 0);
            assert_eq!(control.progress.get().0, 100);
        }
    }

    #[test]
    fn threads_run_at_the_same_time() {
        let barrier = Barrier::new(2);
        let work = |_| {
            barrier.wait();
            Ok(1)
        };
        let pass = Team::new(2, false).pass(2, &Control::default(), work).unwrap();
        assert_eq!((pass.sum, pass.threads_used), (2, 2));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn threads_are_bound_where_that_was_asked() {
        let pass = Team::new(1, true).pass(1, &Control::default(), Ok).unwrap();
        assert_eq!(pass.cores_pinned, usize::from(!affinity::cores().is_empty()));
    }

    #[test]
    fn panics_and_cancels_end_the_pass() {
        let panics = |slice: u64| {
            assert!(slice != 3, "slice {slice} broke");
            Ok(0)
        };
        let result = Team::new(2, false).pass(8, &Control::default(), panics);
        assert_eq!(result, Err(Error::Panic("slice 3 broke".into())));

        let control = Control::default();
        let result = Team::new(2, false).pass(u64::MAX, &control, |slice| {
            if slice == 10 {
                control.cancel.set();
            }
            Ok(1)
        });
        assert_eq!(result, Err(Error::Cancelled));
    }
}
