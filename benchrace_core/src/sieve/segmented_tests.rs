use super::*;
use crate::dispatch::BASELINE;
use crate::sieve::odds::primes_up_to;
use crate::sieve::wheel::SIZES;

fn pi(numbers: RangeInclusive<u64>, threads: usize, choice: Choice) -> u64 {
    count(numbers, threads, choice, &Control::default()).unwrap().primes
}

fn best(numbers: &RangeInclusive<u64>) -> Choice {
    Choice::best(numbers, Tier::detect())
}

/// Primes of a range, by a flag a number.
fn plain(numbers: RangeInclusive<u64>) -> u64 {
    let (start, end) = (*numbers.start(), *numbers.end());
    let mut is_prime = vec![true; (end - start + 1) as usize];
    for prime in primes_up_to(end.isqrt() as u32).into_iter().map(u64::from) {
        let first = (start.div_ceil(prime) * prime).max(prime * prime);
        (first..=end).step_by(prime as usize).for_each(|n| is_prime[(n - start) as usize] = false);
    }
    let kept = (start..=end).zip(is_prime).filter(|(number, is_prime)| *number > 1 && *is_prime);
    kept.count() as u64
}

/// Numbers that only seem random, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 20) % end
    }

    fn of<T: Clone>(&mut self, values: &[T]) -> T {
        values[self.below(values.len() as u64) as usize].clone()
    }

    /// Anything that a sieve may be told: blocks and sets of primes of any size, one class a task
    /// or all classes, every wheel up to this one, every tier.
    fn choice(&mut self, wheels: usize) -> Choice {
        Choice {
            wheel: Wheel::new(self.of(&SIZES[..wheels])),
            block_bits: self.of(&[64, 4096, 8192, 40_000, 200_000]),
            bounds: self.of(&[
                Bounds { presieved: 0, unrolled: 0, words: 0 },
                Bounds { presieved: 0, unrolled: 100, words: 100 },
                Bounds { presieved: 29, unrolled: 29, words: 29 },
                Bounds { presieved: 256, unrolled: 2048, words: 500 },
                Bounds { presieved: 256, unrolled: 8192, words: 0 },
                Bounds { presieved: 17, unrolled: 8192, words: 8192 },
            ]),
            group: self.of(&[None, Some(1), Some(7), Some(5760)]),
            tier: self.of(&Tier::all()),
        }
    }
}

fn what(numbers: &RangeInclusive<u64>, choice: &Choice) -> String {
    let Choice { wheel, block_bits, bounds, group, tier } = choice;
    format!("{numbers:?} {} {block_bits} {bounds:?} {group:?} {}", wheel.modulus, tier.name())
}

#[test]
fn every_small_limit() {
    let primes = primes_up_to(3000);
    for n in 0..=3000 {
        let expected = primes.partition_point(|p| u64::from(*p) <= n) as u64;
        assert_eq!(pi(1..=n, 1, best(&(1..=n))), expected, "n = {n}");
    }
}

#[test]
fn every_small_range() {
    for start in 0..40 {
        for end in start..130 {
            let numbers = start..=end;
            let choice = best(&numbers);
            assert_eq!(pi(numbers.clone(), 1, choice), plain(numbers), "{start} to {end}");
        }
    }
}

#[test]
fn random_limits_in_any_way() {
    let primes = primes_up_to(6_000_000);
    let mut dice = Dice(1);
    for round in 0..150 {
        let n = dice.below([1000, 100_000, 6_000_000][round % 3]) + 1;
        // Thousands of lines are only worth it where something is in them.
        let choice = dice.choice(if n < 1_000_000 { 3 } else { 4 });
        let what = what(&(1..=n), &choice);
        let expected = primes.partition_point(|p| u64::from(*p) <= n) as u64;
        assert_eq!(pi(1..=n, 1 + round % 3, choice), expected, "{what}");
    }
}

#[test]
fn random_ranges_in_any_way() {
    let mut dice = Dice(2);
    for round in 0..60 {
        let end = dice.below([1_000_000, 10_u64.pow(9), 10_u64.pow(13)][round % 3]) + 1;
        let numbers = end.saturating_sub(dice.below(100_000)).max(1)..=end;
        // The larger the primes, the longer it takes to begin a task: the fewer classes.
        let choice = dice.choice([4, 3, 2][round % 3]);
        let what = what(&numbers, &choice);
        assert_eq!(pi(numbers.clone(), 1 + round % 3, choice), plain(numbers), "{what}");
    }
}

