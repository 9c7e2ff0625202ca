//! Strikes by rounds of eight hits.
//!
//! Eight hits of an odd stride span `stride` bytes and always fall on the same eight bits, if the
//! first of them is a byte's lowest bit. So strikes begin up to seven hits too early, in the room
//! before the line, and end up to eight too late, in the room after it.

use super::{Strikes, starts};
use crate::sieve::line::Line;

/// Strides of room, in bytes, that a round needs.
pub const ROOM: usize = 1;

/// Strikes with primes of this rest modulo 8.
pub fn strike<const REST: usize>(line: &mut Line, strikes: Strikes<'_>) {
    let (bytes, start, end) = line.with_room();
    for (stride, first) in starts(strikes) {
        assert!(stride % 8 == REST, "the masks of a round fit one rest only");
        assert!(stride <= start && stride <= bytes.len() - end, "a round needs room");
        // An odd rest is its own inverse modulo 8: this many hits earlier the lowest bit is hit.
        let early = first * REST % 8;
        let mut byte = (start * 8 + first - early * stride) / 8;
        let step = stride / 8;
        while byte < end {
            for hit in 0..8 {
                let offset = hit * REST;
                // SAFETY: hit <= 7, so this is less than `stride` past `byte < end`, where there
                // is room for as many bytes.
                let hit = unsafe { bytes.get_unchecked_mut(byte + hit * step + offset / 8) };
                *hit &= !(1 << (offset % 8));
            }
            byte += stride;
        }
    }
}
