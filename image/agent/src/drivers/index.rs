//! Which module drives a device, and what must be loaded before it. Pure: text in, names out.

use std::collections::BTreeMap;

/// The index files of one kernel's modules.
#[derive(Debug, Default)]
pub struct Index {
    /// By bus, the part before the first colon: patterns and module names. A PC has some 200
    /// devices and the index some 3000 patterns; without the split it is 600 000 comparisons.
    aliases: BTreeMap<String, Vec<(String, String)>>,
    /// Module name to its file.
    files: BTreeMap<String, String>,
    /// File to the files it needs, in the order to load them.
    needs: BTreeMap<String, Vec<String>>,
    soft: BTreeMap<String, Soft>,
    preload: Vec<String>,
    /// Drivers of Ethernet PHYs among those. No device announces a PHY: a network driver finds it by
    /// itself, and without its driver settles for a generic one for good.
    phys: Vec<String>,
}

/// Wanted around a module if they are there.
#[derive(Debug, Default)]
struct Soft {
    before: Vec<String>,
    after: Vec<String>,
}

impl Index {
    /// `modules.alias`, `modules.dep`, `modules.softdep` as depmod writes them; `modules.preload`
    /// names what to load before any device is looked at, one a line.
    pub fn parse(alias: &str, dep: &str, softdep: &str, preload: &str) -> Self {
        let mut index = Self::default();
        for line in dep.lines() {
            let Some((file, needs)) = line.split_once(':') else { continue };
            index.files.insert(module_name(file), file.to_owned());
            // depmod lists the one to load first last.
            index.needs.insert(file.to_owned(), needs.split_whitespace().rev().map(str::to_owned).collect());
        }
        for line in alias.lines() {
            let mut words = line.split_whitespace();
            if let (Some("alias"), Some(pattern), Some(module)) = (words.next(), words.next(), words.next()) {
                let bus = pattern.split_once(':').map_or("", |(bus, _)| bus);
                let patterns = index.aliases.entry(bus.to_owned()).or_default();
                patterns.push((pattern.to_owned(), canonical(module)));
            }
        }
        for line in softdep.lines() {
            let mut words = line.split_whitespace();
            let (Some("softdep"), Some(module)) = (words.next(), words.next()) else { continue };
            let soft = index.soft.entry(canonical(module)).or_default();
            let mut after = false;
            for word in words {
                match word {
                    "pre:" => after = false,
                    "post:" => after = true,
                    name if after => soft.after.push(canonical(name)),
                    name => soft.before.push(canonical(name)),
                }
            }
        }
        let preload: Vec<String> = preload.lines().map(|name| canonical(name.trim())).collect();
        (index.phys, index.preload) = preload.into_iter().partition(|name| index.is_a_phy(name));
        index
    }

    fn is_a_phy(&self, module: &str) -> bool {
        self.files.get(module).is_some_and(|file| file.starts_with("kernel/drivers/net/phy/"))
    }

    /// Files to load before any device, in order; those of PHYs come with the first driver that has any.
    pub fn preload(&self) -> Vec<String> {
        let mut order = Vec::new();
        self.preload.iter().for_each(|name| self.order(name, &mut order));
        order
    }

    /// Files to load for a device, in order. Empty if nothing here drives it.
    pub fn modules_for(&self, modalias: &str) -> Vec<String> {
        let bus = modalias.split_once(':').map_or("", |(bus, _)| bus);
        let mut order = Vec::new();
        for (pattern, module) in self.aliases.get(bus).into_iter().flatten() {
            if matches(pattern.as_bytes(), modalias.as_bytes()) {
                self.order(module, &mut order);
            }
        }
        order
    }

    fn order(&self, module: &str, order: &mut Vec<String>) {
        let Some(file) = self.files.get(module) else { return };
        if order.contains(file) {
            return;
        }
        let soft = self.soft.get(module);
        let needs_phys =
            self.needs.get(file).is_some_and(|needs| needs.iter().any(|file| file.ends_with("/libphy.ko")));
        if needs_phys && !self.is_a_phy(module) {
            self.phys.iter().for_each(|phy| self.hard_order(phy, order));
        }
        for before in soft.into_iter().flat_map(|soft| &soft.before) {
            // One step only: soft dependencies may point at each other.
            self.hard_order(before, order);
        }
        self.hard_order(module, order);
        for after in soft.into_iter().flat_map(|soft| &soft.after) {
            self.hard_order(after, order);
        }
    }

    fn hard_order(&self, module: &str, order: &mut Vec<String>) {
        let Some(file) = self.files.get(module) else { return };
        let needs = self.needs.get(file).into_iter().flatten();
        for file in needs.chain([file]) {
            if !order.contains(file) {
                order.push(file.clone());
            }
        }
    }
}

/// Dashes and underscores are the same in a module's name.
fn canonical(name: &str) -> String {
    name.replace('-', "_")
}

fn module_name(file: &str) -> String {
    let name = file.rsplit_once('/').map_or(file, |(_, name)| name);
    canonical(name.strip_suffix(".ko").unwrap_or(name))
}

