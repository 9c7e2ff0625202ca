//! What the kernels need to know of the machine: memory, caches and cores.

pub mod affinity;
pub mod cache;
pub mod guest;
pub mod memory;
pub mod pages;
pub mod prefetch;
pub mod zeroed;

/// Reads a number from the kernel's table by name, where there is such a table (macOS).
#[cfg(target_os = "macos")]
fn sysctl(name: &str) -> Option<u64> {
    let output = std::process::Command::new("sysctl").args(["-n", name]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
