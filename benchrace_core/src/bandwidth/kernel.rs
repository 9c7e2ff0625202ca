//! What a pass does with each slice of memory.

use std::marker::PhantomData;

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m128i, __m256i, __m512i};

use super::vector::{Vector, fence};
use crate::dispatch::{FusedTier, Level, Work};
use crate::machine::prefetch::{LINE, prefetch};

/// Bytes of a slice: a look at the cancel flag every tenth of a millisecond.
pub const SLICE: usize = 1 << 20;
/// Bytes of a step: eight registers of 64 bytes.
const STEP: usize = 8 * LINE;
/// How far ahead memory is asked for. 2 to 8 KiB were equally good where it was tried.
const AHEAD: usize = 4096;
/// Places of a slice that are read side by side.
const STREAMS: usize = 4;

/// The passes over memory that are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// Reads from front to end, and asks for memory ahead.
    ReadPrefetch,
    /// Reads at four places in turn.
    ReadStreams,
    /// `c = a` with ordinary stores.
    Copy,
    /// `c = a` with stores past the caches.
    CopyNt,
    /// `c = a + 3 b` with ordinary stores.
    Triad,
    /// `c = a + 3 b` with stores past the caches.
    TriadNt,
}

/// Where a slice begins in each array.
#[derive(Debug, Clone, Copy)]
pub struct Slice {
    /// Read.
    pub a: *const u8,
    /// Read by the triad; else unused.
    pub b: *const u8,
    /// Written by copy and triad; else unused.
    pub c: *mut u8,
}

impl Kernel {
    /// All, in the order in which they run.
    pub const ALL: [Self; 6] = [
        Self::ReadPrefetch,
        Self::ReadStreams,
        Self::Copy,
        Self::CopyNt,
        Self::Triad,
        Self::TriadNt,
    ];

    /// The name, as results show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadPrefetch => "read_prefetch",
            Self::ReadStreams => "read_streams",
            Self::Copy => "copy",
            Self::CopyNt => "copy_nt",
            Self::Triad => "triad",
            Self::TriadNt => "triad_nt",
        }
    }

    /// The kernel of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kernel| kernel.name() == name)
    }

    /// Arrays that a pass reads or writes; the bytes of a pass are as many times those of one
    /// array. What ordinary stores read of their target is not counted.
    pub fn arrays(self) -> u64 {
        match self {
            Self::ReadPrefetch | Self::ReadStreams => 1,
            Self::Copy | Self::CopyNt => 2,
            Self::Triad | Self::TriadNt => 3,
        }
    }

    /// Whether the processor has the kernel's stores.
    pub fn is_available(self) -> bool {
        !matches!(self, Self::CopyNt | Self::TriadNt) || cfg!(target_arch = "x86_64")
    }

    /// Works on a slice; the sum of the words that a read saw, 0 of other kernels.
    ///
    /// # Safety
    /// The kernel's arrays have [`SLICE`] bytes at the slice, which begin at a multiple of
    /// [`LINE`]; nobody writes to what it reads, nobody else uses what it writes.
    pub unsafe fn run(self, tier: FusedTier, slice: Slice) -> u64 {
        match tier.level() {
            #[cfg(target_arch = "x86_64")]
            Level::Baseline => tier.call(Passage::<__m128i>::new(self, slice)),
            #[cfg(not(target_arch = "x86_64"))]
            Level::Baseline => tier.call(Passage::<[u64; 2]>::new(self, slice)),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => tier.call(Passage::<__m256i>::new(self, slice)),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => tier.call(Passage::<__m512i>::new(self, slice)),
        }
    }
}

/// A kernel's work on a slice, with registers of one kind. Only [`Kernel::run`] makes one.
struct Passage<V> {
    kernel: Kernel,
    slice: Slice,
    vector: PhantomData<V>,
}

impl<V: Vector> Passage<V> {
    fn new(kernel: Kernel, slice: Slice) -> Self {
        Passage { kernel, slice, vector: PhantomData }
    }
}

impl<V: Vector> Work for Passage<V> {
    type Output = u64;

    #[inline(always)]
    fn run(self) -> u64 {
        // SAFETY: the caller of `Kernel::run` vouches for the slices, and a tier has its level's
        // registers.
        unsafe {
            match self.kernel {
                Kernel::ReadPrefetch => read::<V, 1>(self.slice.a),
                Kernel::ReadStreams => read::<V, STREAMS>(self.slice.a),
                Kernel::Copy => write::<V, false, false>(self.slice),
                Kernel::CopyNt => write::<V, true, false>(self.slice),
                Kernel::Triad => write::<V, false, true>(self.slice),
                Kernel::TriadNt => write::<V, true, true>(self.slice),
            }
        }
    }
}

