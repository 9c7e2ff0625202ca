//! How GGUF files store weights: blocks of 32, as llama.cpp lays them out.

/// Weights of a block.
pub const BLOCK: usize = 32;

/// A way to store weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A half-precision scale, then 32 signed bytes: 34 bytes a block.
    Q8_0,
    /// A half-precision scale, then 16 bytes of two weights each, less 8: weight `i` is the low
    /// half of byte `i`, weight `i + 16` the high half. 18 bytes a block.
    Q4_0,
    /// 32 half-precision numbers: 64 bytes.
    F16,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::Q8_0, Self::Q4_0, Self::F16];

    /// The name, as callers write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Q8_0 => "q8_0",
            Self::Q4_0 => "q4_0",
            Self::F16 => "f16",
        }
    }

    /// The format of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Bytes of a block.
    pub const fn block_bytes(self) -> usize {
        match self {
            Self::Q8_0 => 2 + BLOCK,
            Self::Q4_0 => 2 + BLOCK / 2,
            Self::F16 => 2 * BLOCK,
        }
    }

    /// The weights of a block, exactly.
    pub fn decode(self, block: &[u8]) -> [f64; BLOCK] {
        let half = |at: usize| f64::from(half(u16::from_le_bytes([block[at], block[at + 1]])));
        std::array::from_fn(|index| match self {
            Self::Q8_0 => half(0) * f64::from(block[2 + index] as i8),
            Self::Q4_0 => {
                let byte = block[2 + index % 16];
                let weight = if index < 16 { byte & 15 } else { byte >> 4 };
                half(0) * (f64::from(weight) - 8.0)
            }
            Self::F16 => half(2 * index),
        })
    }
}

/// A half-precision number; infinity and NaN become a large number.
#[inline(always)]
pub fn half(bits: u16) -> f32 {
    /// Moves the exponent from a bias of 15 to one of 127; exact, for subnormal numbers as well.
    const BIAS: f32 = f32::from_bits((127 + 127 - 15) << 23);
    let magnitude = f32::from_bits(u32::from(bits & 0x7fff) << 13) * BIAS;
    f32::from_bits(magnitude.to_bits() | u32::from(bits & 0x8000) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_half_is_exact() {
        for bits in 0..=u16::MAX {
            let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
            if exponent == 31 {
                continue;
            }
            let magnitude = match exponent {
                0 => fraction * 2_f64.powi(-24),
                _ => (1.0 + fraction / 1024.0) * 2_f64.powi(exponent - 15),
            };
            let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
            assert_eq!(f64::from(half(bits)), sign * magnitude, "{bits:#06x}");
        }
    }

    #[test]
    fn blocks_have_the_layout_of_gguf() {
        // A scale of 0.5 (0x3800), then weights.
        let q8: Vec<u8> = [0x00, 0x38].into_iter().chain((0..32).map(|i| i * 8)).collect();
        let weights = Format::Q8_0.decode(&q8);
        assert_eq!((weights[1], weights[15], weights[16], weights[31]), (4.0, 60.0, -64.0, -4.0));
        let q4: Vec<u8> =
            [0x00, 0x38].into_iter().chain((0..16).map(|i| (i << 4) | (15 - i))).collect();
        let weights = Format::Q4_0.decode(&q4);
        assert_eq!((weights[0], weights[15], weights[16], weights[31]), (3.5, -4.0, -4.0, 3.5));
        let f16: Vec<u8> = [0x00, 0xbc].repeat(32);
        assert_eq!(Format::F16.decode(&f16), [-1.0; 32]);
        for (format, block) in [(Format::Q8_0, q8), (Format::Q4_0, q4), (Format::F16, f16)] {
            assert_eq!(format.block_bytes(), block.len());
            assert_eq!(Format::from_name(format.name()), Some(format));
        }
        assert_eq!(Format::from_name("q4_k"), None);
    }
}
