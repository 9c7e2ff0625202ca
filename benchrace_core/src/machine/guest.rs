//! Whether this machine is a virtual one.

/// Whether a hypervisor runs below; `None` where processors do not tell.
#[cfg(target_arch = "x86_64")]
pub fn is_virtual() -> Option<bool> {
    /// Bit 31 of ECX is set by hypervisors, and clear on every processor.
    const HYPERVISOR: u32 = 1 << 31;
    // SAFETY: every processor with 64 bits has the instruction. Newer compilers know that.
    #[allow(unused_unsafe)]
    let leaf = unsafe { std::arch::x86_64::__cpuid(1) };
    Some(leaf.ecx & HYPERVISOR != 0)
}

/// Whether a hypervisor runs below; `None` where nothing tells.
#[cfg(all(not(target_arch = "x86_64"), target_os = "macos"))]
pub fn is_virtual() -> Option<bool> {
    super::sysctl("kern.hv_vmm_present").map(|present| present != 0)
}

/// Whether a hypervisor runs below; `None` where nothing tells.
#[cfg(all(not(target_arch = "x86_64"), not(target_os = "macos")))]
pub fn is_virtual() -> Option<bool> {
    told(std::path::Path::new("/"))
}

/// What the files of Linux below a folder tell: those of Xen, of a device tree, and of DMI.
#[cfg_attr(any(target_arch = "x86_64", target_os = "macos"), allow(dead_code))]
fn told(root: &std::path::Path) -> Option<bool> {
    /// Beginnings of what hypervisors write as vendor or product.
    const MAKERS: [&str; 13] = [
        "QEMU",
        "KVM",
        "Amazon EC2",
        "Google Compute Engine",
        "Virtual Machine",
        "VMware",
        "OpenStack",
        "Alibaba Cloud ECS",
        "innotek",
        "VirtualBox",
        "Xen",
        "Parallels",
        "Apple Virtualization",
    ];
    let read = |path| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let product = read("sys/class/dmi/id/product_name");
    // Machines without a hypervisor that a cloud rents, such as `c7g.metal`.
    if product.trim().contains(".metal") {
        return Some(false);
    }
    let is_made = |text: &str| MAKERS.iter().any(|maker| text.trim().starts_with(maker));
    let is_guest = !read("sys/hypervisor/type").trim().is_empty()
        || root.join("proc/device-tree/hypervisor").exists()
        || is_made(&product)
        || is_made(&read("sys/class/dmi/id/sys_vendor"));
    is_guest.then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_tell_of_a_hypervisor() {
        let root = std::env::temp_dir().join(format!("guest-{}", std::process::id()));
        let told = |files: &[(&str, &str)]| {
            for (name, text) in files {
                let path = root.join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, format!("{text}\n")).unwrap();
            }
            let told = told(&root);
            let _ = std::fs::remove_dir_all(&root);
            told
        };
        let (vendor, product) = ("sys/class/dmi/id/sys_vendor", "sys/class/dmi/id/product_name");
        assert_eq!(told(&[(vendor, "QEMU"), (product, "KVM Virtual Machine")]), Some(true));
        assert_eq!(told(&[(vendor, "Amazon EC2"), (product, "c7g.large")]), Some(true));
        assert_eq!(told(&[(vendor, "Amazon EC2"), (product, "c7g.metal")]), Some(false));
        assert_eq!(told(&[("sys/hypervisor/type", "xen")]), Some(true));
        assert_eq!(told(&[("proc/device-tree/hypervisor/compatible", "linux,kvm")]), Some(true));
        assert_eq!(told(&[(vendor, "Ampere(R)"), (product, "Mt. Jade")]), None);
        assert_eq!(told(&[]), None);
    }
}
