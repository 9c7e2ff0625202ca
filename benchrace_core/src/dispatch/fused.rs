//! Tiers for kernels that multiply numbers.

use super::Work;
use super::level::{Found, Level};

/// A tier with what multiplies numbers besides: AVX2 with FMA and F16C, AVX-512 with VNNI as well.
/// Only [`FusedTier::all`] makes one beyond [`FusedTier::BASELINE`]: a tier in hand is safe to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FusedTier(Level);

impl FusedTier {
    /// The tier of every processor of the architecture.
    pub const BASELINE: Self = FusedTier(Level::Baseline);

    /// The best tier of this processor.
    pub fn detect() -> Self {
        Self::all()[0]
    }

    /// Every tier that this processor can run, best first; the last one is the baseline.
    pub fn all() -> Vec<Self> {
        Found::here().fused_levels().into_iter().map(FusedTier).collect()
    }

    /// The tier of this name, if this processor has it; `baseline` is a name of the last one.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|tier| tier.0.is_named(name))
    }

    /// The instructions of the tier, for kernels that are written once per level.
    pub fn level(self) -> Level {
        self.0
    }

    /// The tier's name, as results and documents show it.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Runs the work as compiled for this tier.
    #[inline]
    pub fn call<W: Work>(self, work: W) -> W::Output {
        match self.0 {
            Level::Baseline => work.run(),
            // SAFETY: a tier is only made after its features were detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { avx2_fused(work) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { avx512_fused(work) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma,f16c")]
fn avx2_fused<W: Work>(work: W) -> W::Output {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma,f16c")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq,avx512vnni")]
fn avx512_fused<W: Work>(work: W) -> W::Output {
    work.run()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::{BASELINE, Ones, Tier};

    #[test]
    fn every_fused_tier_gives_the_same_answer() {
        let words = [0x9e37_79b9_7f4a_7c15, 0xffff, 1 << 63];
        for tier in FusedTier::all() {
            assert_eq!(tier.call(Ones(&words)), 38 + 16 + 1, "{}", tier.name());
            assert_eq!(FusedTier::named(tier.name()), Some(tier));
            // The sieve has at least the same ones.
            assert!(Tier::named(tier.name()).is_some());
        }
        assert_eq!(FusedTier::named(BASELINE), Some(FusedTier::BASELINE));
    }
}
