//! The matrices that are multiplied: numbers without meaning, whose products are exact.

use super::Precision;

/// A number of the first matrix, by row and depth; `n` numbers in each direction.
///
/// Numbers in single precision are integers from -127 to 127: their sums stay far below 2^24, so
/// that they are exact in any order. Bytes of the first matrix go from 0 to 127.
pub fn first(precision: Precision, row: usize, depth: usize) -> i32 {
    let random = mixed(row as u64, depth as u64, 1);
    match precision {
        Precision::F32 => (random % 255) as i32 - 127,
        Precision::Int8 => (random % 128) as i32,
    }
}

/// A number of the second matrix, by depth and column: from -127 to 127.
pub fn second(depth: usize, column: usize) -> i32 {
    (mixed(depth as u64, column as u64, 2) % 255) as i32 - 127
}

/// The word at a place along the depth, of numbers that `number` gives; zeros from `n` on.
pub fn word(precision: Precision, n: usize, step: usize, number: impl Fn(usize) -> i32) -> u32 {
    let number = |depth| if depth < n { number(depth) } else { 0 };
    match precision {
        Precision::F32 => (number(step) as f32).to_bits(),
        Precision::Int8 => u32::from_le_bytes(std::array::from_fn(|i| number(step * 4 + i) as u8)),
    }
}

/// The sum at a place of the product.
pub fn product(precision: Precision, n: usize, row: usize, column: usize) -> i64 {
    (0..n).map(|k| i64::from(first(precision, row, k)) * i64::from(second(k, column))).sum()
}

/// A sum as it stands in memory.
pub fn value(precision: Precision, sum: u32) -> f64 {
    match precision {
        Precision::F32 => f64::from(f32::from_bits(sum)),
        Precision::Int8 => f64::from(sum as i32),
    }
}

fn mixed(one: u64, other: u64, seed: u64) -> u64 {
    let mixed = (one << 32 ^ other << 2 ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed >> 33
}
