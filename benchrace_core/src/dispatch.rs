//! One portable build, the processor's own instructions: picks a tier at run time.

/// A set of instructions that this processor has. Only [`Tier::detect`] and [`Tier::all`] make
/// one, so a tier in hand is safe to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier(Level);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// A piece of work that is compiled once per tier. `run` and all that it calls in its inner loop
/// must be `#[inline(always)]`, or it is compiled for the baseline only.
pub trait Work {
    /// What the work gives back.
    type Output;
    /// Does the work.
    fn run(self) -> Self::Output;
}

impl Tier {
    /// The best tier of this processor.
    pub fn detect() -> Self {
        Self::all()[0]
    }

    /// Every tier that this processor can run, best first; the last one is the baseline.
    pub fn all() -> Vec<Self> {
        let levels = beyond_baseline().into_iter().flatten().chain([Level::Baseline]);
        levels.map(Tier).collect()
    }

    /// The tier's name, as results and documents show it.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "avx2",
            Level::Baseline if cfg!(target_arch = "x86_64") => "sse2",
            Level::Baseline if cfg!(target_arch = "aarch64") => "neon",
            Level::Baseline => "baseline",
        }
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
fn beyond_baseline() -> [Option<Level>; 2] {
    let avx2 = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt");
    let avx512 = avx2
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vpopcntdq");
    [avx512.then_some(Level::Avx512), avx2.then_some(Level::Avx2)]
}

#[cfg(not(target_arch = "x86_64"))]
fn beyond_baseline() -> [Option<Level>; 0] {
    []
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
    fn the_best_tier_comes_first_and_names_differ() {
        let names: Vec<_> = Tier::all().into_iter().map(Tier::name).collect();
        assert_eq!(names[0], Tier::detect().name());
        let mut unique = names.clone();
        unique.dedup();
        assert_eq!(unique, names);
    }
}
