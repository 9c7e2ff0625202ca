//! How fast memory is read and written.

pub mod kernel;
mod vector;

use std::sync::atomic::{AtomicU64, Ordering};

use kernel::{Kernel, SLICE, Slice};
use vector::FACTOR;

use crate::dispatch::FusedTier;
use crate::error::Error;
use crate::machine::pages::Pages;
use crate::passes::{Measuring, Sweep, size::Surroundings};

/// Words of a slice.
const WORDS: usize = SLICE / 8;

/// What to measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bandwidth {
    /// The kernels.
    pub kernels: Vec<Kernel>,
    /// Bytes of an array; by the caches if `None`.
    pub array_bytes: Option<u64>,
}

/// The arrays, and the sums of their words.
struct Arrays {
    a: Pages<u64>,
    b: Pages<u64>,
    c: Pages<u64>,
    sum_a: u64,
    sum_triad: u64,
}

impl Bandwidth {
    /// Arrays that the kernels need.
    pub fn arrays(&self) -> u64 {
        self.kernels.iter().map(|kernel| kernel.arrays()).max().unwrap_or(1)
    }

    /// Itself, unless there is no kernel.
    pub fn checked(&self) -> Result<&Self, Error> {
        if self.kernels.is_empty() { Err(Error::field("kernels", "name one")) } else { Ok(self) }
    }

    /// Bytes of an array, a whole number of slices.
    pub fn size(&self, surroundings: &Surroundings) -> u64 {
        let bytes = self.array_bytes.unwrap_or_else(|| surroundings.array_bytes(self.arrays()));
        (bytes / SLICE as u64).max(1) * SLICE as u64
    }

    /// Measures each kernel; arrays have `bytes` each.
    pub fn run(&self, bytes: u64, measuring: &Measuring<'_>) -> Result<Vec<Sweep>, Error> {
        let slices = bytes / SLICE as u64;
        let writing = self.kernels.iter().filter(|kernel| kernel.arrays() > 1).count();
        let passes = 1 + self.kernels.len() * measuring.passes + writing;
        measuring.control.progress.plan(slices * passes as u64);
        let mut arrays = Arrays::new(slices as usize * WORDS, self.arrays())?;
        let result = arrays.fill(slices, measuring).and_then(|()| {
            let sweep = |kernel: &Kernel| arrays.sweep(*kernel, slices, measuring);
            self.kernels.iter().map(sweep).collect()
        });
        if result.is_err() {
            [arrays.a, arrays.b, arrays.c].into_iter().for_each(Pages::release);
        }
        result
    }
}

fn check(kernel: Kernel, sum: u64, expected: u64) -> Result<(), Error> {
    let wrong = || Error::Wrong(format!("{}: the sum of the words is wrong", kernel.name()));
    if sum == expected { Ok(()) } else { Err(wrong()) }
}

impl Arrays {
    /// As many arrays of `words` as are needed; the others are empty.
    fn new(words: usize, arrays: u64) -> Result<Self, Error> {
        let array = |number| {
            let words = if number <= arrays { words } else { 0 };
            Pages::new(words).ok_or(Error::Allocation {
                field: "size",
                needed: words as u64 * 8,
                alternative: None,
            })
        };
        // Of two arrays, one is the target.
        Ok(Arrays { a: array(1)?, b: array(3)?, c: array(2)?, sum_a: 0, sum_triad: 0 })
    }

    /// Writes every word first on the thread that will use it: numbers of which sums and triads
    /// are exact.
    fn fill(&mut self, slices: u64, measuring: &Measuring<'_>) -> Result<(), Error> {
        let triad_sum = AtomicU64::new(0);
        let work = |slice: u64| {
            let (mut sum, mut triads) = (0_u64, 0_u64);
            for index in slice as usize * WORDS..(slice as usize + 1) * WORDS {
                let a = (index % 1021) as f64;
                let b = (index % 509) as f64 + 0.5;
                sum = sum.wrapping_add(a.to_bits());
                triads = triads.wrapping_add((a + FACTOR * b).to_bits());
                // SAFETY: a slice is one thread's alone, and lies within each array that has words.
                unsafe {
                    self.a.at(index).write(a.to_bits());
                    if !self.b.is_empty() {
                        self.b.at(index).write(b.to_bits());
                    }
                    if !self.c.is_empty() {
                        self.c.at(index).write(0);
                    }
                }
            }
            triad_sum.fetch_add(triads, Ordering::Relaxed);
            Ok(sum)
        };
        self.sum_a = measuring.once(slices, work)?;
        self.sum_triad = triad_sum.into_inner();
        Ok(())
    }

