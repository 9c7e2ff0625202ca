//! How a count is cut into blocks and tasks.

use std::ops::{Range, RangeInclusive};

use crate::machine::cache::Caches;
use crate::sieve::large::MAX_BITS;
use crate::sieve::presieve::UNIT;
use crate::sieve::wheel::Wheel;

/// Tasks that each thread should find, so that the last one does not keep the others waiting.
const TASKS_PER_THREAD: u64 = 16;

/// Fewer numbers than this are one task: threads would take longer to start than to count.
const ONE_TASK_BELOW: u64 = 10_000_000;

/// Up to this number there are so few base primes that a task of any size starts quickly.
const QUICK_START_BELOW: u64 = 1_000_000_000;

/// Classes of a task beyond that number, at least. Finding where a base prime strikes first takes
/// four divisions, about as long as passing it through this many classes.
const LEAST_GROUP: u64 = 16;

/// The length of a line is a multiple of this.
const UNIT_BITS: u64 = UNIT as u64 * 8;

/// Segments of columns times groups of classes. A block is one class of one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The first column.
    pub first: u64,
    /// Columns of a whole segment.
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

/// Bits of a block: what the first-level cache holds beside the primes that pass through it.
pub fn block_bits(caches: Caches) -> u64 {
    caches.l1 as u64 * 7 / 8 * 8
}

/// How many numbers a range holds.
pub fn span(numbers: &RangeInclusive<u64>) -> u64 {
    (numbers.end() + 1).saturating_sub(*numbers.start())
}

impl Layout {
    /// The layout for blocks of at most about `block_bits`, spread over `threads`.
    pub fn new(
        wheel: &Wheel,
        numbers: &RangeInclusive<u64>,
        threads: usize,
        block_bits: u64,
    ) -> Self {
        let modulus = u64::from(wheel.modulus);
        let first = numbers.start() / modulus;
        let all = (numbers.end() / modulus + 1).saturating_sub(first);
        let longest = block_bits.clamp(UNIT_BITS, MAX_BITS) / UNIT_BITS * UNIT_BITS;
        let columns = all.div_ceil(all.div_ceil(longest).max(1)).next_multiple_of(UNIT_BITS);
        let columns = columns.max(UNIT_BITS);
        let segments = all.div_ceil(columns);
        let classes = wheel.residues.len();
        // Progress and cancelling go by blocks, so one thread needs no tasks to share.
        let wanted = if threads == 1 || span(numbers) < ONE_TASK_BELOW {
            1
        } else {
            (TASKS_PER_THREAD * threads as u64).div_ceil(segments.max(1))
        };
        let least = if *numbers.end() < QUICK_START_BELOW { 1 } else { LEAST_GROUP };
        let group = (classes as u64 / wanted).max(least).min(classes as u64) as usize;
        Layout { first, columns, segments, classes, group }
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
            column: self.first + index / self.groups() * self.columns,
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
        for (size, numbers, threads, bits) in [
            (0, 1..=1, 1, 64),
            (0, 1..=29, 2, 64),
            (1, 1..=1_000_000, 2, 640),
            (1, 999_983..=1_000_003, 2, 640),
            (2, 1..=10_u64.pow(8), 3, 4096),
            (2, 10_u64.pow(12)..=10_u64.pow(12) + 100_000_000, 3, 4096),
            (3, 7..=10_u64.pow(9), 2, 10_000),
        ] {
            let wheel = Wheel::new(SIZES[size]);
            let layout = Layout::new(&wheel, &numbers, threads, bits);
            let mut blocks = Vec::new();
            for task in (0..layout.tasks()).map(|index| layout.task(index)) {
                blocks.extend(task.classes.map(|class| (task.column, class)));
            }
            blocks.sort_unstable();
            let expected: Vec<_> = (0..layout.segments)
                .flat_map(|s| (0..layout.classes).map(move |c| (s, c)))
                .map(|(s, c)| (layout.first + s * layout.columns, c))
                .collect();
            assert_eq!(blocks, expected);
            assert_eq!(blocks.len() as u64, layout.blocks());
            let modulus = u64::from(wheel.modulus);
            assert!(layout.first * modulus <= *numbers.start());
            let end = layout.first + layout.columns * layout.segments;
            assert!(end * modulus > *numbers.end());
        }
    }

    #[test]
    fn large_counts_give_each_thread_enough_tasks() {
        let numbers = 1..=10_u64.pow(9);
        let wheel = Wheel::for_span(span(&numbers));
        let layout = Layout::new(&wheel, &numbers, 2, block_bits(DEFAULT));
        assert!(layout.tasks() >= 2 * TASKS_PER_THREAD);
    }

    #[test]
    fn one_thread_has_a_task_a_segment() {
        for start in [1, 10_u64.pow(12)] {
            let numbers = start..=start + 100_000_000;
            let layout = Layout::new(&Wheel::new(SIZES[1]), &numbers, 1, block_bits(DEFAULT));
            assert_eq!(layout.tasks(), layout.segments);
        }
    }

    #[test]
    fn tasks_with_many_base_primes_have_some_classes() {
        let bits = block_bits(DEFAULT);
        for (end, least) in [(QUICK_START_BELOW - 1, 1), (QUICK_START_BELOW, 16)] {
            let numbers = end - 100_000_000..=end;
            assert_eq!(Layout::new(&Wheel::new(SIZES[1]), &numbers, 64, bits).group, least);
            let small = Layout::new(&Wheel::new(SIZES[0]), &numbers, 64, bits);
            assert!(small.group <= small.classes);
        }
    }

    #[test]
    fn small_counts_are_a_task_a_segment() {
        let numbers = 1..=ONE_TASK_BELOW - 1;
        let layout = Layout::new(&Wheel::new(SIZES[1]), &numbers, 8, block_bits(DEFAULT));
        assert_eq!(layout.tasks(), layout.segments);
    }

    #[test]
    fn an_empty_range_has_no_task() {
        let (start, end) = (30_000, 29_000);
        let layout = Layout::new(&Wheel::new(SIZES[0]), &(start..=end), 2, 64);
        assert_eq!((layout.tasks(), span(&(start..=end))), (0, 0));
    }

    #[test]
    fn lines_are_whole_units_within_the_first_cache() {
        assert_eq!(block_bits(DEFAULT), 28 * 1024 * 8);
        for bits in [0, 64, 5000, 200_000, u64::MAX] {
            let layout = Layout::new(&Wheel::new(SIZES[0]), &(1..=10_u64.pow(9)), 1, bits);
            assert!(layout.columns.is_multiple_of(UNIT_BITS) && layout.columns <= MAX_BITS);
            assert!(layout.columns <= bits.max(UNIT_BITS));
        }
    }
}
