//! A tile of the product, whose sums stay in registers.

use std::marker::PhantomData;

use super::Precision;
use super::register::*;
use crate::dispatch::{FusedTier, Level, Work};

/// Rows and columns of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Rows of the first matrix.
    pub rows: usize,
    /// Columns of the second matrix.
    pub columns: usize,
}

/// A block of tiles: all of one block of rows, and of one panel of columns after another.
#[derive(Debug, Clone, Copy)]
pub struct Block {
    /// Words along the depth.
    pub depth: usize,
    /// Panels of the first matrix: `depth` times the words of a tile's rows, one behind the other.
    pub first: *const u32,
    /// How many.
    pub row_panels: usize,
    /// Panels of the second matrix: `depth` times the words of a tile's columns.
    pub second: *const u32,
    /// From one panel of the second matrix to the next, in words.
    pub panel_stride: usize,
    /// How many.
    pub column_panels: usize,
    /// The sums of the first tile's first row.
    pub sums: *mut u32,
    /// From one row of sums to the next, in words.
    pub stride: usize,
    /// Whether to add to the sums that are there.
    pub adds: bool,
}

// Rows and registers of a tile: as many sums as there are registers, less those for the factors.
#[cfg(target_arch = "x86_64")]
const AVX512: (usize, usize) = (14, 2);
#[cfg(target_arch = "x86_64")]
const AVX2: (usize, usize) = (6, 2);
#[cfg(target_arch = "x86_64")]
const AVX2_BYTES: (usize, usize) = (4, 2);
const BASELINE: (usize, usize) = if cfg!(target_arch = "aarch64") { (8, 3) } else { (6, 2) };

impl Shape {
    /// The shape for a tier's registers.
    pub fn of(precision: Precision, tier: FusedTier) -> Self {
        let ((rows, registers), words) = match (tier.level(), precision) {
            (Level::Baseline, _) => (BASELINE, 4),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2, Precision::F32) => (AVX2, 8),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2, Precision::Int8) => (AVX2_BYTES, 8),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx512, _) => (AVX512, 16),
        };
        Shape { rows, columns: registers * words }
    }
}

/// Works on a block.
///
/// # Safety
/// Panels and sums have the words that the block says, for tiles of the tier's shape; nobody
/// writes to the panels, and the sums are the caller's alone.
pub unsafe fn multiply(precision: Precision, tier: FusedTier, block: Block) {
    match (tier.level(), precision) {
        (Level::Baseline, Precision::F32) => {
            tier.call(Tiles::<Floats4, { BASELINE.0 }, { BASELINE.1 }>(block, PhantomData))
        }
        (Level::Baseline, Precision::Int8) => {
            tier.call(Tiles::<Bytes4, { BASELINE.0 }, { BASELINE.1 }>(block, PhantomData))
        }
        #[cfg(target_arch = "x86_64")]
        (Level::Avx2, Precision::F32) => {
            tier.call(Tiles::<Floats8, { AVX2.0 }, { AVX2.1 }>(block, PhantomData))
        }
        #[cfg(target_arch = "x86_64")]
        (Level::Avx2, Precision::Int8) => {
            tier.call(Tiles::<Bytes8, { AVX2_BYTES.0 }, { AVX2_BYTES.1 }>(block, PhantomData))
        }
        #[cfg(target_arch = "x86_64")]
        (Level::Avx512, Precision::F32) => {
            tier.call(Tiles::<Floats16, { AVX512.0 }, { AVX512.1 }>(block, PhantomData))
        }
        #[cfg(target_arch = "x86_64")]
        (Level::Avx512, Precision::Int8) => {
            tier.call(Tiles::<Bytes16, { AVX512.0 }, { AVX512.1 }>(block, PhantomData))
        }
    }
}

/// Only [`multiply`] makes one.
struct Tiles<R, const ROWS: usize, const REGISTERS: usize>(Block, PhantomData<R>);

impl<R: Register, const ROWS: usize, const REGISTERS: usize> Work for Tiles<R, ROWS, REGISTERS> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Tiles(block, _) = self;
        let columns = REGISTERS * R::WORDS;
        for panel in 0..block.column_panels {
            for rows in 0..block.row_panels {
                // SAFETY: the caller of `multiply` vouches for panels and sums; a tier has its
                // level's registers.
                unsafe {
                    let first = block.first.add(rows * block.depth * ROWS);
                    let second = block.second.add(panel * block.panel_stride);
                    let sums = block.sums.add(rows * ROWS * block.stride + panel * columns);
                    tile::<R, ROWS, REGISTERS>(&block, first, second, sums);
                }
            }
        }
    }
}

/// # Safety
/// As for `multiply`.
#[inline(always)]
unsafe fn tile<R: Register, const ROWS: usize, const REGISTERS: usize>(
    block: &Block,
    first: *const u32,
    second: *const u32,
    target: *mut u32,
) {
    // SAFETY: the caller vouches for it.
    unsafe {
        let mut sums = [[R::zero(); REGISTERS]; ROWS];
        for step in 0..block.depth {
            let second = second.add(step * REGISTERS * R::WORDS);
            let mut factors = [R::zero(); REGISTERS];
            for (register, factor) in factors.iter_mut().enumerate() {
                *factor = R::load(second.add(register * R::WORDS));
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                let factor = R::splat(first.add(step * ROWS + row));
                for (sum, other) in sums.iter_mut().zip(factors) {
                    *sum = sum.plus(factor, other);
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            for (register, sum) in sums.iter().enumerate() {
                let target = target.add(row * block.stride + register * R::WORDS);
                let sum = if block.adds { sum.sum(R::load(target)) } else { *sum };
                sum.store(target);
            }
        }
    }
}
