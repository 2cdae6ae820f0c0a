//! Which files of a customer's Windows go where on a medium that starts it.
//!
//! Firmware starts the boot manager, which reads its configuration (BCD) and loads `boot.wim` into memory. On
//! Windows' discs that configuration names its files from the volume it lies on, so it serves on every medium as it
//! is. What a disc lacks is in `boot.wim` itself, below `Windows/Boot`: wimboot starts Windows from nothing else.
//! The boot managers signed by the certificates of 2023 are there under names with `_EX` ("Updating Windows bootable
//! media to use the PCA2023 signed boot manager", Microsoft KB5053484).

use std::collections::BTreeMap;

use super::Architecture;
use crate::media::Generation;

/// What is taken out of `boot.wim` before its layout is decided; `*` as wimlib understands it.
pub const FROM_IMAGE: [&str; 8] = [
    "/Windows/Boot/EFI/bootmgfw.efi",
    "/Windows/Boot/EFI/boot.stl",
    "/Windows/Boot/EFI_EX/bootmgfw_EX.efi",
    "/Windows/Boot/EFI_EX/bootmgr_EX.efi",
    "/Windows/Boot/DVD/EFI/BCD",
    "/Windows/Boot/DVD/EFI/boot.sdi",
    "/Windows/Boot/Fonts/*",
    "/Windows/Boot/FONTS_EX/*",
];

/// On the disc and on the medium.
pub const BOOT_IMAGE: &str = "sources/boot.wim";
/// What Setup installs from, in the order it looks.
pub const INSTALL_IMAGES: [&str; 3] = ["sources/install.wim", "sources/install.esd", "sources/install.swm"];

const BCD: &str = "EFI/Microsoft/Boot/BCD";
const FONTS: &str = "EFI/Microsoft/Boot/Fonts";
/// As they are on the medium; on a disc the same with `fonts` in small letters.
const TRUST_LIST: &str = "EFI/Microsoft/Boot/boot.stl";

/// Where a file comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The disc, by its path there.
    Disc(String),
    /// `boot.wim`, by its path in it.
    Image(String),
}

/// A file of the boot volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    pub to: String,
    pub from: Origin,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    #[error("the disc has no {0}, and neither has its boot.wim")]
    Missing(&'static str),
    /// Who signed those that are there.
    #[error("no boot manager of this ISO is signed by {wanted}; {found}")]
    Generation { wanted: String, found: String },
}

/// Paths by how Windows compares them: the case of letters means nothing.
#[derive(Debug, Default, Clone)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    pub fn new<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        Self(paths.into_iter().map(|path| (path.trim_matches('/').to_lowercase(), path.to_owned())).collect())
    }

    /// As it is spelled there.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.0.get(&path.trim_matches('/').to_lowercase()).map(String::as_str)
    }

    /// All in a folder, not below it: as they are spelled, with their last name.
    fn inside(&self, folder: &str) -> Vec<(&str, &str)> {
        let folder = format!("{}/", folder.trim_matches('/').to_lowercase());
        let below = self.0.range(folder.clone()..).take_while(|(folded, _)| folded.starts_with(&folder));
        let here = below.filter(|(folded, _)| !folded[folder.len()..].contains('/'));
        here.filter_map(|(_, path)| Some((path.as_str(), path.rsplit('/').next()?))).collect()
    }
}

/// The boot managers that may be taken for a generation, the best first.
pub fn loaders(architecture: Architecture, generation: Generation, disc: &Names, image: &Names) -> Vec<Origin> {
    let own = format!("efi/boot/{}", architecture.loader());
    let of_disc = disc.get(&own).map(|path| Origin::Disc(path.to_owned()));
    let of_image = |path: &str| image.get(path).map(|path| Origin::Image(path.to_owned()));
    let plain = of_image("Windows/Boot/EFI/bootmgfw.efi");
    let new = of_image("Windows/Boot/EFI_EX/bootmgfw_EX.efi");
    let all = match generation {
        Generation::AsIs => [of_disc, plain, None],
        Generation::Ca2011 => [plain, of_disc, None],
        // An ISO that was brought up to date has the new one in the place of the old.
        Generation::Ca2023 => [new, of_disc, plain],
    };
    all.into_iter().flatten().collect()
}

