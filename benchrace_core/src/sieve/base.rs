//! The primes that strike, with what moves them from class to class.

use crate::control::Control;
use crate::error::Error;
use crate::sieve::odds::primes_up_to;
use crate::sieve::presieve;
use crate::sieve::wheel::Wheel;

/// All sieving primes of a run; shared by its threads, never changed.
#[derive(Debug)]
pub struct Base {
    /// Primes up to the root of the limit (and all of the pre-sieve's), without the wheel's.
    pub primes: Vec<u32>,
    /// The wheel's modulus inverted modulo each prime.
    inverses: Vec<u32>,
    /// For each even gap between classes (index = gap / 2): how far each prime's first hit moves.
    steps: Vec<Vec<u32>>,
    /// For each class: the columns where sieving primes themselves stand, which strikes hit too.
    pub homes: Vec<Vec<u32>>,
}

impl Base {
    /// Everything needed to sieve up to `n`.
    pub fn new(wheel: &Wheel, n: u64, control: &Control) -> Result<Self, Error> {
        let limit = (n.isqrt() as u32).max(presieve::LIMIT);
        let mut primes = primes_up_to(limit);
        primes.retain(|prime| !wheel.primes.contains(prime));
        control.check()?;
        let inverses: Vec<u32> = primes.iter().map(|prime| wheel.inverse_modulo(*prime)).collect();
        let largest = wheel.gaps().max().unwrap_or(0);
        let mut steps = vec![Vec::new(); largest as usize / 2 + 1];
        for gap in wheel.gaps() {
            let column = &mut steps[gap as usize / 2];
            if column.is_empty() {
                control.check()?;
                *column = step_column(gap, &primes, &inverses);
            }
        }
        let homes = homes(wheel, &primes);
        Ok(Base { primes, inverses, steps, homes })
    }

    /// How far each prime's first hit moves back over a gap between classes, all below the prime.
    pub fn steps(&self, gap: u32) -> &[u32] {
        &self.steps[gap as usize / 2]
    }

    /// Bits from the bit of `number` to the first multiple of prime `index` in the same class.
    pub fn first_hit(&self, index: usize, number: u64) -> u32 {
        let prime = u64::from(self.primes[index]);
        let distance = number % prime * u64::from(self.inverses[index]) % prime;
        if distance == 0 { 0 } else { (prime - distance) as u32 }
    }

    /// How many of the primes must strike in a range that ends below `end`.
    pub fn strikers(&self, end: u64) -> usize {
        self.primes.partition_point(|prime| u64::from(*prime).pow(2) < end)
    }
}

fn step_column(gap: u32, primes: &[u32], inverses: &[u32]) -> Vec<u32> {
    let step = |(prime, inverse): (&u32, &u32)| {
        (u64::from(gap) * u64::from(*inverse) % u64::from(*prime)) as u32
    };
    primes.iter().zip(inverses).map(step).collect()
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

    fn base(primes: &'static [u32], n: u64) -> (Wheel, Base) {
        let wheel = Wheel::new(primes);
        let base = Base::new(&wheel, n, &Control::default()).unwrap();
        (wheel, base)
    }

    #[test]
    fn first_hits_are_the_first_multiples() {
        for size in SIZES {
            let (wheel, base) = base(size, 250_000);
            for (index, prime) in base.primes.iter().enumerate().map(|(i, p)| (i, u64::from(*p))) {
                for residue in [1, u64::from(wheel.residues[7])] {
                    let start = residue + u64::from(wheel.modulus) * 1_000_003;
                    let hit = u64::from(base.first_hit(index, start));
                    assert!(hit < prime);
                    assert_eq!((start + u64::from(wheel.modulus) * hit) % prime, 0);
                }
            }
        }
    }

    #[test]
    fn strikers_end_at_the_root() {
        let (_, base) = base(SIZES[0], 1_000_000);
        let last = |end| base.primes[base.strikers(end) - 1];
        assert_eq!(last(961), 29); // 31 * 31 is not below the end
        assert_eq!(last(962), 31);
    }

    #[test]
    fn every_prime_has_a_home() {
        let (wheel, base) = base(SIZES[1], 10_000_000);
        let mut found: Vec<u32> = Vec::new();
        for (class, columns) in base.homes.iter().enumerate() {
            found.extend(columns.iter().map(|x| wheel.residues[class] + wheel.modulus * x));
        }
        found.sort_unstable();
        assert_eq!(found, base.primes);
    }

    #[test]
    fn a_cancelled_run_stops_here() {
        let control = Control::default();
        control.cancel.set();
        assert_eq!(Base::new(&Wheel::new(SIZES[0]), 100, &control).err(), Some(Error::Cancelled));
    }
}
