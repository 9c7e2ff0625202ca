//! One portable build, the processor's own instructions: picks a tier at run time.

mod fused;
mod level;

pub use fused::FusedTier;
use level::Found;
pub use level::{BASELINE, Level};

/// A set of instructions that this processor has. Only [`Tier::all`] makes one beyond
/// [`Tier::BASELINE`], so a tier in hand is safe to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier(Level);

/// A piece of work that is compiled once per tier. `run` and all that it calls in its inner loop
/// must be `#[inline(always)]`, or it is compiled for the baseline only.
pub trait Work {
    /// What the work gives back.
    type Output;
    /// Does the work.
    fn run(self) -> Self::Output;
}

impl Tier {
    /// The tier of every processor of the architecture.
    pub const BASELINE: Self = Tier(Level::Baseline);

    /// The best tier of this processor.
    pub fn detect() -> Self {
        Self::all()[0]
    }

    /// Every tier that this processor can run, best first; the last one is the baseline.
    pub fn all() -> Vec<Self> {
        Found::here().levels().into_iter().map(Tier).collect()
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
            Level::Avx2 => unsafe { avx2(work) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { avx512(work) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn avx2<W: Work>(work: W) -> W::Output {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq")]
fn avx512<W: Work>(work: W) -> W::Output {
    work.run()
}

/// Counts bits, for the tests.
#[cfg(test)]
struct Ones<'a>(&'a [u64]);

#[cfg(test)]
impl Work for Ones<'_> {
    type Output = u32;
    #[inline(always)]
    fn run(self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tier_gives_the_same_answer() {
        let words: Vec<u64> =
            (0..1000).map(|i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        let plain: u32 = words.iter().map(|word| word.count_ones()).sum();
        for tier in Tier::all() {
            assert_eq!(tier.call(Ones(&words)), plain, "{}", tier.name());
        }
    }

    #[test]
    fn tiers_are_found_by_name() {
        for tier in Tier::all() {
            assert_eq!(Tier::named(tier.name()), Some(tier));
        }
        assert_eq!(Tier::named(BASELINE).map(Tier::level), Some(Level::Baseline));
        assert_eq!(Tier::named("mmx"), None);
    }

    #[test]
    fn the_best_tier_comes_first_and_names_differ() {
        let names: Vec<_> = Tier::all().into_iter().map(Tier::name).collect();
        assert_eq!(names[0], Tier::detect().name());
        let mut unique = names.clone();
        unique.dedup();
        assert_eq!(unique, names);
    }
}
