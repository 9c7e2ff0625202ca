//! One portable build, the processor's own instructions: picks a tier at run time.

/// A set of instructions that this processor has. Only [`Tier::all`] makes one beyond
/// [`Tier::BASELINE`], so a tier in hand is safe to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier(Level);

/// A tier with what multiplies numbers besides: AVX2 with FMA and F16C, AVX-512 with VNNI as well.
/// Only [`FusedTier::all`] makes one beyond [`FusedTier::BASELINE`]: a tier in hand is safe to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FusedTier(Level);

/// The sets of instructions that kernels are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// What every processor of the architecture has: SSE2 on x86-64, NEON on AArch64.
    Baseline,
    /// AVX2 with BMI and POPCNT.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 with VPOPCNTDQ, its popcount: Ice Lake, Zen 4 and later.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// The name under which every processor finds its baseline tier.
pub const BASELINE: &str = "baseline";

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

impl Level {
    fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "avx2",
            Level::Baseline if cfg!(target_arch = "x86_64") => "sse2",
            Level::Baseline if cfg!(target_arch = "aarch64") => "neon",
            Level::Baseline => BASELINE,
        }
    }

    fn is_named(self, name: &str) -> bool {
        self.name() == name || (name == BASELINE && self == Level::Baseline)
    }
}

/// Which groups of instructions a processor has; a hypervisor may hide some of its own.
#[derive(Debug, Clone, Copy, Default)]
struct Found {
    #[cfg(target_arch = "x86_64")]
    avx2: bool,
    /// FMA and F16C.
    #[cfg(target_arch = "x86_64")]
    fused: bool,
    #[cfg(target_arch = "x86_64")]
    avx512: bool,
    #[cfg(target_arch = "x86_64")]
    vnni: bool,
}

#[cfg(target_arch = "x86_64")]
impl Found {
    fn here() -> Self {
        Found {
            avx2: is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("lzcnt")
                && is_x86_feature_detected!("popcnt"),
            fused: is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c"),
            avx512: is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vpopcntdq"),
            vnni: is_x86_feature_detected!("avx512vnni"),
        }
    }

    fn levels(self) -> Vec<Level> {
        let avx512 = (self.avx2 && self.avx512).then_some(Level::Avx512);
        let avx2 = self.avx2.then_some(Level::Avx2);
        [avx512, avx2, Some(Level::Baseline)].into_iter().flatten().collect()
    }

    fn fused_levels(self) -> Vec<Level> {
        let (avx2, avx512) = (self.avx2 && self.fused, self.avx512 && self.vnni);
        Found { avx2, avx512, ..self }.levels()
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl Found {
    fn here() -> Self {
        Found::default()
    }

    fn levels(self) -> Vec<Level> {
        vec![Level::Baseline]
    }

    fn fused_levels(self) -> Vec<Level> {
        self.levels()
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

    struct Ones<'a>(&'a [u64]);

    impl Work for Ones<'_> {
        type Output = u32;
        #[inline(always)]
        fn run(self) -> u32 {
            self.0.iter().map(|word| word.count_ones()).sum()
        }
    }

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

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn hidden_products_take_no_tier_from_the_sieve() {
        let all = Found { avx2: true, fused: true, avx512: true, vnni: true };
        assert_eq!(all.levels(), [Level::Avx512, Level::Avx2, Level::Baseline]);
        assert_eq!(all.fused_levels(), all.levels());
        let bare = Found { fused: false, avx512: false, vnni: false, ..all };
        assert_eq!(bare.levels(), [Level::Avx2, Level::Baseline]);
        assert_eq!(bare.fused_levels(), [Level::Baseline]);
        let without_vnni = Found { vnni: false, ..all };
        assert_eq!(without_vnni.levels(), all.levels());
        assert_eq!(without_vnni.fused_levels(), [Level::Avx2, Level::Baseline]);
        assert_eq!(Found { avx2: false, ..all }.levels(), [Level::Baseline]);
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
