//! A hit on a line of bits: where it is, and the mask that clears its bit.

/// A hit in a form that is quickly struck.
pub trait Hit: Copy + Default {
    /// The hit on a bit.
    fn on(bit: u32) -> Self;

    /// Clears the bit.
    ///
    /// # Safety
    /// The bit is one of this line's.
    unsafe fn clear(self, line: &mut [u8]);

    /// As `clear`, of a hit in memory.
    ///
    /// # Safety
    /// As for `clear`.
    #[inline(always)]
    unsafe fn strike(&self, line: &mut [u8]) {
        // SAFETY: a reference is readable. Volatile, because the compiler would load a whole
        // vector of hits and take it apart, at twice the cost.
        let hit = unsafe { std::ptr::from_ref(self).read_volatile() };
        // SAFETY: as the caller vouches.
        unsafe { hit.clear(line) };
    }
}

/// The index of a byte in the upper 24 bits, and its mask in the lower 8.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct ByteHit(u32);

impl Hit for ByteHit {
    #[inline(always)]
    fn on(bit: u32) -> Self {
        ByteHit((bit >> 3 << 8) | u32::from(!(1_u8 << (bit & 7))))
    }

    #[inline(always)]
    unsafe fn clear(self, line: &mut [u8]) {
        let index = (self.0 >> 8) as usize;
        debug_assert!(index < line.len());
        // SAFETY: as the caller vouches.
        let byte = unsafe { line.get_unchecked_mut(index) };
        *byte &= self.0 as u8;
    }
}

/// The index of a word of 32 bits in the upper half, and its mask in the lower. Twice as large,
/// but Zen 3 strikes words in two thirds of the time.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct WordHit(u64);

#[cfg(target_arch = "x86_64")]
impl Hit for WordHit {
    #[inline(always)]
    fn on(bit: u32) -> Self {
        WordHit((u64::from(bit >> 5) << 32) | u64::from(!(1_u32 << (bit & 31))))
    }

    /// Clears the bit of a line of whole words.
    #[inline(always)]
    unsafe fn clear(self, line: &mut [u8]) {
        let index = (self.0 >> 32) as usize;
        debug_assert!(line.len().is_multiple_of(4) && index < line.len() / 4);
        // SAFETY: as the caller vouches, the word is within the line.
        let word = unsafe { line.as_mut_ptr().cast::<u32>().add(index) };
        // SAFETY: as above.
        unsafe { word.write_unaligned(word.read_unaligned() & self.0 as u32) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hit_holds_its_place_and_mask() {
        assert_eq!(ByteHit::on(0), ByteHit(0xfe));
        assert_eq!(ByteHit::on(15), ByteHit((1 << 8) | 0x7f));
        assert_eq!(ByteHit::on(1_000_003), ByteHit((125_000 << 8) | 0xf7));
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn a_hit_on_a_word_holds_its_place_and_mask() {
        assert_eq!(WordHit::on(0), WordHit(0xffff_fffe));
        assert_eq!(WordHit::on(63), WordHit((1 << 32) | 0x7fff_ffff));
        assert_eq!(WordHit::on(1_000_003), WordHit((31_250 << 32) | 0xffff_fff7));
    }

    fn clears_its_bit_only<H: Hit>() {
        for bit in 0..512 {
            let mut line = [0xff; 64];
            // SAFETY: the line has 512 bits.
            unsafe { H::on(bit as u32).strike(&mut line) };
            let left: Vec<usize> = (0..512).filter(|b| line[b / 8] >> (b % 8) & 1 == 0).collect();
            assert_eq!(left, [bit]);
        }
    }

    #[test]
    fn hits_clear_their_bits() {
        clears_its_bit_only::<ByteHit>();
        #[cfg(target_arch = "x86_64")]
        clears_its_bit_only::<WordHit>();
    }
}
