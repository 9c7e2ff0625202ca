//! Products of a block, with the registers of each level of instructions.

/// The registers in which products of blocks are added up.
///
/// The methods are unsafe to call: the processor must have the level's instructions, and as many
/// bytes must be readable as a block has.
pub trait Lanes: Copy {
    /// Registers of zeros.
    unsafe fn zero() -> Self;

    /// A half-precision number at an address.
    unsafe fn half(at: *const u8) -> f32;

    /// Adds `scale` times the products of 32 signed bytes with the block of activations, whose
    /// bytes add up to `sum`.
    unsafe fn add_bytes(self, scale: f32, weights: *const u8, quants: *const i8, sum: i32) -> Self;

    /// As `add_bytes`, for 16 bytes of two weights each.
    unsafe fn add_nibbles(
        self,
        scale: f32,
        weights: *const u8,
        quants: *const i8,
        sum: i32,
    ) -> Self;

    /// Adds the products of 32 half-precision numbers with as many activations.
    unsafe fn add_halves(self, weights: *const u8, values: *const f32) -> Self;

    /// Adds the lanes up.
    unsafe fn total(self) -> f32;
}

/// Any processor: the compiler finds instructions by itself.
#[derive(Clone, Copy)]
#[cfg_attr(target_arch = "aarch64", allow(dead_code))]
pub struct Portable([f32; 4]);

impl Lanes for Portable {
    #[inline(always)]
    unsafe fn zero() -> Self {
        Portable([0.0; 4])
    }

    #[inline(always)]
    unsafe fn half(at: *const u8) -> f32 {
        // SAFETY: the caller vouches for the bytes.
        super::format::half(unsafe { at.cast::<u16>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn add_bytes(self, scale: f32, weights: *const u8, quants: *const i8, _: i32) -> Self {
        let mut sum = 0;
        for index in 0..32 {
            // SAFETY: as above.
            let (weight, quant) = unsafe { (*weights.add(index) as i8, *quants.add(index)) };
            sum += i32::from(i16::from(weight) * i16::from(quant));
        }
        self.plus(scale, sum)
    }

    #[inline(always)]
    unsafe fn add_nibbles(self, scale: f32, weights: *const u8, quants: *const i8, _: i32) -> Self {
        let mut sum = 0;
        for index in 0..16 {
            // SAFETY: as above.
            let (byte, low, high) =
                unsafe { (*weights.add(index), *quants.add(index), *quants.add(index + 16)) };
            sum += i32::from((i16::from(byte & 15) - 8) * i16::from(low));
            sum += i32::from((i16::from(byte >> 4) - 8) * i16::from(high));
        }
        self.plus(scale, sum)
    }

    #[inline(always)]
    unsafe fn add_halves(self, weights: *const u8, values: *const f32) -> Self {
        let Portable(mut lanes) = self;
        for index in 0..8 {
            for (lane, sum) in lanes.iter_mut().enumerate() {
                let place = index * 4 + lane;
                // SAFETY: as above.
                unsafe { *sum += Self::half(weights.add(2 * place)) * *values.add(place) };
            }
        }
        Portable(lanes)
    }

    #[inline(always)]
    unsafe fn total(self) -> f32 {
        self.0.iter().sum()
    }
}

impl Portable {
    #[inline(always)]
    fn plus(self, scale: f32, sum: i32) -> Self {
        let Portable([first, ..]) = self;
        Portable([first + scale * sum as f32, self.0[1], self.0[2], self.0[3]])
    }
}
