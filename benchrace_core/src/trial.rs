//! Counts primes by dividing every odd number by the primes up to its root.
//!
//! The slowest kernel, on purpose: the figure that the sieves are compared with.

use crate::control::Control;
use crate::error::Error;
use crate::sieve::odds::primes_up_to;
use crate::threads::{Tally, share};

/// Numbers of a block: under 10 ms at the largest limit.
const BLOCK: u64 = 1 << 14;

/// Counts the primes `<= n` on this many threads; `n` must be below 2^32.
pub fn count(n: u64, threads: usize, control: &Control) -> Result<Tally, Error> {
    let blocks = (n + 1).div_ceil(BLOCK);
    control.progress.plan(blocks);
    let divisors = primes_up_to(n.isqrt() as u32);
    let mut tally = share(
        threads,
        blocks,
        control,
        || (),
        |(), index| {
            let first = index * BLOCK;
            let last = (first + BLOCK - 1).min(n);
            let odd = (first as u32 | 1..=last as u32).step_by(2);
            let primes = odd.filter(|number| is_prime(*number, &divisors)).count();
            control.block_done()?;
            Ok(primes as u64)
        },
    )?;
    tally.primes += u64::from(n >= 2);
    Ok(tally)
}

/// Whether an odd number is prime, by the primes up to its root.
fn is_prime(number: u32, divisors: &[u32]) -> bool {
    number > 1
        && divisors
            .iter()
            .take_while(|divisor| **divisor * **divisor <= number)
            .all(|divisor| !number.is_multiple_of(*divisor))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pi(n: u64, threads: usize) -> u64 {
        let control = Control::default();
        let tally = count(n, threads, &control).unwrap();
        let (done, total) = control.progress.get();
        assert_eq!(done, total);
        tally.primes
    }

    #[test]
    fn every_small_limit() {
        let primes = primes_up_to(2000);
        for n in 0..=2000 {
            assert_eq!(pi(n, 1), primes.partition_point(|p| u64::from(*p) <= n) as u64, "n = {n}");
        }
    }

    #[test]
    fn block_borders_and_squares() {
        let primes = primes_up_to(70_000);
        for centre in [BLOCK, 2 * BLOCK, 251 * 251] {
            for n in centre - 2..=centre + 2 {
                let expected = primes.partition_point(|p| u64::from(*p) <= n) as u64;
                assert_eq!(pi(n, 2), expected, "n = {n}");
            }
        }
    }

    #[test]
    fn a_known_count() {
        assert_eq!(pi(2_000_000, 2), 148_933);
    }
}
