//! Sure hits wait in a queue: for each group of them that is written, the oldest is struck.
//!
//! Strikes are bound by the processor's stores, so the hits to come are computed meanwhile at
//! hardly any cost. No hit waits for its own vector to be written.

use super::GROUP;
use super::hit::Hit;

/// Groups that wait. Half as many, or twice, made no difference on Zen 3 and 4.
const GROUPS: usize = 8;

/// Groups of hits on a line.
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct Queue<H> {
    groups: [[H; GROUP]; GROUPS],
    /// Groups so far.
    written: usize,
}

impl<H: Hit> Queue<H> {
    /// The place for the next group, after the group that waited there was struck.
    ///
    /// # Safety
    /// To each place so far hits on this line were written.
    #[inline(always)]
    pub unsafe fn next(&mut self, line: &mut [u8]) -> &mut [H; GROUP] {
        let group = &mut self.groups[self.written % GROUPS];
        if self.written >= GROUPS {
            // SAFETY: as the caller vouches.
            group.iter().for_each(|hit| unsafe { hit.strike(line) });
        }
        self.written += 1;
        group
    }

    /// Strikes all groups that wait.
    ///
    /// # Safety
    /// As for `next`.
    pub unsafe fn finish(self, line: &mut [u8]) {
        let waiting = &self.groups[..self.written.min(GROUPS)];
        // SAFETY: as the caller vouches.
        waiting.as_flattened().iter().for_each(|hit| unsafe { hit.strike(line) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sieve::large::hit::{ByteHit, WordHit};

    /// The bits left of a line after this many groups, each of the next sixteen bits.
    fn left<H: Hit>(groups: usize, finish: bool) -> Vec<usize> {
        let mut line = vec![0xff; 64];
        let mut queue = Queue::<H>::default();
        for group in 0..groups {
            // SAFETY: the bits are below 512.
            let hits = unsafe { queue.next(&mut line) };
            *hits = std::array::from_fn(|place| H::on((group * GROUP + place) as u32));
        }
        if finish {
            // SAFETY: as above.
            unsafe { queue.finish(&mut line) };
        }
        (0..512).filter(|bit| line[bit / 8] >> (bit % 8) & 1 == 1).collect()
    }

    fn strikes_the_oldest<H: Hit>() {
        for groups in 0..=3 * GROUPS {
            let struck = groups.saturating_sub(GROUPS) * GROUP;
            assert_eq!(left::<H>(groups, false), (struck..512).collect::<Vec<_>>());
        }
    }

    fn strikes_all_at_the_end<H: Hit>() {
        for groups in [0, 1, GROUPS - 1, GROUPS, 2 * GROUPS + 3] {
            assert_eq!(left::<H>(groups, true), (groups * GROUP..512).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_oldest_group_is_struck_for_each_new_one() {
        strikes_the_oldest::<ByteHit>();
        strikes_the_oldest::<WordHit>();
    }

    #[test]
    fn the_end_strikes_all_that_wait_and_nothing_else() {
        strikes_all_at_the_end::<ByteHit>();
        strikes_all_at_the_end::<WordHit>();
    }
}
