//! A matrix times a matrix: what reading a prompt mostly is.

mod blocks;
mod matrices;
mod operands;
mod precision;
mod register;
mod tile;

use matrices::Matrices;
pub use precision::Precision;

use crate::error::Error;
use crate::passes::{Measuring, Sweep};

/// The largest `n`: three matrices of 4 GiB.
pub const MOST: u64 = 1 << 15;

/// What to measure: the product of two square matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gemm {
    /// What the numbers are.
    pub precision: Precision,
    /// Rows and columns.
    pub n: u64,
}

impl Gemm {
    /// Itself, unless the size is out of bounds.
    pub fn checked(&self) -> Result<&Self, Error> {
        if (1..=MOST).contains(&self.n) {
            return Ok(self);
        }
        Err(Error::field("n", format!("{}, but it is from 1 to {MOST}", self.n)))
    }

    /// Bytes of the three matrices, without what fills them up to whole tiles.
    pub fn bytes(&self) -> u64 {
        4 * self.n * (self.n + 2 * self.precision.words(self.n as usize) as u64)
    }

    /// Multiplications and additions of a product.
    pub fn operations(&self) -> u64 {
        2 * self.n * self.n * self.n
    }

    /// Measures the product.
    pub fn run(&self, measuring: &Measuring<'_>) -> Result<Vec<Sweep>, Error> {
        let refused = Error::Allocation { field: "n", needed: self.bytes(), alternative: None };
        let mut matrices =
            Matrices::new(*self, measuring.tier, measuring.team.threads()).ok_or(refused)?;
        let (rows, panels) = (matrices.row_blocks as u64, matrices.panels as u64);
        let tasks = rows * matrices.column_blocks as u64;
        measuring.control.progress.plan(rows + panels + tasks * measuring.passes as u64);
        let result = measuring
            .once(rows, |block| Ok(matrices.fill_rows(block as usize)))
            .and_then(|_| measuring.once(panels, |panel| Ok(matrices.fill_panel(panel as usize))))
            .and_then(|_| {
                let work = |task| matrices.multiply(task as usize, measuring.control);
                let name = self.precision.name();
                measuring.sweep(name, self.operations(), tasks, work, |_| Ok(()))
            })
            .and_then(|sweep| matrices.verify().map(|()| vec![sweep]));
        if result.is_err() {
            matrices.release();
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Control;
    use crate::dispatch::FusedTier;
    use crate::passes::team::Team;

    fn measuring(tier: FusedTier, control: &Control) -> Measuring<'_> {
        Measuring { passes: 2, tier, team: Team::new(2, false), control }
    }

    #[test]
    fn products_are_timed_pass_by_pass_and_verified() {
        for precision in Precision::ALL {
            let control = Control::default();
            let gemm = Gemm { precision, n: 1100 };
            let sweeps = gemm.run(&measuring(FusedTier::detect(), &control)).unwrap();
            assert_eq!(
                (sweeps[0].kernel, sweeps[0].amount),
                (precision.name(), 2 * 1100 * 1100 * 1100)
            );
            assert_eq!(sweeps[0].elapsed_ns.len(), 2);
            let (done, total) = control.progress.get();
            assert_eq!(done, total);
        }
    }

    #[test]
    fn sizes_have_bounds() {
        let gemm = Gemm { precision: Precision::F32, n: 100 };
        assert_eq!((gemm.bytes(), gemm.checked()), (120_000, Ok(&gemm)));
        for n in [0, MOST + 1] {
            assert!(matches!(Gemm { n, ..gemm }.checked(), Err(Error::Field { field: "n", .. })));
        }
    }
}
