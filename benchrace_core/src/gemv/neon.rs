//! Products of a block with NEON.

use std::arch::aarch64::*;

use super::format;
use super::lanes::Lanes;

/// Four sums; bytes are multiplied one by one (`smull`) and added in pairs.
#[derive(Clone, Copy)]
pub struct Neon(float32x4_t);

impl Neon {
    /// Adds `scale` times the products of 32 bytes, in two registers each.
    #[inline(always)]
    unsafe fn plus(self, scale: f32, weights: [int8x16_t; 2], quants: *const i8) -> Self {
        // SAFETY: the caller vouches for 32 bytes; every AArch64 processor has NEON.
        unsafe {
            let mut products = vdupq_n_s32(0);
            for (part, weights) in weights.into_iter().enumerate() {
                let quants = vld1q_s8(quants.add(part * 16));
                let low = vmull_s8(vget_low_s8(weights), vget_low_s8(quants));
                let high = vmull_high_s8(weights, quants);
                products = vpadalq_s16(vpadalq_s16(products, low), high);
            }
            Neon(vfmaq_n_f32(self.0, vcvtq_f32_s32(products), scale))
        }
    }
}

// SAFETY of the methods' bodies: what `Lanes` asks of their callers.
impl Lanes for Neon {
    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: see above.
        Neon(unsafe { vdupq_n_f32(0.0) })
    }

    #[inline(always)]
    unsafe fn half(at: *const u8) -> f32 {
        // SAFETY: see above.
        format::half(unsafe { at.cast::<u16>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn add_bytes(self, scale: f32, weights: *const u8, quants: *const i8, _: i32) -> Self {
        // SAFETY: see above.
        unsafe {
            let weights = weights.cast::<i8>();
            self.plus(scale, [vld1q_s8(weights), vld1q_s8(weights.add(16))], quants)
        }
    }

    #[inline(always)]
    unsafe fn add_nibbles(self, scale: f32, weights: *const u8, quants: *const i8, _: i32) -> Self {
        // SAFETY: see above.
        unsafe {
            let bytes = vld1q_u8(weights);
            let halves = [vandq_u8(bytes, vdupq_n_u8(15)), vshrq_n_u8::<4>(bytes)];
            let eight = vdupq_n_s8(8);
            let weights = halves.map(|half| vsubq_s8(vreinterpretq_s8_u8(half), eight));
            self.plus(scale, weights, quants)
        }
    }

    #[inline(always)]
    unsafe fn add_halves(self, weights: *const u8, values: *const f32) -> Self {
        let mut sums = self.0;
        for part in 0..8 {
            let mut numbers = [0_f32; 4];
            for (lane, number) in numbers.iter_mut().enumerate() {
                // SAFETY: see above.
                *number = unsafe { Self::half(weights.add(2 * (part * 4 + lane))) };
            }
            // SAFETY: see above.
            unsafe {
                sums =
                    vfmaq_f32(sums, vld1q_f32(numbers.as_ptr()), vld1q_f32(values.add(part * 4)));
            }
        }
        Neon(sums)
    }

    #[inline(always)]
    unsafe fn total(self) -> f32 {
        // SAFETY: see above.
        unsafe { vaddvq_f32(self.0) }
    }
}
