//! What each kernel accepts, checked before anything is allocated.

use crate::algorithm::Algorithm;
use crate::dispatch::Tier;
use crate::error::Error;
use crate::sieve::simple;

/// The smallest `n` of every kernel.
pub const MIN_N: u64 = 1;

/// What fits any memory.
pub const SEGMENTED: Option<&str> = Some("the segmented sieve");
/// The largest `n` of the segmented sieve.
pub const SEGMENTED_MAX: u64 = 10_000_000_000_000;

/// The largest `n` of trial division: about half a minute on one thread.
pub const TRIAL_MAX: u64 = 200_000_000;

/// Share of the available memory that the simple sieve may take, in percent.
const MEMORY_PERCENT: u64 = 90;

/// Bytes that a run may allocate, of those available.
pub fn usable(available: u64) -> u64 {
    (u128::from(available) * u128::from(MEMORY_PERCENT) / 100) as u64
}

/// Smallest and largest `n` where `limit` bytes may be allocated (`None`: unknown).
pub fn limits(algorithm: Algorithm, limit: Option<u64>) -> (u64, u64) {
    let max = match algorithm {
        Algorithm::Segmented | Algorithm::Panic => SEGMENTED_MAX,
        Algorithm::Trial => TRIAL_MAX,
        Algorithm::Simple => {
            limit.map_or(SEGMENTED_MAX, |bytes| (bytes / 8).saturating_mul(128).min(SEGMENTED_MAX))
        }
    };
    (MIN_N, max)
}

/// Refuses an `n` outside the kernel's bounds, or one that needs more than `limit` bytes.
pub fn check_n(algorithm: Algorithm, n: u64, limit: Option<u64>) -> Result<(), Error> {
    let (min, max) = limits(algorithm, None);
    if n < min || n > max {
        let name = algorithm.name();
        return Err(Error::field(
            "n",
            format!("{n} is not within {min} to {max}, the bounds of {name}"),
        ));
    }
    let needed = match algorithm {
        Algorithm::Simple => simple::array_bytes(n),
        Algorithm::Segmented | Algorithm::Trial | Algorithm::Panic => 0,
    };
    match limit {
        Some(available) if needed > available => {
            Err(Error::Memory { field: "n", needed, available, alternative: SEGMENTED })
        }
        _ => Ok(()),
    }
}

/// Refuses a `start` below 1, one above 1 where a kernel counts no ranges, and an `n` below it.
///
/// The last is reported as a fault of `n`, because a caller may still have to choose that.
pub fn check_start(algorithm: Algorithm, start: u64, n: u64) -> Result<(), Error> {
    if start < MIN_N {
        return Err(Error::field("start", format!("{start} is below {MIN_N}")));
    }
    if start > MIN_N && algorithm != Algorithm::Segmented {
        let (name, segmented) = (algorithm.name(), Algorithm::Segmented.name());
        return Err(Error::field(
            "start",
            format!("{name} counts from {MIN_N}, not from {start}; {segmented} counts any range"),
        ));
    }
    if start > n {
        return Err(Error::field("n", format!("{n} is below start = {start}")));
    }
    Ok(())
}

/// Refuses to choose the instructions of a kernel that is compiled for the baseline alone.
pub fn check_tier(algorithm: Algorithm, tier: Option<Tier>) -> Result<(), Error> {
    if tier.is_some() && algorithm == Algorithm::Trial {
        return Err(Error::field(
            "tier",
            format!("{} has no choice of instructions; leave it out", algorithm.name()),
        ));
    }
    Ok(())
}

/// Refuses no threads, or more than there are cores for this process.
pub fn check_threads(threads: usize, available: usize) -> Result<(), Error> {
    if (1..=available).contains(&threads) {
        return Ok(());
    }
    Err(Error::field("threads", format!("{threads} requested, but 1 to {available} are possible")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_inclusive() {
        for algorithm in Algorithm::ALL {
            let (min, max) = limits(algorithm, None);
            for n in [min, max] {
                assert_eq!(check_n(algorithm, n, None), Ok(()));
            }
            for n in [min - 1, max + 1, u64::MAX] {
                let error = check_n(algorithm, n, None).unwrap_err();
                assert!(matches!(error, Error::Field { field: "n", .. }), "{error}");
            }
        }
    }

    #[test]
    fn memory_bounds_only_the_simple_sieve() {
        let limit = Some(1 << 20);
        let (_, max) = limits(Algorithm::Simple, limit);
        assert_eq!(check_n(Algorithm::Simple, max, limit), Ok(()));
        let refused = check_n(Algorithm::Simple, max + 1, limit);
        assert_eq!(
            refused,
            Err(Error::Memory {
                field: "n",
                needed: (1 << 20) + 8,
                available: 1 << 20,
                alternative: SEGMENTED
            })
        );
        assert_eq!(check_n(Algorithm::Segmented, SEGMENTED_MAX, limit), Ok(()));
        assert_eq!(limits(Algorithm::Simple, Some(u64::MAX)).1, SEGMENTED_MAX);
    }

    #[test]
    fn some_memory_is_left_to_others() {
        assert_eq!(usable(1000), 900);
        assert!(usable(u64::MAX) < u64::MAX);
    }

    #[test]
    fn ranges_are_for_the_segmented_sieve() {
        for algorithm in Algorithm::ALL {
            assert_eq!(check_start(algorithm, 1, 100), Ok(()));
            let error = check_start(algorithm, 0, 100).unwrap_err();
            assert_eq!(error.to_string(), "start: 0 is below 1");
        }
        assert_eq!(check_start(Algorithm::Segmented, 100, 100), Ok(()));
        let error = check_start(Algorithm::Segmented, 101, 100).unwrap_err();
        assert_eq!(error.to_string(), "n: 100 is below start = 101");
        for start in [2, 101] {
            let error = check_start(Algorithm::Simple, start, 100).unwrap_err();
            assert!(error.to_string().starts_with("start: simple_sieve counts from 1"), "{error}");
        }
    }

    #[test]
    fn trial_division_has_no_choice_of_instructions() {
        for algorithm in [Algorithm::Segmented, Algorithm::Simple] {
            assert_eq!(check_tier(algorithm, Some(Tier::detect())), Ok(()));
        }
        assert_eq!(check_tier(Algorithm::Trial, None), Ok(()));
        let error = check_tier(Algorithm::Trial, Some(Tier::BASELINE)).unwrap_err();
        assert!(matches!(error, Error::Field { field: "tier", .. }), "{error}");
    }

    #[test]
    fn threads_stay_within_the_cores() {
        assert_eq!(check_threads(1, 2), Ok(()));
        assert_eq!(check_threads(2, 2), Ok(()));
        for threads in [0, 3] {
            let error = check_threads(threads, 2).unwrap_err();
            assert!(matches!(error, Error::Field { field: "threads", .. }));
        }
    }
}
