//! The sets of instructions that kernels are written for, and which of them a processor has.

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

impl Level {
    /// The set's name, as results and documents show it.
    pub fn name(self) -> &'static str {
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

    /// Whether this is the set of this name; `baseline` is a name of the last one.
    pub fn is_named(self, name: &str) -> bool {
        self.name() == name || (name == BASELINE && self == Level::Baseline)
    }
}

/// Which groups of instructions a processor has; a hypervisor may hide some of its own.
#[derive(Debug, Clone, Copy, Default)]
pub struct Found {
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
    /// Those of this processor.
    pub fn here() -> Self {
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

    /// The sets that the sieve needs these for, best first.
    pub fn levels(self) -> Vec<Level> {
        let avx512 = (self.avx2 && self.avx512).then_some(Level::Avx512);
        let avx2 = self.avx2.then_some(Level::Avx2);
        [avx512, avx2, Some(Level::Baseline)].into_iter().flatten().collect()
    }

    /// The sets that include what multiplies numbers, best first.
    pub fn fused_levels(self) -> Vec<Level> {
        let (avx2, avx512) = (self.avx2 && self.fused, self.avx512 && self.vnni);
        Found { avx2, avx512, ..self }.levels()
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl Found {
    /// Those of this processor.
    pub fn here() -> Self {
        Found::default()
    }

    /// The sets that the sieve needs these for, best first.
    pub fn levels(self) -> Vec<Level> {
        vec![Level::Baseline]
    }

    /// The sets that include what multiplies numbers, best first.
    pub fn fused_levels(self) -> Vec<Level> {
        self.levels()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "x86_64")]
    use super::*;

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
}
