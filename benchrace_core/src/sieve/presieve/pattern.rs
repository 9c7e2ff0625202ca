//! One pattern: a line that some primes have struck already.

use std::borrow::Cow;

use super::STRIP;
use crate::sieve::strike::every;
use crate::sieve::wheel::inverse;

/// A line with every multiple of its primes cleared; repeats after as many bytes as their product.
#[derive(Debug, Clone)]
pub struct Pattern {
    pub(super) factors: Cow<'static, [Factor]>,
    pub(super) period: u32,
    /// One period, and a strip more so that a read never wraps.
    pub(super) bytes: Cow<'static, [u8]>,
}

/// A prime of a pattern, with what finds the offset at which it strikes as it should.
#[derive(Debug, Clone, Copy)]
pub struct Factor {
    prime: u32,
    /// 8 inverted modulo the prime.
    eighth: u32,
    /// The product of the pattern's earlier primes, inverted modulo this one.
    earlier: u32,
}

impl Pattern {
    /// The pattern of these primes.
    pub fn new(primes: &[u32]) -> Self {
        let mut bytes = vec![0xff; length(primes)];
        strike(&mut bytes, primes);
        let mut factors = vec![Factor::NONE; primes.len()];
        describe(&mut factors, primes);
        Pattern { factors: factors.into(), period: period(primes), bytes: bytes.into() }
    }

    /// The byte at which to start reading so that each prime's first hit is where it should be.
    pub fn offset(&self, hits: &[u32]) -> u32 {
        let (mut offset, mut product) = (0, 1);
        for (factor, hit) in self.factors.iter().zip(hits) {
            let prime = factor.prime;
            // Bit `8 * offset + hit` of the pattern must be one of this prime's: the offset's
            // remainder follows, and Chinese remainders join it to those of the earlier primes.
            let wanted = (prime - hit) * factor.eighth % prime;
            let missing = wanted + prime - offset % prime;
            offset += missing * factor.earlier % prime * product;
            product *= prime;
        }
        offset
    }
}

impl Factor {
    /// A place for a factor.
    pub(super) const NONE: Self = Factor { prime: 1, eighth: 0, earlier: 0 };
}

/// Bytes after which the pattern of these primes repeats.
pub(super) const fn period(primes: &[u32]) -> u32 {
    let (mut period, mut index) = (1, 0);
    while index < primes.len() {
        period *= primes[index];
        index += 1;
    }
    period
}

/// Bytes of the pattern of these primes.
pub(super) const fn length(primes: &[u32]) -> usize {
    period(primes) as usize + STRIP
}

/// Clears the multiples of these primes.
pub(super) const fn strike(bytes: &mut [u8], primes: &[u32]) {
    let mut index = 0;
    while index < primes.len() {
        every(bytes, 0, primes[index] as usize);
        index += 1;
    }
}

/// Fills in the factors of these primes.
pub(super) const fn describe(factors: &mut [Factor], primes: &[u32]) {
    let (mut index, mut product) = (0, 1);
    while index < primes.len() {
        let prime = primes[index];
        let earlier = inverse(product, prime);
        factors[index] = Factor { prime, eighth: inverse(8, prime), earlier };
        product *= prime;
        index += 1;
    }
}
