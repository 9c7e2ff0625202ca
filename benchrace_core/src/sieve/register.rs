//! Vector registers of bytes, as wide as each level of instructions has them.

/// A register that holds bytes.
pub trait Register: Copy {
    /// Bytes of a register.
    const BYTES: usize = size_of::<Self>();

    /// A register of 1 bits.
    fn ones() -> Self;

    /// The bytes at an address of any alignment.
    ///
    /// # Safety
    /// As many bytes may be read there, and the processor has the register's instructions.
    unsafe fn load(source: *const u8) -> Self;

    /// The bits that both have.
    ///
    /// # Safety
    /// The processor has the register's instructions.
    unsafe fn and(self, other: Self) -> Self;

    /// Writes the bytes to an address of any alignment.
    ///
    /// # Safety
    /// As many bytes may be written there, and the processor has the register's instructions.
    unsafe fn store(self, target: *mut u8);
}

/// Sixteen bytes without intrinsics: the compiler finds the instructions of the baseline (SSE2,
/// NEON) for these by itself.
impl Register for [u64; 2] {
    #[inline(always)]
    fn ones() -> Self {
        [u64::MAX; 2]
    }

    #[inline(always)]
    unsafe fn load(source: *const u8) -> Self {
        // SAFETY: the caller vouches for the bytes; every bit pattern is a value.
        unsafe { source.cast::<Self>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn and(self, other: Self) -> Self {
        [self[0] & other[0], self[1] & other[1]]
    }

    #[inline(always)]
    unsafe fn store(self, target: *mut u8) {
        // SAFETY: the caller vouches for the bytes.
        unsafe { target.cast::<Self>().write_unaligned(self) }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Register;
    use std::arch::x86_64::{__m256i, __m512i, _mm256_and_si256, _mm512_and_si512};

    /// Loads and stores by whole values compile to the register's own instructions where a
    /// function has them, and a value of all ones needs none.
    macro_rules! register {
        ($register:ty, $and:ident) => {
            impl Register for $register {
                #[inline(always)]
                fn ones() -> Self {
                    // SAFETY: every bit pattern is a value.
                    unsafe { std::mem::transmute([0xff_u8; size_of::<Self>()]) }
                }

                #[inline(always)]
                unsafe fn load(source: *const u8) -> Self {
                    // SAFETY: the caller vouches for the bytes; every bit pattern is a value.
                    unsafe { source.cast::<Self>().read_unaligned() }
                }

                #[inline(always)]
                unsafe fn and(self, other: Self) -> Self {
                    // SAFETY: the caller vouches for the instructions.
                    unsafe { $and(self, other) }
                }

                #[inline(always)]
                unsafe fn store(self, target: *mut u8) {
                    // SAFETY: the caller vouches for the bytes.
                    unsafe { target.cast::<Self>().write_unaligned(self) }
                }
            }
        };
    }

    register!(__m256i, _mm256_and_si256);
    register!(__m512i, _mm512_and_si512);
}
