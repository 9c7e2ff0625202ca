//! How large arrays have to be, so that memory is measured and not a cache.

use std::sync::OnceLock;

use crate::machine::{cache, guest, memory};

/// Arrays have this many times the bytes of the last-level caches.
pub const TIMES_CACHE: u64 = 4;
/// The least where the caches are known: a pass takes some milliseconds.
const LEAST: u64 = 256 << 20;
/// The least where the caches are unknown, or said to be by a hypervisor.
const LEAST_UNKNOWN: u64 = 1 << 30;

/// What decides the sizes of arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Surroundings {
    /// Bytes of all last-level caches.
    pub cache: Option<u64>,
    /// Whether a hypervisor runs below.
    pub is_virtual: Option<bool>,
    /// Bytes that can be allocated.
    pub available: Option<u64>,
}

impl Surroundings {
    /// Those of this machine; reads files, those about the processor once.
    pub fn detect() -> Self {
        // What does not change is read once.
        static FIXED: OnceLock<(Option<bool>, Option<u64>)> = OnceLock::new();
        let (is_virtual, cache) = *FIXED.get_or_init(|| {
            let is_virtual = guest::is_virtual();
            (is_virtual, cache::last_level(is_virtual == Some(true)))
        });
        Surroundings { cache, is_virtual, available: memory::available() }
    }

    /// Bytes for each of `arrays`: enough for the caches, but half of the memory at most.
    pub fn array_bytes(&self, arrays: u64) -> u64 {
        let is_told = self.cache.is_some() && self.is_virtual != Some(true);
        let least = if is_told { LEAST } else { LEAST_UNKNOWN };
        let wanted = self.cache.unwrap_or(0).saturating_mul(TIMES_CACHE).max(least);
        self.available.map_or(wanted, |available| wanted.min(available / 2 / arrays))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn bytes(cache: Option<u64>, is_virtual: Option<bool>, available: Option<u64>) -> u64 {
        Surroundings { cache, is_virtual, available }.array_bytes(3)
    }

    #[test]
    fn arrays_are_four_times_the_cache() {
        let plenty = Some(1 << 40);
        assert_eq!(bytes(Some(300 * MIB), Some(false), plenty), 1200 * MIB);
        assert_eq!(bytes(Some(300 * MIB), None, plenty), 1200 * MIB);
        assert_eq!(bytes(Some(8 * MIB), Some(false), plenty), 256 * MIB);
    }

    #[test]
    fn a_cache_that_nobody_vouches_for_gets_a_gibibyte() {
        assert_eq!(bytes(None, None, None), 1024 * MIB);
        assert_eq!(bytes(Some(16 * MIB), Some(true), None), 1024 * MIB);
        assert_eq!(bytes(Some(300 * MIB), Some(true), None), 1200 * MIB);
    }

    #[test]
    fn half_of_the_memory_is_the_most_for_all() {
        assert_eq!(bytes(Some(300 * MIB), None, Some(600 * MIB)), 100 * MIB);
    }
}
