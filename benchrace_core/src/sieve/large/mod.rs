//! Strikes the primes that hit a line a few times or not at all, sixteen at once.
//!
//! Per group of sixteen, the number of hits that all of them surely have is known before, and so
//! is the number of those that only some may have: no branch depends on where a prime hits.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod hit;
mod hits;
mod portable;
#[cfg(target_arch = "x86_64")]
mod queue;

use crate::dispatch::{Level, Tier};
use crate::sieve::large::hit::ByteHit;
#[cfg(target_arch = "x86_64")]
use crate::sieve::large::hit::WordHit;
use crate::sieve::large::hits::Hits;
use crate::sieve::segment::Segment;
use crate::sieve::strikers::Strikers;

/// Primes of a group.
pub const GROUP: usize = 16;

/// The most bits that a line may have. The index of a hit's byte is kept in 24 bits, and the bits
/// that the kernels compute stay below 2^31: a first hit, a skip, and [`MOST_TRIPS`] primes.
pub const MAX_BITS: u64 = 1 << 24;

/// All large primes are below this, for the same reason.
const PRIMES_BELOW: u32 = 1 << 24;

/// The most hits that a prime may have in a line, so that those of a group can be gathered.
pub const MOST_TRIPS: u32 = 64;

/// How often a group strikes.
#[derive(Debug, Clone, Copy)]
struct Trips {
    /// Hits that each prime of the group has.
    sure: u32,
    /// Hits beyond those that a prime may have.
    maybe: u32,
}

/// Some groups of primes and what is needed to strike with them; all slices are equally long.
struct Groups<'a> {
    primes: &'a [[u32; GROUP]],
    /// First hits; the kernels move them on to the next class.
    states: &'a mut [[u32; GROUP]],
    /// How far back they move.
    steps: &'a [[u32; GROUP]],
    /// Bits at the line's beginning, by prime, that smaller primes have struck already.
    skips: &'a [[u32; GROUP]],
    trips: &'a [Trips],
}

impl<'a> Groups<'a> {
    /// The groups before this one, and the others.
    fn split_at(self, group: usize) -> (Self, Self) {
        let (primes, other_primes) = self.primes.split_at(group);
        let (states, other_states) = self.states.split_at_mut(group);
        let (steps, other_steps) = self.steps.split_at(group);
        let (skips, other_skips) = self.skips.split_at(group);
        let (trips, other_trips) = self.trips.split_at(group);
        let others = Groups {
            primes: other_primes,
            states: other_states,
            steps: other_steps,
            skips: other_skips,
            trips: other_trips,
        };
        (Groups { primes, states, steps, skips, trips }, others)
    }
}

/// Hits that are gathered, by what strikes them.
#[derive(Debug, Default)]
struct Buffers {
    bytes: Hits<ByteHit>,
    #[cfg(target_arch = "x86_64")]
    words: Hits<WordHit>,
}

/// One thread's large primes in the segment at hand.
///
/// Invariant, on which the unchecked strikes rest: `states`, `skips` and `trips` were planned by
/// `start` for the same strikers and for lines of `bits`; each state is below its prime, or
/// [`NEVER`](crate::sieve::strikers::NEVER) for padding.
#[derive(Debug)]
pub struct Large<'a> {
    strikers: &'a Strikers,
    states: Vec<u32>,
    skips: Vec<u32>,
    trips: Vec<Trips>,
    /// Groups before the first one with a skip.
    unskipped: usize,
    /// Bits of the segment's lines.
    bits: u64,
    buffers: Buffers,
}

impl<'a> Large<'a> {
    /// For these strikers, which ascend and are padded to whole groups.
    pub fn new(strikers: &'a Strikers) -> Self {
        let primes = &strikers.primes;
        assert!(primes.len().is_multiple_of(GROUP), "strikers are padded to whole groups");
        assert!(primes.iter().all(|prime| *prime < PRIMES_BELOW), "hits stay below 2^31");
        let (states, skips, trips) = (Vec::new(), Vec::new(), Vec::new());
        Large { strikers, states, skips, trips, unskipped: 0, bits: 0, buffers: Buffers::default() }
    }

    /// Prepares for a segment whose first class begins at `number`.
    pub fn start(&mut self, segment: Segment, number: u64) {
        assert!(segment.bits <= MAX_BITS, "a line's bytes are numbered in 24 bits");
        assert!(segment.bits.is_multiple_of(32), "a line has whole words");
        let strikers = self.strikers;
        self.bits = segment.bits;
        let end = segment.end();
        let striking = |prime: &u32| *prime != 0 && u64::from(*prime).pow(2) < end;
        // A prime of the last group that need not strike does no harm.
        let count = strikers.primes.partition_point(striking).next_multiple_of(GROUP);
        let primes = &strikers.primes[..count];
        strikers.first_hits(number, count, &mut self.states);
        self.skips.clear();
        self.skips.extend(primes.iter().map(|prime| segment.skip(*prime)));
        self.trips.clear();
        let groups = groups_of(primes).iter().zip(groups_of(&self.skips));
        self.trips.extend(groups.map(|(primes, skips)| Trips::new(primes, skips, segment.bits)));
        self.unskipped = self.skips.iter().position(|skip| *skip > 0).unwrap_or(count) / GROUP;
    }

