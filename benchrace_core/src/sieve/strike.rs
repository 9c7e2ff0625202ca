//! Clears every p-th bit of a line.

/// Primes below this strike by eight fixed masks a round; above, the round is seldom filled.
pub const UNROLLED_BELOW: u32 = 2048;

/// Clears bits `first`, `first + stride`, ... up to the end of the line.
#[inline]
pub fn every(line: &mut [u8], first: usize, stride: usize) {
    let mut bit = first;
    while let Some(byte) = line.get_mut(bit >> 3) {
        *byte &= !(1 << (bit & 7));
        bit += stride;
    }
}

/// As [`every`], faster for an odd stride that is much shorter than the line.
pub fn unrolled(line: &mut [u8], first: usize, stride: usize) {
    match stride % 8 {
        1 => rounds::<1>(line, first, stride),
        3 => rounds::<3>(line, first, stride),
        5 => rounds::<5>(line, first, stride),
        7 => rounds::<7>(line, first, stride),
        _ => every(line, first, stride),
    }
}

/// Eight hits of an odd stride span `stride` bytes and always fall on the same eight bits.
fn rounds<const REST: usize>(line: &mut [u8], first: usize, stride: usize) {
    assert!(stride % 8 == REST, "the round's masks fit one remainder only");
    let mut bit = first;
    while bit & 7 != 0 {
        let Some(byte) = line.get_mut(bit >> 3) else { return };
        *byte &= !(1 << (bit & 7));
        bit += stride;
    }
    let step = stride / 8;
    let start = (bit >> 3).min(line.len());
    let mut chunks = line[start..].chunks_exact_mut(stride);
    for chunk in &mut chunks {
        for hit in 0..8 {
            let offset = hit * REST;
            // SAFETY: hit <= 7, so the index is at most (7 * stride) / 8 < stride = chunk.len().
            let byte = unsafe { chunk.get_unchecked_mut(hit * step + offset / 8) };
            *byte &= !(1 << (offset % 8));
        }
    }
    every(chunks.into_remainder(), 0, stride);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sieve::odds::primes_up_to;

    fn naive(bytes: usize, first: usize, stride: usize) -> Vec<u8> {
        let mut line = vec![0xff; bytes];
        for bit in (first..bytes * 8).step_by(stride) {
            line[bit / 8] &= !(1 << (bit % 8));
        }
        line
    }

    #[test]
    fn both_ways_clear_the_same_bits() {
        for stride in primes_up_to(300).into_iter().skip(1).map(|p| p as usize) {
            for bytes in [0, 1, 7, stride - 1, stride, stride + 1, 8 * stride + 5, 1000] {
                for first in (0..stride + 20).step_by(3) {
                    let expected = naive(bytes, first, stride);
                    let mut plain = vec![0xff; bytes];
                    every(&mut plain, first, stride);
                    let mut fast = vec![0xff; bytes];
                    unrolled(&mut fast, first, stride);
                    assert!(plain == expected, "{stride} from {first} in {bytes}");
                    assert!(fast == expected, "{stride} from {first} in {bytes}");
                }
            }
        }
    }

    #[test]
    fn even_strides_take_the_plain_way() {
        let mut line = vec![0xff; 9];
        unrolled(&mut line, 1, 6);
        assert_eq!(line, naive(9, 1, 6));
    }
}
