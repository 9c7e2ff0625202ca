//! How a count up to `n` is cut into blocks and tasks.

use std::ops::Range;

use crate::machine::cache::Caches;
use crate::sieve::wheel::Wheel;

/// Tasks that each thread should find, so that the last one does not keep the others waiting.
const TASKS_PER_THREAD: u64 = 16;

/// Segments of columns times groups of classes. A block is one class of one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Columns of a whole segment, a multiple of 64.
    pub columns: u64,
    /// Segments that cover all columns up to the limit.
    pub segments: u64,
    /// Classes of the wheel.
    pub classes: usize,
    /// Classes that one task sieves in a row.
    pub group: usize,
}

/// One task: some neighbouring classes of one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// First column of the segment.
    pub column: u64,
    /// Indexes of its classes.
    pub classes: Range<usize>,
}

/// Bits of a block: within the first-level cache, more where there are primes beyond its length.
pub fn block_bits(n: u64, caches: Caches) -> u64 {
    // A quarter of the cache is left to the primes and their states.
    let smallest = caches.l1 as u64 * 3 / 4 * 8;
    let largest = (caches.l2 as u64 / 2 * 8).max(smallest);
    n.isqrt().clamp(smallest, largest)
}

impl Layout {
    /// The layout for blocks of at most about `block_bits`, spread over `threads`.
    pub fn new(wheel: &Wheel, n: u64, threads: usize, block_bits: u64) -> Self {
        let all = n / u64::from(wheel.modulus) + 1;
        let segments = all.div_ceil(block_bits.next_multiple_of(64));
        let columns = all.div_ceil(segments).next_multiple_of(64);
        let segments = all.div_ceil(columns);
        let classes = wheel.residues.len();
        let wanted = (TASKS_PER_THREAD * threads as u64).div_ceil(segments);
        let group = classes.div_ceil(wanted.min(classes as u64) as usize);
        Layout { columns, segments, classes, group }
    }

    fn groups(&self) -> u64 {
        self.classes.div_ceil(self.group) as u64
    }

    /// Number of tasks.
    pub fn tasks(&self) -> u64 {
        self.segments * self.groups()
    }

    /// Number of blocks of all tasks.
    pub fn blocks(&self) -> u64 {
        self.segments * self.classes as u64
    }

    /// The task of this number, `0..tasks()`.
    pub fn task(&self, index: u64) -> Task {
        let first = (index % self.groups()) as usize * self.group;
        Task {
            column: index / self.groups() * self.columns,
            classes: first..(first + self.group).min(self.classes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::cache::DEFAULT;
    use crate::sieve::wheel::SIZES;

    #[test]
    fn tasks_cover_every_block_once() {
        for (size, n, threads, bits) in
            [(0, 0, 1, 64), (0, 29, 2, 64), (1, 1_000_000, 2, 640), (2, 10_u64.pow(8), 3, 4096)]
        {
            let wheel = Wheel::new(SIZES[size]);
            let layout = Layout::new(&wheel, n, threads, bits);
            let mut blocks = Vec::new();
            for task in (0..layout.tasks()).map(|index| layout.task(index)) {
                blocks.extend(task.classes.map(|class| (task.column, class)));
            }
            blocks.sort_unstable();
            let expected: Vec<_> = (0..layout.segments)
                .flat_map(|s| (0..layout.classes).map(move |c| (s, c)))
                .map(|(s, c)| (s * layout.columns, c))
                .collect();
            assert_eq!(blocks, expected);
            assert_eq!(blocks.len() as u64, layout.blocks());
            assert!(layout.columns * layout.segments > n / u64::from(wheel.modulus));
        }
    }

    #[test]
    fn large_counts_give_each_thread_enough_tasks() {
        let wheel = Wheel::for_limit(10_u64.pow(9));
        let layout = Layout::new(&wheel, 10_u64.pow(9), 8, block_bits(10_u64.pow(9), DEFAULT));
        assert!(layout.tasks() >= 8 * TASKS_PER_THREAD);
    }

    #[test]
    fn blocks_grow_with_the_primes_up_to_the_second_cache() {
        assert_eq!(block_bits(1000, DEFAULT), 24 * 1024 * 8);
        assert_eq!(block_bits(10_u64.pow(12), DEFAULT), 1_000_000);
        assert_eq!(block_bits(10_u64.pow(13), DEFAULT), 128 * 1024 * 8);
    }
}
