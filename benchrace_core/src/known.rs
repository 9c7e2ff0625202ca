//! Known counts of primes, to check a kernel's count against.

mod table;

/// The number of primes `<= n` where it is on record, `None` where it is not.
///
/// On record: d * 10^k for digits d from 1 to 9, powers of two, and a few that are not round.
pub fn known_pi(n: u64) -> Option<u64> {
    let index = table::PI.binary_search_by_key(&n, |(n, _)| *n).ok()?;
    Some(table::PI[index].1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Control;
    use crate::dispatch::Tier;
    use crate::sieve::segmented::{Choice, count};

    #[test]
    fn the_table_is_in_order() {
        assert!(table::PI.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1));
    }

    #[test]
    fn published_powers_of_ten() {
        let published = [
            4,
            25,
            168,
            1229,
            9592,
            78_498,
            664_579,
            5_761_455,
            50_847_534,
            455_052_511,
            4_118_054_813,
            37_607_912_018,
            346_065_536_839,
        ];
        for (power, pi) in (1..).zip(published) {
            assert_eq!(known_pi(10_u64.pow(power)), Some(pi));
        }
    }

    #[test]
    fn presets_are_known_and_odd_numbers_are_not() {
        assert_eq!(known_pi(2_000_000), Some(148_933));
        assert_eq!(known_pi(20_000_000), Some(1_270_607));
        assert_eq!(known_pi(50_000_000), Some(3_001_134));
        assert_eq!(known_pi(500_000_000), Some(26_355_867));
        assert_eq!(known_pi(0), None);
        assert_eq!(known_pi(1_000_001), None);
    }

    #[test]
    fn small_entries_are_counted_again() {
        for (n, pi) in table::PI.iter().filter(|(n, _)| *n <= 200_000_000) {
            let choice = Choice::best(&(1..=*n), Tier::detect());
            let tally = count(1..=*n, 1, choice, &Control::default()).unwrap();
            assert_eq!(tally.primes, *pi, "n = {n}");
        }
    }
}
