//! A row of weights times the vector.

use std::marker::PhantomData;

use super::activations::Activations;
use super::format::{BLOCK, Format};
use super::lanes::Lanes;
#[cfg(not(target_arch = "aarch64"))]
use super::lanes::Portable as Baseline;
#[cfg(target_arch = "aarch64")]
use super::neon::Neon as Baseline;
#[cfg(target_arch = "x86_64")]
use super::x86::{Avx2, Vnni};
use crate::dispatch::{FusedTier, Level, Work};
use crate::machine::prefetch::{LINE, prefetch};

/// How far ahead weights are asked for, beyond the row's end as well: 4 KiB was best where it was
/// tried, 1 KiB and none were slower by a fifth and by two fifths.
const AHEAD: usize = 4096;
/// Blocks whose products are added up side by side, so that none waits for the one before.
const CHAINS: usize = 4;

/// Rows of weights, which lie one behind the other.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// How the weights are stored.
    pub(super) format: Format,
    /// The first row.
    pub(super) weights: &'a [u8],
    /// The vector: as many blocks as each row.
    pub(super) activations: &'a Activations,
}

impl Rows<'_> {
    /// Blocks of a row.
    fn blocks(&self) -> usize {
        self.activations.scales.len()
    }

    /// Bytes of a row.
    pub fn row_bytes(&self) -> usize {
        self.blocks() * self.format.block_bytes()
    }

    /// Multiplies each row with the vector.
    pub fn multiply(self, tier: FusedTier, products: &mut [f32]) {
        assert!(products.len() * self.row_bytes() <= self.weights.len(), "rows are missing");
        match tier.level() {
            Level::Baseline => tier.call(Multiply::<Baseline>::new(self, products)),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => tier.call(Multiply::<Avx2>::new(self, products)),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => tier.call(Multiply::<Vnni>::new(self, products)),
        }
    }

    /// A row's product as it should be, and the sum of the magnitudes that were added for it.
    pub fn exact(&self, row: usize) -> (f64, f64) {
        let row = &self.weights[row * self.row_bytes()..][..self.row_bytes()];
        let (mut product, mut magnitude) = (0.0, 0.0);
        for (index, block) in row.chunks_exact(self.format.block_bytes()).enumerate() {
            let values = &self.activations.values[index * BLOCK..][..BLOCK];
            let values: Vec<f64> = match self.format {
                Format::F16 => values.iter().map(|value| f64::from(*value)).collect(),
                Format::Q8_0 | Format::Q4_0 => self.activations.rounded(index).collect(),
            };
            for (weight, value) in self.format.decode(block).iter().zip(values) {
                product += weight * value;
                magnitude += (weight * value).abs();
            }
        }
        (product, magnitude)
    }
}

/// Only [`Rows::multiply`] makes one.
struct Multiply<'a, L> {
    rows: Rows<'a>,
    products: &'a mut [f32],
    lanes: PhantomData<L>,
}

impl<'a, L: Lanes> Multiply<'a, L> {
    fn new(rows: Rows<'a>, products: &'a mut [f32]) -> Self {
        Multiply { rows, products, lanes: PhantomData }
    }
}

impl<L: Lanes> Work for Multiply<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let rows = self.rows;
        let row_bytes = rows.row_bytes();
        for (row, product) in self.products.iter_mut().enumerate() {
            let weights = &rows.weights[row * row_bytes..][..row_bytes];
            // SAFETY: a row has as many blocks as the vector; a tier has its level's instructions.
            *product = unsafe {
                match rows.format {
                    Format::Q8_0 => dot::<L, Bytes>(weights, rows.activations),
                    Format::Q4_0 => dot::<L, Nibbles>(weights, rows.activations),
                    Format::F16 => dot::<L, Halves>(weights, rows.activations),
                }
            };
        }
    }
}

/// A format as the inner loop is compiled for it.
trait Blocks {
    const FORMAT: Format;

    /// Adds the products of a block.
    ///
    /// # Safety
    /// A block of weights can be read, the vector has the block, the processor has the
    /// instructions of the lanes.
    unsafe fn add<L: Lanes>(sums: L, weights: *const u8, vector: &Activations, block: usize) -> L;
}

struct Bytes;
struct Nibbles;
struct Halves;

impl Blocks for Bytes {
    const FORMAT: Format = Format::Q8_0;

