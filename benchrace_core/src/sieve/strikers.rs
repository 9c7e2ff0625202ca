//! A set of primes that strike, with what moves their first hits from class to class.

use crate::control::Control;
use crate::dispatch::{Tier, Work};
use crate::error::Error;
use crate::sieve::wheel::Wheel;

/// Where a place without a prime stands: beyond every line, so that it never hits.
pub const NEVER: u32 = 1 << 30;

/// Sieving primes; shared by the threads of a run, never changed. A prime of 0 is padding.
#[derive(Debug)]
pub struct Strikers {
    /// The primes.
    pub primes: Vec<u32>,
    /// The wheel's modulus inverted modulo each prime.
    inverses: Vec<u32>,
    /// For each half of a gap between classes: how far back each prime's first hit moves.
    steps: Vec<Vec<u32>>,
}

impl Strikers {
    /// These primes with their steps for every gap of the wheel.
    pub fn new(wheel: &Wheel, primes: Vec<u32>, control: &Control) -> Result<Self, Error> {
        let inverses: Vec<u32> = primes.iter().map(|prime| wheel.inverse_modulo(*prime)).collect();
        let largest = wheel.gaps.iter().max().map_or(0, |gap| gap / 2);
        let mut steps = vec![vec![0; primes.len()]];
        for half in 0..largest as usize {
            control.check()?;
            // A gap of two moves each first hit by twice the inverse.
            let twice = sums(&inverses, &inverses, &primes);
            steps.push(sums(&steps[half], &twice, &primes));
        }
        Ok(Strikers { primes, inverses, steps })
    }

    /// How far back each prime's first hit moves over a gap between classes, all below the prime.
    pub fn steps(&self, gap: u32) -> &[u32] {
        &self.steps[gap as usize / 2]
    }

    /// Bits from the bit of `number` to the first multiple of each of the first `count` primes in
    /// the same class; [`NEVER`] for padding.
    pub fn first_hits(&self, number: u64, count: usize, hits: &mut Vec<u32>) {
        hits.clear();
        let pairs = self.primes[..count].iter().zip(&self.inverses);
        hits.extend(pairs.map(|(prime, inverse)| first_hit(*prime, *inverse, number)));
    }

    /// Moves first hits to the next class of the same columns.
    pub fn advance(&self, tier: Tier, gap: u32, hits: &mut [u32]) {
        tier.call(Advance { hits, steps: self.steps(gap), primes: &self.primes });
    }
}

fn first_hit(prime: u32, inverse: u32, number: u64) -> u32 {
    if prime == 0 {
        return NEVER;
    }
    let prime = u64::from(prime);
    let distance = number % prime * u64::from(inverse) % prime;
    if distance == 0 { 0 } else { (prime - distance) as u32 }
}

/// The sums of two numbers below each modulus, modulo it.
fn sums(left: &[u32], right: &[u32], moduli: &[u32]) -> Vec<u32> {
    let sum = |((left, right), modulus): ((&u32, &u32), &u32)| {
        let sum = left + right;
        sum.min(sum.wrapping_sub(*modulus))
    };
    left.iter().zip(right).zip(moduli).map(sum).collect()
}

struct Advance<'a> {
    hits: &'a mut [u32],
    steps: &'a [u32],
    primes: &'a [u32],
}

impl Work for Advance<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((hit, step), prime) in self.hits.iter_mut().zip(self.steps).zip(self.primes) {
            *hit = moved(*hit, *step, *prime);
        }
    }
}

/// A first hit of this prime after one step.
#[inline(always)]
pub fn moved(hit: u32, step: u32, prime: u32) -> u32 {
    // Below zero wraps to a huge value, so the smaller of the two is the one in range.
    let moved = hit.wrapping_sub(step);
    moved.min(moved.wrapping_add(prime))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sieve::odds::primes_up_to;
    use crate::sieve::wheel::SIZES;

    fn strikers(wheel: &Wheel, limit: u32) -> Strikers {
        let mut primes = primes_up_to(limit);
        primes.retain(|prime| !wheel.primes.contains(prime));
        primes.push(0);
        Strikers::new(wheel, primes, &Control::default()).unwrap()
    }

    fn hits(strikers: &Strikers, number: u64) -> Vec<u32> {
        let mut hits = vec![7];
        strikers.first_hits(number, strikers.primes.len(), &mut hits);
        hits
    }

    #[test]
    fn first_hits_are_the_first_multiples() {
        for size in SIZES {
            let wheel = Wheel::new(size);
            let strikers = strikers(&wheel, 700);
            let modulus = u64::from(wheel.modulus);
            for residue in [1, u64::from(wheel.residues[7])] {
                let start = residue + modulus * 1_000_003;
                let hits = hits(&strikers, start);
                let (last, real) = hits.split_last().unwrap();
                assert_eq!(*last, NEVER);
                for (prime, hit) in strikers.primes.iter().zip(real) {
                    assert!(hit < prime);
                    assert_eq!((start + modulus * u64::from(*hit)) % u64::from(*prime), 0);
                }
            }
        }
    }

    #[test]
    fn moving_on_equals_starting_anew_all_the_way_round() {
        for size in SIZES {
            let wheel = Wheel::new(size);
            let strikers = strikers(&wheel, 400);
            let first = 77 * u64::from(wheel.modulus);
            for tier in Tier::all() {
                let mut moved = hits(&strikers, first + 1);
                for (residue, gap) in wheel.residues.iter().zip(&wheel.gaps) {
                    strikers.advance(tier, *gap, &mut moved);
                    let next = first + u64::from(residue + gap);
                    assert_eq!(moved, hits(&strikers, next), "{} {residue}", tier.name());
                }
            }
        }
    }

    #[test]
    fn a_cancelled_run_stops_here() {
        let control = Control::default();
        control.cancel.set();
        let result = Strikers::new(&Wheel::new(SIZES[0]), vec![7], &control);
        assert_eq!(result.err(), Some(Error::Cancelled));
    }
}
