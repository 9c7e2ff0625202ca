//! The first primes, for people who want to see some; never part of a timed run.

use crate::error::Error;
use crate::sieve::odds::primes_up_to;

/// The most primes that can be asked for.
pub const MAX_COUNT: u64 = 1_000_000;

/// The first `count` primes, fewer if there are not as many `<= limit`.
pub fn first_primes(count: u64, limit: u64) -> Result<Vec<u32>, Error> {
    if count > MAX_COUNT {
        return Err(Error::field("k", format!("{count} is not within 0 to {MAX_COUNT}")));
    }
    let mut primes = primes_up_to(limit.min(bound(count)) as u32);
    primes.truncate(count as usize);
    Ok(primes)
}

/// A number that the `count`-th prime does not exceed: k (ln k + ln ln k) for k >= 6 (Rosser).
fn bound(count: u64) -> u64 {
    let k = (count as f64).max(6.0);
    (k * (k.ln() + k.ln().ln())).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_asked() {
        assert_eq!(first_primes(5, 100), Ok(vec![2, 3, 5, 7, 11]));
        assert_eq!(first_primes(0, 100), Ok(vec![]));
        for count in 1..=300 {
            assert_eq!(first_primes(count, u64::MAX).unwrap().len() as u64, count);
        }
        assert_eq!(first_primes(MAX_COUNT, u64::MAX).unwrap().last(), Some(&15_485_863));
    }

    #[test]
    fn as_many_as_there_are() {
        assert_eq!(first_primes(5, 7), Ok(vec![2, 3, 5, 7]));
        assert_eq!(first_primes(5, 1), Ok(vec![]));
    }

    #[test]
    fn too_many_are_refused() {
        assert!(matches!(first_primes(MAX_COUNT + 1, 10), Err(Error::Field { field: "k", .. })));
    }
}
