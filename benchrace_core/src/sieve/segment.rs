//! A range of columns.

/// The columns that a task sieves, class by class.
#[derive(Debug, Clone, Copy)]
pub struct Segment {
    /// Its first column.
    pub column: u64,
    /// Its columns, the bits of a line.
    pub bits: u64,
    /// The wheel's modulus.
    pub modulus: u64,
}

impl Segment {
    /// The first number past the end of the segment.
    pub fn end(&self) -> u64 {
        self.modulus * (self.column + self.bits)
    }

    /// Bits before the first multiple of the prime that is worth striking, a multiple of the
    /// prime: all its multiples below its square have smaller factors.
    pub fn skip(&self, prime: u32) -> u32 {
        let prime = u64::from(prime);
        if prime == 0 {
            return 0;
        }
        // A multiple of the prime, and at most the column of its square in any class.
        let square = prime * ((prime - 1) / self.modulus);
        let bits = square.saturating_sub(self.column).min(self.bits);
        (bits / prime * prime) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sieve::odds::primes_up_to;

    #[test]
    fn only_multiples_below_the_square_are_skipped() {
        for modulus in [30, 30_030] {
            let mut skipping = 0;
            for (column, bits) in [(0, 1 << 20), (5000, 4096)] {
                let segment = Segment { column, bits, modulus };
                for prime in primes_up_to(40_000).split_off(6) {
                    let skip = u64::from(segment.skip(prime));
                    assert!(skip <= bits && skip.is_multiple_of(prime.into()));
                    skipping += u64::from(skip > 0);
                    let struck = modulus * (column + skip);
                    assert!(skip == 0 || struck < u64::from(prime).pow(2));
                }
            }
            assert!(skipping > 500, "some primes skip bits");
        }
    }

    #[test]
    fn padding_skips_nothing() {
        assert_eq!(Segment { column: 0, bits: 64, modulus: 30 }.skip(0), 0);
    }
}
