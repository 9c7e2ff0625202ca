//! A matrix of quantised weights times a vector: what generating a token mostly is.

mod activations;
pub mod format;
mod lanes;
#[cfg(target_arch = "aarch64")]
mod neon;
mod row;
mod weights;
#[cfg(target_arch = "x86_64")]
mod x86;

use activations::Activations;
use format::{BLOCK, Format};
use row::Rows;

use crate::dispatch::FusedTier;
use crate::error::Error;
use crate::machine::pages::Pages;
use crate::passes::{Measuring, Sweep, size::Surroundings};

/// Bytes of weights that a thread takes at once, at least a row.
const SLICE: usize = 1 << 20;
/// Rows that are compared with exact products after the last pass.
const CHECKED: usize = 16;
/// How far a product may be from the exact one, of the sum of the magnitudes added. Columns are
/// few enough that this is far above what single precision loses, and far below any defect.
const TOLERANCE: f64 = 1e-4;

/// The most columns; a row of a model has fewer.
pub const MOST_COLUMNS: usize = 1 << 20;

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gemv {
    /// How the weights are stored.
    pub format: Format,
    /// Weights of a row, a multiple of 32.
    pub columns: usize,
    /// Bytes of all weights; by the caches if `None`.
    pub weight_bytes: Option<u64>,
}

impl Gemv {
    /// Itself, if the columns are a whole number of blocks.
    pub fn checked(&self) -> Result<&Self, Error> {
        if self.columns.is_multiple_of(BLOCK) && (BLOCK..=MOST_COLUMNS).contains(&self.columns) {
            return Ok(self);
        }
        let text =
            format!("{}, but it is a multiple of {BLOCK}, at most {MOST_COLUMNS}", self.columns);
        Err(Error::field("columns", text))
    }

    fn row_bytes(&self) -> usize {
        self.columns / BLOCK * self.format.block_bytes()
    }

    /// Bytes of the weights, a whole number of rows.
    pub fn size(&self, surroundings: &Surroundings) -> u64 {
        let bytes = self.weight_bytes.unwrap_or_else(|| surroundings.array_bytes(1));
        let row = self.row_bytes() as u64;
        (bytes / row).max(1) * row
    }

    /// Measures the product; the weights have `bytes`.
    pub fn run(&self, bytes: u64, measuring: &Measuring<'_>) -> Result<Vec<Sweep>, Error> {
        let refused = Error::Allocation { field: "size", needed: bytes, alternative: None };
        let rows = bytes as usize / self.row_bytes();
        let weights = Pages::new(bytes as usize).ok_or(refused.clone())?;
        let products = Pages::new(rows).ok_or(refused)?;
        let activations = Activations::sample(self.columns);
        let mut matrix = Matrix { gemv: *self, weights, products, activations };
        let slices = rows.div_ceil(matrix.slice_rows()) as u64;
        measuring.control.progress.plan(slices * (1 + measuring.passes as u64));
        let result =
            measuring.once(slices, |slice| Ok(matrix.fill(slice as usize))).and_then(|_| {
                let work = |slice| Ok(matrix.multiply(measuring.tier, slice as usize));
                measuring.sweep(self.format.name(), bytes, slices, work, |_| Ok(()))
            });
        let result = result.and_then(|sweep| matrix.verify().map(|()| vec![sweep]));
        if result.is_err() {
            matrix.weights.release();
        }
        result
    }
}

struct Matrix {
    gemv: Gemv,
    weights: Pages<u8>,
    products: Pages<f32>,
    activations: Activations,
}

impl Matrix {
    fn rows(&self) -> usize {
        self.products.len()
    }

    /// Rows of a slice; the last one may have fewer.
    fn slice_rows(&self) -> usize {
        SLICE.div_ceil(self.gemv.row_bytes())
    }

    /// The first row of a slice, and how many it has.
    fn slice(&self, slice: usize) -> (usize, usize) {
        let first = slice * self.slice_rows();
        (first, self.slice_rows().min(self.rows() - first))
    }

    fn fill(&self, slice: usize) -> u64 {
        let (first, rows) = self.slice(slice);
        let row = self.gemv.row_bytes();
        // SAFETY: the slice lies within the weights and is one thread's alone in this pass.
        let bytes =
            unsafe { std::slice::from_raw_parts_mut(self.weights.at(first * row), rows * row) };
        weights::fill(self.gemv.format, bytes, slice as u64);
        0
    }