    #[inline(always)]
    unsafe fn add<L: Lanes>(sums: L, weights: *const u8, vector: &Activations, block: usize) -> L {
        // SAFETY: the caller vouches for it.
        unsafe {
            let scale = L::half(weights) * vector.scales.get_unchecked(block);
            let quants = vector.quants.as_ptr().add(block * BLOCK);
            sums.add_bytes(scale, weights.add(2), quants, *vector.sums.get_unchecked(block))
        }
    }
}

impl Blocks for Nibbles {
    const FORMAT: Format = Format::Q4_0;

    #[inline(always)]
    unsafe fn add<L: Lanes>(sums: L, weights: *const u8, vector: &Activations, block: usize) -> L {
        // SAFETY: the caller vouches for it.
        unsafe {
            let scale = L::half(weights) * vector.scales.get_unchecked(block);
            let quants = vector.quants.as_ptr().add(block * BLOCK);
            sums.add_nibbles(scale, weights.add(2), quants, *vector.sums.get_unchecked(block))
        }
    }
}

impl Blocks for Halves {
    const FORMAT: Format = Format::F16;

    #[inline(always)]
    unsafe fn add<L: Lanes>(sums: L, weights: *const u8, vector: &Activations, block: usize) -> L {
        // SAFETY: the caller vouches for it.
        unsafe { sums.add_halves(weights, vector.values.as_ptr().add(block * BLOCK)) }
    }
}

/// # Safety
/// The row has as many blocks as the vector, and the processor has the instructions of the lanes.
#[inline(always)]
unsafe fn dot<L: Lanes, B: Blocks>(row: &[u8], vector: &Activations) -> f32 {
    let bytes = const { B::FORMAT.block_bytes() };
    let blocks = row.len() / bytes;
    // SAFETY: no block is beyond the last one; the caller vouches for the rest.
    unsafe {
        let mut sums = [L::zero(); CHAINS];
        let mut block = 0;
        while block + CHAINS <= blocks {
            let weights = row.as_ptr().add(block * bytes);
            for line in 0..(CHAINS * bytes).div_ceil(LINE) {
                prefetch(weights.wrapping_add(AHEAD + line * LINE));
            }
            for (chain, sums) in sums.iter_mut().enumerate() {
                *sums = B::add(*sums, weights.add(chain * bytes), vector, block + chain);
            }
            block += CHAINS;
        }
        for rest in block..blocks {
            sums[0] = B::add(sums[0], row.as_ptr().add(rest * bytes), vector, rest);
        }
        sums.into_iter().map(|sums| sums.total()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gemv::weights;

    /// The relative error of sums of a few thousand products in single precision.
    const TOLERANCE: f64 = 2e-6;

    fn check(format: Format, weights: &[u8], activations: &Activations, rows: usize) {
        let matrix = Rows { format, weights, activations };
        for tier in FusedTier::all() {
            let mut products = vec![f32::NAN; rows];
            matrix.multiply(tier, &mut products);
            for (row, product) in products.iter().enumerate() {
                let (exact, magnitude) = matrix.exact(row);
                let error = (f64::from(*product) - exact).abs();
                let place = format!("{}, {}, row {row}", format.name(), tier.name());
                assert!(error <= TOLERANCE * magnitude, "{place}: {product} is not {exact}");
            }
        }
    }

    #[test]
    fn products_are_exact_to_single_precision() {
        for format in Format::ALL {
            // Fewer blocks than chains, exactly as many, and a rest.
            for columns in [32, 96, 128, 1056, 4096] {
                let rows = 5;
                let mut bytes = vec![0; rows * columns / BLOCK * format.block_bytes()];
                weights::fill(format, &mut bytes, 7);
                check(format, &bytes, &Activations::sample(columns), rows);
            }
        }
    }

    #[test]
    fn the_largest_bytes_do_not_overflow() {
        // Of the last ones, the scale is subnormal, and its inverse infinite or nearly so.
        for sign in [1.0, -1.0, 1e-37, -1e-37, 1e-40, -1e-40] {
            let activations = Activations::new(vec![sign; 4096]);
            for byte in [0x80, 0x7f, 0x00, 0xff, 0x81] {
                for format in [Format::Q8_0, Format::Q4_0] {
                    let mut block = vec![byte; format.block_bytes()];
                    block[..2].copy_from_slice(&[0x00, 0x3c]);
                    check(format, &block.repeat(4096 / BLOCK), &activations, 1);
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "rows are missing")]
    fn rows_beyond_the_weights_are_a_panic() {
        let activations = Activations::sample(64);
        let rows = Rows { format: Format::Q8_0, weights: &[0; 67], activations: &activations };
        rows.multiply(FusedTier::BASELINE, &mut [0.0]);
    }
}
