//! A group in one register.

use std::arch::x86_64::*;

use super::hit::ByteHit;
use super::hits::{BATCH, Hits};
use super::queue::Queue;
use super::{GROUP, Groups};

/// See `super::strike`.
#[target_feature(enable = "avx512f,avx512vl,avx512bw,popcnt")]
pub fn strike<const SKIP: bool>(groups: Groups<'_>, hits: &mut Hits<ByteHit>, line: &mut [u8]) {
    let Groups { primes, states, steps, skips, trips } = groups;
    let end = _mm512_set1_epi32((line.len() * 8) as i32);
    let mut rows = primes.iter().zip(states).zip(steps).zip(skips).zip(trips);
    let mut queue = Queue::<ByteHit>::default();
    loop {
        let mut count = 0;
        for ((((prime, state), step), skip), trips) in rows.by_ref() {
            let (prime, first) = (load(prime), load(state));
            // As `strikers::moved`.
            let moved = _mm512_sub_epi32(first, load(step));
            store(state, _mm512_min_epu32(moved, _mm512_add_epi32(moved, prime)));
            let mut bit = if SKIP { _mm512_add_epi32(first, load(skip)) } else { first };
            for _ in 0..trips.sure {
                // SAFETY: only sure hits are written there, on the line by the invariant of `Large`.
                let group = unsafe { queue.next(line) };
                // SAFETY: the array has as many bytes as the register.
                unsafe { _mm512_storeu_epi32(group.as_mut_ptr().cast(), pack(bit)) };
                bit = _mm512_add_epi32(bit, prime);
            }
            for _ in 0..trips.maybe {
                let inside = _mm512_cmplt_epu32_mask(bit, end);
                let packed = _mm512_maskz_compress_epi32(inside, pack(bit));
                // SAFETY: fewer than a batch before this group.
                unsafe { _mm512_storeu_epi32(hits.slot(count).cast(), packed) };
                count += inside.count_ones() as usize;
                bit = _mm512_add_epi32(bit, prime);
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

#[inline]
#[target_feature(enable = "avx512f")]
fn load(values: &[u32; GROUP]) -> __m512i {
    // SAFETY: the array has as many bytes as the register.
    unsafe { _mm512_loadu_epi32(values.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(values: &mut [u32; GROUP], register: __m512i) {
    // SAFETY: the array has as many bytes as the register.
    unsafe { _mm512_storeu_epi32(values.as_mut_ptr().cast(), register) }
}

/// As `ByteHit::on`: bits 0 to 7 from the rotated mask, the others from the shifted bit.
#[inline]
#[target_feature(enable = "avx512f")]
fn pack(bit: __m512i) -> __m512i {
    let mask = _mm512_rolv_epi32(_mm512_set1_epi32(0xfefe_fefe_u32 as i32), bit);
    let (low, byte) = (_mm512_set1_epi32(0xff), _mm512_slli_epi32::<5>(bit));
    // For each bit: of the mask where `low` is set, of the byte's index elsewhere.
    _mm512_ternarylogic_epi32::<0xca>(low, mask, byte)
}