/// A shell pattern: `*`, `?` and `[a-f0-9]`. Linear in the text for every star.
fn matches(mut pattern: &[u8], mut text: &[u8]) -> bool {
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        let step = match (pattern, text) {
            ([], []) => return true,
            ([b'*', rest @ ..], _) => {
                star = Some((rest, text));
                Some((rest, text))
            }
            ([b'?', rest @ ..], [_, tail @ ..]) => Some((rest, tail)),
            ([b'[', set @ ..], [byte, tail @ ..]) => class(set, *byte).map(|rest| (rest, tail)),
            ([wanted, rest @ ..], [byte, tail @ ..]) if wanted == byte => Some((rest, tail)),
            _ => None,
        };
        (pattern, text) = match (step, star) {
            (Some(step), _) => step,
            // Let the last star take one byte more.
            (None, Some((rest, [_, tail @ ..]))) => {
                star = Some((rest, tail));
                (rest, tail)
            }
            _ => return false,
        };
    }
}

/// The pattern after a set that contains `byte`; `set` begins behind its bracket.
fn class(set: &[u8], byte: u8) -> Option<&[u8]> {
    let end = set.iter().position(|c| *c == b']')?;
    let (mut members, rest) = (&set[..end], &set[end + 1..]);
    loop {
        match *members {
            [low, b'-', high, ref more @ ..] => {
                if (low..=high).contains(&byte) {
                    return Some(rest);
                }
                members = more;
            }
            [one, ref more @ ..] => {
                if one == byte {
                    return Some(rest);
                }
                members = more;
            }
            [] => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_as_modules_write_them() {
        let pci = "pci:v00008086d000015FBsv000017AAsd000022E7bc02sc00i00";
        for (pattern, text, fits) in [
            ("pci:v00008086d000015FBsv*sd*bc*sc*i*", pci, true),
            ("pci:v00008086d000015FCsv*sd*bc*sc*i*", pci, false),
            ("pci:v*d*sv*sd*bc02sc00i*", pci, true),
            ("usb:v0BDAp8153d*dc*dsc*dp*icFFisc*ip*in*", "usb:v0BDAp8153d3100dc00dsc00dp00icFFiscFFip00in00", true),
            ("usb:v046Dp[0-9A-F]*", "usb:v046DpC52B", true),
            ("usb:v046Dp[0-9]*", "usb:v046DpC52B", false),
            ("dmi*:svnLENOVO*:pn20[YX]*:", "dmi:bvnLENOVO:svnLENOVO:pn20XW:", true),
            ("acpi*:MSFT0101:*", "acpi:MSFT0101:PNP0C02:", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a[bc", "ab", false),
            ("*", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), fits, "{pattern} {text}");
        }
    }

    const ALIAS: &str = "# Aliases\nalias pci:v00001234d*sv*sd*bc*sc*i* some-nic\nalias usb:* usb_thing\n\
                         alias pci:v00001234d*sv*sd*bc02sc00i* some_nic\nalias of:N*T* other\n";
    const DEP: &str = "kernel/net/some-nic.ko: kernel/lib/b.ko kernel/lib/a.ko\nkernel/lib/b.ko: kernel/lib/a.ko\n\
                       kernel/lib/a.ko:\nkernel/phy/realtek.ko:\nkernel/usb/usb-thing.ko:\n";

    #[test]
    fn what_a_module_needs_comes_first_and_once() {
        let softdep = "softdep some-nic pre: realtek absent post: usb_thing\n";
        let index = Index::parse(ALIAS, DEP, softdep, "realtek\nabsent\n");
        let wanted = [
            "kernel/phy/realtek.ko",
            "kernel/lib/a.ko",
            "kernel/lib/b.ko",
            "kernel/net/some-nic.ko",
            "kernel/usb/usb-thing.ko",
        ];
        assert_eq!(index.modules_for("pci:v00001234d00000001sv00000000sd00000000bc02sc00i00"), wanted);
        assert_eq!(index.modules_for("usb:v1p1"), ["kernel/usb/usb-thing.ko"]);
        assert_eq!(index.modules_for("acpi:PNP0C0A:"), [""; 0]);
        assert_eq!(index.preload(), ["kernel/phy/realtek.ko"]);
    }

    #[test]
    fn phys_come_with_the_first_card_that_has_one() {
        let dep = "kernel/drivers/net/phy/libphy.ko:
kernel/drivers/net/phy/realtek.ko: kernel/drivers/net/phy/libphy.ko\n\
                   kernel/drivers/net/r8169.ko: kernel/drivers/net/phy/libphy.ko\nkernel/drivers/net/e1000e.ko:\nkernel/fs/fat.ko:\n";
        let index = Index::parse("alias pci:1* r8169\nalias pci:2* e1000e\n", dep, "", "realtek\nfat\n");
        assert_eq!(index.preload(), ["kernel/fs/fat.ko"]);
        assert_eq!(index.modules_for("pci:2"), ["kernel/drivers/net/e1000e.ko"]);
        let with_phys =
            ["kernel/drivers/net/phy/libphy.ko", "kernel/drivers/net/phy/realtek.ko", "kernel/drivers/net/r8169.ko"];
        assert_eq!(index.modules_for("pci:1"), with_phys);
    }

    #[test]
    fn damaged_index_files_give_what_is_readable() {
        let index = Index::parse("alias\nalias x\nnothing", "no colon\n", "softdep\nsoftdep a pre:\n", "\n\n");
        assert_eq!(index.modules_for("x"), [""; 0]);
        assert_eq!(index.preload(), [""; 0]);
    }
}
