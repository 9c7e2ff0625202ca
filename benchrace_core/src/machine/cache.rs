//! Sizes of data caches: the first processor's, and the last level of all.

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

/// Bytes of all last-level caches together; `None` where the system does not tell. In a virtual
/// machine they are the host's, shared with others, or invented.
#[cfg(target_os = "linux")]
pub fn last_level(is_virtual: bool) -> Option<u64> {
    last_level_below(std::path::Path::new("/sys/devices/system/cpu"), is_virtual)
}

/// As [`last_level`], of the processors that a folder lists. Some hypervisors tell of a cache of
/// its own for each virtual core: such ones count once.
#[cfg(target_os = "linux")]
fn last_level_below(processors: &std::path::Path, is_virtual: bool) -> Option<u64> {
    let mut caches = std::collections::BTreeMap::new();
    for folder in std::fs::read_dir(processors).ok()?.flatten() {
        let name = folder.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("cpu"));
        if number.is_none_or(|number| number.parse::<u32>().is_err()) {
            continue;
        }
        // Of a core that is offline the system tells nothing.
        let caches_here = (0..8).filter_map(|index| data_cache(&folder.path(), index));
        let Some(last) = caches_here.max() else { continue };
        let is_shared = last.shared_by.trim().parse::<u32>().is_err();
        let key = if is_virtual && !is_shared { "one core".into() } else { last.shared_by };
        caches.insert(key, last.bytes);
    }
    let bytes: u64 = caches.values().map(|bytes| *bytes as u64).sum();
    (bytes > 0).then_some(bytes)
}

/// A processor's cache for data; ordered by level.
#[cfg(target_os = "linux")]
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cache {
    level: u32,
    bytes: usize,
    shared_by: String,
}

#[cfg(target_os = "linux")]
fn data_cache(processor: &std::path::Path, index: u32) -> Option<Cache> {
    let folder = processor.join(format!("cache/index{index}"));
    let read = |name| std::fs::read_to_string(folder.join(name)).ok();
    if read("type")?.trim() == "Instruction" {
        return None;
    }
    let level = read("level")?.trim().parse().ok()?;
    Some(Cache { level, bytes: size(&read("size")?)?, shared_by: read("shared_cpu_list")? })
}

/// The system tells of the cache of a cluster of cores at most, and of none that all share.
#[cfg(not(target_os = "linux"))]
pub fn last_level(_is_virtual: bool) -> Option<u64> {
    None
}

#[cfg(target_os = "linux")]
fn level(wanted: u32) -> Option<usize> {
    let first = std::path::Path::new("/sys/devices/system/cpu/cpu0");
    let caches = (0..8).filter_map(|index| data_cache(first, index));
    caches.into_iter().find(|cache| cache.level == wanted).map(|cache| cache.bytes)
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
    #[cfg(target_os = "linux")]
    fn last_levels_are_added_up_once_each() {
        let root = std::env::temp_dir().join(format!("caches-{}", std::process::id()));
        let sum = |shared: &[Option<&str>], is_virtual| {
            for (core, shared) in shared.iter().enumerate() {
                let folder = root.join(format!("cpu{core}/cache/index0"));
                std::fs::create_dir_all(&folder).unwrap();
                let Some(shared) = shared else { continue };
                for (name, text) in [
                    ("type", "Unified"),
                    ("level", "3"),
                    ("size", "16384K"),
                    ("shared_cpu_list", shared),
                ] {
                    std::fs::write(folder.join(name), format!("{text}\n")).unwrap();
                }
            }
            std::fs::create_dir_all(root.join("cpufreq")).unwrap();
            let sum = last_level_below(&root, is_virtual);
            std::fs::remove_dir_all(&root).unwrap();
            sum.map(|bytes| bytes >> 20)
        };
        let pairs = [Some("0-1"), Some("0-1"), Some("2-3"), Some("2-3")];
        assert_eq!([false, true].map(|is_virtual| sum(&pairs, is_virtual)), [Some(32); 2]);
        let alone = [Some("0"), Some("1"), Some("2")];
        assert_eq!([false, true].map(|is_virtual| sum(&alone, is_virtual)), [Some(48), Some(16)]);
        // The second core is offline.
        assert_eq!(sum(&[Some("0,2"), None, Some("0,2")], false), Some(16));
        assert_eq!(sum(&[None], false), None);
    }

    #[test]
    fn this_machine_has_sane_caches() {
        let caches = Caches::detect();
        assert!(caches.l1 >= 8 << 10 && caches.l2 >= caches.l1);
        assert!(last_level(false).is_none_or(|bytes| bytes >= caches.l1 as u64));
    }
}
