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

/// Each wheel uses a different one of the first four, and all others. These take 175 KB, more than
/// a first-level cache holds. Measured on Zen 5 at 10^10: products up to 10 KB only, in 50 KB, were
/// slower by 4 %, and patterns for primes up to 251 by 2 %.
static READY: [(&[u32], Pattern); 19] = patterns![
    [7, 11, 13, 17] [11, 13, 17] [13, 17] [17]
    [19, 23, 29] [31, 37] [41, 43] [47, 53] [59, 61] [67, 71] [73, 79] [83, 89] [97, 101]
    [103, 107] [109, 113] [127, 131] [137, 139] [149, 151] [157, 163]
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sieve::odds::primes_up_to;
    use crate::sieve::presieve::Presieve;
    use crate::sieve::wheel::SIZES;

    #[test]
    fn ready_patterns_are_those_made_at_run_time() {
        for (primes, pattern) in &READY {
            assert_eq!(*pattern, Pattern::new(primes));
        }
    }

    #[test]
    fn no_wheel_makes_a_pattern_at_run_time() {
        for wheel in SIZES {
            let mut primes = primes_up_to(163);
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
