//! How much memory a run may take.

/// Bytes that can be allocated without swapping, as the system tells; `None` where it does not.
#[cfg(target_os = "linux")]
pub fn available() -> Option<u64> {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let machine = meminfo(&read("/proc/meminfo"))?;
    let group = cgroup(&read("/sys/fs/cgroup/memory.max"), &read("/sys/fs/cgroup/memory.current"));
    Some(group.map_or(machine, |group| group.min(machine)))
}

/// Bytes of the machine's memory; macOS compresses and evicts, so no finer figure holds.
#[cfg(target_os = "macos")]
pub fn available() -> Option<u64> {
    super::sysctl("hw.memsize")
}

/// Unknown elsewhere.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub fn available() -> Option<u64> {
    None
}

/// `MemAvailable` of /proc/meminfo in bytes.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn meminfo(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// What a memory limit of the control group leaves, in bytes; `None` without a limit.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn cgroup(max: &str, current: &str) -> Option<u64> {
    let max: u64 = max.trim().parse().ok()?;
    let current: u64 = current.trim().parse().ok()?;
    Some(max.saturating_sub(current))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_available_line() {
        let text = "MemTotal:       24523336 kB\nMemAvailable:   23123456 kB\n";
        assert_eq!(meminfo(text), Some(23_123_456 * 1024));
        assert_eq!(meminfo("MemTotal: 5 kB\n"), None);
        assert_eq!(meminfo("MemAvailable: many kB\n"), None);
    }

    #[test]
    fn a_group_without_limit_limits_nothing() {
        assert_eq!(cgroup("max\n", "4096\n"), None);
        assert_eq!(cgroup("", ""), None);
        assert_eq!(cgroup("8192\n", "4096\n"), Some(4096));
        assert_eq!(cgroup("4096\n", "8192\n"), Some(0));
    }

    #[test]
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    fn this_machine_has_some() {
        assert!(available().unwrap() > 1 << 20);
    }
}
