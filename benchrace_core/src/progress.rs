//! How many blocks are finished, of how many.

use std::sync::atomic::{AtomicU64, Ordering};

/// Two lock-free counters: one add a block, two loads a look.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    /// Says how many blocks the run will have; called once, before the first block.
    pub fn plan(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
    }

    /// Counts one finished block.
    pub fn advance(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// (finished, total) blocks; (0, 0) until the run has been planned.
    pub fn get(&self) -> (u64, u64) {
        // `done` first: a look between plan and block never shows more done than planned.
        let done = self.done.load(Ordering::Relaxed);
        (done, self.total.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_blocks_of_all_threads() {
        let progress = Progress::default();
        assert_eq!(progress.get(), (0, 0));
        progress.plan(200);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..100).for_each(|_| progress.advance()));
            }
        });
        assert_eq!(progress.get(), (200, 200));
    }
}
