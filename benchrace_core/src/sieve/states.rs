//! Where each prime strikes first in the block at hand.

use crate::dispatch::{Tier, Work};
use crate::sieve::base::Base;

/// One first-hit column per sieving prime, relative to the block's first column.
#[derive(Debug, Default)]
pub struct States(Vec<u32>);

impl States {
    /// Sets the first hits of the first `count` primes for a block whose first number is given.
    pub fn start(&mut self, base: &Base, count: usize, number: u64) {
        self.0.clear();
        self.0.extend((0..count).map(|index| base.first_hit(index, number)));
    }

    /// Moves all first hits to the next class of the same columns.
    pub fn advance(&mut self, tier: Tier, base: &Base, gap: u32) {
        tier.call(Advance { states: &mut self.0, steps: base.steps(gap), primes: &base.primes });
    }

    /// The first hits, in the order of the primes.
    pub fn hits(&self) -> &[u32] {
        &self.0
    }
}

struct Advance<'a> {
    states: &'a mut [u32],
    steps: &'a [u32],
    primes: &'a [u32],
}

impl Work for Advance<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((state, step), prime) in self.states.iter_mut().zip(self.steps).zip(self.primes) {
            // Below zero wraps to a huge value, so the smaller of the two is the one in range.
            let moved = state.wrapping_sub(*step);
            *state = moved.min(moved.wrapping_add(*prime));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Control;
    use crate::sieve::wheel::{SIZES, Wheel};

    #[test]
    fn moving_on_equals_starting_anew() {
        for size in SIZES {
            let wheel = Wheel::new(size);
            let base = Base::new(&wheel, 10_u64.pow(9), &Control::default()).unwrap();
            let first = 77 * u64::from(wheel.modulus);
            for tier in Tier::all() {
                let (mut moved, mut fresh) = (States::default(), States::default());
                moved.start(&base, base.primes.len(), first + 1);
                for pair in wheel.residues.windows(2) {
                    moved.advance(tier, &base, pair[1] - pair[0]);
                    fresh.start(&base, base.primes.len(), first + u64::from(pair[1]));
                    assert_eq!(moved.hits(), fresh.hits(), "{} {pair:?}", tier.name());
                }
            }
        }
    }
}