    /// Times a kernel, and checks the sum of what it read or wrote.
    fn sweep(
        &self,
        kernel: Kernel,
        slices: u64,
        measuring: &Measuring<'_>,
    ) -> Result<Sweep, Error> {
        let tier = measuring.tier;
        let work = |slice| Ok(self.work(kernel, tier, slice as usize * WORDS));
        let amount = kernel.arrays() * slices * SLICE as u64;
        let read_sum = if kernel.arrays() == 1 { self.sum_a } else { 0 };
        let is_right = |sum| check(kernel, sum, read_sum);
        let sweep = measuring.sweep(kernel.name(), amount, slices, work, is_right)?;
        if kernel.arrays() > 1 {
            let written = |slice| Ok(self.sum_c(tier, slice as usize * WORDS));
            let expected = if kernel.arrays() == 2 { self.sum_a } else { self.sum_triad };
            check(kernel, measuring.once(slices, written)?, expected)?;
        }
        Ok(sweep)
    }

    fn work(&self, kernel: Kernel, tier: FusedTier, word: usize) -> u64 {
        let within = |array: &Pages<u64>| array.at(if array.is_empty() { 0 } else { word });
        let slice = Slice {
            a: within(&self.a).cast(),
            b: within(&self.b).cast(),
            c: within(&self.c).cast(),
        };
        // SAFETY: the arrays that the kernel needs have whole slices, which are one thread's
        // alone in a pass; `c` is written only, the others are read only.
        unsafe { kernel.run(tier, slice) }
    }

    fn sum_c(&self, tier: FusedTier, word: usize) -> u64 {
        let c = self.c.at(word);
        let slice = Slice { a: c.cast(), b: c.cast(), c: c.cast() };
        // SAFETY: as above; this pass only reads.
        unsafe { Kernel::ReadPrefetch.run(tier, slice) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Control;
    use crate::passes::team::Team;

    #[test]
    fn every_kernel_is_timed_pass_by_pass_and_checked() {
        let surroundings = Surroundings::detect();
        for threads in [1, 2] {
            let bandwidth = Bandwidth { kernels: Kernel::ALL.to_vec(), array_bytes: Some(5 << 20) };
            let control = Control::default();
            let bytes = bandwidth.size(&surroundings);
            let team = Team::new(threads, true);
            let measuring =
                Measuring { passes: 3, tier: FusedTier::detect(), team, control: &control };
            let sweeps = bandwidth.run(bytes, &measuring).unwrap();
            let names: Vec<_> = sweeps.iter().map(|sweep| sweep.kernel).collect();
            assert_eq!(names, Kernel::ALL.map(Kernel::name));
            let arrays: Vec<_> = sweeps.iter().map(|sweep| sweep.amount / (5 << 20)).collect();
            assert_eq!(arrays, [1, 1, 2, 2, 3, 3]);
            assert!(sweeps.iter().all(|sweep| sweep.elapsed_ns.len() == 3));
            let (done, total) = control.progress.get();
            assert_eq!((done, total), (5 * (1 + 18 + 4), done));
        }
    }

    #[test]
    fn arrays_are_whole_slices_and_only_those_needed() {
        let reading = Bandwidth { kernels: vec![Kernel::ReadStreams], array_bytes: Some(1) };
        let surroundings = Surroundings { cache: None, is_virtual: None, available: Some(6 << 20) };
        assert_eq!((reading.arrays(), reading.size(&surroundings)), (1, SLICE as u64));
        let sized = Bandwidth { array_bytes: None, ..reading };
        assert_eq!(sized.size(&surroundings), 3 << 20);
        let all = Bandwidth { kernels: Kernel::ALL.to_vec(), array_bytes: None };
        assert_eq!(all.size(&surroundings), 1 << 20);
    }

    #[test]
    fn a_wrong_sum_is_an_error() {
        assert_eq!(check(Kernel::Copy, 1, 1), Ok(()));
        assert!(matches!(check(Kernel::Copy, 1, 2), Err(Error::Wrong(_))));
    }
}
