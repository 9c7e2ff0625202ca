//! Sieves one block: one class of the wheel, one range of columns.

use crate::dispatch::{Tier, Work};
use crate::sieve::base::Base;
use crate::sieve::presieve::Presieve;
use crate::sieve::strike;
use crate::sieve::wheel::Wheel;

/// What all blocks of a run share.
#[derive(Debug)]
pub struct Shared {
    /// Counts primes up to this.
    pub n: u64,
    /// The classes.
    pub wheel: Wheel,
    /// The sieving primes.
    pub base: Base,
    /// The smallest of them, as patterns.
    pub presieve: Presieve,
    /// The processor's instructions.
    pub tier: Tier,
}

/// Which block.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Index of the class.
    pub class: usize,
    /// First column.
    pub column: u64,
}

impl Shared {
    /// Primes in this block, sieved into `line`; `hits` holds each striking prime's first hit.
    pub fn count(&self, line: &mut [u8], place: Place, hits: &[u32]) -> u64 {
        self.presieve.fill(self.tier, line, hits);
        self.strike(line, hits);
        self.restore(line, place);
        self.trim(line, place);
        self.tier.call(Ones(line))
    }

    fn strike(&self, line: &mut [u8], hits: &[u32]) {
        let primes = &self.base.primes[..hits.len()];
        let split = primes.partition_point(|prime| *prime < strike::UNROLLED_BELOW);
        let pairs = primes.iter().zip(hits).map(|(prime, hit)| (*hit as usize, *prime as usize));
        for (hit, prime) in pairs.clone().take(split).skip(self.presieve.count) {
            strike::unrolled(line, hit, prime);
        }
        for (hit, prime) in pairs.skip(split) {
            strike::every(line, hit, prime);
        }
    }

    /// Sets the sieving primes' own bits again, and clears the number 1.
    fn restore(&self, line: &mut [u8], place: Place) {
        for home in &self.base.homes[place.class] {
            let Some(bit) = u64::from(*home).checked_sub(place.column) else { continue };
            if let Some(byte) = line.get_mut((bit / 8) as usize) {
                *byte |= 1 << (bit % 8);
            }
        }
        if place.class == 0 && place.column == 0 {
            line[0] &= !1;
        }
    }

    /// Clears the bits of numbers above the limit.
    fn trim(&self, line: &mut [u8], place: Place) {
        let residue = u64::from(self.wheel.residues[place.class]);
        let modulus = u64::from(self.wheel.modulus);
        let end = self.n.checked_sub(residue).map_or(0, |rest| rest / modulus + 1);
        let bits = end.saturating_sub(place.column);
        let Some(tail) = line.get_mut((bits / 8) as usize..) else { return };
        if let Some((first, rest)) = tail.split_first_mut() {
            *first &= (1 << (bits % 8)) - 1;
            rest.fill(0);
        }
    }
}

/// Counts the 1 bits of a line whose length is a multiple of eight bytes.
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
    use crate::control::Control;
    use crate::sieve::odds::primes_up_to;
    use crate::sieve::states::States;
    use crate::sieve::wheel::SIZES;

    /// Numbers whose bits are set after sieving one block.
    fn sieved(n: u64, wheel: &'static [u32], place: Place, bytes: usize, tier: Tier) -> Vec<u64> {
        let wheel = Wheel::new(wheel);
        let base = Base::new(&wheel, n, &Control::default()).unwrap();
        let presieve = Presieve::new(wheel.primes);
        let residue = u64::from(wheel.residues[place.class]);
        let modulus = u64::from(wheel.modulus);
        let count = base.strikers(modulus * (place.column + bytes as u64 * 8)).max(presieve.count);
        let mut states = States::default();
        states.start(&base, count, residue + modulus * place.column);
        let shared = Shared { n, wheel, base, presieve, tier };
        let mut line = vec![0; bytes];
        let ones = shared.count(&mut line, place, states.hits());
        let numbers: Vec<u64> = (0..bytes as u64 * 8)
            .filter(|bit| line[*bit as usize / 8] >> (bit % 8) & 1 == 1)
            .map(|bit| residue + modulus * (place.column + bit))
            .collect();
        assert_eq!(ones, numbers.len() as u64);
        numbers
    }

    #[test]
    fn every_class_holds_its_primes() {
        let n = 300_000;
        let primes = primes_up_to(n);
        for size in SIZES {
            let wheel = Wheel::new(size);
            for class in (0..wheel.residues.len()).step_by(wheel.residues.len() / 8) {
                for (column, bytes) in [(0, 8), (64, 8), (0, 64), (128, 2048)] {
                    let first = wheel.modulus * column;
                    let end = wheel.modulus * (column + bytes * 8);
                    let expected: Vec<u64> = primes
                        .iter()
                        .filter(|p| {
                            (first..end).contains(p) && *p % wheel.modulus == wheel.residues[class]
                        })
                        .map(|p| u64::from(*p))
                        .collect();
                    for tier in Tier::all() {
                        let place = Place { class, column: u64::from(column) };
                        let found = sieved(u64::from(n), size, place, bytes as usize, tier);
                        assert_eq!(found, expected, "{} {class} {column}", tier.name());
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
        let wheel = Wheel::new(SIZES[2]);
        for class in [0, 1, 239, 479] {
            // The last numbers of the line are above the limit.
            let column = n / 2310 - 300;
            let residue = u64::from(wheel.residues[class]);
            let expected: Vec<u64> = (column..column + 512)
                .map(|x| residue + 2310 * x)
                .filter(|number| *number <= n && is_prime(*number))
                .collect();
            let place = Place { class, column };
            assert_eq!(sieved(n, SIZES[2], place, 64, Tier::detect()), expected);
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
