//! The primes that strike, by how they strike.

use crate::control::Control;
use crate::error::Error;
use crate::sieve::large::{GROUP, MOST_TRIPS};
use crate::sieve::odds::primes_up_to;
use crate::sieve::presieve::Presieve;
use crate::sieve::strike::Runs;
use crate::sieve::strikers::Strikers;
use crate::sieve::wheel::Wheel;

/// Which primes strike how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Primes up to this come from patterns: larger ones hit too few bits of a vector to pay.
    pub presieved: u32,
    /// Primes up to this strike by fixed masks, in rounds: larger ones seldom fill a round.
    pub unrolled: u32,
    /// Those of them up to this strike whole words, 32 hits a round, and the others bytes, eight
    /// a round.
    pub words: u32,
}

impl Bounds {
    /// Primes that hit a line of this many bits often are none of the large ones.
    fn for_lines(self, bits: u64) -> Self {
        let often = (bits / u64::from(MOST_TRIPS)) as u32;
        Bounds { unrolled: self.unrolled.max(often), ..self }
    }
}

/// All sieving primes of a run; shared by its threads, never changed.
#[derive(Debug)]
pub struct Base {
    /// Primes of the patterns, without the wheel's.
    pub presieved: Strikers,
    /// Their patterns.
    pub presieve: Presieve,
    /// Primes that strike round by round.
    pub unrolled: Strikers,
    /// Their order.
    pub runs: Runs,
    /// All others up to the root of the limit, padded to whole groups.
    pub large: Strikers,
    /// For each class: the columns where sieving primes themselves stand, which strikes hit too.
    pub homes: Vec<Vec<u32>>,
}

impl Base {
    /// Everything needed to sieve up to `n`, in lines of this many bits.
    pub fn new(
        wheel: &Wheel,
        n: u64,
        bits: u64,
        bounds: Bounds,
        control: &Control,
    ) -> Result<Self, Error> {
        let bounds = bounds.for_lines(bits);
        let limit = (n.isqrt() as u32).max(bounds.presieved);
        let mut primes = primes_up_to(limit);
        primes.retain(|prime| !wheel.primes.contains(prime));
        control.check()?;
        let homes = homes(wheel, &primes);
        control.check()?;
        let mut unrolled = primes.split_off(primes.partition_point(|p| *p <= bounds.presieved));
        let mut large = unrolled.split_off(unrolled.partition_point(|p| *p <= bounds.unrolled));
        let runs = Runs::order(&mut unrolled, bounds.words);
        large.resize(large.len().next_multiple_of(GROUP), 0);
        let presieve = Presieve::new(&primes);
        Ok(Base {
            presieved: Strikers::new(wheel, primes, control)?,
            presieve,
            unrolled: Strikers::new(wheel, unrolled, control)?,
            runs,
            large: Strikers::new(wheel, large, control)?,
            homes,
        })
    }

    /// Bytes before and after a line that strikes may touch.
    pub fn room(&self) -> usize {
        self.runs.room(&self.unrolled.primes)
    }
}

fn homes(wheel: &Wheel, primes: &[u32]) -> Vec<Vec<u32>> {
    let mut homes = vec![Vec::new(); wheel.residues.len()];
    for prime in primes {
        // Every prime that does not divide the modulus has a class.
        if let Ok(class) = wheel.residues.binary_search(&(prime % wheel.modulus)) {
            homes[class].push(prime / wheel.modulus);
        }
    }
    homes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sieve::wheel::SIZES;

    const BOUNDS: Bounds = Bounds { presieved: 100, unrolled: 1000, words: 200 };

    fn base(primes: &'static [u32], n: u64) -> (Wheel, Base) {
        let wheel = Wheel::new(primes);
        let base = Base::new(&wheel, n, 4096, BOUNDS, &Control::default()).unwrap();
        (wheel, base)
    }

    #[test]
    fn every_prime_strikes_once() {
        for n in [1, 200, 10_000, 10_201, 1_000_000, 10_000_000] {
            let (wheel, base) = base(SIZES[2], n);
            let sets = [&base.presieved, &base.unrolled, &base.large];
            let mut primes: Vec<u32> = sets.iter().flat_map(|set| set.primes.clone()).collect();
            primes.retain(|prime| *prime > 0);
            primes.sort_unstable();
            let mut expected = primes_up_to((n.isqrt() as u32).max(100));
            expected.retain(|prime| !wheel.primes.contains(prime));
            assert_eq!(primes, expected);
            assert!(base.large.primes.len().is_multiple_of(GROUP));
        }
    }

    #[test]
    fn every_prime_has_a_home() {
        let (wheel, base) = base(SIZES[1], 10_000_000);
        let mut found: Vec<u32> = Vec::new();
        for (class, columns) in base.homes.iter().enumerate() {
            found.extend(columns.iter().map(|x| wheel.residues[class] + wheel.modulus * x));
        }
        found.sort_unstable();
        assert_eq!(found, primes_up_to(3162).split_off(4));
    }

    #[test]
    fn primes_that_hit_often_are_not_large() {
        assert_eq!(BOUNDS.for_lines(4096), BOUNDS);
        assert_eq!(BOUNDS.for_lines(1 << 20).unrolled, 16_384);
    }

    #[test]
    fn there_is_room_for_the_largest_round() {
        assert_eq!(base(SIZES[0], 10_000).1.room(), 0);
        assert_eq!(base(SIZES[0], 10_000_000).1.room(), 997);
    }

    #[test]
    fn a_cancelled_run_stops_here() {
        let control = Control::default();
        control.cancel.set();
        let result = Base::new(&Wheel::new(SIZES[0]), 100, 4096, BOUNDS, &control);
        assert_eq!(result.err(), Some(Error::Cancelled));
    }
}
