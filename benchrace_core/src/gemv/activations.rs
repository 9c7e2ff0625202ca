//! The vector that rows are multiplied with, as numbers and in blocks of bytes.

use super::format::BLOCK;

/// A vector, with its blocks rounded to bytes as llama.cpp does for weights that are quantised:
/// the largest magnitude of a block becomes 127.
#[derive(Debug, Clone, PartialEq)]
pub struct Activations {
    /// The numbers themselves; `F16` rows use them.
    pub(super) values: Vec<f32>,
    /// The numbers as bytes, -127 to 127.
    pub(super) quants: Vec<i8>,
    /// What a block's bytes are multiplied with.
    pub(super) scales: Vec<f32>,
    /// Sum of a block's bytes.
    pub(super) sums: Vec<i32>,
}

impl Activations {
    /// Rounds a vector, which is a whole number of blocks.
    pub fn new(values: Vec<f32>) -> Self {
        let mut activations = Activations {
            values: Vec::new(),
            quants: Vec::new(),
            scales: Vec::new(),
            sums: Vec::new(),
        };
        for block in values.chunks_exact(BLOCK) {
            let largest = block.iter().fold(0_f32, |largest, value| largest.max(value.abs()));
            let scale = largest / 127.0;
            // Numbers so small that the inverse is none count as zeros.
            let inverse = Some(1.0 / scale).filter(|inverse| inverse.is_finite()).unwrap_or(0.0);
            let quants =
                block.iter().map(|value| (value * inverse).round().clamp(-127.0, 127.0) as i8);
            activations.quants.extend(quants.clone());
            activations.sums.push(quants.map(i32::from).sum());
            activations.scales.push(scale);
        }
        activations.values = values;
        activations
    }

    /// A vector of this many numbers between -1 and 1, without a pattern that matters.
    pub fn sample(columns: usize) -> Self {
        let value = |index: usize| (index * 37 % 255) as f32 / 127.0 - 1.0;
        Self::new((0..columns).map(value).collect())
    }

    /// What the bytes of a block stand for.
    pub fn rounded(&self, block: usize) -> impl Iterator<Item = f64> + '_ {
        let quants = &self.quants[block * BLOCK..][..BLOCK];
        quants.iter().map(move |quant| f64::from(*quant) * f64::from(self.scales[block]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_rounded_to_their_largest_magnitude() {
        let values: Vec<f32> =
            (0..64).map(|index| if index < 32 { 0.0 } else { index as f32 }).collect();
        let activations = Activations::new(values);
        assert_eq!((activations.scales[0], activations.sums[0]), (0.0, 0));
        assert!(activations.quants[..32].iter().all(|quant| *quant == 0));
        assert_eq!(activations.quants[63], 127);
        let sum: i32 = activations.quants[32..].iter().map(|quant| i32::from(*quant)).sum();
        assert_eq!(activations.sums[1], sum);
        for (rounded, value) in activations.rounded(1).zip(32..) {
            assert!((rounded - f64::from(value)).abs() <= 63.0 / 127.0 / 2.0 + 1e-6);
        }
    }

    #[test]
    fn no_byte_is_below_minus_127() {
        for smallest in [f32::from_bits(1), 1e-40, 3.6e-37, f32::MIN_POSITIVE] {
            let activations = Activations::new(vec![-smallest; BLOCK]);
            assert!(activations.quants.iter().all(|quant| *quant >= -127), "{smallest:e}");
            let sum: i32 = activations.quants.iter().map(|quant| i32::from(*quant)).sum();
            assert_eq!(activations.sums[0], sum);
        }
    }

    #[test]
    fn samples_use_the_whole_range() {
        let sample = Activations::sample(4096);
        assert!(sample.quants.contains(&127) && sample.quants.contains(&-127));
    }
}
