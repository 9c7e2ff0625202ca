//! Registers of a matrix product, and what one multiplication adds.
//!
//! Factors are words of 32 bits: a single-precision number, or four bytes that follow each other
//! along the depth, those of the first matrix unsigned and at most 127, the others signed. Sums
//! are words as well: a single-precision number, or an integer.

/// A register of words.
///
/// The methods are unsafe to call: the processor must have the register's instructions, and the
/// addresses must have as many words.
pub trait Register: Copy {
    /// Words of a register.
    const WORDS: usize = size_of::<Self>() / 4;

    /// A register of zeros.
    unsafe fn zero() -> Self;
    /// The words at an address.
    unsafe fn load(at: *const u32) -> Self;
    /// One word everywhere.
    unsafe fn splat(at: *const u32) -> Self;
    /// The sums, and the products of two registers of factors.
    unsafe fn plus(self, first: Self, second: Self) -> Self;
    /// Sums of sums.
    unsafe fn sum(self, other: Self) -> Self;
    /// Writes the words to an address.
    unsafe fn store(self, at: *mut u32);
}

/// Four words for any processor: the compiler finds instructions by itself.
macro_rules! portable {
    ($name:ident, $plus:expr, $sum:expr) => {
        #[derive(Clone, Copy)]
        pub struct $name([u32; 4]);

        // SAFETY of the methods' bodies: what `Register` asks of their callers.
        impl Register for $name {
            #[inline(always)]
            unsafe fn zero() -> Self {
                $name([0; 4])
            }
            #[inline(always)]
            unsafe fn load(at: *const u32) -> Self {
                // SAFETY: see above.
                $name(unsafe { at.cast::<[u32; 4]>().read() })
            }
            #[inline(always)]
            unsafe fn splat(at: *const u32) -> Self {
                // SAFETY: see above.
                $name([unsafe { at.read() }; 4])
            }
            #[inline(always)]
            unsafe fn plus(self, first: Self, second: Self) -> Self {
                let plus = $plus;
                $name(std::array::from_fn(|i| plus(self.0[i], first.0[i], second.0[i])))
            }
            #[inline(always)]
            unsafe fn sum(self, other: Self) -> Self {
                let sum = $sum;
                $name(std::array::from_fn(|i| sum(self.0[i], other.0[i])))
            }
            #[inline(always)]
            unsafe fn store(self, at: *mut u32) {
                // SAFETY: see above.
                unsafe { at.cast::<[u32; 4]>().write(self.0) }
            }
        }
    };
}

portable!(
    Floats4,
    |sum: u32, first: u32, second: u32| {
        let [sum, first, second] = [sum, first, second].map(f32::from_bits);
        // AArch64 multiplies and adds in one instruction, baseline x86-64 would call a function.
        let sum = if cfg!(target_arch = "aarch64") {
            first.mul_add(second, sum)
        } else {
            first * second + sum
        };
        sum.to_bits()
    },
    |one: u32, other: u32| (f32::from_bits(one) + f32::from_bits(other)).to_bits()
);

portable!(
    Bytes4,
    |sum: u32, first: u32, second: u32| {
        let (first, second) = (first.to_le_bytes(), second.to_le_bytes().map(|byte| byte as i8));
        let product = |i: usize| i32::from(i16::from(first[i]) * i16::from(second[i]));
        (sum as i32 + product(0) + product(1) + product(2) + product(3)) as u32
    },
    |one: u32, other: u32| one.wrapping_add(other)
);

#[cfg(target_arch = "x86_64")]
pub use x86::{Bytes8, Bytes16, Floats8, Floats16};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Register;
    use std::arch::x86_64::*;

    macro_rules! register {
        ($name:ident, $vector:ty, |$word:ident| $splat:expr,
         |$sums:ident, $first:ident, $second:ident| $plus:expr,
         |$one:ident, $other:ident| $sum:expr) => {
            #[derive(Clone, Copy)]
            pub struct $name($vector);

            // SAFETY of the methods' bodies: what `Register` asks of their callers.
            impl Register for $name {
                #[inline(always)]
                unsafe fn zero() -> Self {
                    // SAFETY: zeros are a value.
                    $name(unsafe { std::mem::zeroed() })
                }
                #[inline(always)]
                unsafe fn load(at: *const u32) -> Self {
                    // SAFETY: see above.
                    $name(unsafe { at.cast::<$vector>().read_unaligned() })
                }
                #[inline(always)]
                unsafe fn splat(at: *const u32) -> Self {
                    // SAFETY: see above.
                    unsafe {
                        let $word = at.read();
                        $name($splat)
                    }
                }
                #[inline(always)]
                unsafe fn plus(self, first: Self, second: Self) -> Self {
                    let ($sums, $first, $second) = (self.0, first.0, second.0);
                    // SAFETY: see above.
                    $name(unsafe { $plus })
                }
                #[inline(always)]
                unsafe fn sum(self, other: Self) -> Self {
                    let ($one, $other) = (self.0, other.0);
                    // SAFETY: see above.
                    $name(unsafe { $sum })
                }
                #[inline(always)]
                unsafe fn store(self, at: *mut u32) {
                    // SAFETY: see above.
                    unsafe { at.cast::<$vector>().write_unaligned(self.0) }
                }
            }
        };
    }

    register!(
        Floats8,
        __m256,
        |word| _mm256_set1_ps(f32::from_bits(word)),
        |sums, first, second| _mm256_fmadd_ps(first, second, sums),
        |one, other| _mm256_add_ps(one, other)
    );
    register!(
        Floats16,
        __m512,
        |word| _mm512_set1_ps(f32::from_bits(word)),
        |sums, first, second| _mm512_fmadd_ps(first, second, sums),
        |one, other| _mm512_add_ps(one, other)
    );
    // Two products of at most 127 * 128 fit the 16 bits that `vpmaddubsw` saturates at.
    register!(
        Bytes8,
        __m256i,
        |word| _mm256_set1_epi32(word as i32),
        |sums, first, second| {
            let pairs = _mm256_maddubs_epi16(first, second);
            _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
        },
        |one, other| _mm256_add_epi32(one, other)
    );
    register!(
        Bytes16,
        __m512i,
        |word| _mm512_set1_epi32(word as i32),
        |sums, first, second| _mm512_dpbusd_epi32(sums, first, second),
        |one, other| _mm512_add_epi32(one, other)
    );
}
