//! Counts primes block by block, each block within a cache.

use std::ops::RangeInclusive;

use crate::bounds::SEGMENTED_MAX;
use crate::control::Control;
use crate::dispatch::{Level, Tier};
use crate::error::Error;
use crate::machine::cache::Caches;
use crate::sieve::base::{Base, Bounds};
use crate::sieve::block::{Shared, Worker};
use crate::sieve::layout::{Layout, block_bits, span};
use crate::sieve::wheel::Wheel;
use crate::threads::{Tally, share};

/// What can be chosen about a segmented sieve; [`Choice::best`] chooses for this machine.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The residue classes.
    pub wheel: Wheel,
    /// Bits of a block.
    pub block_bits: u64,
    /// Which primes strike how.
    pub bounds: Bounds,
    /// Classes that one task sieves; by the number of threads if not chosen.
    pub group: Option<usize>,
    /// The processor's instructions.
    pub tier: Tier,
}

impl Choice {
    /// What suits this machine and this range.
    pub fn best(numbers: &RangeInclusive<u64>, tier: Tier) -> Self {
        let span = span(numbers);
        Choice {
            wheel: Wheel::for_span(span),
            block_bits: block_bits(Caches::detect()),
            bounds: bounds(tier),
            group: None,
            tier,
        }
    }
}

/// Which primes strike how with the instructions of a tier.
fn bounds(tier: Tier) -> Bounds {
    let (unrolled, words) = match tier.level() {
        // Prime by prime, large primes cost more than in vectors.
        Level::Baseline => (8192, 0),
        // Measured on Zen 3: words for primes up to 1500, or 4096, took 1 % longer.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => (4096, 2600),
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => (4096, 0),
    };
    Bounds { presieved: 163, unrolled, words }
}

/// Counts the primes of a range on this many threads; it ends at [`SEGMENTED_MAX`] or before, so
/// that sieving primes stay below what their arithmetic holds.
pub fn count(
    numbers: RangeInclusive<u64>,
    threads: usize,
    choice: Choice,
    control: &Control,
) -> Result<Tally, Error> {
    assert!(*numbers.end() <= SEGMENTED_MAX, "the range was checked before");
    let Choice { wheel, block_bits, bounds, group, tier } = choice;
    let mut layout = Layout::new(&wheel, &numbers, threads, block_bits);
    layout.group = group.unwrap_or(layout.group);
    control.progress.plan(layout.blocks());
    let base = Base::new(&wheel, *numbers.end(), layout.columns, bounds, control)?;
    let wheel_primes = wheel.primes.iter().filter(|prime| numbers.contains(&u64::from(**prime)));
    let wheel_primes = wheel_primes.count() as u64;
    let shared = Shared { numbers, wheel, base, columns: layout.columns, tier };
    let mut tally = share(
        threads,
        layout.tasks(),
        control,
        || Worker::new(&shared),
        |worker, index| worker.run(&layout.task(index), control),
    )?;
    tally.primes += wheel_primes;
    Ok(tally)
}

#[cfg(test)]
#[path = "segmented_tests.rs"]
mod tests;
