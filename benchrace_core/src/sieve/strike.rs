//! Clears every p-th bit of a line, for primes that hit it many times.

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

/// Odd primes ordered by their rest modulo 8, so that one loop serves each rest.
#[derive(Debug)]
pub struct Runs([Range<usize>; 4]);

impl Runs {
    /// Orders the primes, and finds the run of each rest: 1, 3, 5, 7.
    pub fn order(primes: &mut [u32]) -> Self {
        let all = primes.to_vec();
        let by_rest = [1, 3, 5, 7]
            .into_iter()
            .flat_map(|rest| all.iter().copied().filter(move |prime| prime % 8 == rest));
        primes.iter_mut().zip(by_rest).for_each(|(place, prime)| *place = prime);
        let begin = |rest| primes.partition_point(|prime| prime % 8 < rest);
        Runs([1, 3, 5, 7].map(|rest| begin(rest)..begin(rest + 1)))
    }

    /// Strikes with all primes, from their first hits after their skips. The line's room is at
    /// least as many bytes as the largest prime.
    pub fn strike(&self, line: &mut Line, primes: &[u32], hits: &[u32], skips: &[u32]) {
        let each = |run: &Range<usize>| {
            let starts = hits[run.clone()].iter().zip(&skips[run.clone()]);
            primes[run.clone()].iter().zip(starts.map(|(hit, skip)| hit + skip))
        };
        let [one, three, five, seven] = &self.0;
        each(one).for_each(|(prime, start)| rounds::<1>(line, start, *prime));
        each(three).for_each(|(prime, start)| rounds::<3>(line, start, *prime));
        each(five).for_each(|(prime, start)| rounds::<5>(line, start, *prime));
        each(seven).for_each(|(prime, start)| rounds::<7>(line, start, *prime));
    }
}

/// Eight hits of an odd stride span `stride` bytes and always fall on the same eight bits, if the
/// first of them is a byte's lowest bit. So strikes begin up to seven hits too early, in the room
/// before the line, and end up to eight too late, in the room after it.
#[inline(always)]
fn rounds<const REST: usize>(line: &mut Line, first: u32, stride: u32) {
    let (first, stride) = (first as usize, stride as usize);
    let (bytes, start, end) = line.with_room();
    assert!(stride % 8 == REST, "the masks of a round fit one rest only");
    assert!(stride <= start && stride <= bytes.len() - end, "a round needs room");
    // An odd rest is its own inverse modulo 8: this many hits earlier the lowest bit is hit.
    let early = first * REST % 8;
    let mut byte = (start * 8 + first - early * stride) / 8;
    let step = stride / 8;
    while byte < end {
        for hit in 0..8 {
            let offset = hit * REST;
            // SAFETY: hit <= 7, so this is less than `stride` past `byte < end`, where there is
            // room for as many bytes.
            let hit = unsafe { bytes.get_unchecked_mut(byte + hit * step + offset / 8) };
            *hit &= !(1 << (offset % 8));
        }
        byte += stride;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sieve::odds::primes_up_to;

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
    fn struck(bytes: usize, stride: u32, first: u32, skip: u32) -> Vec<u8> {
        let mut line = Line::new(bytes, stride as usize);
        line.bits().fill(0xff);
        let mut primes = [stride];
        Runs::order(&mut primes).strike(&mut line, &primes, &[first], &[skip]);
        line.bits().to_vec()
    }

    #[test]
    fn runs_clear_what_plain_strikes_clear() {
        for stride in primes_up_to(300).into_iter().skip(1) {
            let size = stride as usize;
            for bytes in [1, 7, size - 1, size, size + 1, 8 * size + 5, 1000] {
                for first in (0..stride).step_by(3) {
                    let expected = naive(bytes, first as usize, size);
                    let line = struck(bytes, stride, first, 0);
                    assert!(line == expected, "{stride} from {first} in {bytes}");
                }
            }
        }
    }

    #[test]
    fn skipped_hits_may_be_struck_but_nothing_else() {
        for skip in [0, 7, 70, 700, 7000] {
            let line = struck(500, 7, 5, skip);
            let (all, needed) = (naive(500, 5, 7), naive(500, 5 + skip as usize, 7));
            for ((byte, all), needed) in line.iter().zip(all).zip(needed) {
                assert!(byte & all == all && byte & !needed == 0);
            }
        }
    }

    #[test]
    fn runs_hold_every_prime_once() {
        let mut primes = primes_up_to(2000).split_off(1);
        let mut line = Line::new(4096, 2000);
        line.bits().fill(0xff);
        let mut expected = vec![0xff; 4096];
        for prime in &primes {
            every(&mut expected, *prime as usize / 2, *prime as usize);
        }
        let runs = Runs::order(&mut primes);
        let hits: Vec<u32> = primes.iter().map(|prime| prime / 2).collect();
        runs.strike(&mut line, &primes, &hits, &vec![0; primes.len()]);
        assert!(line.bits() == expected);
        assert_eq!(runs.0.iter().map(Range::len).sum::<usize>(), primes.len());
    }
}