    /// Strikes one class's line, and moves on by the gap to the next class.
    pub fn strike(&mut self, tier: Tier, gap: u32, line: &mut [u8]) {
        assert!(line.len() as u64 * 8 == self.bits, "hits were planned for the segment's lines");
        let (strikers, count) = (self.strikers, self.states.len());
        let groups = Groups {
            primes: groups_of(&strikers.primes[..count]),
            states: self.states.as_chunks_mut().0,
            steps: groups_of(&strikers.steps(gap)[..count]),
            skips: groups_of(&self.skips),
            trips: &self.trips,
        };
        let (plain, skipping) = groups.split_at(self.unskipped);
        strike::<false>(tier, plain, &mut self.buffers, line);
        strike::<true>(tier, skipping, &mut self.buffers, line);
    }
}

fn groups_of(values: &[u32]) -> &[[u32; GROUP]] {
    values.as_chunks().0
}

impl Trips {
    fn new(primes: &[u32; GROUP], skips: &[u32; GROUP], bits: u64) -> Self {
        let (mut sure, mut most) = (u64::MAX, 0);
        for (prime, skip) in primes.iter().zip(skips) {
            // Padding never hits, so no hit is sure in its group.
            let prime = if *prime == 0 { u64::MAX } else { u64::from(*prime) };
            let bits = bits - u64::from(*skip);
            sure = sure.min(bits / prime);
            most = most.max(bits.div_ceil(prime));
        }
        assert!(most <= MOST_TRIPS.into(), "a large prime hits a line seldom");
        Trips { sure: sure as u32, maybe: (most - sure) as u32 }
    }
}

/// Strikes with the instructions of the tier. With `SKIP`, strikes begin after each prime's skip.
fn strike<const SKIP: bool>(
    tier: Tier,
    groups: Groups<'_>,
    buffers: &mut Buffers,
    line: &mut [u8],
) {
    match tier.level() {
        Level::Baseline => portable::strike(groups, &mut buffers.bytes, line),
        // SAFETY: the processor has a tier's instructions.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2::strike::<SKIP>(groups, &mut buffers.words, line) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512::strike::<SKIP>(groups, &mut buffers.bytes, line) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Control;
    use crate::sieve::odds::primes_up_to;
    use crate::sieve::strike::every;
    use crate::sieve::wheel::{SIZES, Wheel};

    /// These primes, padded.
    fn strikers(wheel: &Wheel, mut primes: Vec<u32>) -> Strikers {
        primes.resize(primes.len().next_multiple_of(GROUP), 0);
        Strikers::new(wheel, primes, &Control::default()).unwrap()
    }

    /// Compares some classes' lines with strikes from each prime's first hit that is not skipped.
    fn check(tier: Tier, wheel: &Wheel, strikers: &Strikers, segment: Segment, classes: usize) {
        let mut large = Large::new(strikers);
        large.start(segment, segment.modulus * segment.column + 1);
        for class in 0..classes {
            let gap = wheel.gaps[class % wheel.gaps.len()];
            let mut expected = vec![0xff; segment.bits as usize / 8];
            for ((prime, state), skip) in
                strikers.primes.iter().zip(&large.states).zip(&large.skips)
            {
                if *prime > 0 {
                    every(&mut expected, (state + skip) as usize, *prime as usize);
                }
            }
            let mut line = vec![0xff; expected.len()];
            large.strike(tier, gap, &mut line);
            assert!(line == expected, "{} class {class} {segment:?}", tier.name());
        }
    }

    #[test]
    fn every_tier_strikes_what_plain_strikes_hit() {
        for size in SIZES {
            let wheel = Wheel::new(size);
            let modulus = u64::from(wheel.modulus);
            for (from, limit) in [(6, 500), (6, 3000), (100, 40_000)] {
                let strikers = strikers(&wheel, primes_up_to(limit).split_off(from));
                for tier in Tier::all() {
                    let bits = u64::from(strikers.primes[0] * MOST_TRIPS) / 8 * 8;
                    for (column, bits) in [(0, bits), (100_000, 64), (1 << 20, bits)] {
                        check(tier, &wheel, &strikers, Segment { column, bits, modulus }, 8);
                    }
                }
            }
        }
    }

    #[test]
    fn padding_stays_away_through_all_classes_of_the_largest_wheel() {
        let wheel = Wheel::new(SIZES[3]);
        let strikers = strikers(&wheel, vec![104_729, 1_299_709, 3_162_277]);
        let segment = Segment { column: 333_000_000, bits: 512, modulus: 30_030 };
        for tier in Tier::all() {
            check(tier, &wheel, &strikers, segment, 2 * wheel.gaps.len());
            let mut large = Large::new(&strikers);
            large.start(segment, 1);
            assert!(large.states[3..].iter().all(|state| *state > MAX_BITS as u32));
        }
    }

    #[test]
    #[should_panic(expected = "below 2^31")]
    fn primes_beyond_the_invariant_are_refused() {
        let wheel = Wheel::new(SIZES[0]);
        Large::new(&strikers(&wheel, vec![16_777_259]));
    }

    #[test]
    fn trips_bound_the_hits_of_every_start() {
        let primes = primes_up_to(200).split_off(25);
        let group = |values: &[u32]| <[u32; GROUP]>::try_from(&values[..GROUP]).unwrap();
        let skips = group(&primes).map(|prime| prime * (prime % 4));
        let trips = Trips::new(&group(&primes), &skips, 2000);
        for (prime, skip) in group(&primes).iter().zip(skips) {
            for state in 0..*prime {
                let hits = (state + skip..2000).step_by(*prime as usize).count() as u32;
                assert!((trips.sure..=trips.sure + trips.maybe).contains(&hits));
            }
        }
        assert_eq!(Trips::new(&[0; GROUP], &[0; GROUP], 2000).sure, 0);
    }
}
