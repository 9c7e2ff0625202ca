//! Hits are gathered first and struck in a row.
//!
//! Striking right after a vector of hits was written would wait for that write; and a hit that is
//! taken from the vector itself costs more than one that is read from memory.

use super::hit::Hit;
use super::{GROUP, MOST_TRIPS};

/// Hits are struck when there are as many: the first of them were written long ago then.
pub const BATCH: usize = 256;

/// Room for less than a batch, for all hits of one more group, and for a vector after them.
const ROOM: usize = BATCH + MOST_TRIPS as usize * GROUP + GROUP;

/// Hits on a line of bits.
#[derive(Debug)]
#[repr(align(64))]
pub struct Hits<H>([H; ROOM]);

impl<H: Hit> Default for Hits<H> {
    fn default() -> Self {
        Hits([H::default(); ROOM])
    }
}

impl<H: Hit> Hits<H> {
    /// Where the hit of this number goes, with room for [`GROUP`] from there on.
    ///
    /// # Safety
    /// The number is below [`BATCH`] and the hits of one group.
    #[inline(always)]
    pub unsafe fn slot(&mut self, number: usize) -> *mut H {
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
            round.iter().for_each(|hit| unsafe { hit.strike(line) });
        }
        // SAFETY: as above.
        rest.iter().for_each(|hit| unsafe { hit.strike(line) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sieve::large::hit::ByteHit;

    #[test]
    fn as_many_hits_are_struck_as_there_are() {
        for count in [0, 1, 15, 16, 300] {
            let mut hits = Hits::<ByteHit>::default();
            let mut line = vec![0xff; 64];
            // SAFETY: the numbers are those of less than a group's hits beyond a batch, and the
            // bits are below 512.
            unsafe {
                (0..count).for_each(|number| hits.slot(number).write(ByteHit::on(number as u32)));
                hits.strike(count, &mut line);
            }
            let left: u32 = line.iter().map(|byte| byte.count_ones()).sum();
            assert_eq!(left, 512 - count as u32);
            assert!(line[..count / 8].iter().all(|byte| *byte == 0));
        }
    }
}
