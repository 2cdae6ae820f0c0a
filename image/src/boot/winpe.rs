//! A customer's own Windows PE, as a person put it beside our files. Nothing of Microsoft's comes with us.
//!
//! iPXE loads wimboot (GPL, <https://github.com/ipxe/wimboot>), which starts Microsoft's boot manager with
//! these files as its disk. On the wire the names are ours, whatever case the person's copy has them in.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use whiteglove_core::{problem::Problem, windows::pe::NETWORK_CARD};

use super::{Content, Served, ipxe};

/// A file of Windows PE: where people have it, and how to tell that it is one.
struct Part {
    /// Its name below `winpe/` and its places in the folder, the first of which is what we tell people.
    places: &'static [&'static str],
    begins: &'static [u8],
    what: &'static str,
    required: bool,
    /// What the boot manager knows it as.
    called: &'static str,
}

/// Loads the others over the network (<https://github.com/ipxe/wimboot>).
pub const WIMBOOT: &str = "wimboot";

/// wimboot first; the large one last. wimboot takes the boot managers out of the image where they are not given.
const PARTS: &[Part] = &[
    Part { places: &[WIMBOOT], begins: b"MZ", what: "wimboot", required: true, called: "" },
    Part {
        places: &["bootmgr"],
        // It differs from version to version.
        begins: b"",
        what: "Microsoft's boot manager for BIOS",
        required: false,
        called: "bootmgr",
    },
    Part {
        places: &["bootmgfw.efi", "efi/microsoft/boot/bootmgfw.efi", "efi/boot/bootx64.efi"],
        begins: b"MZ",
        what: "Microsoft's boot manager for UEFI",
        required: false,
        called: "bootmgfw.efi",
    },
    Part {
        places: &["boot/bcd", "bcd"],
        begins: b"regf",
        what: "a boot configuration store",
        required: true,
        called: "BCD",
    },
    Part {
        places: &["boot/boot.sdi", "boot.sdi"],
        begins: b"$SDI",
        what: "a system deployment image",
        required: true,
        called: "boot.sdi",
    },
    Part {
        places: &["sources/boot.wim", "boot.wim"],
        begins: b"MSWIM\0\0\0",
        what: "a Windows image",
        required: true,
        called: "boot.wim",
    },
];

