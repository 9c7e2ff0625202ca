//! Sieves one array over all odd numbers: each prime passes over the whole of it.
//!
//! Plain on purpose: it shows what the segmented sieve gains. With several threads each has its
//! own stretch of the array.

use std::sync::Mutex;

use crate::control::Control;
use crate::dispatch::Tier;
use crate::error::Error;
use crate::machine::zeroed::Zeroed;
use crate::sieve::block::Ones;
use crate::sieve::odds::primes_up_to;
use crate::threads::{Tally, share};

/// Hits of a block: a few milliseconds even where every hit misses the caches.
const BLOCK_HITS: u64 = 1 << 17;

/// Bytes counted between two looks at the cancel flag.
const COUNT_BYTES: usize = 1 << 20;

/// Bytes of the array for a count up to `n`: one bit an odd number, whole words.
pub fn array_bytes(n: u64) -> u64 {
    n.div_ceil(2).div_ceil(64) * 8
}

/// Counts the primes `<= n` on this many threads.
pub fn count(n: u64, threads: usize, tier: Tier, control: &Control) -> Result<Tally, Error> {
    let bytes = array_bytes(n);
    let refused =
        Error::Allocation { field: "n", needed: bytes, alternative: crate::bounds::SEGMENTED };
    let mut array = usize::try_from(bytes).ok().and_then(Zeroed::new).ok_or(refused)?;
    let base = primes_up_to(n.isqrt() as u32);
    let result = sieve(&mut array, n, threads, &base, tier, control);
    if result.is_err() {
        array.release();
    }
    result
}

fn sieve(
    array: &mut Zeroed,
    n: u64,
    threads: usize,
    base: &[u32],
    tier: Tier,
    control: &Control,
) -> Result<Tally, Error> {
    let base = base.get(1..).unwrap_or_default();
    let length = array.bytes().len().div_ceil(threads).next_multiple_of(8).max(8);
    let stretches: Vec<Mutex<Stretch>> = array
        .bytes()
        .chunks_mut(length)
        .enumerate()
        .map(|(index, bytes)| Mutex::new(Stretch::new(bytes, (index * length) as u64 * 8, n)))
        .collect();
    let blocks =
        |stretch: &Mutex<Stretch>| stretch.lock().map_or(0, |stretch| stretch.blocks(base));
    control.progress.plan(stretches.iter().map(blocks).sum());
    let mut tally = share(
        threads,
        stretches.len() as u64,
        control,
        || (),
        |(), index| {
            // Each stretch is taken by one task only: the lock is never waited for.
            let lost = |_| Error::Panic("a stretch of the array was lost".into());
            stretches[index as usize].lock().map_err(lost)?.run(base, tier, control)
        },
    )?;
    tally.primes += u64::from(n >= 2);
    Ok(tally)
}

/// A part of the array; bit `i` of the whole stands for `2 i + 1` and is 1 if that is no prime.
struct Stretch<'a> {
    bytes: &'a mut [u8],
    /// Its first bit and the one past its end, in the whole array.
    start: u64,
    end: u64,
}

impl<'a> Stretch<'a> {
    fn new(bytes: &'a mut [u8], start: u64, n: u64) -> Self {
        let end = (start + bytes.len() as u64 * 8).min(n.div_ceil(2)).max(start);
        Stretch { bytes, start, end }
    }

    /// The first bit that this prime hits at or after its square.
    fn first_hit(&self, prime: u64) -> u64 {
        let square = prime * prime / 2;
        if square >= self.start {
            return square;
        }
        square + (self.start - square).div_ceil(prime) * prime
    }

    fn hits(&self, prime: u64) -> u64 {
        self.end.saturating_sub(self.first_hit(prime)).div_ceil(prime)
    }

    /// Blocks of its hits, and the count as a last one.
    fn blocks(&self, base: &[u32]) -> u64 {
        let hits: u64 = base.iter().map(|prime| self.hits(u64::from(*prime))).sum();
        hits / BLOCK_HITS + 1
    }

    fn run(&mut self, base: &[u32], tier: Tier, control: &Control) -> Result<u64, Error> {
        if self.start == 0 && self.end > 0 {
            self.bytes[0] |= 1; // the number 1
        }
        self.strike(base, control)?;
        let primes = self.count(tier, control)?;
        control.block_done()?;
        Ok(primes)
    }

    fn strike(&mut self, base: &[u32], control: &Control) -> Result<(), Error> {
        let mut left = BLOCK_HITS;
        for prime in base.iter().map(|prime| u64::from(*prime)) {
            let mut bit = self.first_hit(prime);
            let mut hits = self.hits(prime);
            while hits > 0 {
                let now = hits.min(left);
                self.pass(bit - self.start, prime, now);
                bit += now * prime;
                hits -= now;
                left -= now;
                if left == 0 {
                    control.block_done()?;
                    left = BLOCK_HITS;
                }
            }
        }
        Ok(())
    }

    fn pass(&mut self, first: u64, prime: u64, hits: u64) {
        let (mut bit, stride) = (first as usize, prime as usize);
        for _ in 0..hits {
            self.bytes[bit >> 3] |= 1 << (bit & 7);
            bit += stride;
        }
    }

    /// Bits that are still 0, up to the end.
    fn count(&self, tier: Tier, control: &Control) -> Result<u64, Error> {
        let bits = self.end - self.start;
        let (whole, rest) = self.bytes.split_at((bits / 8) as usize);
        let mut composites = 0;
        for piece in whole.chunks(COUNT_BYTES) {
            control.check()?;
            composites += tier.call(Ones(piece));
        }
        if let Some(last) = rest.first() {
            composites += u64::from((last & ((1 << (bits % 8)) - 1)).count_ones());
        }
        Ok(bits - composites)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(n: u64, threads: usize) -> (Tally, (u64, u64)) {
        let control = Control::default();
        let tally = count(n, threads, Tier::detect(), &control).unwrap();
        (tally, control.progress.get())
    }

    #[test]
    fn every_small_limit_on_every_number_of_threads() {
        let primes = primes_up_to(2000);
        for n in 0..=2000 {
            let expected = primes.partition_point(|p| u64::from(*p) <= n) as u64;
            for threads in 1..=3 {
                let (tally, (done, total)) = run(n, threads);
                assert_eq!(tally.primes, expected, "n = {n}");
                assert_eq!(done, total, "n = {n}");
            }
        }
    }

    #[test]
    fn squares_and_stretch_borders() {
        let primes = primes_up_to(4_300_000);
        for centre in [1009 * 1009, 2053 * 2053, 1 << 20, 3 * (1 << 20)] {
            for n in centre - 2..=centre + 2_u64 {
                let expected = primes.partition_point(|p| u64::from(*p) <= n) as u64;
                assert_eq!(run(n, 1).0.primes, expected, "n = {n}");
                assert_eq!(run(n, 3).0.primes, expected, "n = {n}");
            }
        }
    }

    #[test]
    fn progress_counts_blocks_of_hits() {
        let (tally, (done, total)) = run(20_000_000, 2);
        assert_eq!(tally.primes, 1_270_607);
        assert_eq!(done, total);
        assert!(total > 100);
    }

    #[test]
    fn the_array_has_a_bit_an_odd_number() {
        assert_eq!(array_bytes(0), 0);
        assert_eq!(array_bytes(1), 8);
        assert_eq!(array_bytes(1_000_000_000), 62_500_000);
    }
}
