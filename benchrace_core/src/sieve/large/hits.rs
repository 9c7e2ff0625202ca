//! Hits are gathered first and struck in a row.
//!
//! Striking right after a vector of hits was written would wait for that write; and a hit that is
//! taken from the vector itself costs more than one that is read from memory.

use super::{GROUP, MOST_TRIPS};

/// Hits are struck when there are as many: the first of them were written long ago then.
pub const BATCH: usize = 256;

/// Room for less than a batch, for all hits of one more group, and for a vector after them.
const ROOM: usize = BATCH + MOST_TRIPS as usize * GROUP + GROUP;

/// Hits on a line of bits, each with the index of its byte in the upper 24 bits and the mask that
/// clears its bit in the lower 8.
#[derive(Debug)]
#[repr(align(64))]
pub struct Hits([u32; ROOM]);

impl Default for Hits {
    fn default() -> Self {
        Hits([0; ROOM])
    }
}

/// The hit on a bit.
#[inline(always)]
pub fn pack(bit: u32) -> u32 {
    (bit >> 3 << 8) | u32::from(!(1_u8 << (bit & 7)))
}

impl Hits {
    /// Where the hit of this number goes, with room for [`GROUP`] from there on.
    ///
    /// # Safety
    /// The number is below [`BATCH`] and the hits of one group.
    #[inline(always)]
    pub unsafe fn slot(&mut self, number: usize) -> *mut u32 {
        debug_assert!(number <= ROOM - GROUP);
        // SAFETY: the number is within the array.
        unsafe { self.0.as_mut_ptr().add(number) }
    }

    /// Strikes the first `count` hits.
    ///
    /// # Safety
    /// The first `count` hits are hits on this line.
    #[inline(never)]
    pub unsafe fn strike(&self, count: usize, line: &mut [u8]) {
        let (rounds, rest) = self.0[..count].as_chunks::<16>();
        for round in rounds {
            // SAFETY: as the caller vouches; so below.
            round.iter().for_each(|hit| unsafe { strike_one(hit, line) });
        }
        // SAFETY: as above.
        rest.iter().for_each(|hit| unsafe { strike_one(hit, line) });
    }
}

/// Clears the bit of a hit.
///
/// # Safety
/// It is a hit on this line.
#[inline(always)]
pub unsafe fn strike_one(hit: &u32, line: &mut [u8]) {
    // SAFETY: a reference is readable. Volatile, because the compiler would load a whole vector
    // and take it apart, at twice the cost.
    let hit = unsafe { std::ptr::from_ref(hit).read_volatile() };
    debug_assert!(((hit >> 8) as usize) < line.len());
    // SAFETY: as the caller vouches.
    let byte = unsafe { line.get_unchecked_mut((hit >> 8) as usize) };
    *byte &= hit as u8;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hit_holds_byte_and_mask() {
        assert_eq!(pack(0), 0xfe);
        assert_eq!(pack(15), (1 << 8) | 0x7f);
        assert_eq!(pack(1_000_003), (125_000 << 8) | 0xf7);
    }

    #[test]
    fn as_many_hits_are_struck_as_there_are() {
        for count in [0, 1, 15, 16, 300] {
            let mut hits = Hits::default();
            let mut line = vec![0xff; 64];
            // SAFETY: the numbers are those of less than a group's hits beyond a batch, and the
            // bits are below 512.
            unsafe {
                (0..count).for_each(|number| hits.slot(number).write(pack(number as u32)));
                hits.strike(count, &mut line);
            }
            let left: u32 = line.iter().map(|byte| byte.count_ones()).sum();
            assert_eq!(left, 512 - count as u32);
            assert!(line[..count / 8].iter().all(|byte| *byte == 0));
        }
    }
}
