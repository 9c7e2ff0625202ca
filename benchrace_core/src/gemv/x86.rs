//! Products of a block with AVX2 and with AVX-512 VNNI.

use std::arch::x86_64::*;

use super::lanes::Lanes;

/// Eight sums; bytes are multiplied in pairs (`vpmaddubsw`).
#[derive(Clone, Copy)]
pub struct Avx2(__m256);

/// Eight sums; bytes are multiplied in fours (`vpdpbusd`). Registers of 64 bytes would need two
/// scales each, without being faster.
#[derive(Clone, Copy)]
pub struct Vnni(__m256);

#[inline(always)]
unsafe fn half(at: *const u8) -> f32 {
    // SAFETY: the caller vouches for two bytes and the instruction.
    unsafe {
        let bits = i32::from(at.cast::<u16>().read_unaligned());
        _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(bits)))
    }
}

/// `sums + scale * products`.
#[inline(always)]
unsafe fn scaled(sums: __m256, scale: f32, products: __m256i) -> __m256 {
    // SAFETY: the caller vouches for the instructions.
    unsafe { _mm256_fmadd_ps(_mm256_set1_ps(scale), _mm256_cvtepi32_ps(products), sums) }
}

/// The weights of 16 bytes in the order of their numbers, 0 to 15.
#[inline(always)]
unsafe fn nibbles(weights: *const u8) -> __m256i {
    // SAFETY: the caller vouches for 16 bytes and the instructions.
    unsafe {
        let bytes = weights.cast::<__m128i>().read_unaligned();
        let halves = _mm256_set_m128i(_mm_srli_epi16::<4>(bytes), bytes);
        _mm256_and_si256(halves, _mm256_set1_epi8(15))
    }
}

/// A number in the first lane, zeros in the others.
#[inline(always)]
unsafe fn first(number: i32) -> __m256i {
    // SAFETY: the caller vouches for the instructions.
    unsafe { _mm256_zextsi128_si256(_mm_cvtsi32_si128(number)) }
}

#[inline(always)]
unsafe fn halves(sums: __m256, weights: *const u8, values: *const f32) -> __m256 {
    let mut sums = sums;
    for part in 0..4 {
        // SAFETY: the caller vouches for 32 numbers each and the instructions.
        unsafe {
            let weights = weights.cast::<__m128i>().add(part).read_unaligned();
            let values = _mm256_loadu_ps(values.add(part * 8));
            sums = _mm256_fmadd_ps(_mm256_cvtph_ps(weights), values, sums);
        }
    }
    sums
}

#[inline(always)]
unsafe fn total(sums: __m256) -> f32 {
    let mut lanes = [0_f32; 8];
    // SAFETY: the array has eight numbers; the caller vouches for the instructions.
    unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), sums) };
    lanes.iter().sum()
}

impl Avx2 {
    /// Products of unsigned with signed bytes, four to a lane. Two of them must fit 16 bits.
    #[inline(always)]
    unsafe fn products(unsigned: __m256i, signed: __m256i) -> __m256i {
        // SAFETY: the caller vouches for the instructions.
        unsafe {
            let pairs = _mm256_maddubs_epi16(unsigned, signed);
            _mm256_madd_epi16(pairs, _mm256_set1_epi16(1))
        }
    }
}

// SAFETY of the methods' bodies: what `Lanes` asks of their callers.
impl Lanes for Avx2 {
    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: see above.
        Avx2(unsafe { _mm256_setzero_ps() })
    }

    #[inline(always)]
    unsafe fn half(at: *const u8) -> f32 {
        // SAFETY: see above.
        unsafe { half(at) }
    }

    #[inline(always)]
    unsafe fn add_bytes(self, scale: f32, weights: *const u8, quants: *const i8, _: i32) -> Self {
        // SAFETY: see above. Magnitudes are at most 128 and 127, so that pairs fit.
        unsafe {
            let weights = weights.cast::<__m256i>().read_unaligned();
            let quants = quants.cast::<__m256i>().read_unaligned();
            let magnitudes = _mm256_sign_epi8(weights, weights);
            let products = Self::products(magnitudes, _mm256_sign_epi8(quants, weights));
            Avx2(scaled(self.0, scale, products))
        }
    }

    #[inline(always)]
    unsafe fn add_nibbles(
        self,
        scale: f32,
        weights: *const u8,
        quants: *const i8,
        sum: i32,
    ) -> Self {
        // SAFETY: see above.
        unsafe {
            let quants = quants.cast::<__m256i>().read_unaligned();
            let products = Self::products(nibbles(weights), quants);
            Avx2(scaled(self.0, scale, _mm256_add_epi32(products, first(-8 * sum))))
        }
    }

    #[inline(always)]
    unsafe fn add_halves(self, weights: *const u8, values: *const f32) -> Self {
        // SAFETY: see above.
        Avx2(unsafe { halves(self.0, weights, values) })
    }

    #[inline(always)]
    unsafe fn total(self) -> f32 {
        // SAFETY: see above.
        unsafe { total(self.0) }
    }
}

// SAFETY of the methods' bodies: what `Lanes` asks of their callers.
impl Lanes for Vnni {
    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: see above.
        Vnni(unsafe { _mm256_setzero_ps() })
    }

    #[inline(always)]
    unsafe fn half(at: *const u8) -> f32 {
        // SAFETY: see above.
        unsafe { half(at) }
    }

    #[inline(always)]
    unsafe fn add_bytes(self, scale: f32, weights: *const u8, quants: *const i8, sum: i32) -> Self {
        // SAFETY: see above. The other bit of the sign adds 128 to each weight.
        unsafe {
            let weights = weights.cast::<__m256i>().read_unaligned();
            let unsigned = _mm256_xor_si256(weights, _mm256_set1_epi8(-128));
            let quants = quants.cast::<__m256i>().read_unaligned();
            let products = _mm256_dpbusd_epi32(first(-128 * sum), unsigned, quants);
            Vnni(scaled(self.0, scale, products))
        }
    }

    #[inline(always)]
    unsafe fn add_nibbles(
        self,
        scale: f32,
        weights: *const u8,
        quants: *const i8,
        sum: i32,
    ) -> Self {
        // SAFETY: see above.
        unsafe {
            let quants = quants.cast::<__m256i>().read_unaligned();
            let products = _mm256_dpbusd_epi32(first(-8 * sum), nibbles(weights), quants);
            Vnni(scaled(self.0, scale, products))
        }
    }

    #[inline(always)]
    unsafe fn add_halves(self, weights: *const u8, values: *const f32) -> Self {
        // SAFETY: see above.
        Vnni(unsafe { halves(self.0, weights, values) })
    }

    #[inline(always)]
    unsafe fn total(self) -> f32 {
        // SAFETY: see above.
        unsafe { total(self.0) }
    }
}
