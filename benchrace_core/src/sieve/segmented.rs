//! Counts primes block by block, each block within a cache.

use crate::control::Control;
use crate::dispatch::Tier;
use crate::error::Error;
use crate::machine::cache::Caches;
use crate::sieve::base::Base;
use crate::sieve::block::{Place, Shared};
use crate::sieve::layout::{Layout, block_bits};
use crate::sieve::presieve::Presieve;
use crate::sieve::states::States;
use crate::sieve::wheel::Wheel;
use crate::threads::{Tally, share};

/// What can be chosen about a segmented sieve; [`Choice::best`] chooses for this machine.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The residue classes.
    pub wheel: Wheel,
    /// Bits of a block.
    pub block_bits: u64,
    /// The processor's instructions.
    pub tier: Tier,
}

impl Choice {
    /// What suits this machine and this limit.
    pub fn best(n: u64) -> Self {
        Choice {
            wheel: Wheel::for_limit(n),
            block_bits: block_bits(n, Caches::detect()),
            tier: Tier::detect(),
        }
    }
}

/// Counts the primes `<= n` on this many threads.
pub fn count(n: u64, threads: usize, choice: Choice, control: &Control) -> Result<Tally, Error> {
    let Choice { wheel, block_bits, tier } = choice;
    let layout = Layout::new(&wheel, n, threads, block_bits);
    control.progress.plan(layout.blocks());
    let base = Base::new(&wheel, n, control)?;
    let presieve = Presieve::new(wheel.primes);
    let wheel_primes = wheel.primes.iter().filter(|prime| u64::from(**prime) <= n).count();
    let shared = Shared { n, wheel, base, presieve, tier };
    let worker = || Worker::new(&shared, &layout, control);
    let mut tally = share(threads, layout.tasks(), control, worker, Worker::run)?;
    tally.primes += wheel_primes as u64;
    Ok(tally)
}

/// One thread's line and states.
struct Worker<'a> {
    shared: &'a Shared,
    layout: &'a Layout,
    control: &'a Control,
    line: Vec<u8>,
    states: States,
}

impl<'a> Worker<'a> {
    fn new(shared: &'a Shared, layout: &'a Layout, control: &'a Control) -> Self {
        let line = vec![0; layout.columns as usize / 8];
        Worker { shared, layout, control, line, states: States::default() }
    }

    fn run(&mut self, index: u64) -> Result<u64, Error> {
        let task = self.layout.task(index);
        let Shared { wheel, base, presieve, tier, .. } = self.shared;
        let modulus = u64::from(wheel.modulus);
        let residues = &wheel.residues[task.classes.clone()];
        let end = modulus * (task.column + self.layout.columns);
        let strikers = base.strikers(end).max(presieve.count);
        self.states.start(base, strikers, u64::from(residues[0]) + modulus * task.column);
        let mut primes = 0;
        for (step, class) in task.classes.enumerate() {
            if step > 0 {
                self.states.advance(*tier, base, residues[step] - residues[step - 1]);
            }
            let place = Place { class, column: task.column };
            primes += self.shared.count(&mut self.line, place, self.states.hits());
            self.control.block_done()?;
        }
        Ok(primes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sieve::odds::primes_up_to;
    use crate::sieve::wheel::SIZES;

    fn pi(n: u64, threads: usize, choice: Choice) -> u64 {
        count(n, threads, choice, &Control::default()).unwrap().primes
    }

    #[test]
    fn every_small_limit() {
        let primes = primes_up_to(3000);
        for n in 0..=3000 {
            let expected = primes.partition_point(|p| u64::from(*p) <= n) as u64;
            assert_eq!(pi(n, 1, Choice::best(n)), expected, "n = {n}");
        }
    }

    #[test]
    fn tiny_blocks_in_every_wheel_and_tier() {
        let primes = primes_up_to(200_000);
        for size in SIZES {
            for tier in Tier::all() {
                for block_bits in [64, 128, 1024] {
                    for n in [7, 121, 2309, 2311, 26_569, 27_888, 27_889, 66_049, 199_999] {
                        let choice = Choice { wheel: Wheel::new(size), block_bits, tier };
                        let expected = primes.partition_point(|p| u64::from(*p) <= n) as u64;
                        let what = format!("{n} {size:?} {block_bits} {}", tier.name());
                        assert_eq!(pi(n, 2, choice), expected, "{what}");
                    }
                }
            }
        }
    }

    #[test]
    fn around_segment_borders_and_squares() {
        let primes = primes_up_to(4_300_000);
        let border = 30 * 4096;
        let squares = [163, 167, 1999, 2039, 2048, 2053].map(|p: u64| p * p);
        for centre in [border, 2 * border, 210 * 4096].into_iter().chain(squares) {
            for n in centre - 2..=centre + 2 {
                let expected = primes.partition_point(|p| u64::from(*p) <= n) as u64;
                for size in SIZES {
                    let choice =
                        Choice { wheel: Wheel::new(size), block_bits: 4096, tier: Tier::detect() };
                    assert_eq!(pi(n, 2, choice), expected, "{n} {size:?}");
                }
            }
        }
    }

    #[test]
    fn known_counts() {
        assert_eq!(pi(10_u64.pow(8), 2, Choice::best(10_u64.pow(8))), 5_761_455);
        for size in SIZES {
            let n = 20_000_000;
            let choice = Choice { wheel: Wheel::new(size), ..Choice::best(n) };
            assert_eq!(pi(n, 1, choice), 1_270_607);
        }
    }

    #[test]
    fn progress_ends_at_its_total() {
        let control = Control::default();
        count(1_000_000, 2, Choice::best(1_000_000), &control).unwrap();
        let (done, total) = control.progress.get();
        assert!(done > 0 && done == total);
    }
}
