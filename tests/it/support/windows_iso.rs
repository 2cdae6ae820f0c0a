//! A disc with the shape of Windows' own, made by tools that we did not write. Nothing of Microsoft's is in it, so
//! it starts nothing but what a test puts in the place of the boot manager.
//!
//! UDF beside ISO 9660, two images in `boot.wim` of which the second starts, and `install.wim` or `install.esd`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::tool;

/// What a disc is to be like.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    /// The boot manager of the 2011 generation, on the disc and in `boot.wim`: any bytes, or a program that starts.
    pub(crate) loader: Vec<u8>,
    /// The one of the 2023 generation; images from before April 2024 have none.
    pub(crate) loader_ex: Option<Vec<u8>>,
    pub(crate) install: Install,
    /// Bytes of each of eight files in the installed image; no compression makes them smaller.
    pub(crate) file_size: usize,
    /// Of the images, as Windows numbers its builds.
    pub(crate) build: u32,
    /// For the installed image and its own boot files: 9 is x64, 12 is ARM64.
    pub(crate) architecture: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Install {
    Wim,
    /// Solid compression, as the Media Creation Tool writes it.
    Esd,
    /// A disc of Windows PE alone.
    None,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            loader: b"MZ, but no program: 2011".to_vec(),
            loader_ex: Some(b"MZ, but no program: 2023".to_vec()),
            install: Install::Wim,
            file_size: 100_000,
            build: 26100,
            architecture: 9,
        }
    }
}

/// Files that only the full Windows has and Windows PE wants; each says which it is.
pub(crate) const CURL: &[u8] = b"MZ, but no program: curl";
pub(crate) const PCPKSP: &[u8] = b"MZ, but no program: PCPKsp";

impl Shape {
    /// Makes it as `win.iso` in that folder, beside the tree that it was made of (`disc`).
    pub(crate) fn make(&self, folder: &Path) -> PathBuf {
        let (disc, iso) = (folder.join("disc"), folder.join("win.iso"));
        for path in [&disc, &folder.join("images")] {
            if path.exists() {
                fs::remove_dir_all(path).unwrap();
            }
        }
        self.disc_files(&disc);
        self.boot_wim(&folder.join("images"), &disc.join("sources/boot.wim"));
        self.install_image(&folder.join("images"), &disc.join("sources"));
        succeed(
            "genisoimage",
            &["-quiet", "-udf", "-iso-level", "3", "-V", "CCCOMA_X64FRE", "-o", text(&iso), text(&disc)],
        );
        iso
    }

