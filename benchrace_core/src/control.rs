//! What a kernel is given to be watched and stopped by.

use crate::cancel::Cancel;
use crate::error::Error;
use crate::progress::Progress;

/// One run's cancel flag and progress, shared by its threads and its watchers.
#[derive(Debug, Default)]
pub struct Control {
    /// Asks the kernel to stop.
    pub cancel: Cancel,
    /// Counts finished blocks.
    pub progress: Progress,
}

impl Control {
    /// Fails with `Cancelled` once the flag is set.
    pub fn check(&self) -> Result<(), Error> {
        if self.cancel.is_set() { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// Counts a finished block, then looks at the flag.
    pub fn block_done(&self) -> Result<(), Error> {
        self.progress.advance();
        self.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_block_counts_even_when_cancelled() {
        let control = Control::default();
        assert_eq!(control.block_done(), Ok(()));
        control.cancel.set();
        assert_eq!(control.block_done(), Err(Error::Cancelled));
        assert_eq!(control.progress.get().0, 2);
    }
}
