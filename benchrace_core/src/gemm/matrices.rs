//! The matrices in memory, and the tasks that multiply them.

use super::blocks::blocks;
use super::tile::{self, Block, Shape};
use super::{Gemm, operands};
use crate::control::Control;
use crate::dispatch::FusedTier;
use crate::error::Error;
use crate::machine::pages::Pages;

/// Words along the depth that are multiplied at once: a panel of columns stays in the first cache.
const DEPTH: usize = 256;
/// Sums that are compared with exact ones after the last pass, in each direction.
const CHECKED: usize = 8;

/// The matrices. The second one is packed into panels beforehand, as engines pack weights when
/// they load them; packing the first one is part of the product.
pub struct Matrices {
    gemm: Gemm,
    tier: FusedTier,
    shape: Shape,
    /// Words along the depth.
    depth: usize,
    /// Tiles of a block of rows, and how many blocks there are.
    block_tiles: usize,
    pub row_blocks: usize,
    /// Panels of a block of columns, how many blocks there are, and how many panels.
    block_panels: usize,
    pub column_blocks: usize,
    pub panels: usize,
    /// Row by row.
    first: Pages<u32>,
    /// Panel by panel.
    second: Pages<u32>,
    /// Row by row.
    sums: Pages<u32>,
}

impl Matrices {
    /// Matrices of zeros, filled up to whole tiles; `None` if the system refuses the memory.
    pub fn new(gemm: Gemm, tier: FusedTier, threads: usize) -> Option<Self> {
        let n = gemm.n as usize;
        let (depth, shape) = (gemm.precision.words(n), Shape::of(gemm.precision, tier));
        let (tiles, panels) = (n.div_ceil(shape.rows), n.div_ceil(shape.columns));
        let (block_tiles, block_panels) = blocks(&shape, tiles, panels, threads);
        Some(Matrices {
            gemm,
            tier,
            shape,
            depth,
            block_tiles,
            row_blocks: tiles.div_ceil(block_tiles),
            block_panels,
            column_blocks: panels.div_ceil(block_panels),
            panels,
            first: Pages::new(tiles * shape.rows * depth)?,
            second: Pages::new(panels * shape.columns * depth)?,
            sums: Pages::new(tiles * shape.rows * panels * shape.columns)?,
        })
    }

    /// The first row of a block, and how many it has.
    fn rows(&self, block: usize) -> (usize, usize) {
        let rows = self.block_tiles * self.shape.rows;
        let first = block * rows;
        (first, rows.min(self.first.len() / self.depth - first))
    }

    /// Writes the numbers of one block of rows of the first matrix.
    pub fn fill_rows(&self, block: usize) -> u64 {
        let Gemm { precision, n } = self.gemm;
        let n = n as usize;
        let (first, rows) = self.rows(block);
        for row in first..(first + rows).min(n) {
            for step in 0..self.depth {
                let number = |depth| operands::first(precision, row, depth);
                let word = operands::word(precision, n, step, number);
                // SAFETY: within the matrix; a block is one thread's alone in this pass.
                unsafe { self.first.at(row * self.depth + step).write(word) };
            }
        }
        0
    }

    /// Writes the numbers of one panel of the second matrix.
    pub fn fill_panel(&self, panel: usize) -> u64 {
        let Gemm { precision, n } = self.gemm;
        let n = n as usize;
        let columns = self.shape.columns;
        for step in 0..self.depth {
            for column in (0..columns).filter(|column| panel * columns + column < n) {
                let number = |depth| operands::second(depth, panel * columns + column);
                let word = operands::word(precision, n, step, number);
                let at = (panel * self.depth + step) * columns + column;
                // SAFETY: within the matrix; a panel is one thread's alone in this pass.
                unsafe { self.second.at(at).write(word) };
            }
        }
        0
    }

