//! A group prime by prime, for the baseline of any architecture.

use super::Groups;
use super::hit::{ByteHit, Hit};
use super::hits::{BATCH, Hits};
use crate::sieve::strikers::moved;

/// See `super::strike`. A skip of 0 is added like any other.
pub fn strike(groups: Groups<'_>, hits: &mut Hits<ByteHit>, line: &mut [u8]) {
    let Groups { primes, states, steps, skips, trips } = groups;
    let end = (line.len() * 8) as u32;
    let mut rows = primes.iter().zip(states).zip(steps).zip(skips).zip(trips);
    loop {
        let mut count = 0;
        for ((((primes, states), steps), skips), trips) in rows.by_ref() {
            let group = primes.iter().zip(states).zip(steps).zip(skips);
            for (((prime, state), step), skip) in group {
                let mut bit = *state + skip;
                *state = moved(*state, *step, *prime);
                for _ in 0..trips.sure {
                    // SAFETY: a sure hit is on the line, by the invariant of `Large`.
                    let byte = unsafe { line.get_unchecked_mut((bit >> 3) as usize) };
                    *byte &= !(1 << (bit & 7));
                    bit += prime;
                }
                for _ in 0..trips.maybe {
                    // SAFETY: fewer than a batch before this group.
                    unsafe { hits.slot(count).write(ByteHit::on(bit)) };
                    count += usize::from(bit < end);
                    bit += prime;
                }
            }
            if count >= BATCH {
                break;
            }
        }
        // SAFETY: only hits on the line were counted.
        unsafe { hits.strike(count, line) };
        if count < BATCH {
            return;
        }
    }
}
