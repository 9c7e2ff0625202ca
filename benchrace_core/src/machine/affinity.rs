//! Cores that this process may use, and binding a thread to one of them.

/// Numbers of the usable cores, in the order in which threads should take them: one thread of each
/// physical core first, the fastest cores before others, then their siblings. Empty where the
/// system binds no threads, and where a quota gives this process less time than its cores have:
/// bound threads could not leave a core that is out of time.
#[cfg(target_os = "linux")]
pub fn cores() -> Vec<usize> {
    let cores = allowed();
    if crate::threads::available() < cores.len() {
        return Vec::new();
    }
    ordered(std::path::Path::new("/sys/devices/system/cpu"), cores)
}

/// The order of cores that a folder describes.
#[cfg(target_os = "linux")]
fn ordered(processors: &std::path::Path, mut cores: Vec<usize>) -> Vec<usize> {
    cores.sort_by_cached_key(|core| {
        let folder = processors.join(format!("cpu{core}"));
        let read = |name| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        let siblings = read("topology/thread_siblings_list");
        let number = |name| read(name).trim().parse::<u64>().ok();
        // Where cores differ, all of them have the first one or none.
        let speed = number("cpu_capacity").or_else(|| number("cpufreq/cpuinfo_max_freq"));
        (place(&siblings, *core), std::cmp::Reverse(speed), *core)
    });
    cores
}

/// Binds the calling thread to a core; whether the system agreed.
#[cfg(target_os = "linux")]
pub fn pin(core: usize) -> bool {
    if core >= libc::CPU_SETSIZE as usize {
        return false;
    }
    // SAFETY: the set is plain data of which zeros are a value, the core is within it, and the
    // call reads it during the call only.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set) == 0
    }
}

#[cfg(target_os = "linux")]
fn allowed() -> Vec<usize> {
    // SAFETY: the set is plain data of which zeros are a value; the call writes no more than its
    // size, and the cores asked for are within it.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        if libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set) != 0 {
            return Vec::new();
        }
        (0..libc::CPU_SETSIZE as usize).filter(|core| libc::CPU_ISSET(*core, &set)).collect()
    }
}

/// The place of a core in a list as the kernel prints it: `0,64` or `0-1`.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn place(siblings: &str, core: usize) -> usize {
    let ranges = siblings.trim().split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse::<usize>().ok()?..=last.parse::<usize>().ok()?)
    });
    ranges.flatten().position(|sibling| sibling == core).unwrap_or(0)
}

/// None: this system binds no threads.
#[cfg(not(target_os = "linux"))]
pub fn cores() -> Vec<usize> {
    Vec::new()
}

/// This system binds no threads.
#[cfg(not(target_os = "linux"))]
pub fn pin(_core: usize) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siblings_come_after_the_first_of_their_core() {
        assert_eq!([0, 64].map(|core| place("0,64\n", core)), [0, 1]);
        assert_eq!([2, 3].map(|core| place("2-3", core)), [0, 1]);
        assert_eq!(place("", 5), 0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_fastest_cores_come_first() {
        let root = std::env::temp_dir().join(format!("cores-{}", std::process::id()));
        let order = |file: &str, cores: &[(&str, u64)]| {
            for (core, (siblings, speed)) in cores.iter().enumerate() {
                for (name, text) in [
                    ("topology/thread_siblings_list", (*siblings).to_string()),
                    (file, speed.to_string()),
                ] {
                    let path = root.join(format!("cpu{core}/{name}"));
                    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                    std::fs::write(path, format!("{text}\n")).unwrap();
                }
            }
            let order = ordered(&root, (0..cores.len()).collect());
            std::fs::remove_dir_all(&root).unwrap();
            order
        };
        let mobile = [("0", 300), ("1", 300), ("2", 800), ("3", 1024)];
        assert_eq!(order("cpu_capacity", &mobile), [3, 2, 0, 1]);
        let hybrid = [("0", 39), ("1-2", 51), ("1-2", 51), ("3", 39)];
        assert_eq!(order("cpufreq/cpuinfo_max_freq", &hybrid), [1, 0, 3, 2]);
        assert_eq!(ordered(&root, vec![4, 7]), [4, 7]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_thread_is_bound_to_each_usable_core() {
        let cores = allowed();
        assert!(!cores.is_empty());
        assert!(super::cores().is_empty() || super::cores().len() == cores.len());
        for core in cores {
            let bound = std::thread::spawn(move || (pin(core), allowed())).join().unwrap();
            assert_eq!(bound, (true, vec![core]));
        }
        assert!(!pin(libc::CPU_SETSIZE as usize));
    }
}
