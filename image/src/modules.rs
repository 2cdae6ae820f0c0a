//! From an unpacked kernel package to the modules that the boot environment carries: a wanted list,
//! everything it depends on, and the index files by which the agent loads them.
//!
//! Invariant: a module leaves here byte for byte as Debian signed it, apart from the compression
//! around it. Stripping one makes a Secure Boot kernel answer "Key was rejected by service".

mod modinfo;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

pub use modinfo::ModInfo;
use modinfo::canonical;
pub use wanted::{Group, WANTED};

use crate::elf::NotElf;

/// Far above the largest network driver; a compressed file that claims more is not a module.
const LARGEST_MODULE: u64 = 64 << 20;

#[derive(Debug, thiserror::Error)]
pub enum ModulesError {
    #[error("{} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("no kernel modules for {release} below {}", root.display())]
    NoTree { root: PathBuf, release: String },
    #[error("the kernel {release} has no module {name}, which is wanted for {what}")]
    Unknown { name: String, what: String, release: String },
    #[error("{} is no kernel module: {source}", path.display())]
    NotAModule { path: PathBuf, source: NotElf },
    #[error("{} was built for kernel {found}, not for {release}", path.display())]
    OtherKernel { path: PathBuf, found: String, release: String },
}

/// The modules of one kernel in an unpacked package.
#[derive(Debug)]
pub struct ModuleTree {
    /// Holds `kernel/`.
    base: PathBuf,
    release: String,
    /// Canonical name to path below `base`.
    files: BTreeMap<String, PathBuf>,
    builtin: BTreeSet<String>,
}

impl ModuleTree {
    /// Finds `usr/lib/modules/RELEASE` or `lib/modules/RELEASE` below `root`.
    pub fn open(root: &Path, release: &str) -> Result<Self, ModulesError> {
        let base = ["usr/lib/modules", "lib/modules"]
            .iter()
            .map(|lib| root.join(lib).join(release))
            .find(|base| base.join("kernel").is_dir())
            .ok_or_else(|| ModulesError::NoTree { root: root.to_owned(), release: release.to_owned() })?;
        let mut files = BTreeMap::new();
        collect(&base, Path::new("kernel"), &mut files)?;
        let builtin_list = base.join("modules.builtin");
        let builtin = match fs::read_to_string(&builtin_list) {
            Ok(text) => text.lines().filter_map(|line| module_name(Path::new(line))).collect(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => BTreeSet::new(),
            Err(source) => return Err(ModulesError::Read { path: builtin_list, source }),
        };
        Ok(Self { base, release: release.to_owned(), files, builtin })
    }

    pub fn release(&self) -> &str {
        &self.release
    }

    /// The wanted modules and everything they depend on.
    pub fn select(&self, wanted: &[Group]) -> Result<Selection, ModulesError> {
        let mut selection = Selection { release: self.release.clone(), modules: BTreeMap::new(), preload: Vec::new() };
        let mut queue: Vec<(String, &str, bool)> = Vec::new();
        for group in wanted {
            for (names, required) in [(group.required, true), (group.optional, false)] {
                queue.extend(names.iter().map(|name| (canonical(name), group.what, required)));
                if group.preload {
                    selection.preload.extend(names.iter().map(|name| canonical(name)));
                }
            }
        }
        while let Some((name, what, required)) = queue.pop() {
            if self.builtin.contains(&name) || selection.modules.contains_key(&name) {
                continue;
            }
            let Some(path) = self.files.get(&name) else {
                if required {
                    return Err(ModulesError::Unknown { name, what: what.to_owned(), release: self.release.clone() });
                }
                continue;
            };
            let module = self.read(path)?;
            queue.extend(module.info.depends.iter().map(|d| (d.clone(), what, true)));
            // Soft by name: one that this kernel lacks, or an alias such as `crc32c`, is no error.
            queue.extend(module.info.soft_names().map(|d| (d, what, false)));
            selection.modules.insert(name, module);
        }
        let carried = &selection.modules;
        selection.preload.retain(|name| carried.contains_key(name));
        Ok(selection)
    }

    fn read(&self, relative: &Path) -> Result<Module, ModulesError> {
        let path = self.base.join(relative);
        let fail = |source| ModulesError::Read { path: path.clone(), source };
        let packed = fs::File::open(&path).map_err(fail)?;
        let mut bytes = Vec::new();
        let read = match path.extension().and_then(|e| e.to_str()) {
            Some("xz") => {
                lzma_rust2::XzReader::new(io::BufReader::new(packed), true).take(LARGEST_MODULE).read_to_end(&mut bytes)
            }
            Some("zst") => zstd::Decoder::new(packed).map_err(fail)?.take(LARGEST_MODULE).read_to_end(&mut bytes),
            _ => packed.take(LARGEST_MODULE).read_to_end(&mut bytes),
        };
        read.map_err(fail)?;
        let info = ModInfo::parse(&bytes).map_err(|source| ModulesError::NotAModule { path: path.clone(), source })?;
        if info.release != self.release {
            return Err(ModulesError::OtherKernel { path, found: info.release, release: self.release.clone() });
        }
        Ok(Module { path: plain_path(relative), bytes, info })
    }
}

/// One module as it goes into the initramfs.
#[derive(Debug)]
pub struct Module {
    /// `kernel/drivers/.../igc.ko`: below `/lib/modules/RELEASE/`, without a compression suffix.
    pub path: String,
    pub bytes: Vec<u8>,
    pub info: ModInfo,
}

/// A closed set: every dependency of a module in it is in it or in the kernel itself.
#[derive(Debug)]
pub struct Selection {
    pub release: String,
    /// By canonical name.
    pub modules: BTreeMap<String, Module>,
    preload: Vec<String>,
}

impl Selection {
    /// `modules.dep`: `path: dependency...`, the one to load first last, as depmod writes it.
    pub fn dep_file(&self) -> String {
        let mut text = String::new();
        for module in self.modules.values() {
            let mut order = Vec::new();
            for name in &module.info.depends {
                self.load_order(name, &mut order);
            }
            let _ = write!(text, "{}:", module.path);
            for path in order.iter().rev() {
                let _ = write!(text, " {path}");
            }
            text.push('\n');
        }
        text
    }

