//! What a kernel module says of itself: the `key=value` strings of its `.modinfo` section.
//!
//! `depmod` builds modules.dep, modules.alias and modules.softdep from these same strings. Debian's
//! kernel package carries none of the three (its installer runs depmod), so we read the source.

use crate::elf::{Elf, NotElf};

/// The parts of `.modinfo` that decide what else must be there and when it is loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModInfo {
    pub depends: Vec<String>,
    /// Patterns of the devices (and `fs-vfat`-like requests) this module serves, as written.
    pub aliases: Vec<String>,
    /// `pre: a b post: c`, as written.
    pub softdeps: Vec<String>,
    /// Files that the driver asks user space for.
    pub firmware: Vec<String>,
    /// Kernel release this was built for: the first word of `vermagic`.
    pub release: String,
}

impl ModInfo {
    /// Reads an uncompressed `.ko`.
    pub fn parse(module: &[u8]) -> Result<Self, NotElf> {
        let elf = Elf::parse(module)?;
        let mut info = Self::default();
        let section = elf.section(".modinfo").unwrap_or_default();
        for entry in section.split(|b| *b == 0) {
            let Ok(entry) = std::str::from_utf8(entry) else { continue };
            let Some((key, value)) = entry.split_once('=') else { continue };
            match key {
                "depends" => info.depends.extend(value.split(',').filter(|d| !d.is_empty()).map(canonical)),
                "alias" => info.aliases.push(value.to_owned()),
                "softdep" => info.softdeps.push(value.to_owned()),
                "firmware" => info.firmware.push(value.to_owned()),
                "vermagic" => value.split(' ').next().unwrap_or_default().clone_into(&mut info.release),
                _ => {}
            }
        }
        Ok(info)
    }

    /// Modules named by soft dependencies, before and after alike.
    pub fn soft_names(&self) -> impl Iterator<Item = String> + '_ {
        self.softdeps
            .iter()
            .flat_map(|line| line.split_whitespace())
            .filter(|word| *word != "pre:" && *word != "post:")
            .map(canonical)
    }
}

/// File names mix `-` and `_`, the kernel means the same module: `_` is its canonical spelling.
pub(crate) fn canonical(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::samples;

    #[test]
    fn the_strings_are_read_as_depmod_reads_them() {
        let module = samples::module(&[
            "license=GPL",
            "firmware=rtl_nic/rtl8168h-2.fw",
            "softdep=pre: realtek",
            "alias=pci:v000010ECd00008168sv*sd*bc*sc*i*",
            "depends=mdio_devres,libphy",
            "vermagic=6.12.1+deb13-amd64 SMP preempt mod_unload modversions ",
        ]);
        let info = ModInfo::parse(&module).unwrap();
        assert_eq!(info.depends, ["mdio_devres", "libphy"]);
        assert_eq!(info.aliases, ["pci:v000010ECd00008168sv*sd*bc*sc*i*"]);
        assert_eq!(info.soft_names().collect::<Vec<_>>(), ["realtek"]);
        assert_eq!(info.firmware, ["rtl_nic/rtl8168h-2.fw"]);
        assert_eq!(info.release, "6.12.1+deb13-amd64");
    }

    #[test]
    fn no_dependency_is_an_empty_string_in_modinfo() {
        assert!(ModInfo::parse(&samples::module(&["depends="])).unwrap().depends.is_empty());
    }
}
