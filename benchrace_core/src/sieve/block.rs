//! Sieves the blocks of a task: neighbouring classes of the wheel in one range of columns.

use std::ops::RangeInclusive;

use crate::control::Control;
use crate::dispatch::{Tier, Work};
use crate::error::Error;
use crate::sieve::base::Base;
use crate::sieve::large::Large;
use crate::sieve::layout::Task;
use crate::sieve::line::Line;
use crate::sieve::segment::Segment;
use crate::sieve::wheel::Wheel;

/// What all blocks of a run share.
#[derive(Debug)]
pub struct Shared {
    /// Primes of this range are counted.
    pub numbers: RangeInclusive<u64>,
    /// The classes.
    pub wheel: Wheel,
    /// The sieving primes.
    pub base: Base,
    /// Columns of a block.
    pub columns: u64,
    /// The processor's instructions.
    pub tier: Tier,
}

/// One thread's line, and where each prime strikes it first.
#[derive(Debug)]
pub struct Worker<'a> {
    shared: &'a Shared,
    line: Line,
    presieved: Vec<u32>,
    unrolled: Vec<u32>,
    skips: Vec<u32>,
    large: Large<'a>,
}

impl<'a> Worker<'a> {
    /// A worker for any blocks of the run.
    pub fn new(shared: &'a Shared) -> Self {
        let line = Line::new(shared.columns as usize / 8, shared.base.room());
        let (presieved, unrolled, skips) = (Vec::new(), Vec::new(), Vec::new());
        let large = Large::new(&shared.base.large);
        Worker { shared, line, presieved, unrolled, skips, large }
    }

    /// Counts the primes of a task. Nothing is kept of the task before.
    pub fn run(&mut self, task: &Task, control: &Control) -> Result<u64, Error> {
        self.start(task);
        let mut primes = 0;
        for class in task.classes.clone() {
            self.sieve(class);
            self.shared.restore(self.line.bits(), class, task.column);
            self.shared.trim(self.line.bits(), class, task.column);
            primes += self.shared.tier.call(Ones(self.line.bits()));
            control.block_done()?;
        }
        Ok(primes)
    }

    fn start(&mut self, task: &Task) {
        let Shared { wheel, base, columns, .. } = self.shared;
        let modulus = u64::from(wheel.modulus);
        let number = u64::from(wheel.residues[task.classes.start]) + modulus * task.column;
        let Base { presieved, unrolled, .. } = base;
        presieved.first_hits(number, presieved.primes.len(), &mut self.presieved);
        unrolled.first_hits(number, unrolled.primes.len(), &mut self.unrolled);
        let segment = Segment { column: task.column, bits: *columns, modulus };
        self.skips.clear();
        self.skips.extend(unrolled.primes.iter().map(|prime| segment.skip(*prime)));
        self.large.start(segment, number);
    }

    /// Strikes one class's line with all primes, and moves on to the next class.
    fn sieve(&mut self, class: usize) {
        let Shared { wheel, base, tier, .. } = self.shared;
        let gap = wheel.gaps[class];
        base.presieve.fill(*tier, self.line.bits(), &self.presieved);
        base.presieved.advance(*tier, gap, &mut self.presieved);
        base.runs.strike(&mut self.line, &base.unrolled.primes, &self.unrolled, &self.skips);
        base.unrolled.advance(*tier, gap, &mut self.unrolled);
        self.large.strike(*tier, gap, self.line.bits());
    }
}

impl Shared {
    /// Sets the sieving primes' own bits again, and clears the number 1.
    fn restore(&self, line: &mut [u8], class: usize, column: u64) {
        for home in &self.base.homes[class] {
            let Some(bit) = u64::from(*home).checked_sub(column) else { continue };
            if let Some(byte) = line.get_mut((bit / 8) as usize) {
                *byte |= 1 << (bit % 8);
            }
        }
        if class == 0 && column == 0 {
            line[0] &= !1;
        }
    }

