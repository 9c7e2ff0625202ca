//! Strikes by rounds of 32 hits, for primes that hit a line hundreds of times.
//!
//! Thirty-two hits of an odd stride span `stride` words and always fall on the same 32 bits, if
//! the first of them is a word's lowest bit. Strikes begin up to 31 hits too early, in the room
//! before the line, where rounds of eight begin up to seven too early. Some processors change a
//! whole word faster than a byte of it: on Zen 3 that takes one cycle instead of 1.3.

use super::{Strikes, starts};
use crate::sieve::line::Line;
use crate::sieve::wheel::inverse;

/// Strides of room, in bytes, that a round needs.
pub const ROOM: usize = size_of::<u32>();

/// Bits of a word, and hits of a round.
const BITS: usize = u32::BITS as usize;

/// Hits between two looks at whether the line has ended.
const PART: usize = 8;

/// Strikes with primes of this rest modulo 32.
pub fn strike<const REST: usize>(line: &mut Line, strikes: Strikes<'_>) {
    let (words, start, end) = line.words_with_room();
    for (stride, first) in starts(strikes) {
        assert!(stride % BITS == REST, "the masks of a round fit one rest only");
        assert!(stride <= start && stride <= words.len() - end, "a round needs room");
        // This many hits earlier a word's lowest bit is hit.
        let early = first * const { inverse(REST as u32, u32::BITS) as usize } % BITS;
        let mut base = (start * BITS + first - early * stride) / BITS;
        let step = stride / BITS;
        while base < end {
            part::<REST, 0>(words, base, step);
            base = opaque(base + PART * step);
            if base + PART * REST / BITS >= end {
                break;
            }
            part::<REST, 8>(words, base, step);
            base = opaque(base + PART * step);
            if base + 2 * PART * REST / BITS >= end {
                break;
            }
            part::<REST, 16>(words, base, step);
            base = opaque(base + PART * step);
            if base + 3 * PART * REST / BITS >= end {
                break;
            }
            part::<REST, 24>(words, base, step);
            base = opaque(base + PART * step + REST);
        }
    }
}

/// Some hits of a round, from this one on.
///
/// A hit of number `n` in a round is on bit `n * REST` after the base and `n` steps; the base has
/// moved on by the steps before the first.
#[inline(always)]
fn part<const REST: usize, const FIRST: usize>(words: &mut [u32], base: usize, step: usize) {
    for hit in 0..PART {
        let bit = (FIRST + hit) * REST;
        // SAFETY: hit <= 7, so this is less than the stride past a word before the end, where
        // there is room for as many words.
        let word = unsafe { words.get_unchecked_mut(base + hit * step + bit / BITS) };
        let (word, mask) = (std::ptr::from_mut(word), !(1_u32 << (bit % BITS)).to_le());
        // SAFETY: a reference can be read and written. Volatile, because the compiler would write
        // the one byte that changes.
        unsafe { word.write_volatile(word.read_volatile() & mask) };
    }
}

/// The same value, of which the compiler no longer knows that it is a sum: it would keep every
/// multiple of the step of a round in a register, and has not as many.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[inline(always)]
fn opaque(mut value: usize) -> usize {
    // SAFETY: it is a comment in the assembly.
    unsafe {
        std::arch::asm!("/* {0} */", inout(reg) value, options(pure, nomem, nostack, preserves_flags));
    }
    value
}

/// The same value: elsewhere the compiler may know what it is.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[inline(always)]
fn opaque(value: usize) -> usize {
    value
}
