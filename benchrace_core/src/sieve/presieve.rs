//! Strikes the smallest primes all at once, by ready-made patterns.

use crate::dispatch::{Tier, Work};
use crate::sieve::odds::primes_up_to;

/// Primes up to this come from patterns; larger ones hit too few bits of a vector to pay.
pub const LIMIT: u32 = 163;

/// Primes are multiplied into one pattern as long as it stays below this (first-level cache).
const PATTERN_BYTES: usize = 10_000;

/// A pattern is read this many bytes at a time, from any start.
const STRIP: usize = 512;

/// The patterns of all pre-sieved primes.
#[derive(Debug)]
pub struct Presieve {
    patterns: Vec<Pattern>,
    /// How many sieving primes the patterns stand for: the first ones.
    pub count: usize,
}

/// A line with every multiple of its primes cleared; repeats after as many bytes as their product.
#[derive(Debug)]
struct Pattern {
    primes: Vec<usize>,
    period: usize,
    /// One period, and a strip more so that a read never wraps.
    bytes: Vec<u8>,
}

impl Presieve {
    /// Patterns for the primes up to [`LIMIT`] that are not the wheel's.
    pub fn new(wheel_primes: &[u32]) -> Self {
        let mut primes = primes_up_to(LIMIT);
        primes.retain(|prime| !wheel_primes.contains(prime));
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for prime in primes.iter().map(|prime| *prime as usize) {
            match groups.last_mut() {
                Some(group) if group.iter().product::<usize>() * prime <= PATTERN_BYTES => {
                    group.push(prime);
                }
                _ => groups.push(vec![prime]),
            }
        }
        Presieve { patterns: groups.into_iter().map(Pattern::new).collect(), count: primes.len() }
    }

    /// Overwrites the line: bits that a pre-sieved prime strikes are 0, all others 1.
    ///
    /// `hits` begins with the first hit of each pre-sieved prime.
    pub fn fill(&self, tier: Tier, line: &mut [u8], hits: &[u32]) {
        let mut offsets = Vec::with_capacity(self.patterns.len());
        let mut rest = hits;
        for pattern in &self.patterns {
            let (own, others) = rest.split_at(pattern.primes.len());
            offsets.push(pattern.offset(own));
            rest = others;
        }
        tier.call(Fill { patterns: &self.patterns, offsets: &mut offsets, line });
    }
}

impl Pattern {
    fn new(primes: Vec<usize>) -> Self {
        let period = primes.iter().product();
        let mut bytes = vec![0xff_u8; period + STRIP];
        for prime in &primes {
            super::strike::every(&mut bytes, 0, *prime);
        }
        Pattern { primes, period, bytes }
    }

    /// The byte at which to start reading so that each prime's first hit is where it should be.
    fn offset(&self, hits: &[u32]) -> usize {
        let mut offset = 0;
        let mut product = 1;
        for (prime, hit) in self.primes.iter().zip(hits) {
            // Bit `8 * offset + hit` of the pattern must be one of this prime's: Chinese
            // remainders by search, at most a prime's number of steps, once a block.
            while !(8 * offset + *hit as usize).is_multiple_of(*prime) {
                offset += product;
            }
            product *= prime;
        }
        offset
    }
}

struct Fill<'a> {
    patterns: &'a [Pattern],
    offsets: &'a mut [usize],
    line: &'a mut [u8],
}

impl Work for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for strip in self.line.chunks_mut(STRIP) {
            strip.fill(0xff);
            for (pattern, offset) in self.patterns.iter().zip(self.offsets.iter_mut()) {
                let source = &pattern.bytes[*offset..*offset + strip.len()];
                for (byte, mask) in strip.iter_mut().zip(source) {
                    *byte &= *mask;
                }
                *offset = (*offset + STRIP) % pattern.period;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sieve::strike;
    use crate::sieve::wheel::SIZES;

    #[test]
    fn patterns_equal_striking_one_by_one() {
        for wheel in SIZES {
            let presieve = Presieve::new(wheel);
            let primes: Vec<u32> =
                primes_up_to(LIMIT).into_iter().filter(|p| !wheel.contains(p)).collect();
            assert_eq!(presieve.count, primes.len());
            for round in 0..20_u32 {
                let hits: Vec<u32> = primes
                    .iter()
                    .map(|p| round.wrapping_mul(2_654_435_761).rotate_left(*p) % p)
                    .collect();
                for bytes in [8, 512, 1000, 20_000] {
                    let mut expected = vec![0xff; bytes];
                    for (prime, hit) in primes.iter().zip(&hits) {
                        strike::every(&mut expected, *hit as usize, *prime as usize);
                    }
                    for tier in Tier::all() {
                        let mut line = vec![0x55; bytes];
                        presieve.fill(tier, &mut line, &hits);
                        assert!(line == expected, "{} bytes, {}", bytes, tier.name());
                    }
                }
            }
        }
    }
}