    fn boot_name(&self) -> &'static str {
        if self.architecture == 12 { "bootaa64.efi" } else { "bootx64.efi" }
    }

    /// What lies on the disc itself.
    fn disc_files(&self, disc: &Path) {
        put(disc, &format!("efi/boot/{}", self.boot_name()), &self.loader);
        put(disc, "efi/microsoft/boot/bcd", STORE);
        put(disc, "efi/microsoft/boot/fonts/segoe_slboot.ttf", b"a font: disc");
        put(disc, "efi/microsoft/boot/efisys.bin", b"a floppy");
        put(disc, "boot/bcd", STORE);
        put(disc, "boot/boot.sdi", SDI);
        put(disc, "boot/fonts/segoe_slboot.ttf", b"a font: disc");
        put(disc, "bootmgr", b"a boot manager for BIOS");
        put(disc, "bootmgr.efi", &self.loader);
        put(disc, "setup.exe", b"MZ, but no program: setup");
        put(disc, "autorun.inf", b"[AutoRun]\r\n");
        fs::create_dir_all(disc.join("sources")).unwrap();
    }

    fn boot_wim(&self, images: &Path, wim: &Path) {
        let (first, second) = (images.join("1"), images.join("2"));
        for image in [&first, &second] {
            self.windows(image);
            put(image, "Windows/System32/winpeshl.exe", b"MZ, but no program: winpeshl");
            put(image, "Windows/System32/wpeinit.exe", b"MZ, but no program: wpeinit");
            put(image, "Windows/System32/startnet.cmd", b"wpeinit\r\n");
            put(image, "Windows/Boot/DVD/EFI/BCD", STORE);
            put(image, "Windows/Boot/DVD/EFI/boot.sdi", SDI);
        }
        put(&second, "setup.exe", b"MZ, but no program: setup");
        put(&second, "sources/setup.exe", b"MZ, but no program: setup");
        let (about, wim) = (self.properties(), text(wim));
        wimlib(&["capture", text(&first), wim, "Microsoft Windows PE (x64)", "--compress=LZX"], &about);
        wimlib(&["append", text(&second), wim, "Microsoft Windows Setup (x64)", "--boot"], &about);
    }

    fn install_image(&self, images: &Path, sources: &Path) {
        let image = images.join("install");
        self.windows(&image);
        put(&image, "Windows/System32/curl.exe", CURL);
        put(&image, "Windows/System32/PCPKsp.dll", PCPKSP);
        for number in 0..8_u8 {
            put(&image, &format!("Windows/WinSxS/{number}.bin"), &noise(self.file_size, u64::from(number) + 1));
        }
        let about = self.properties();
        let about = [&about[..], &["WINDOWS/EDITIONID=Professional".to_owned()]].concat();
        let (name, more): (_, &[&str]) = match self.install {
            Install::Wim => ("install.wim", &["--compress=XPRESS"]),
            Install::Esd => ("install.esd", &["--solid"]),
            Install::None => return,
        };
        let wim = sources.join(name);
        wimlib(&[&["capture", text(&image), text(&wim), "Windows 11 Pro"], more].concat(), &about);
    }

    /// Any Windows, large or small, and its own boot files.
    fn windows(&self, image: &Path) {
        put(image, "Windows/System32/cmd.exe", b"MZ, but no program: cmd");
        put(image, "Windows/System32/winload.efi", b"MZ, but no program: winload");
        put(image, "Windows/Boot/EFI/bootmgfw.efi", &self.loader);
        put(image, "Windows/Boot/EFI/bootmgr.efi", &self.loader);
        put(image, "Windows/Boot/EFI/boot.stl", b"a list of what is trusted");
        put(image, "Windows/Boot/Fonts/segoe_slboot.ttf", b"a font: 2011");
        if let Some(loader) = &self.loader_ex {
            put(image, "Windows/Boot/EFI_EX/bootmgfw_EX.efi", loader);
            put(image, "Windows/Boot/EFI_EX/bootmgr_EX.efi", loader);
            put(image, "Windows/Boot/FONTS_EX/segoe_slboot_EX.ttf", b"a font: 2023");
        }
    }

    fn properties(&self) -> Vec<String> {
        vec![
            format!("WINDOWS/ARCH={}", self.architecture),
            "WINDOWS/VERSION/MAJOR=10".to_owned(),
            "WINDOWS/VERSION/MINOR=0".to_owned(),
            format!("WINDOWS/VERSION/BUILD={}", self.build),
            "WINDOWS/LANGUAGES/DEFAULT=en-US".to_owned(),
        ]
    }
}

/// Enough for what only looks how a file begins.
const STORE: &[u8] = b"regf, but no store";
const SDI: &[u8] = b"$SDI0001, but no image";

fn put(folder: &Path, path: &str, bytes: &[u8]) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// The same every time, and nothing repeats in it (xorshift64).
fn noise(length: usize, mut state: u64) -> Vec<u8> {
    state = state.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut words = Vec::with_capacity(length + 8);
    while words.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        words.extend(state.to_le_bytes());
    }
    words.truncate(length);
    words
}

fn wimlib(arguments: &[&str], properties: &[String]) {
    let about = properties.iter().flat_map(|property| ["--image-property", property]);
    let all: Vec<&str> = arguments.iter().copied().chain(about).collect();
    succeed("wimlib-imagex", &all);
}

fn succeed(program: &str, arguments: &[&str]) {
    let (good, said) = tool(program, arguments);
    assert!(good, "{program} {arguments:?}: {said}");
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
