//! A matrix times a matrix: what reading a prompt mostly is.

mod operands;
mod register;
mod tile;

use tile::{Block, Shape};

use crate::control::Control;
use crate::dispatch::FusedTier;
use crate::error::Error;
use crate::machine::pages::Pages;
use crate::passes::{Measuring, Sweep};

/// Words along the depth that are multiplied at once: a panel of columns stays in the first cache.
const DEPTH: usize = 256;
/// The most rows of a task, roughly: its block of the first matrix stays in the second cache.
const ROWS: usize = 96;
/// The most columns of a task, roughly.
const COLUMNS: usize = 1024;
/// Columns that a task keeps as long as it can lose rows: they share the packing of its rows.
const COLUMNS_KEPT: usize = 256;
/// Rows that a task keeps at the least: they share the loading of its columns.
const ROWS_KEPT: usize = 24;
/// Tasks of a thread: the last ones to end keep the others waiting for about an eighth.
const TASKS: usize = 8;
/// Sums that are compared with exact ones after the last pass, in each direction.
const CHECKED: usize = 8;

/// The largest `n`: three matrices of 4 GiB.
pub const MOST: u64 = 1 << 15;

/// What the numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// Single precision.
    F32,
    /// Unsigned bytes up to 127 times signed bytes, added up in 32 bits.
    Int8,
}

impl Precision {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::F32, Self::Int8];

    /// The name, as callers write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Int8 => "int8",
        }
    }

    /// The precision of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|precision| precision.name() == name)
    }

    /// Words of this many numbers along the depth.
    fn words(self, n: usize) -> usize {
        match self {
            Self::F32 => n,
            Self::Int8 => n.div_ceil(4),
        }
    }
}

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
            let arrays = [matrices.first, matrices.second, matrices.sums];
            arrays.into_iter().for_each(Pages::release);
        }
        result
    }
}

/// Tiles of a block of rows and panels of one of columns: as large as caches allow, but so small
/// that each thread gets some tasks.
fn blocks(shape: &Shape, tiles: usize, panels: usize, threads: usize) -> (usize, usize) {
    let (mut rows, mut columns) = ((ROWS / shape.rows).max(1), (COLUMNS / shape.columns).max(1));
    while tiles.div_ceil(rows) * panels.div_ceil(columns) < TASKS * threads {
        if columns * shape.columns > COLUMNS_KEPT {
            columns /= 2;
        } else if rows * shape.rows >= 2 * ROWS_KEPT {
            rows /= 2;
        } else if columns > 1 {
            columns /= 2;
        } else {
            break;
        }
    }
    (rows, columns)
}

/// The matrices. The second one is packed into panels beforehand, as engines pack weights when
/// they load them; packing the first one is part of the product.
struct Matrices {
    gemm: Gemm,
    tier: FusedTier,
    shape: Shape,
    /// Words along the depth.
    depth: usize,
    /// Tiles of a block of rows, and how many blocks there are.
    block_tiles: usize,
    row_blocks: usize,
    /// Panels of a block of columns, how many blocks there are, and how many panels.
    block_panels: usize,
    column_blocks: usize,
    panels: usize,
    /// Row by row.
    first: Pages<u32>,
    /// Panel by panel.
    second: Pages<u32>,
    /// Row by row.
    sums: Pages<u32>,
}

impl Matrices {
    /// Matrices of zeros, filled up to whole tiles; `None` if the system refuses the memory.
    fn new(gemm: Gemm, tier: FusedTier, threads: usize) -> Option<Self> {
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

    fn fill_rows(&self, block: usize) -> u64 {
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

    fn fill_panel(&self, panel: usize) -> u64 {
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
    fn multiply(&self, task: usize, control: &Control) -> Result<u64, Error> {
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

    /// Compares some sums with exact ones.
    fn verify(&mut self) -> Result<(), Error> {
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
    use crate::passes::team::Team;

    fn measuring(tier: FusedTier, control: &Control) -> Measuring<'_> {
        Measuring { passes: 2, tier, team: Team::new(2, false), control }
    }

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
    fn every_thread_gets_some_tasks() {
        for precision in Precision::ALL {
            for tier in FusedTier::all() {
                let shape = Shape::of(precision, tier);
                let (tiles, panels) = (2048_usize.div_ceil(shape.rows), 2048 / shape.columns);
                let tasks = |threads| {
                    let (rows, columns) = blocks(&shape, tiles, panels, threads);
                    assert!(rows * shape.rows <= ROWS && columns * shape.columns <= COLUMNS);
                    tiles.div_ceil(rows) * panels.div_ceil(columns)
                };
                let name = format!("{}, {}", precision.name(), tier.name());
                assert!(tasks(1) < 60, "{name}: {}", tasks(1));
                assert!(tasks(64) >= 8 * 64, "{name}: {}", tasks(64));
                assert!(tasks(128) >= 8 * 128, "{name}: {}", tasks(128));
                // No more than one tile can be had.
                assert_eq!(blocks(&shape, 1, 1, 1000).1, 1);
            }
        }
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
    fn a_wrong_sum_is_found() {
        let gemm = Gemm { precision: Precision::Int8, n: 5 };
        let mut matrices = Matrices::new(gemm, FusedTier::detect(), 1).unwrap();
        // Nothing was multiplied.
        assert!(matches!(matrices.verify(), Err(Error::Wrong(_))));
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