    /// Sums of one block of rows and one of columns.
    pub fn multiply(&self, task: usize, control: &Control) -> Result<u64, Error> {
        let (row_block, column_block) = (task % self.row_blocks, task / self.row_blocks);
        let (first_row, rows) = self.rows(row_block);
        let panel = column_block * self.block_panels;
        let columns = self.shape.columns;
        let stride = self.panels * columns;
        let mut packed = vec![0; rows * DEPTH];
        for step in (0..self.depth).step_by(DEPTH) {
            control.check()?;
            let depth = DEPTH.min(self.depth - step);
            self.pack(&mut packed, first_row, rows, step, depth);
            let block = Block {
                depth,
                first: packed.as_ptr(),
                row_panels: rows / self.shape.rows,
                second: self.second.at((panel * self.depth + step) * columns),
                panel_stride: self.depth * columns,
                column_panels: self.block_panels.min(self.panels - panel),
                sums: self.sums.at(first_row * stride + panel * columns),
                stride,
                adds: step > 0,
            };
            // SAFETY: the matrices are filled up to whole tiles; factors are read only in this
            // pass, and the sums of a task are one thread's alone.
            unsafe { tile::multiply(self.gemm.precision, self.tier, block) };
        }
        Ok(0)
    }

    /// Packs rows into panels, one behind the other.
    fn pack(&self, packed: &mut [u32], first_row: usize, rows: usize, step: usize, depth: usize) {
        let height = self.shape.rows;
        for (index, panel) in
            packed.chunks_exact_mut(height * depth).take(rows / height).enumerate()
        {
            for row in 0..height {
                let at = (first_row + index * height + row) * self.depth + step;
                // SAFETY: within the matrix, which nobody writes in this pass.
                let source = unsafe { std::slice::from_raw_parts(self.first.at(at), depth) };
                for (place, word) in panel[row..].iter_mut().step_by(height).zip(source) {
                    *place = *word;
                }
            }
        }
    }

    /// Gives the memory back at once.
    pub fn release(self) {
        [self.first, self.second, self.sums].into_iter().for_each(Pages::release);
    }

    /// Compares some sums with exact ones.
    pub fn verify(&mut self) -> Result<(), Error> {
        let step = (self.gemm.n as usize).div_ceil(CHECKED);
        let places = (0..self.gemm.n as usize).step_by(step);
        places
            .clone()
            .try_for_each(|row| places.clone().try_for_each(|column| self.verify_one(row, column)))
    }

    fn verify_one(&mut self, row: usize, column: usize) -> Result<(), Error> {
        let Gemm { precision, n } = self.gemm;
        let stride = self.panels * self.shape.columns;
        let sum = operands::value(precision, self.sums.values()[row * stride + column]);
        let expected = operands::product(precision, n as usize, row, column);
        if sum == expected as f64 {
            return Ok(());
        }
        let text = format!("row {row}, column {column} is {sum}, but should be {expected}");
        Err(Error::Wrong(format!("{}: {text}", precision.name())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gemm::Precision;

    #[test]
    fn every_sum_of_a_product_is_exact() {
        // Below a tile, around one, more than a block of rows, more than one of the depth.
        for n in [1, 3, 16, 47, 130, 301] {
            for precision in Precision::ALL {
                for tier in FusedTier::all() {
                    let threads = if n > 200 { 64 } else { 1 };
                    let mut matrices = Matrices::new(Gemm { precision, n }, tier, threads).unwrap();
                    let control = Control::default();
                    (0..matrices.row_blocks).for_each(|block| {
                        matrices.fill_rows(block);
                    });
                    (0..matrices.panels).for_each(|panel| {
                        matrices.fill_panel(panel);
                    });
                    for task in 0..matrices.row_blocks * matrices.column_blocks {
                        matrices.multiply(task, &control).unwrap();
                    }
                    for row in 0..n as usize {
                        for column in 0..n as usize {
                            let checked = matrices.verify_one(row, column);
                            assert_eq!(checked, Ok(()), "n = {n}, {}", tier.name());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_wrong_sum_is_found() {
        let gemm = Gemm { precision: Precision::Int8, n: 5 };
        let mut matrices = Matrices::new(gemm, FusedTier::detect(), 1).unwrap();
        // Nothing was multiplied.
        assert!(matches!(matrices.verify(), Err(Error::Wrong(_))));
    }
}
