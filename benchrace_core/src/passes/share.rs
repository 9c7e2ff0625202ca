//! Slices of work, dealt to threads so that each stays in its own part as long as it can.

use std::sync::atomic::{AtomicU64, Ordering};

/// Slices `0..total` in one region a thread. A thread takes the slices of its own region, whose
/// memory is near it, then those that slower threads have left.
#[derive(Debug)]
pub struct Slices {
    /// The next slice and the end of each region.
    regions: Vec<(AtomicU64, u64)>,
}

impl Slices {
    /// Deals `total` slices to this many threads.
    pub fn new(total: u64, threads: usize) -> Self {
        let threads = threads.max(1) as u64;
        let border =
            |region: u64| (u128::from(total) * u128::from(region) / u128::from(threads)) as u64;
        let region = |index| (AtomicU64::new(border(index)), border(index + 1));
        Slices { regions: (0..threads).map(region).collect() }
    }

    /// A slice for this thread, `None` once all are taken.
    pub fn take(&self, thread: usize) -> Option<u64> {
        let (earlier, own) = self.regions.split_at(thread);
        own.iter().chain(earlier).find_map(|(next, end)| {
            let has_left = next.load(Ordering::Relaxed) < *end;
            let slice = has_left.then(|| next.fetch_add(1, Ordering::Relaxed))?;
            (slice < *end).then_some(slice)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_slice_is_taken_once_own_ones_first() {
        for (total, threads) in [(0, 3), (1, 3), (7, 2), (100, 7), (5, 1)] {
            let slices = Slices::new(total, threads);
            let mut taken: Vec<u64> = Vec::new();
            let last = threads - 1;
            if let Some(first) = slices.take(last) {
                assert_eq!(first, total * last as u64 / threads as u64);
                taken.push(first);
            }
            taken.extend(std::iter::from_fn(|| slices.take(0)));
            taken.sort_unstable();
            assert_eq!(taken, (0..total).collect::<Vec<_>>());
            assert_eq!(slices.take(last), None);
        }
    }
}
