//! Weights of no meaning, in the formats of real ones.

use super::format::Format;

/// Fills whole blocks with finite weights; the same seed gives the same ones.
pub fn fill(format: Format, blocks: &mut [u8], seed: u64) {
    let mut random = Random(seed);
    for block in blocks.chunks_exact_mut(format.block_bytes()) {
        match format {
            Format::Q8_0 | Format::Q4_0 => {
                let (scale, weights) = block.split_at_mut(2);
                // 0.0078 to 0.0156.
                let bits = 0x2000 | random.next() as u16 & 0x03ff;
                scale.copy_from_slice(&bits.to_le_bytes());
                for bytes in weights.chunks_exact_mut(8) {
                    bytes.copy_from_slice(&random.next().to_le_bytes());
                }
            }
            Format::F16 => {
                for bytes in block.chunks_exact_mut(8) {
                    // Either sign, 0.25 to 0.5 or 0.5 to 1.
                    let bits = 0x3400_3400_3400_3400 | random.next() & 0x87ff_87ff_87ff_87ff;
                    bytes.copy_from_slice(&bits.to_le_bytes());
                }
            }
        }
    }
}

/// Splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_finite_of_either_sign_and_repeatable() {
        for format in Format::ALL {
            let mut blocks = vec![0; 100 * format.block_bytes()];
            fill(format, &mut blocks, 3);
            let weights: Vec<f64> = blocks
                .chunks_exact(format.block_bytes())
                .flat_map(|one| format.decode(one))
                .collect();
            assert!(weights.iter().all(|weight| weight.abs() <= 2.0));
            assert!(weights.iter().any(|weight| *weight > 0.0));
            assert!(weights.iter().any(|weight| *weight < 0.0));
            let mut again = vec![0; blocks.len()];
            fill(format, &mut again, 3);
            assert!(blocks == again);
        }
    }
}
