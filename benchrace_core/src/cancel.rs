//! The flag that asks a kernel to stop.

use std::sync::atomic::{AtomicBool, Ordering};

/// Set once from any thread; kernels look at it at least every few milliseconds.
#[derive(Debug, Default)]
pub struct Cancel(AtomicBool);

impl Cancel {
    /// Asks the kernel to stop; cannot be taken back.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the kernel was asked to stop.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_set() {
        let cancel = Cancel::default();
        assert!(!cancel.is_set());
        cancel.set();
        cancel.set();
        assert!(cancel.is_set());
    }
}