/// Everything that `boot.wim` needs around it to start by this boot manager.
///
/// # Errors
/// A file without which nothing starts is nowhere.
pub fn boot_files(
    architecture: Architecture,
    generation: Generation,
    loader: Origin,
    disc: &Names,
    image: &Names,
) -> Result<Vec<Placed>, LayoutError> {
    let on_disc = |path: &str| disc.get(path).map(|path| Origin::Disc(path.to_owned()));
    let in_image = |path: &str| image.get(path).map(|path| Origin::Image(path.to_owned()));
    let place = |to: &str, from: Option<Origin>| from.map(|from| Placed { to: to.to_owned(), from });
    let needed = |to: &'static str, from: Option<Origin>| place(to, from).ok_or(LayoutError::Missing(to));
    let new = generation == Generation::Ca2023;
    let mut files = vec![
        Placed { to: format!("EFI/BOOT/{}", architecture.loader()), from: loader },
        needed(BCD, on_disc(BCD).or_else(|| in_image("Windows/Boot/DVD/EFI/BCD")))?,
        needed("boot/boot.sdi", on_disc("boot/boot.sdi").or_else(|| in_image("Windows/Boot/DVD/EFI/boot.sdi")))?,
    ];
    // Since 24H2 the boot manager asks for it.
    files.extend(place(TRUST_LIST, on_disc(TRUST_LIST).or_else(|| in_image("Windows/Boot/EFI/boot.stl"))));
    let manager = match new {
        true => in_image("Windows/Boot/EFI_EX/bootmgr_EX.efi"),
        false => on_disc("bootmgr.efi"),
    };
    files.extend(place("bootmgr.efi", manager));
    let old_fonts = || {
        let disc = disc.inside(FONTS).into_iter().map(|(path, name)| (Origin::Disc(path.to_owned()), name.to_owned()));
        let image = image.inside("Windows/Boot/Fonts").into_iter();
        let image = image.map(|(path, name)| (Origin::Image(path.to_owned()), name.to_owned()));
        let disc: Vec<_> = disc.collect();
        if disc.is_empty() { image.collect() } else { disc }
    };
    let fonts: Vec<(Origin, String)> = match image.inside("Windows/Boot/FONTS_EX") {
        new_fonts if new && !new_fonts.is_empty() => {
            let named = new_fonts.into_iter().map(|(path, name)| (Origin::Image(path.to_owned()), without_ex(name)));
            named.collect()
        }
        _ => old_fonts(),
    };
    files.extend(fonts.into_iter().map(|(from, name)| Placed { to: format!("{FONTS}/{name}"), from }));
    Ok(files)
}

