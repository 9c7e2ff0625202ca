//! Sizes of the first processor's data caches.

use std::sync::OnceLock;

/// Bytes of the first- and second-level data cache of one core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caches {
    /// First level, data.
    pub l1: usize,
    /// Second level.
    pub l2: usize,
}

/// What is taken where the system does not tell: small enough to be right nearly everywhere.
pub const DEFAULT: Caches = Caches { l1: 32 << 10, l2: 256 << 10 };

impl Caches {
    /// Sizes as the system tells, each replaced by its default where it does not; asked once.
    pub fn detect() -> Self {
        static FOUND: OnceLock<Caches> = OnceLock::new();
        *FOUND.get_or_init(|| Self::sane(level(1), level(2)))
    }

    /// Refuses sizes that no processor has (virtual machines invent some).
    fn sane(l1: Option<usize>, l2: Option<usize>) -> Self {
        let within =
            |size: Option<usize>, low, high| size.filter(|size| (low..=high).contains(size));
        let l1 = within(l1, 8 << 10, 512 << 10).unwrap_or(DEFAULT.l1);
        let l2 = within(l2, l1, 64 << 20).unwrap_or(DEFAULT.l2.max(l1));
        Caches { l1, l2 }
    }
}

#[cfg(target_os = "linux")]
fn level(wanted: u32) -> Option<usize> {
    (0..8).find_map(|index| {
        let folder = format!("/sys/devices/system/cpu/cpu0/cache/index{index}");
        let read = |name| std::fs::read_to_string(format!("{folder}/{name}")).ok();
        let holds_data = read("type")?.trim() != "Instruction";
        let level: u32 = read("level")?.trim().parse().ok()?;
        if holds_data && level == wanted { size(&read("size")?) } else { None }
    })
}

#[cfg(target_os = "macos")]
fn level(wanted: u32) -> Option<usize> {
    let name = if wanted == 1 { "hw.l1dcachesize" } else { "hw.l2cachesize" };
    usize::try_from(super::sysctl(name)?).ok()
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn level(_wanted: u32) -> Option<usize> {
    None
}

/// Bytes of a size as the kernel prints it: `48K`, `2M` or plain bytes.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn size(text: &str) -> Option<usize> {
    let text = text.trim();
    let (digits, shift) = match text.strip_suffix('K') {
        Some(digits) => (digits, 10),
        None => text.strip_suffix('M').map_or((text, 0), |digits| (digits, 20)),
    };
    digits.parse::<usize>().ok()?.checked_shl(shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes_as_printed() {
        assert_eq!(size("48K\n"), Some(48 << 10));
        assert_eq!(size("2M"), Some(2 << 20));
        assert_eq!(size("4096"), Some(4096));
        assert_eq!(size("big"), None);
    }

    #[test]
    fn invented_sizes_fall_back() {
        assert_eq!(Caches::sane(None, None), DEFAULT);
        assert_eq!(Caches::sane(Some(0), Some(1 << 40)), DEFAULT);
        assert_eq!(Caches::sane(Some(128 << 10), None).l2, 256 << 10);
        let real = Caches { l1: 48 << 10, l2: 2 << 20 };
        assert_eq!(Caches::sane(Some(real.l1), Some(real.l2)), real);
    }

    #[test]
    fn this_machine_has_sane_caches() {
        let caches = Caches::detect();
        assert!(caches.l1 >= 8 << 10 && caches.l2 >= caches.l1);
    }
}
