//! A group in two registers.

use std::arch::x86_64::*;

use super::hit::WordHit;
use super::hits::{BATCH, Hits};
use super::queue::Queue;
use super::{GROUP, Groups};

/// Primes of a register.
const HALF: usize = GROUP / 2;

/// The elements of a register in the order in which `write` writes their hits.
const LANES: [usize; HALF] = [0, 1, 4, 5, 2, 3, 6, 7];

/// For each mask of a register: the numbers of its elements, a byte each, at the places where
/// `write` takes them in ascending order.
static CHOSEN: [u64; 256] = chosen();

const fn chosen() -> [u64; 256] {
    let mut table = [0; 256];
    let mut mask = 0;
    while mask < 256 {
        let (mut element, mut place) = (0, 0);
        while element < 8 {
            if mask >> element & 1 == 1 {
                table[mask] |= element << (8 * LANES[place]);
                place += 1;
            }
            element += 1;
        }
        mask += 1;
    }
    table
}

/// See `super::strike`.
#[target_feature(enable = "avx2,popcnt")]
pub fn strike<const SKIP: bool>(groups: Groups<'_>, hits: &mut Hits<WordHit>, line: &mut [u8]) {
    let Groups { primes, states, steps, skips, trips } = groups;
    let end = _mm256_set1_epi32((line.len() * 8) as i32);
    let mut rows = primes.iter().zip(states).zip(steps).zip(skips).zip(trips);
    let mut queue = Queue::<WordHit>::default();
    loop {
        let mut count = 0;
        for ((((prime, state), step), skip), trips) in rows.by_ref() {
            let (prime, first) = (load(prime), load(state));
            store(state, moved(first, load(step), prime));
            let mut bit = if SKIP { add(first, load(skip)) } else { first };
            for _ in 0..trips.sure {
                // SAFETY: only sure hits are written there, on the line by the invariant of `Large`.
                let group = unsafe { queue.next(line) };
                group.as_chunks_mut().0.iter_mut().zip(bit).for_each(|(to, bit)| write(to, bit));
                bit = add(bit, prime);
            }
            for _ in 0..trips.maybe {
                for half in bit {
                    // All values are below 2^31, so the signed comparison is right.
                    let inside = _mm256_castsi256_ps(_mm256_cmpgt_epi32(end, half));
                    let inside = _mm256_movemask_ps(inside) as usize;
                    // SAFETY: fewer than a batch before this group.
                    let hits = unsafe { &mut *hits.slot(count).cast() };
                    write(hits, compress(inside, half));
                    count += inside.count_ones() as usize;
                }
                bit = add(bit, prime);
            }
            if count >= BATCH {
                break;
            }
        }
        // SAFETY: only hits on the line were counted.
        unsafe { hits.strike(count, line) };
        if count < BATCH {
            break;
        }
    }
    // SAFETY: as for `next`.
    unsafe { queue.finish(line) };
}

/// As `strikers::moved`.
#[inline]
#[target_feature(enable = "avx2")]
fn moved(first: [__m256i; 2], step: [__m256i; 2], prime: [__m256i; 2]) -> [__m256i; 2] {
    [0, 1].map(|half| {
        let moved = _mm256_sub_epi32(first[half], step[half]);
        _mm256_min_epu32(moved, _mm256_add_epi32(moved, prime[half]))
    })
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(values: &[u32; GROUP]) -> [__m256i; 2] {
    let start = values.as_ptr();
    // SAFETY: the array has as many bytes as two registers.
    unsafe { [_mm256_loadu_si256(start.cast()), _mm256_loadu_si256(start.add(HALF).cast())] }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(values: &mut [u32; GROUP], registers: [__m256i; 2]) {
    let start = values.as_mut_ptr();
    // SAFETY: the array has as many bytes as two registers.
    unsafe {
        _mm256_storeu_si256(start.cast(), registers[0]);
        _mm256_storeu_si256(start.add(HALF).cast(), registers[1]);
    }
}

/// Writes the hits on these bits, in the order of [`LANES`].
#[inline]
#[target_feature(enable = "avx2")]
fn write(hits: &mut [WordHit; HALF], bit: __m256i) {
    let one = _mm256_sllv_epi32(_mm256_set1_epi32(1), _mm256_and_si256(bit, _mm256_set1_epi32(31)));
    let (mask, word) = (_mm256_xor_si256(one, _mm256_set1_epi32(-1)), _mm256_srli_epi32::<5>(bit));
    let start = hits.as_mut_ptr();
    // SAFETY: the array has as many bytes as two registers.
    unsafe {
        _mm256_storeu_si256(start.cast(), _mm256_unpacklo_epi32(mask, word));
        _mm256_storeu_si256(start.add(HALF / 2).cast(), _mm256_unpackhi_epi32(mask, word));
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn add(left: [__m256i; 2], right: [__m256i; 2]) -> [__m256i; 2] {
    [_mm256_add_epi32(left[0], right[0]), _mm256_add_epi32(left[1], right[1])]
}

/// Moves the elements of the mask to the front, in the order of [`LANES`].
#[inline]
#[target_feature(enable = "avx2")]
fn compress(mask: usize, bit: __m256i) -> __m256i {
    let order = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(CHOSEN[mask & 0xff] as i64));
    _mm256_permutevar8x32_epi32(bit, order)
}
