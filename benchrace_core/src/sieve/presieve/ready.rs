//! Patterns that the compiler has made: striking them takes longer than a count up to a million.

use std::borrow::Cow;

use super::pattern::{Factor, Pattern, describe, length, period, strike};

/// A pattern of the first of these primes, if the compiler made one: its primes, and itself.
pub fn find(primes: &[u32]) -> Option<(&'static [u32], &'static Pattern)> {
    let found = READY.iter().find(|(ready, _)| primes.starts_with(ready));
    found.map(|(ready, pattern)| (*ready, pattern))
}

macro_rules! patterns {
    ($([$($prime:literal),+])+) => {
        [$({
            const PRIMES: &[u32] = &[$($prime),+];
            const FACTORS: [Factor; PRIMES.len()] = {
                let mut factors = [Factor::NONE; PRIMES.len()];
                describe(&mut factors, PRIMES);
                factors
            };
            static BYTES: [u8; length(PRIMES)] = {
                let mut bytes = [0xff; length(PRIMES)];
                strike(&mut bytes, PRIMES);
                bytes
            };
            let (factors, bytes) = (Cow::Borrowed(&FACTORS as &[_]), Cow::Borrowed(&BYTES as &[_]));
            (PRIMES, Pattern { factors, period: period(PRIMES), bytes })
        }),+]
    };
}

/// Each wheel uses a different one of the first four, and all others. These take 185.9 KB in the
/// binary, more than a first-level cache holds. Measured on Zen 5 at 10^10: products up to 10 KB
/// only, in 50 KB, were slower by 4 %, and patterns for primes up to 251 by 2 %.
static READY: [(&[u32], Pattern); 19] = patterns![
    [7, 11, 13, 17] [11, 13, 17] [13, 17] [17]
    [19, 23, 29] [31, 37] [41, 43] [47, 53] [59, 61] [67, 71] [73, 79] [83, 89] [97, 101]
    [103, 107] [109, 113] [127, 131] [137, 139] [149, 151] [157, 163]
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bounds::SEGMENTED_MAX;
    use crate::dispatch::Tier;
    use crate::sieve::odds::primes_up_to;
    use crate::sieve::presieve::{Presieve, STRIP};
    use crate::sieve::segmented::Choice;
    use crate::sieve::wheel::SIZES;

    /// A period and a strip without the multiples of these primes, by a plain sieve.
    fn sieved(primes: &[u32], period: u32) -> Vec<u8> {
        let mut bytes = vec![0xff_u8; period as usize + STRIP];
        for prime in primes {
            for bit in (0..8 * bytes.len()).step_by(*prime as usize) {
                bytes[bit / 8] &= !(1 << (bit % 8));
            }
        }
        bytes
    }

    #[test]
    fn ready_patterns_lack_the_multiples_of_their_primes() {
        for (primes, pattern) in &READY {
            assert_eq!(pattern.period, primes.iter().product::<u32>());
            assert!(*pattern.bytes == sieved(primes, pattern.period), "{primes:?}");
        }
    }

    #[test]
    fn ready_patterns_are_read_from_where_each_prime_hits() {
        for (primes, pattern) in &READY {
            for round in 0..100 {
                let hits: Vec<u32> = primes.iter().map(|prime| round * 7 % prime).collect();
                let offset = pattern.offset(&hits);
                assert!(offset < pattern.period, "{primes:?}");
                for (prime, hit) in primes.iter().zip(hits) {
                    assert_eq!((8 * offset + hit) % prime, 0, "{primes:?}, round {round}");
                }
            }
        }
    }

    #[test]
    fn no_wheel_makes_a_pattern_at_run_time() {
        let bounds = Choice::best(&(1..=SEGMENTED_MAX), Tier::detect()).bounds;
        for wheel in SIZES {
            let mut primes = primes_up_to(bounds.presieved);
            primes.retain(|prime| !wheel.contains(prime));
            let patterns = Presieve::new(&primes).patterns;
            assert!(patterns.iter().all(|pattern| matches!(pattern, Cow::Borrowed(_))));
            assert_eq!(
                patterns.iter().map(|pattern| pattern.factors.len()).sum::<usize>(),
                primes.len()
            );
        }
    }
}
