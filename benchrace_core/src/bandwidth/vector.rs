//! Registers as the passes over memory use them: integers for reading, floats for the triad.

/// The factor of the triad, `a + FACTOR * b`.
pub const FACTOR: f64 = 3.0;

/// A register of 64-bit values.
///
/// # Safety
/// Every bit pattern is a value.
pub unsafe trait Vector: Copy {
    /// Bytes of a register.
    const BYTES: usize = size_of::<Self>();

    /// Adds as integers, wrapping.
    ///
    /// # Safety
    /// The processor has the register's instructions.
    unsafe fn add(self, other: Self) -> Self;

    /// `self + FACTOR * other`, as floats.
    ///
    /// # Safety
    /// The processor has the register's instructions.
    unsafe fn triad(self, other: Self) -> Self;

    /// Writes past the caches, to an address that is a multiple of the register's size. Other
    /// threads see it after [`fence`].
    ///
    /// # Safety
    /// As many bytes may be written there, and the processor has the register's instructions.
    unsafe fn stream(self, target: *mut u8);

    /// A register of zeros.
    #[inline(always)]
    fn zero() -> Self {
        // SAFETY: every bit pattern is a value.
        unsafe { std::mem::zeroed() }
    }

    /// The values at an address of any alignment.
    ///
    /// # Safety
    /// As many bytes may be read there.
    #[inline(always)]
    unsafe fn load(source: *const u8) -> Self {
        // SAFETY: the caller vouches for the bytes; every bit pattern is a value.
        unsafe { source.cast::<Self>().read_unaligned() }
    }

    /// Writes to an address of any alignment.
    ///
    /// # Safety
    /// As many bytes may be written there.
    #[inline(always)]
    unsafe fn store(self, target: *mut u8) {
        // SAFETY: the caller vouches for the bytes.
        unsafe { target.cast::<Self>().write_unaligned(self) }
    }

    /// The sum of the values as integers, wrapped.
    #[inline(always)]
    fn sum(self) -> u64 {
        let mut words = [0_u64; 8];
        // SAFETY: no register is longer than the eight words.
        unsafe { self.store(words.as_mut_ptr().cast()) };
        words.iter().fold(0, |sum, word| sum.wrapping_add(*word))
    }
}

/// Makes streamed values visible to other threads before anything that follows.
#[inline(always)]
pub fn fence() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every processor with 64 bits has the instruction.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}

/// Two words without intrinsics: the compiler finds the baseline's instructions by itself.
#[cfg(not(target_arch = "x86_64"))]
// SAFETY: integers are any bits.
unsafe impl Vector for [u64; 2] {
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        [self[0].wrapping_add(other[0]), self[1].wrapping_add(other[1])]
    }

    #[inline(always)]
    unsafe fn triad(self, other: Self) -> Self {
        let one = |a: u64, b: u64| (f64::from_bits(a) + FACTOR * f64::from_bits(b)).to_bits();
        [one(self[0], other[0]), one(self[1], other[1])]
    }

    #[inline(always)]
    unsafe fn stream(self, target: *mut u8) {
        // SAFETY: the caller vouches for the bytes.
        unsafe { self.store(target) }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{FACTOR, Vector};
    use std::arch::x86_64::*;

    macro_rules! vector {
        ($vector:ty, $add:ident, $floats:ident, $set:ident, $multiply:ident, $plus:ident,
         $integers:ident, $stream:ident) => {
            // SAFETY: registers of integers are any bits.
            unsafe impl Vector for $vector {
                #[inline(always)]
                unsafe fn add(self, other: Self) -> Self {
                    // SAFETY: the caller vouches for the instructions.
                    unsafe { $add(self, other) }
                }

                #[inline(always)]
                unsafe fn triad(self, other: Self) -> Self {
                    // SAFETY: as above.
                    unsafe {
                        let product = $multiply($set(FACTOR), $floats(other));
                        $integers($plus($floats(self), product))
                    }
                }

                #[inline(always)]
                unsafe fn stream(self, target: *mut u8) {
                    // SAFETY: as above, and for bytes and alignment.
                    unsafe { $stream(target.cast(), self) }
                }
            }
        };
    }

    vector!(
        __m128i,
        _mm_add_epi64,
        _mm_castsi128_pd,
        _mm_set1_pd,
        _mm_mul_pd,
        _mm_add_pd,
        _mm_castpd_si128,
        _mm_stream_si128
    );
    vector!(
        __m256i,
        _mm256_add_epi64,
        _mm256_castsi256_pd,
        _mm256_set1_pd,
        _mm256_mul_pd,
        _mm256_add_pd,
        _mm256_castpd_si256,
        _mm256_stream_si256
    );
    vector!(
        __m512i,
        _mm512_add_epi64,
        _mm512_castsi512_pd,
        _mm512_set1_pd,
        _mm512_mul_pd,
        _mm512_add_pd,
        _mm512_castpd_si512,
        _mm512_stream_si512
    );
}