#[derive(Debug, thiserror::Error)]
pub enum WinPeError {
    #[error("the WinPE in {} is not complete", folder.display())]
    Missing { folder: PathBuf, names: Vec<&'static str> },
    #[error("{} is not {what}", path.display())]
    Not { path: PathBuf, what: &'static str },
    #[error("{} and {} are the same to Windows", one.display(), other.display())]
    Twice { one: PathBuf, other: PathBuf },
    #[error("{} cannot be read: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl From<WinPeError> for Problem {
    fn from(error: WinPeError) -> Self {
        let (why, next) = match &error {
            WinPeError::Missing { names, .. } => (
                format!("it has no {}", names.join(", no ")),
                match names.contains(&"wimboot") {
                    true => "copy the media folder of your WinPE there, and wimboot from github.com/ipxe/wimboot",
                    false => "copy the media folder of your WinPE there, with all its folders",
                },
            ),
            WinPeError::Not { .. } => (
                "its first bytes are others; a download that failed often leaves a web page behind".to_owned(),
                "copy that file there again",
            ),
            WinPeError::Twice { .. } => (
                "their names differ only in capitals, and it cannot be known which is meant".to_owned(),
                "remove one of them",
            ),
            WinPeError::Io { .. } => {
                ("the file system refused, as said above".to_owned(), "check that whiteglove may read the folder")
            }
        };
        Self::new(error.to_string(), why, next)
    }
}

/// A Windows PE that has all it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WinPe {
    files: Vec<WinPeFile>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct WinPeFile {
    name: &'static str,
    called: &'static str,
    path: PathBuf,
    size: u64,
}

impl WinPe {
    /// What is in a person's folder; `None` if there is no such folder.
    ///
    /// # Errors
    /// A file that is needed is missing, is there twice, or is something else.
    pub fn find(folder: &Path) -> Result<Option<Self>, WinPeError> {
        if !folder.is_dir() {
            return Ok(None);
        }
        let (mut files, mut missing) = (Vec::new(), Vec::new());
        for part in PARTS {
            let Some(name) = part.places.first() else { continue };
            match part.find(folder)? {
                Some((path, size)) => files.push(WinPeFile { name, called: part.called, path, size }),
                None if part.required => missing.push(*name),
                None => {}
            }
        }
        match missing.is_empty() {
            true => Ok(Some(Self { files })),
            false => Err(WinPeError::Missing { folder: folder.to_owned(), names: missing }),
        }
    }

    /// Its entries of the catalogue, `winpe.ipxe` first. `card` tells a Windows PE with our script in it where the
    /// bench is; any other finds a file more beside its programs.
    pub fn served(&self, card: Option<Vec<u8>>) -> Vec<Served> {
        let made = |name: &str, bytes| Served { name: name.to_owned(), content: Content::Made(bytes) };
        let script = made("winpe.ipxe", self.script(card.is_some()).into_bytes());
        let card = card.map(|card| made(&format!("winpe/{NETWORK_CARD}"), card));
        let files = self.files.iter().map(|WinPeFile { name, path, size, .. }| Served {
            name: format!("winpe/{name}"),
            content: Content::Brought { path: path.clone(), size: *size },
        });
        [script].into_iter().chain(card).chain(files).collect()
    }

    /// UEFI takes the name that the boot manager knows a file as from `--name`, BIOS from what follows the URL.
    fn script(&self, with_card: bool) -> String {
        let mut load = String::new();
        for WinPeFile { name, called, .. } in &self.files {
            load += &match *called {
                "" => format!("kernel winpe/{name} || goto failed\n"),
                called => format!("initrd --name {called} winpe/{name} {called} || goto failed\n"),
            };
        }
        if with_card {
            load += &format!("initrd --name {NETWORK_CARD} winpe/{NETWORK_CARD} {NETWORK_CARD} || goto failed\n");
        }
        load += "boot ||\n";
        ipxe::script("starts the customer's Windows PE", "starting Windows PE", "", &load)
    }
}

impl Part {
    fn find(&self, folder: &Path) -> Result<Option<(PathBuf, u64)>, WinPeError> {
        for place in self.places {
            let Some(path) = look_up(folder, place)? else { continue };
            let failed = |source| WinPeError::Io { path: path.clone(), source };
            let file = File::open(&path).map_err(failed)?;
            let about = file.metadata().map_err(failed)?;
            let mut head = Vec::new();
            file.take(self.begins.len() as u64).read_to_end(&mut head).map_err(failed)?;
            if !about.is_file() || about.len() == 0 || head != self.begins {
                return Err(WinPeError::Not { path, what: self.what });
            }
            return Ok(Some((path, about.len())));
        }
        Ok(None)
    }
}

/// A relative name as Windows understands it: capitals or not are the same.
fn look_up(folder: &Path, place: &str) -> Result<Option<PathBuf>, WinPeError> {
    let mut at = folder.to_owned();
    for step in place.split('/') {
        let entries = match fs::read_dir(&at) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(source) => return Err(WinPeError::Io { path: at, source }),
        };
        let mut found: Option<PathBuf> = None;
        for entry in entries {
            let entry = entry.map_err(|source| WinPeError::Io { path: at.clone(), source })?;
            if !entry.file_name().eq_ignore_ascii_case(step) {
                continue;
            }
            if let Some(one) = found.replace(entry.path()) {
                let (one, other) = if one < entry.path() { (one, entry.path()) } else { (entry.path(), one) };
                return Err(WinPeError::Twice { one, other });
            }
        }
        let Some(found) = found else { return Ok(None) };
        at = found;
    }
    Ok(Some(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files with the beginnings of the real ones; nothing here starts.
    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        folder
    }

    /// As Microsoft's kit leaves it, and as a person adds wimboot.
    const KIT: &[(&str, &[u8])] = &[
        ("wimboot", b"MZ wimboot"),
        ("bootmgr", b"\xeb\x01 bootmgr"),
        ("EFI/Boot/bootx64.efi", b"MZ bootmgfw"),
        ("Boot/BCD", b"regf store"),
        ("Boot/boot.sdi", b"$SDI0001"),
        ("sources/boot.wim", b"MSWIM\0\0\0 image"),
    ];

    fn without(name: &str) -> Vec<(&'static str, &'static [u8])> {
        KIT.iter().copied().filter(|(other, _)| *other != name).collect()
    }

    #[test]
    fn a_kit_as_microsoft_names_it_is_served_under_our_names() {
        let folder = folder(KIT);
        let served = WinPe::find(folder.path()).unwrap().unwrap().served(Some(b"set WG_MEDIA=5a".to_vec()));
        let names: Vec<_> = served.iter().map(|served| served.name.as_str()).collect();
        let expected = [
            "winpe.ipxe",
            "winpe/card.cmd",
            "winpe/wimboot",
            "winpe/bootmgr",
            "winpe/bootmgfw.efi",
            "winpe/boot/bcd",
            "winpe/boot/boot.sdi",
            "winpe/sources/boot.wim",
        ];
        assert_eq!(names, expected);
        let store = Content::Brought { path: folder.path().join("Boot/BCD"), size: 10 };
        assert_eq!(served[5].content, store);
        assert_eq!(served[1].content, Content::Made(b"set WG_MEDIA=5a".to_vec()));
    }

    #[test]
    fn the_script_names_what_is_there_as_the_boot_manager_knows_it() {
        let folder = folder(&without("bootmgr"));
        let winpe = WinPe::find(folder.path()).unwrap().unwrap();
        assert!(!winpe.script(false).contains("card.cmd"));
        let script = winpe.script(true);
        let loads: Vec<_> = script.lines().filter(|line| line.contains("winpe/")).collect();
        let expected = [
            "kernel winpe/wimboot || goto failed",
            "initrd --name bootmgfw.efi winpe/bootmgfw.efi bootmgfw.efi || goto failed",
            "initrd --name BCD winpe/boot/bcd BCD || goto failed",
            "initrd --name boot.sdi winpe/boot/boot.sdi boot.sdi || goto failed",
            "initrd --name boot.wim winpe/sources/boot.wim boot.wim || goto failed",
            "initrd --name card.cmd winpe/card.cmd card.cmd || goto failed",
        ];
        assert_eq!(loads, expected);
    }

    #[test]
    fn no_folder_is_no_winpe_and_half_a_folder_is_a_problem_that_names_the_rest() {
        assert_eq!(WinPe::find(Path::new("/nonexistent")).unwrap(), None);
        let folder = folder(&without("sources/boot.wim"));
        fs::remove_file(folder.path().join("wimboot")).unwrap();
        let problem = Problem::from(WinPe::find(folder.path()).unwrap_err());
        assert_eq!(problem.why, "It has no wimboot, no sources/boot.wim.");
        assert!(problem.next.contains("ipxe/wimboot"), "{}", problem.next);
    }

    #[test]
    fn a_web_page_in_place_of_an_image_is_not_served() {
        let folder = folder(&without("sources/boot.wim"));
        for bytes in [&b"<html>404</html>"[..], b"MSW", b""] {
            fs::create_dir_all(folder.path().join("sources")).unwrap();
            fs::write(folder.path().join("sources/boot.wim"), bytes).unwrap();
            let error = WinPe::find(folder.path()).unwrap_err();
            assert!(matches!(error, WinPeError::Not { what: "a Windows image", .. }), "{error}");
        }
        let directory = folder.path().join("bootmgr");
        fs::remove_file(&directory).unwrap();
        fs::create_dir(&directory).unwrap();
        assert!(WinPe::find(folder.path()).is_err());
    }

    #[test]
    fn names_that_are_one_to_windows_are_not_chosen_between() {
        let mut files = KIT.to_vec();
        files.push(("SOURCES/boot.wim", b"MSWIM\0\0\0 another"));
        let folder = folder(&files);
        let error = WinPe::find(folder.path()).unwrap_err();
        let WinPeError::Twice { one, other } = &error else { panic!("{error}") };
        assert_eq!((one.file_name().unwrap(), other.file_name().unwrap()), ("SOURCES".as_ref(), "sources".as_ref()));
    }
}