    fn multiply(&self, tier: FusedTier, slice: usize) -> u64 {
        let (first, rows) = self.slice(slice);
        let row = self.gemv.row_bytes();
        // SAFETY: the slice lies within weights and products; nobody writes weights in this pass,
        // and the products of a slice are one thread's alone.
        let (weights, products) = unsafe {
            (
                std::slice::from_raw_parts(self.weights.at(first * row), rows * row),
                std::slice::from_raw_parts_mut(self.products.at(first), rows),
            )
        };
        let rows = Rows { format: self.gemv.format, weights, activations: &self.activations };
        rows.multiply(tier, products);
        0
    }

    /// Compares some products with exact ones.
    fn verify(&mut self) -> Result<(), Error> {
        let Gemv { format, .. } = self.gemv;
        let (weights, products) = (self.weights.values(), self.products.values());
        let rows = Rows { format, weights, activations: &self.activations };
        let step = products.len().div_ceil(CHECKED);
        for (row, product) in products.iter().enumerate().step_by(step) {
            let (exact, magnitude) = rows.exact(row);
            let error = (f64::from(*product) - exact).abs();
            // False for NaN.
            let is_right = error <= TOLERANCE * magnitude;
            if !is_right {
                let text = format!("row {row} is {product}, but should be {exact}");
                return Err(Error::Wrong(format!("{}: {text}", format.name())));
            }
        }
        Ok(())
    }
}

/// Multiplies rows with a vector on this thread, for tests from outside.
pub fn multiply(
    format: Format,
    tier: FusedTier,
    weights: &[u8],
    vector: Vec<f32>,
) -> Result<Vec<f32>, Error> {
    let columns = vector.len();
    Gemv { format, columns, weight_bytes: None }.checked()?;
    let activations = Activations::new(vector);
    let rows = Rows { format, weights, activations: &activations };
    if !weights.len().is_multiple_of(rows.row_bytes()) {
        let text = format!(
            "{} bytes are not a whole number of rows of {}",
            weights.len(),
            rows.row_bytes()
        );
        return Err(Error::field("weights", text));
    }
    let mut products = vec![0.0; weights.len() / rows.row_bytes()];
    rows.multiply(tier, &mut products);
    Ok(products)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Control;
    use crate::passes::team::Team;

    #[test]
    fn every_format_is_timed_pass_by_pass_and_verified() {
        for format in Format::ALL {
            for tier in FusedTier::all() {
                let gemv = Gemv { format, columns: 1056, weight_bytes: Some(5_000_000) };
                let control = Control::default();
                let team = Team::new(2, false);
                let measuring = Measuring { passes: 3, tier, team, control: &control };
                let bytes = gemv.size(&Surroundings::detect());
                let sweeps = gemv.run(bytes, &measuring).unwrap();
                assert_eq!((sweeps[0].kernel, sweeps[0].amount), (format.name(), bytes));
                assert_eq!(sweeps[0].elapsed_ns.len(), 3);
                let (done, total) = control.progress.get();
                assert_eq!(done, total);
            }
        }
    }

    #[test]
    fn a_wrong_product_is_found() {
        let gemv = Gemv { format: Format::Q8_0, columns: 64, weight_bytes: None };
        let weights = Pages::new(68 * 3).unwrap();
        let products = Pages::new(3).unwrap();
        let activations = Activations::sample(64);
        let mut matrix = Matrix { gemv, weights, products, activations };
        matrix.fill(0);
        matrix.multiply(FusedTier::detect(), 0);
        assert_eq!(matrix.verify(), Ok(()));
        for wrong in [1e6, f32::NAN] {
            // SAFETY: nobody else uses the products.
            unsafe { matrix.products.at(2).write(wrong) };
            assert!(matches!(matrix.verify(), Err(Error::Wrong(_))));
        }
    }

    #[test]
    fn weights_are_whole_rows_of_whole_blocks() {
        let gemv = Gemv { format: Format::Q4_0, columns: 4096, weight_bytes: Some(10_000) };
        let surroundings = Surroundings { cache: None, is_virtual: None, available: None };
        assert_eq!(gemv.size(&surroundings), 4 * 2304);
        let small = Gemv { weight_bytes: Some(1), ..gemv };
        assert_eq!(small.size(&surroundings), 2304);
        for columns in [0, 16, 33, 2 << 20] {
            assert!(matches!(
                Gemv { columns, ..gemv }.checked(),
                Err(Error::Field { field: "columns", .. })
            ));
        }
        let refused = multiply(Format::Q8_0, FusedTier::BASELINE, &[0; 35], vec![0.0; 32]);
        assert!(matches!(refused, Err(Error::Field { field: "weights", .. })));
    }
}