#[test]
fn borders_of_segments_and_squares_of_primes() {
    let primes = primes_up_to(4_300_000);
    let border = 30 * 4096;
    let squares = [163, 167, 251, 257, 1999, 2039, 2053].map(|p: u64| p * p);
    for centre in [border, 2 * border, 210 * 4096].into_iter().chain(squares) {
        for n in centre - 2..=centre + 2 {
            let expected = primes.partition_point(|p| u64::from(*p) <= n) as u64;
            for size in &SIZES[..3] {
                let wheel = Wheel::new(size);
                let choice = Choice { wheel, block_bits: 4096, ..best(&(1..=n)) };
                assert_eq!(pi(1..=n, 2, choice), expected, "{n} {size:?}");
            }
        }
    }
}

#[test]
fn neighbouring_ranges_add_up() {
    let whole = 10_u64.pow(12)..=10_u64.pow(12) + 3_000_000;
    let parts: u64 = (0..3)
        .map(|part| {
            let start = whole.start() + part * 1_000_000 + u64::from(part > 0);
            let numbers = start..=whole.start() + (part + 1) * 1_000_000;
            let choice = best(&numbers);
            pi(numbers, 1, choice)
        })
        .sum();
    assert_eq!(pi(whole.clone(), 2, best(&whole)), parts);
    assert_eq!(plain(whole), parts);
}

/// Signed comparisons of a tier without unsigned ones went wrong at these sizes only.
#[test]
fn known_counts_in_every_tier_and_wheel() {
    for tier in Tier::all() {
        for (n, primes) in [(10_u64.pow(7), 664_579), (10_u64.pow(8), 5_761_455)] {
            assert_eq!(pi(1..=n, 2, Choice::best(&(1..=n), tier)), primes, "{}", tier.name());
        }
        for size in SIZES {
            let numbers = 1..=20_000_000;
            let choice = Choice { wheel: Wheel::new(size), ..Choice::best(&numbers, tier) };
            assert_eq!(pi(numbers, 1, choice), 1_270_607, "{} {size:?}", tier.name());
        }
    }
}

/// Padding of the last group of primes once came within the line after some thousand classes.
#[test]
fn one_task_goes_through_all_classes_of_the_largest_wheel() {
    let end = 10_u64.pow(11);
    let numbers = end - 2_000_000..=end;
    let expected = plain(numbers.clone());
    for tier in Tier::all() {
        let wheel = Wheel::new(SIZES[3]);
        let choice = Choice { wheel, group: Some(5760), ..Choice::best(&numbers, tier) };
        assert_eq!(pi(numbers.clone(), 1, choice), expected, "{}", tier.name());
    }
}

/// Strikes of a prime below the wheel's modulus hit the prime itself, in tiny blocks where its
/// square is in a later segment, and where a round of the unrolled strikes begins too early.
#[test]
fn primes_that_strike_themselves_are_counted() {
    let n = 4_000_000;
    let expected = primes_up_to(n as u32).len() as u64;
    for (unrolled, words) in [(256, 0), (2048, 0), (2048, 2048)] {
        for wheel in &SIZES[1..] {
            for tier in Tier::all() {
                let bounds = Bounds { presieved: 17, unrolled, words };
                let wheel = Wheel::new(wheel);
                let choice =
                    Choice { wheel, block_bits: 64, bounds, ..Choice::best(&(1..=n), tier) };
                let what = what(&(1..=n), &choice);
                assert_eq!(pi(1..=n, 1, choice), expected, "{what}");
            }
        }
    }
}

#[test]
fn progress_ends_at_its_total() {
    let control = Control::default();
    let numbers = 1..=1_000_000;
    let choice = best(&numbers);
    count(numbers, 2, choice, &control).unwrap();
    let (done, total) = control.progress.get();
    assert!(done > 0 && done == total);
}

/// Run by `cargo test --release -- --ignored`: two minutes on one core.
#[test]
#[ignore = "takes minutes"]
fn large_powers_of_ten() {
    let threads = crate::threads::available();
    for (power, primes) in [(9, 50_847_534), (10, 455_052_511), (11, 4_118_054_813_u64)] {
        let numbers = 1..=10_u64.pow(power);
        for tier in [Tier::detect(), Tier::named(BASELINE).unwrap()] {
            assert_eq!(pi(numbers.clone(), threads, Choice::best(&numbers, tier)), primes);
        }
    }
    let numbers = 1..=10_u64.pow(12);
    assert_eq!(pi(numbers.clone(), threads, best(&numbers)), 37_607_912_018);
}
