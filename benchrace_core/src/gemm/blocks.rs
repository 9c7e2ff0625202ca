//! How a product is cut into tasks.

use super::tile::Shape;

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

/// Tiles of a block of rows and panels of one of columns: as large as caches allow, but so small
/// that each thread gets some tasks.
pub fn blocks(shape: &Shape, tiles: usize, panels: usize, threads: usize) -> (usize, usize) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::FusedTier;
    use crate::gemm::Precision;

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
}
