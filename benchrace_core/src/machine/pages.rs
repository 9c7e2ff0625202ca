//! A large array in memory of its own, on large pages where the system has them.

use std::marker::PhantomData;
use std::ptr::{NonNull, null_mut};
use std::thread;

/// Arrays begin at a multiple of this, the size of a large page on x86-64 and AArch64.
const LARGE_PAGE: usize = 2 << 20;
/// Freeing less than this takes no time that matters.
const SLOW_TO_FREE: usize = 64 << 20;

/// Types whose values are any bits.
///
/// # Safety
/// Every bit pattern is a value, zeros included, and there is no padding.
pub unsafe trait Bits: Copy + Send + Sync {}
// SAFETY: integers and floats are any bits.
unsafe impl Bits for u8 {}
// SAFETY: as above.
unsafe impl Bits for u32 {}
// SAFETY: as above.
unsafe impl Bits for u64 {}
// SAFETY: as above.
unsafe impl Bits for f32 {}

/// Values that start as zeros. The system hands the pages over when they are first written, near
/// the core that writes them.
///
/// Threads write to disjoint parts at once, so access goes through pointers: see [`Pages::at`].
#[derive(Debug)]
pub struct Pages<T> {
    mapped: NonNull<u8>,
    mapped_bytes: usize,
    start: NonNull<T>,
    len: usize,
    kind: PhantomData<T>,
}

// SAFETY: the memory belongs to this value alone, and its values may be used on any thread.
unsafe impl<T: Bits> Send for Pages<T> {}
// SAFETY: shared access is by raw pointers, whose users vouch for disjoint parts.
unsafe impl<T: Bits> Sync for Pages<T> {}

impl<T: Bits> Pages<T> {
    /// An array of this many values; `None` if the system refuses.
    pub fn new(len: usize) -> Option<Self> {
        let bytes = len.checked_mul(size_of::<T>())?.max(1);
        let mapped_bytes = bytes.checked_add(LARGE_PAGE)?;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANON;
        // SAFETY: a new anonymous mapping touches no memory that is in use.
        let mapped = unsafe { libc::mmap(null_mut(), mapped_bytes, protection, flags, -1, 0) };
        if mapped == libc::MAP_FAILED {
            return None;
        }
        let mapped = NonNull::new(mapped.cast::<u8>())?;
        let skip = mapped.as_ptr().align_offset(LARGE_PAGE);
        // SAFETY: less than a large page is skipped, and as much was mapped beyond the array.
        let start = unsafe { mapped.add(skip) };
        #[cfg(target_os = "linux")]
        // SAFETY: the range lies within the mapping; the advice changes no contents.
        unsafe {
            libc::madvise(start.as_ptr().cast(), bytes, libc::MADV_HUGEPAGE);
        }
        Some(Pages { mapped, mapped_bytes, start: start.cast(), len, kind: PhantomData })
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Values of the array.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The address of a value. Reading and writing there is up to the caller: no two threads may
    /// use a value at once if one of them writes it.
    pub fn at(&self, index: usize) -> *mut T {
        assert!(index <= self.len, "{index} is beyond the {} values of the array", self.len);
        // SAFETY: at most one beyond the last value.
        unsafe { self.start.as_ptr().add(index) }
    }

    /// All values, while nobody writes any of them.
    pub fn values(&mut self) -> &[T] {
        // SAFETY: start and length come from the mapping, which began as zeros; the exclusive
        // borrow keeps other users away.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<T: Bits + 'static> Pages<T> {
    /// Gives the memory back, on a thread of its own where that takes long: a cancelled run must
    /// end at once.
    pub fn release(self) {
        if self.mapped_bytes >= SLOW_TO_FREE {
            // Without a thread the closure, and so the array, is dropped here.
            let _ = thread::Builder::new().name("release".into()).spawn(move || drop(self));
        }
    }
}

impl<T> Drop for Pages<T> {
    fn drop(&mut self) {
        // SAFETY: mapped with this size in `new`, given back once.
        unsafe { libc::munmap(self.mapped.as_ptr().cast(), self.mapped_bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_as_zeros_on_a_large_page_and_can_be_written() {
        let mut array = Pages::<u64>::new(100_000).unwrap();
        assert_eq!(array.at(0).align_offset(LARGE_PAGE), 0);
        assert!(array.values().iter().all(|value| *value == 0));
        // SAFETY: the last value of an array that nobody else uses.
        unsafe { array.at(99_999).write(7) };
        assert_eq!(array.values()[99_999], 7);
        array.release();
        Pages::<u8>::new(SLOW_TO_FREE).unwrap().release();
    }

    #[test]
    fn impossible_sizes_are_refused() {
        assert!(Pages::<u64>::new(usize::MAX).is_none());
        assert!(Pages::<u8>::new(1 << 62).is_none());
    }

    #[test]
    #[should_panic(expected = "beyond the 10 values")]
    fn an_address_beyond_the_array_is_a_panic() {
        let _ = Pages::<u8>::new(10).unwrap().at(11);
    }
}
