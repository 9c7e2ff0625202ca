//! The bits of one block, with room before and after.

/// A processor's unit of memory traffic: whole vectors of it are read and written.
const ALIGNMENT: usize = 64;

/// The bytes of a block. Strikes of the small primes may begin in the room before it and end in
/// the room after it, which is cheaper than finding exact ends.
#[derive(Debug)]
pub struct Line {
    bytes: Vec<u8>,
    start: usize,
    length: usize,
}

impl Line {
    /// A line of `length` bytes with at least `room` bytes before and after.
    pub fn new(length: usize, room: usize) -> Self {
        let room = room.next_multiple_of(ALIGNMENT);
        let bytes = vec![0; ALIGNMENT + room + length + room];
        let start = bytes.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT) + room;
        Line { bytes, start, length }
    }

    /// The block itself.
    pub fn bits(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + self.length]
    }

    /// Everything, and where the block lies in it: its first byte and the one past its end.
    pub fn with_room(&mut self) -> (&mut [u8], usize, usize) {
        (&mut self.bytes, self.start, self.start + self.length)
    }

    /// As `with_room`, in whole words. The last one of the block may be partly room.
    pub fn words_with_room(&mut self) -> (&mut [u32], usize, usize) {
        let start = self.start / size_of::<u32>();
        let before = self.start % size_of::<u32>();
        // SAFETY: any bytes are words. The block is aligned to more than a word, so none of it is
        // before the first one.
        let (_, words, _) = unsafe { self.bytes[before..].align_to_mut() };
        (words, start, start + self.length.div_ceil(size_of::<u32>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_aligned_and_has_room() {
        for (length, room) in [(8, 0), (512, 1), (1000, 64), (24_576, 4099)] {
            let mut line = Line::new(length, room);
            assert_eq!(line.bits().len(), length);
            assert!(line.bits().as_ptr().addr().is_multiple_of(ALIGNMENT));
            let (bytes, start, end) = line.with_room();
            assert!(start >= room && bytes.len() - end >= room);
            assert_eq!(end - start, length);
            let (begin, room_after) = (bytes[start..].as_ptr().addr(), bytes.len() - end);
            let (words, start, end) = line.words_with_room();
            assert_eq!(words[start..].as_ptr().addr(), begin);
            assert!(4 * start >= room && 4 * (words.len() - start) + 3 >= length + room_after);
            assert!(4 * (end - start) >= length && words.len() >= end);
        }
    }
}