/// Adds up a slice's words, read at so many places in turn; a single one asks for memory ahead.
///
/// # Safety
/// A slice can be read at `a`, and the processor has the register's instructions.
#[inline(always)]
unsafe fn read<V: Vector, const PLACES: usize>(a: *const u8) -> u64 {
    let mut sums = [V::zero(); 8];
    let stretch = SLICE / PLACES;
    let mut at = 0;
    while at < stretch {
        for place in 0..PLACES {
            let source = a.wrapping_add(place * stretch + at);
            if PLACES == 1 {
                for line in 0..STEP / LINE {
                    prefetch(source.wrapping_add(AHEAD + line * LINE));
                }
            }
            let mut offset = 0;
            while offset < STEP {
                for (index, sum) in sums.iter_mut().enumerate() {
                    // SAFETY: steps divide a stretch, and eight registers a step.
                    unsafe { *sum = sum.add(V::load(source.add(offset + index * V::BYTES))) };
                }
                offset += 8 * V::BYTES;
            }
        }
        at += STEP;
    }
    sums.iter().fold(0, |sum, register| sum.wrapping_add(register.sum()))
}

/// Fills a slice at `c` with the one at `a`, plus three times the one at `b` if `TRIAD`; past the
/// caches if `PAST`.
///
/// # Safety
/// A slice can be read at `a`, and at `b` if `TRIAD`, and written at `c`, a multiple of the register's size, and
/// the processor has the register's instructions.
#[inline(always)]
unsafe fn write<V: Vector, const PAST: bool, const TRIAD: bool>(slice: Slice) -> u64 {
    let Slice { a, b, c } = slice;
    let mut at = 0;
    while at < SLICE {
        for index in 0..4 {
            let offset = at + index * V::BYTES;
            // SAFETY: four registers divide a slice.
            unsafe {
                let target = c.add(offset);
                let mut value = V::load(a.add(offset));
                if TRIAD {
                    value = value.triad(V::load(b.add(offset)));
                }
                if PAST { value.stream(target) } else { value.store(target) }
            }
        }
        at += 4 * V::BYTES;
    }
    if PAST {
        fence();
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::pages::Pages;

    fn filled(value: impl Fn(u64) -> u64) -> Pages<u64> {
        let words = SLICE / 8;
        let array = Pages::<u64>::new(words).unwrap();
        for index in 0..words {
            // SAFETY: nobody else uses the array.
            unsafe { array.at(index).write(value(index as u64)) };
        }
        array
    }

    /// What a kernel returns, and what it leaves in `c`.
    fn run(kernel: Kernel, tier: FusedTier, a: &Pages<u64>, b: &Pages<u64>) -> (u64, Vec<u64>) {
        let mut c = Pages::<u64>::new(SLICE / 8).unwrap();
        let slice = Slice { a: a.at(0).cast(), b: b.at(0).cast(), c: c.at(0).cast() };
        // SAFETY: the arrays have a slice each, on large pages, and nobody else uses them.
        let sum = unsafe { kernel.run(tier, slice) };
        (sum, c.values().to_vec())
    }

    #[test]
    fn reads_see_every_word_once() {
        let mut array = filled(|index| index.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17));
        let expected = array.values().iter().fold(0_u64, |sum, word| sum.wrapping_add(*word));
        for tier in FusedTier::all() {
            for kernel in [Kernel::ReadPrefetch, Kernel::ReadStreams] {
                let (sum, untouched) = run(kernel, tier, &array, &array);
                assert_eq!(sum, expected, "{}, {}", kernel.name(), tier.name());
                assert!(untouched.iter().all(|word| *word == 0));
            }
        }
    }

    #[test]
    fn copies_and_triads_are_exact() {
        let number = |index: u64| (index % 1021) as f64 - 7.25;
        let mut a = filled(|index| number(index).to_bits());
        let b = filled(|index| number(index * 3).to_bits());
        let triad: Vec<u64> = (0..SLICE as u64 / 8)
            .map(|index| (number(index) + 3.0 * number(index * 3)).to_bits())
            .collect();
        let copy = a.values().to_vec();
        for tier in FusedTier::all() {
            for (kernel, expected) in [
                (Kernel::Copy, &copy),
                (Kernel::CopyNt, &copy),
                (Kernel::Triad, &triad),
                (Kernel::TriadNt, &triad),
            ] {
                let (sum, written) = run(kernel, tier, &a, &b);
                assert_eq!(sum, 0);
                assert!(written == *expected, "{}, {}", kernel.name(), tier.name());
            }
        }
    }

    #[test]
    fn names_lead_back() {
        for kernel in Kernel::ALL {
            assert_eq!(Kernel::from_name(kernel.name()), Some(kernel));
        }
        assert_eq!(Kernel::from_name("scale"), None);
    }
}