    /// Appends what must be loaded for `name`, and then it, each once. The kernel refuses cycles.
    fn load_order<'a>(&'a self, name: &str, order: &mut Vec<&'a str>) {
        let Some(module) = self.modules.get(name) else { return };
        if order.contains(&module.path.as_str()) {
            return;
        }
        for dependency in &module.info.depends {
            self.load_order(dependency, order);
        }
        order.push(&module.path);
    }

    /// `modules.alias`: `alias PATTERN MODULE`, patterns as shell globs over a device's modalias.
    pub fn alias_file(&self) -> String {
        let mut text = String::from("# Aliases extracted from modules themselves.\n");
        for (name, module) in &self.modules {
            for alias in &module.info.aliases {
                let _ = writeln!(text, "alias {alias} {name}");
            }
        }
        text
    }

    /// `modules.softdep`: `softdep MODULE pre: A post: B`.
    pub fn softdep_file(&self) -> String {
        let mut text = String::from("# Soft dependencies extracted from modules themselves.\n");
        for (name, module) in &self.modules {
            for softdep in &module.info.softdeps {
                let _ = writeln!(text, "softdep {name} {softdep}");
            }
        }
        text
    }

    /// `modules.preload` (ours): a module name a line, to load in this order before any device.
    pub fn preload_file(&self) -> String {
        self.preload.iter().fold(String::new(), |text, name| text + name + "\n")
    }

    /// Modules that ask for firmware files. None are carried: most cards work without, some do not.
    pub fn asking_for_firmware(&self) -> Vec<String> {
        self.modules.iter().filter(|(_, m)| !m.info.firmware.is_empty()).map(|(name, _)| name.clone()).collect()
    }
}

fn collect(base: &Path, below: &Path, files: &mut BTreeMap<String, PathBuf>) -> Result<(), ModulesError> {
    let dir = base.join(below);
    let fail = |source| ModulesError::Read { path: dir.clone(), source };
    for entry in fs::read_dir(&dir).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let path = below.join(entry.file_name());
        if entry.file_type().map_err(fail)?.is_dir() {
            collect(base, &path, files)?;
        } else if let Some(name) = module_name(&path) {
            files.insert(name, path);
        }
    }
    Ok(())
}

/// `kernel/drivers/hid/hid-generic.ko.xz` is `hid_generic`.
fn module_name(path: &Path) -> Option<String> {
    let file = path.file_name()?.to_str()?;
    [".ko", ".ko.xz", ".ko.zst"].iter().find_map(|suffix| file.strip_suffix(suffix)).map(canonical)
}

fn plain_path(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.strip_suffix(".xz").or_else(|| text.strip_suffix(".zst")).unwrap_or(&text).to_owned()
}

#[cfg(test)]
pub(crate) mod tests;
