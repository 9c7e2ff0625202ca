//! Strikes the smallest primes all at once, by ready-made patterns.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256i, __m512i};
use std::marker::PhantomData;

use crate::dispatch::{Level, Tier, Work};
use crate::sieve::register::Register;
use crate::sieve::strike;
use crate::sieve::wheel::inverse;

/// Primes are multiplied into one pattern as long as it stays below this. The patterns of the
/// primes up to 163 take about 50 KB together, more than a first-level cache of 32 KiB. Measured on
/// Zen 4 at 10^9, patterns up to 127 were as fast, those up to 67, 199 or 251 slower by 3 to 8 %.
const PATTERN_BYTES: u32 = 10_000;

/// Registers that are filled at once, so that each look at a pattern's offset serves them all.
const REGISTERS: usize = 8;

/// A line's length is a multiple of this: the most that [`REGISTERS`] hold.
pub const STRIP: usize = REGISTERS * 64;

/// The patterns of all pre-sieved primes.
#[derive(Debug)]
pub struct Presieve {
    patterns: Vec<Pattern>,
}

/// A line with every multiple of its primes cleared; repeats after as many bytes as their product.
#[derive(Debug)]
struct Pattern {
    factors: Vec<Factor>,
    period: u32,
    /// One period, and a strip more so that a read never wraps.
    bytes: Vec<u8>,
}

/// A prime of a pattern, with what finds the offset at which it strikes as it should.
#[derive(Debug)]
struct Factor {
    prime: u32,
    /// 8 inverted modulo the prime.
    eighth: u32,
    /// The product of the pattern's earlier primes, inverted modulo this one.
    earlier: u32,
}

impl Presieve {
    /// Patterns for these primes, which are odd.
    pub fn new(primes: &[u32]) -> Self {
        let mut patterns = Vec::new();
        let mut rest = primes;
        while !rest.is_empty() {
            let products = rest.iter().scan(1, |product: &mut u32, prime| {
                *product = product.saturating_mul(*prime);
                Some(*product)
            });
            let fitting = products.take_while(|product| *product <= PATTERN_BYTES).count().max(1);
            let (group, others) = rest.split_at(fitting);
            patterns.push(Pattern::new(group));
            rest = others;
        }
        Presieve { patterns }
    }

    /// Overwrites the line: bits that a pre-sieved prime strikes are 0, all others 1.
    ///
    /// `hits` are the first hits of the pre-sieved primes.
    pub fn fill(&self, tier: Tier, line: &mut [u8], hits: &[u32]) {
        match tier.level() {
            Level::Baseline => tier.call(Fill::<[u64; 2]>::new(self, line, hits)),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => tier.call(Fill::<__m256i>::new(self, line, hits)),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => tier.call(Fill::<__m512i>::new(self, line, hits)),
        }
    }
}

impl Pattern {
    fn new(primes: &[u32]) -> Self {
        let period: u32 = primes.iter().product();
        let mut bytes = vec![0xff; period as usize + STRIP];
        let mut product = 1;
        let mut factors = Vec::new();
        for prime in primes.iter().copied() {
            strike::every(&mut bytes, 0, prime as usize);
            let earlier = inverse(product, prime);
            factors.push(Factor { prime, eighth: inverse(8, prime), earlier });
            product *= prime;
        }
        Pattern { factors, period, bytes }
    }

    /// The byte at which to start reading so that each prime's first hit is where it should be.
    fn offset(&self, hits: &[u32]) -> u32 {
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

struct Fill<'a, R> {
    readers: Vec<Reader<'a>>,
    line: &'a mut [u8],
    register: PhantomData<R>,
}

/// Reads a pattern strip by strip.
struct Reader<'a> {
    pattern: &'a Pattern,
    offset: u32,
    /// How far a strip moves the offset, less whole periods.
    step: u32,
}

impl<'a, R: Register> Fill<'a, R> {
    /// Bytes that are filled at once.
    const STRIP: usize = REGISTERS * R::BYTES;

    fn new(presieve: &'a Presieve, line: &'a mut [u8], hits: &[u32]) -> Self {
        assert!(line.len().is_multiple_of(STRIP), "a line is a whole number of strips");
        let mut rest = hits;
        let reader = |pattern: &'a Pattern| {
            let (own, others) = rest.split_at(pattern.factors.len());
            rest = others;
            let step = Self::STRIP as u32 % pattern.period;
            Reader { pattern, offset: pattern.offset(own), step }
        };
        let readers = presieve.patterns.iter().map(reader).collect();
        Fill { readers, line, register: PhantomData }
    }
}

impl<R: Register> Work for Fill<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        for target in self.line.chunks_exact_mut(Self::STRIP) {
            let mut registers = [R::ones(); REGISTERS];
            for Reader { pattern, offset, step } in &mut self.readers {
                let source = &pattern.bytes[*offset as usize..][..Self::STRIP];
                for (index, register) in registers.iter_mut().enumerate() {
                    // SAFETY: the source has a strip of bytes; a tier has its level's registers.
                    unsafe {
                        let bytes = R::load(source.as_ptr().add(index * R::BYTES));
                        *register = register.and(bytes);
                    }
                }
                let next = *offset + *step;
                *offset = next.min(next.wrapping_sub(pattern.period));
            }
            for (index, register) in registers.iter().enumerate() {
                // SAFETY: the target has a strip of bytes; a tier has its level's registers.
                unsafe { register.store(target.as_mut_ptr().add(index * R::BYTES)) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sieve::odds::primes_up_to;
    use crate::sieve::wheel::SIZES;

    #[test]
    fn patterns_equal_striking_one_by_one() {
        for wheel in SIZES {
            let mut primes = primes_up_to(300);
            primes.retain(|prime| !wheel.contains(prime));
            let presieve = Presieve::new(&primes);
            for round in 0..20_u32 {
                let hits: Vec<u32> = primes
                    .iter()
                    .map(|p| round.wrapping_mul(2_654_435_761).rotate_left(*p) % p)
                    .collect();
                for bytes in [STRIP, 20 * STRIP] {
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

    #[test]
    fn without_primes_all_bits_are_set() {
        let mut line = vec![0; STRIP];
        Presieve::new(&[]).fill(Tier::detect(), &mut line, &[]);
        assert!(line.iter().all(|byte| *byte == 0xff));
    }
}
