//! Work that is repeated and timed pass by pass, on threads that begin together.

pub mod share;
pub mod size;
pub mod team;

use crate::control::Control;
use crate::dispatch::FusedTier;
use crate::error::Error;
use team::Team;

/// The passes of one kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    /// Name of the kernel.
    pub kernel: &'static str,
    /// What a pass works on, in the unit of the run: bytes, or operations.
    pub amount: u64,
    /// Nanoseconds of each pass, from its first thread's start to its last thread's end.
    pub elapsed_ns: Vec<u64>,
    /// The most threads that had work in a pass.
    pub threads_used: usize,
    /// The most threads that were bound to a core each.
    pub cores_pinned: usize,
}

/// How kernels are measured.
#[derive(Debug)]
pub struct Measuring<'a> {
    /// Passes of each kernel.
    pub passes: usize,
    /// The instructions to use.
    pub tier: FusedTier,
    /// The threads.
    pub team: Team,
    /// Watches and stops the run.
    pub control: &'a Control,
}

impl Measuring<'_> {
    /// Times passes over slices `0..slices`; `check` looks at the sum of what they returned.
    pub fn sweep(
        &self,
        kernel: &'static str,
        amount: u64,
        slices: u64,
        work: impl Fn(u64) -> Result<u64, Error> + Sync,
        check: impl Fn(u64) -> Result<(), Error>,
    ) -> Result<Sweep, Error> {
        let mut sweep =
            Sweep { kernel, amount, elapsed_ns: Vec::new(), threads_used: 0, cores_pinned: 0 };
        for _ in 0..self.passes {
            let pass = self.team.pass(slices, self.control, &work)?;
            check(pass.sum)?;
            sweep.elapsed_ns.push(pass.elapsed_ns);
            sweep.threads_used = sweep.threads_used.max(pass.threads_used);
            sweep.cores_pinned = sweep.cores_pinned.max(pass.cores_pinned);
        }
        Ok(sweep)
    }

    /// Passes once over slices `0..slices`, untimed; the sum of what they returned.
    pub fn once(
        &self,
        slices: u64,
        work: impl Fn(u64) -> Result<u64, Error> + Sync,
    ) -> Result<u64, Error> {
        Ok(self.team.pass(slices, self.control, work)?.sum)
    }
}
