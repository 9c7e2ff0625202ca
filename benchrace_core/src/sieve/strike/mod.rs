//! Clears every p-th bit of a line, for primes that hit it many times.

mod bytes;
mod words;

use std::ops::Range;

use crate::sieve::line::Line;

/// Clears bits `first`, `first + stride`, ... up to the end of the line.
pub const fn every(line: &mut [u8], first: usize, stride: usize) {
    let mut bit = first;
    while bit >> 3 < line.len() {
        line[bit >> 3] &= !(1 << (bit & 7));
        bit += stride;
    }
}

/// Primes of one rest, their first hits, and the bits before these that they skip.
type Strikes<'a> = [&'a [u32]; 3];

/// Strikes a line with primes that all have the rest that it was compiled for.
type Strike = fn(&mut Line, Strikes<'_>);

/// For each rest modulo 8.
const BYTES: [Strike; 4] =
    [bytes::strike::<1>, bytes::strike::<3>, bytes::strike::<5>, bytes::strike::<7>];

/// For each rest modulo 32.
const WORDS: [Strike; 16] = [
    words::strike::<1>,
    words::strike::<3>,
    words::strike::<5>,
    words::strike::<7>,
    words::strike::<9>,
    words::strike::<11>,
    words::strike::<13>,
    words::strike::<15>,
    words::strike::<17>,
    words::strike::<19>,
    words::strike::<21>,
    words::strike::<23>,
    words::strike::<25>,
    words::strike::<27>,
    words::strike::<29>,
    words::strike::<31>,
];

/// Odd primes ordered by how they strike and by their rest, so that one loop serves each rest.
#[derive(Debug)]
pub struct Runs {
    words: [Range<usize>; WORDS.len()],
    bytes: [Range<usize>; BYTES.len()],
}

impl Runs {
    /// Orders the primes, which ascend, and finds the run of each rest. Those up to `limit` strike
    /// words, the others bytes.
    pub fn order(primes: &mut [u32], limit: u32) -> Self {
        let split = primes.partition_point(|prime| *prime <= limit);
        let (words, bytes) = primes.split_at_mut(split);
        Runs { words: by_rest(words, 0), bytes: by_rest(bytes, split) }
    }

    /// Strikes with all primes, from their first hits after their skips. The line has the room
    /// for it.
    pub fn strike(&self, line: &mut Line, primes: &[u32], hits: &[u32], skips: &[u32]) {
        let words = self.words.iter().zip(WORDS);
        for (run, strike) in words.chain(self.bytes.iter().zip(BYTES)) {
            strike(line, [primes, hits, skips].map(|values| &values[run.clone()]));
        }
    }

    /// Bytes before and after a line that strikes with these primes may touch.
    pub fn room(&self, primes: &[u32]) -> usize {
        let largest = |runs: &[Range<usize>]| {
            let primes = runs.iter().flat_map(|run| &primes[run.clone()]);
            primes.max().map_or(0, |prime| *prime as usize)
        };
        (words::ROOM * largest(&self.words)).max(bytes::ROOM * largest(&self.bytes))
    }
}

/// Orders the primes by their rest modulo twice the number of odd rests, and finds each rest's
/// run, counted from `begin`.
fn by_rest<const RESTS: usize>(primes: &mut [u32], begin: usize) -> [Range<usize>; RESTS] {
    let index = |prime: &u32| *prime as usize % (2 * RESTS) / 2;
    primes.sort_by_key(index);
    let place = |rest| begin + primes.partition_point(|prime| index(prime) < rest);
    std::array::from_fn(|rest| place(rest)..place(rest + 1))
}

/// Primes, each with the bit at which it begins.
fn starts(strikes: Strikes<'_>) -> impl Iterator<Item = (usize, usize)> {
    let [primes, hits, skips] = strikes;
    let starts = hits.iter().zip(skips).map(|(hit, skip)| (hit + skip) as usize);
    primes.iter().map(|prime| *prime as usize).zip(starts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sieve::odds::primes_up_to;

    /// All strike bytes, all words, and some of each.
    const LIMITS: [u32; 3] = [0, 100, u32::MAX];

    fn naive(bytes: usize, first: usize, stride: usize) -> Vec<u8> {
        let mut line = vec![0xff; bytes];
        for bit in (first..bytes * 8).step_by(stride) {
            line[bit / 8] &= !(1 << (bit % 8));
        }
        line
    }

    #[test]
    fn plain_strikes_clear_every_pth_bit() {
        for (bytes, first, stride) in [(9, 1, 6), (0, 0, 3), (1, 8, 3), (100, 40, 7)] {
            let mut line = vec![0xff; bytes];
            every(&mut line, first, stride);
            assert_eq!(line, naive(bytes, first, stride));
        }
    }

    /// A line of 1 bits after strikes with one prime.
    fn struck(bytes: usize, stride: u32, first: u32, skip: u32, limit: u32) -> Vec<u8> {
        let mut primes = [stride];
        let runs = Runs::order(&mut primes, limit);
        let mut line = Line::new(bytes, runs.room(&primes));
        line.bits().fill(0xff);
        runs.strike(&mut line, &primes, &[first], &[skip]);
        line.bits().to_vec()
    }

    #[test]
    fn runs_clear_what_plain_strikes_clear() {
        for stride in primes_up_to(300).into_iter().skip(1) {
            let size = stride as usize;
            for bytes in [1, 7, size - 1, size, size + 1, 8 * size + 5, 1000] {
                for first in (0..stride).step_by(3) {
                    let expected = naive(bytes, first as usize, size);
                    for limit in LIMITS {
                        let line = struck(bytes, stride, first, 0, limit);
                        assert!(line == expected, "{stride} from {first} in {bytes}, {limit}");
                    }
                }
            }
        }
    }

    #[test]
    fn skipped_hits_may_be_struck_but_nothing_else() {
        for (skip, limit) in
            [0, 7, 70, 700, 7000].into_iter().flat_map(|skip| LIMITS.map(|limit| (skip, limit)))
        {
            let line = struck(500, 7, 5, skip, limit);
            let (all, needed) = (naive(500, 5, 7), naive(500, 5 + skip as usize, 7));
            for ((byte, all), needed) in line.iter().zip(all).zip(needed) {
                assert!(byte & all == all && byte & !needed == 0);
            }
        }
    }

    #[test]
    fn runs_hold_every_prime_once() {
        for limit in LIMITS {
            let mut primes = primes_up_to(2000).split_off(1);
            let mut expected = vec![0xff; 4096];
            for prime in &primes {
                every(&mut expected, *prime as usize / 2, *prime as usize);
            }
            let runs = Runs::order(&mut primes, limit);
            let mut line = Line::new(4096, runs.room(&primes));
            line.bits().fill(0xff);
            let hits: Vec<u32> = primes.iter().map(|prime| prime / 2).collect();
            runs.strike(&mut line, &primes, &hits, &vec![0; primes.len()]);
            assert!(line.bits() == expected);
            let count: usize = runs.words.iter().chain(&runs.bytes).map(Range::len).sum();
            assert_eq!(count, primes.len());
            let by_words: usize = runs.words.iter().map(Range::len).sum();
            assert_eq!(by_words, primes.iter().filter(|prime| **prime <= limit).count());
        }
    }

    #[test]
    fn rounds_of_words_need_more_room() {
        for (limit, room) in [(0, 997), (500, 4 * 499), (1000, 4 * 997)] {
            let mut primes = primes_up_to(1000).split_off(1);
            let runs = Runs::order(&mut primes, limit);
            assert_eq!(runs.room(&primes), room);
        }
    }
}
