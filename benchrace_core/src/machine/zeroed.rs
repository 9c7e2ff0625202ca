//! A large array of zeros that can be refused and is given back without making anyone wait.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;
use std::slice;
use std::thread;

/// Freeing less than this takes no time that matters.
const SLOW_TO_FREE: usize = 64 << 20;

/// Bytes that start as zeros; the system hands the pages over when they are first written.
#[derive(Debug)]
pub struct Zeroed {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: the memory belongs to this value alone, and bytes may be used on any thread.
unsafe impl Send for Zeroed {}

impl Zeroed {
    /// An array of this many bytes; `None` if the system refuses (a `Vec` would abort instead).
    pub fn new(bytes: usize) -> Option<Self> {
        // A stricter alignment than malloc's own would be zeroed by hand, page by page.
        let layout = Layout::from_size_align(bytes.max(8), 8).ok()?;
        // SAFETY: the layout's size is not zero.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        Some(Zeroed { start, layout })
    }

    /// All bytes.
    pub fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: start and size come from the allocation, which zeroed all of it.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.layout.size()) }
    }

    /// Gives the memory back, on a thread of its own where that takes long: some gigabytes take
    /// a second, and a cancelled run must end at once. A run that is followed by another one
    /// drops its array instead, so that nothing goes on beside the next.
    pub fn release(self) {
        if self.layout.size() >= SLOW_TO_FREE {
            // Without a thread the closure, and so the array, is dropped here.
            let _ = thread::Builder::new().name("release".into()).spawn(move || drop(self));
        }
    }
}

impl Drop for Zeroed {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout in `new`, freed once.
        unsafe { dealloc(self.start.as_ptr(), self.layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_as_zeros_and_can_be_written() {
        let mut array = Zeroed::new(1000).unwrap();
        assert!(array.bytes().iter().all(|byte| *byte == 0));
        array.bytes()[999] = 7;
        assert_eq!(array.bytes()[999], 7);
        array.release();
    }

    #[test]
    fn impossible_sizes_are_refused() {
        assert!(Zeroed::new(usize::MAX).is_none());
        assert!(Zeroed::new(isize::MAX as usize / 2).is_none());
    }

    #[test]
    fn large_arrays_are_given_back_elsewhere() {
        Zeroed::new(SLOW_TO_FREE).unwrap().release();
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn pages_are_not_touched_before_they_are_written() {
        // Zeroing them here would take seconds that no cancel could cut short.
        let resident = || {
            let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
            statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
        };
        let before = resident();
        let mut array = Zeroed::new(1 << 30).unwrap();
        array.bytes()[0] = 1;
        assert!(resident() < before + (512 << 20));
    }
}