/// `segoe_slboot_EX.ttf` is loaded as `segoe_slboot.ttf`.
fn without_ex(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, ending)) if stem.to_lowercase().ends_with("_ex") => format!("{}.{ending}", &stem[..stem.len() - 3]),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISC: [&str; 8] = [
        "efi/boot/bootx64.efi",
        "efi/microsoft/boot/bcd",
        "efi/microsoft/boot/fonts/segmono_boot.ttf",
        "boot/boot.sdi",
        "bootmgr.efi",
        "sources/boot.wim",
        "sources/install.wim",
        "setup.exe",
    ];
    const IMAGE: [&str; 9] = [
        "Windows/Boot/EFI/bootmgfw.efi",
        "Windows/Boot/EFI/boot.stl",
        "Windows/Boot/EFI_EX/bootmgfw_EX.efi",
        "Windows/Boot/EFI_EX/bootmgr_EX.efi",
        "Windows/Boot/DVD/EFI/BCD",
        "Windows/Boot/DVD/EFI/boot.sdi",
        "Windows/Boot/Fonts/wgl4_boot.ttf",
        "Windows/Boot/FONTS_EX/segmono_boot_EX.ttf",
        "Windows/Boot/FONTS_EX/deep/other.ttf",
    ];

    fn laid_out(generation: Generation, disc: &[&str], image: &[&str]) -> Result<Vec<(String, Origin)>, LayoutError> {
        let (disc, image) = (Names::new(disc.iter().copied()), Names::new(image.iter().copied()));
        let loader = loaders(Architecture::X64, generation, &disc, &image).remove(0);
        let files = boot_files(Architecture::X64, generation, loader, &disc, &image)?;
        Ok(files.into_iter().map(|placed| (placed.to, placed.from)).collect())
    }

    fn disc(path: &str) -> Origin {
        Origin::Disc(path.to_owned())
    }

    fn image(path: &str) -> Origin {
        Origin::Image(path.to_owned())
    }

    #[test]
    fn a_disc_starts_as_it_did() {
        let expected = [
            ("EFI/BOOT/BOOTX64.EFI", disc("efi/boot/bootx64.efi")),
            ("EFI/Microsoft/Boot/BCD", disc("efi/microsoft/boot/bcd")),
            ("boot/boot.sdi", disc("boot/boot.sdi")),
            ("EFI/Microsoft/Boot/boot.stl", image("Windows/Boot/EFI/boot.stl")),
            ("bootmgr.efi", disc("bootmgr.efi")),
            ("EFI/Microsoft/Boot/Fonts/segmono_boot.ttf", disc("efi/microsoft/boot/fonts/segmono_boot.ttf")),
        ];
        assert_eq!(
            laid_out(Generation::AsIs, &DISC, &IMAGE).unwrap(),
            expected.map(|(to, from)| (to.to_owned(), from))
        );
    }

    #[test]
    fn the_generation_of_2023_brings_its_own_manager_and_fonts() {
        let files = laid_out(Generation::Ca2023, &DISC, &IMAGE).unwrap();
        let from = |to: &str| files.iter().find(|(path, _)| path == to).map(|(_, from)| from.clone());
        assert_eq!(from("EFI/BOOT/BOOTX64.EFI"), Some(image("Windows/Boot/EFI_EX/bootmgfw_EX.efi")));
        assert_eq!(from("bootmgr.efi"), Some(image("Windows/Boot/EFI_EX/bootmgr_EX.efi")));
        let fonts: Vec<_> = files.iter().filter(|(to, _)| to.starts_with(FONTS)).collect();
        assert_eq!(fonts.len(), 1);
        assert_eq!(fonts[0].0, "EFI/Microsoft/Boot/Fonts/segmono_boot.ttf");
    }

    #[test]
    fn boot_wim_alone_starts_too() {
        let files = laid_out(Generation::AsIs, &["sources/boot.wim"], &IMAGE).unwrap();
        assert!(files.iter().all(|(_, from)| matches!(from, Origin::Image(_))), "{files:?}");
        assert!(files.iter().any(|(to, _)| to == "EFI/Microsoft/Boot/Fonts/wgl4_boot.ttf"));
        assert_eq!(laid_out(Generation::AsIs, &DISC[..1], &[]), Err(LayoutError::Missing(BCD)));
    }

    #[test]
    fn the_managers_are_tried_in_the_order_of_their_generation() {
        let (disc_names, names) = (Names::new(DISC), Names::new(IMAGE));
        let order = |generation| loaders(Architecture::X64, generation, &disc_names, &names);
        let own = disc("efi/boot/bootx64.efi");
        let plain = image("Windows/Boot/EFI/bootmgfw.efi");
        assert_eq!(order(Generation::AsIs), [own.clone(), plain.clone()]);
        assert_eq!(order(Generation::Ca2011), [plain.clone(), own.clone()]);
        assert_eq!(order(Generation::Ca2023), [image("Windows/Boot/EFI_EX/bootmgfw_EX.efi"), own, plain.clone()]);
        // A processor that the disc is not for.
        assert_eq!(loaders(Architecture::Arm64, Generation::AsIs, &disc_names, &names), [plain]);
    }

    #[test]
    fn names_are_compared_as_windows_does() {
        let names = Names::new(["EFI/Boot/BootX64.efi"]);
        assert_eq!(names.get("efi/BOOT/bootx64.EFI"), Some("EFI/Boot/BootX64.efi"));
        assert_eq!(without_ex("a_ex.ttf"), "a.ttf");
        assert_eq!(without_ex("ex.ttf"), "ex.ttf");
    }
}
