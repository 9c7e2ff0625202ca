//! Strikes the smallest primes all at once, by ready-made patterns.

mod pattern;
mod ready;

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256i, __m512i};
use std::borrow::Cow;
use std::marker::PhantomData;

use pattern::Pattern;

use crate::dispatch::{Level, Tier, Work};
use crate::sieve::register::Register;

/// Primes are multiplied into one pattern as long as it stays below this, where the compiler has
/// not made one.
const PATTERN_BYTES: u32 = 10_000;

/// Registers that are filled at once, so that each look at a pattern's offset serves them all.
const REGISTERS: usize = 8;

/// A line's length is a multiple of this: the bytes of the largest register.
pub const UNIT: usize = 64;

/// The most that [`REGISTERS`] hold.
const STRIP: usize = REGISTERS * UNIT;

/// The patterns of all pre-sieved primes.
#[derive(Debug)]
pub struct Presieve {
    patterns: Vec<Cow<'static, Pattern>>,
}

impl Presieve {
    /// Patterns for these primes, which are odd.
    pub fn new(primes: &[u32]) -> Self {
        let mut patterns = Vec::new();
        let mut rest = primes;
        while !rest.is_empty() {
            let (group, pattern) = match ready::find(rest) {
                Some((group, pattern)) => (group.len(), Cow::Borrowed(pattern)),
                None => {
                    let group = fitting(rest);
                    (group, Cow::Owned(Pattern::new(&rest[..group])))
                }
            };
            patterns.push(pattern);
            rest = &rest[group..];
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

/// How many of the first primes go into one pattern; at least one.
fn fitting(primes: &[u32]) -> usize {
    let products = primes.iter().scan(1, |product: &mut u32, prime| {
        *product = product.saturating_mul(*prime);
        Some(*product)
    });
    products.take_while(|product| *product <= PATTERN_BYTES).count().max(1)
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
        assert!(line.len().is_multiple_of(UNIT), "a line is a whole number of registers");
        let mut rest = hits;
        let reader = |pattern: &'a Cow<'static, Pattern>| {
            let (own, others) = rest.split_at(pattern.factors.len());
            rest = others;
            let step = Self::STRIP as u32 % pattern.period;
            Reader { pattern, offset: pattern.offset(own), step }
        };
        let readers = presieve.patterns.iter().map(reader).collect();
        Fill { readers, line, register: PhantomData }
    }

    /// The bits that no pattern strikes in the next strip.
    #[inline(always)]
    fn next(readers: &mut [Reader<'a>]) -> [R; REGISTERS] {
        let mut registers = [R::ones(); REGISTERS];
        for Reader { pattern, offset, step } in readers {
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
        registers
    }
}

impl<R: Register> Work for Fill<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let store = |target: &mut [u8], register: R| {
            debug_assert!(target.len() == R::BYTES);
            // SAFETY: the target has a register's bytes; a tier has its level's registers.
            unsafe { register.store(target.as_mut_ptr()) };
        };
        let mut strips = self.line.chunks_exact_mut(Self::STRIP);
        for strip in strips.by_ref() {
            let registers = Self::next(&mut self.readers);
            let targets = strip.chunks_exact_mut(R::BYTES);
            targets.zip(registers).for_each(|(target, register)| store(target, register));
        }
        let rest = strips.into_remainder();
        if !rest.is_empty() {
            let targets = rest.chunks_exact_mut(R::BYTES);
            let registers = Self::next(&mut self.readers);
            targets.zip(registers).for_each(|(target, register)| store(target, register));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sieve::odds::primes_up_to;
    use crate::sieve::strike;
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
                // The last is longer than any period, so that each pattern is read from its start again.
                for bytes in [UNIT, STRIP, 5 * STRIP + 3 * UNIT, 40 * STRIP + UNIT] {
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