    /// Clears the bits of numbers outside the range.
    fn trim(&self, line: &mut [u8], class: usize, column: u64) {
        let bits = line.len() as u64 * 8;
        let residue = u64::from(self.wheel.residues[class]);
        let modulus = u64::from(self.wheel.modulus);
        // The first column whose number is at least this one, counted from the line's first.
        let place = |number: u64| {
            let column_of = number.saturating_sub(residue).div_ceil(modulus);
            column_of.saturating_sub(column).min(bits) as usize
        };
        let (begin, end) = (place(*self.numbers.start()), place(self.numbers.end() + 1));
        line[..begin / 8].fill(0);
        if let Some(byte) = line.get_mut(begin / 8) {
            *byte &= 0xff << (begin % 8);
        }
        if let Some((first, rest)) = line[end / 8..].split_first_mut() {
            *first &= (1 << (end % 8)) - 1;
            rest.fill(0);
        }
    }
}

/// Counts the 1 bits of a line.
pub struct Ones<'a>(pub &'a [u8]);

impl Work for Ones<'_> {
    type Output = u64;

    #[inline(always)]
    fn run(self) -> u64 {
        let (words, rest) = self.0.as_chunks::<8>();
        let whole: u64 =
            words.iter().map(|word| u64::from(u64::from_ne_bytes(*word).count_ones())).sum();
        whole + rest.iter().map(|byte| u64::from(byte.count_ones())).sum::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bounds::SEGMENTED_MAX;
    use crate::machine::cache::DEFAULT;
    use crate::sieve::base::Bounds;
    use crate::sieve::layout::block_bits;
    use crate::sieve::odds::primes_up_to;
    use crate::sieve::segmented::Choice;
    use crate::sieve::wheel::SIZES;

    const BOUNDS: Bounds = Bounds { presieved: 100, unrolled: 400, words: 200 };
    const BITS: u64 = 4096;

    fn shared(numbers: RangeInclusive<u64>, primes: &'static [u32], tier: Tier) -> Shared {
        let wheel = Wheel::new(primes);
        let base = Base::new(&wheel, *numbers.end(), BITS, BOUNDS, &Control::default()).unwrap();
        Shared { numbers, wheel, base, columns: BITS, tier }
    }

    /// As a long count is made: the largest wheel, blocks of the usual size.
    fn usual(numbers: RangeInclusive<u64>, tier: Tier) -> Shared {
        let Choice { wheel, bounds, .. } = Choice::best(&(1..=SEGMENTED_MAX), tier);
        let (bits, end) = (block_bits(DEFAULT), *numbers.end());
        let base = Base::new(&wheel, end, bits, bounds, &Control::default()).unwrap();
        Shared { numbers, wheel, base, columns: bits, tier }
    }

    /// Numbers whose bits are set after sieving one block.
    fn sieved(shared: &Shared, class: usize, column: u64) -> Vec<u64> {
        let mut worker = Worker::new(shared);
        let task = Task { column, classes: class..class + 1 };
        let ones = worker.run(&task, &Control::default()).unwrap();
        let line = worker.line.bits();
        let number = |bit| {
            u64::from(shared.wheel.residues[class])
                + u64::from(shared.wheel.modulus) * (column + bit)
        };
        let set = |bit: &u64| line[*bit as usize / 8] >> (bit % 8) & 1 == 1;
        let numbers: Vec<u64> = (0..shared.columns).filter(set).map(number).collect();
        assert_eq!(ones, numbers.len() as u64);
        numbers
    }

    #[test]
    fn every_class_holds_its_primes() {
        let n = 2_000_000_u64;
        let primes = primes_up_to(n as u32);
        for size in SIZES {
            for tier in Tier::all() {
                for numbers in [1..=n, 1000..=1_234_567] {
                    let shared = shared(numbers.clone(), size, tier);
                    let (modulus, classes) = (shared.wheel.modulus, shared.wheel.residues.len());
                    for class in (0..classes).step_by(classes / 8) {
                        for column in [0, 64, BITS] {
                            let begin = u64::from(modulus) * column;
                            let block = begin..begin + u64::from(modulus) * BITS;
                            let residue = shared.wheel.residues[class];
                            let expected: Vec<u64> = primes
                                .iter()
                                .filter(|prime| *prime % modulus == residue)
                                .map(|prime| u64::from(*prime))
                                .filter(|prime| block.contains(prime) && numbers.contains(prime))
                                .collect();
                            let found = sieved(&shared, class, column);
                            assert_eq!(found, expected, "{} {class} {column}", tier.name());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn blocks_at_the_largest_limit_agree_with_division() {
        let n = SEGMENTED_MAX;
        let divisors = primes_up_to(n.isqrt() as u32);
        let is_prime = |number: u64| divisors.iter().all(|p| !number.is_multiple_of((*p).into()));
        for tier in Tier::all() {
            let shared = shared(n - 1_000_000..=n, SIZES[3], tier);
            for class in [0, 1, 3000, 5759] {
                // The last numbers of the line are above the limit, the first ones below.
                let column = n / 30_030 - 300;
                let residue = u64::from(shared.wheel.residues[class]);
                let expected: Vec<u64> = (column..column + BITS)
                    .map(|x| residue + 30_030 * x)
                    .filter(|number| shared.numbers.contains(number) && is_prime(*number))
                    .collect();
                assert_eq!(sieved(&shared, class, column), expected);
            }
        }
    }

    /// Primes among `number + modulus * x`: each of these divisors clears its multiples, the first
    /// of them found by Fermat's inverse.
    fn progression(number: u64, modulus: u64, length: u64, divisors: &[(u64, u64)]) -> Vec<u64> {
        let mut is_prime = vec![true; length as usize];
        for (prime, inverse) in divisors {
            let first = (prime - number % prime) * inverse % prime;
            for x in (first..length).step_by(*prime as usize) {
                is_prime[x as usize] &= number + modulus * x == *prime;
            }
        }
        let kept = (0..length).filter(|x| is_prime[*x as usize]).map(|x| number + modulus * x);
        kept.filter(|number| *number > 1).collect()
    }

    #[test]
    fn usual_blocks_of_the_largest_wheel_at_both_ends() {
        let (modulus, bits) = (30_030_u64, block_bits(DEFAULT));
        let power = |base, exponent: u64, prime| {
            (0..64).rev().fold(1, |result, bit| {
                let square = result * result % prime;
                if exponent >> bit & 1 == 1 { square * base % prime } else { square }
            })
        };
        let divisors: Vec<(u64, u64)> = primes_up_to(SEGMENTED_MAX.isqrt() as u32)
            .into_iter()
            .map(u64::from)
            .filter(|prime| !modulus.is_multiple_of(*prime))
            .map(|prime| (prime, power(modulus % prime, prime - 2, prime)))
            .collect();
        for column in [0, SEGMENTED_MAX / modulus - bits] {
            let numbers = 1..=modulus * (column + bits);
            for tier in Tier::all() {
                let shared = usual(numbers.clone(), tier);
                for class in [0, 1, 3000, 5759] {
                    let number = u64::from(shared.wheel.residues[class]) + modulus * column;
                    let expected = progression(number, modulus, bits, &divisors);
                    assert!(sieved(&shared, class, column) == expected, "{class} {column}");
                }
            }
        }
    }

    #[test]
    fn ones_are_counted_with_any_rest() {
        let bytes: Vec<u8> = (0..=255).collect();
        for tier in Tier::all() {
            assert_eq!(tier.call(Ones(&bytes)), 1024);
            assert_eq!(
                tier.call(Ones(&bytes[..11])),
                bytes[..11].iter().map(|b| u64::from(b.count_ones())).sum::<u64>()
            );
        }
    }
}
