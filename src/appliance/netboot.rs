//! The boot environment as a tree of files that any TFTP or HTTP server can give out, for benches whose
//! network already has its servers.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use whiteglove_core::{
    control::Progress, media::Windows, media_card::MediaCard, preflight::Fleet, problem::Problem, windows::pe,
};
use whiteglove_image::{
    boot::{self, BootEnv, BootFile, Content, Served, WIMBOOT, WinPe},
    starts,
};

use super::jobs::Handle;
use crate::{media::Places, preflight};

/// Writes the tree beside its place and moves it there when it is whole; what is copied is checked again
/// on the way.
///
/// # Errors
/// The folder is there already, the boot environment is not, or the disk refuses.
pub(super) fn export(
    boot_environment: &Path,
    card: &MediaCard,
    out: &Path,
    fleet: &Fleet,
    handle: &mut Handle<'_>,
) -> Result<String, Problem> {
    let environment = BootEnv::open(boot_environment).map_err(Problem::from)?;
    let served = served(&environment, card)?;
    if out.exists() {
        return Err(in_use(out));
    }
    let failed = |error: io::Error| {
        Problem::new(
            format!("{} was not exported.", out.display()),
            format!("The system says: {error}."),
            "Check the permissions and the free space there, then export again.",
        )
    };
    let parent = out.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(failed)?;
    let staging = tempfile_beside(parent).map_err(failed)?;
    let total = served.iter().map(|served| served.content.size()).sum();
    let mut tree = Tree { root: &staging, handle, done: 0, total };
    let written = tree.write(&served, card).and_then(|()| {
        // Rename of a folder is at once; nobody sees half of it.
        fs::rename(&staging, out)
    });
    if let Err(error) = written {
        drop(fs::remove_dir_all(&staging));
        return Err(match error.kind() {
            io::ErrorKind::Interrupted => {
                Problem::new("The export was cancelled.", "It was asked for.", "Nothing to do.")
            }
            _ => failed(error),
        });
    }
    let programs = starts::served(&served).map_err(failed)?;
    let said = preflight::words(&programs, fleet).map_or_else(String::new, |said| format!(" {said}"));
    handle.built(card.media, programs);
    Ok(format!(
        "{} is ready: medium {}, batch '{}'. README.TXT in it says how dnsmasq and nginx give it out.{said}",
        out.display(),
        card.media,
        card.batch
    ))
}

/// Makes a customer's Windows PE ready for the network: in a new folder for others' servers, with the card of a medium of
/// its own; or, in the place of an earlier one, in the folder `own` out of which this bench gives it with its own card.
///
/// # Errors
/// As of [`crate::media::windows::Bench::network`], or the folder is there already.
pub(super) fn export_winpe(
    places: &Places,
    card: &MediaCard,
    windows: &Windows,
    own: &Path,
    out: Option<&Path>,
    handle: &mut Handle<'_>,
) -> Result<String, Problem> {
    let target = out.unwrap_or(own);
    let failed = |error: io::Error| {
        Problem::new(
            format!("{} was not made.", target.display()),
            format!("The system says: {error}."),
            "Check the permissions and the free space there, then try again.",
        )
    };
    if out.is_some_and(Path::exists) {
        return Err(in_use(target));
    }
    let parent = target.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(failed)?;
    let staging = Staging(tempfile_beside(parent).map_err(failed)?);
    // One that a person put there stays.
    let wimboot = Some(own.join(WIMBOOT)).filter(|path| path.is_file());
    let folder = if out.is_some() { staging.0.join("winpe") } else { staging.0.clone() };
    let bench = places.windows(card);
    let mut notes = bench.network(windows, wimboot.as_deref(), &folder, &mut |progress| handle.watch(progress))?;
    let found = WinPe::find(&folder).map_err(Problem::from)?;
    if out.is_some() {
        let tree = Tree { root: &staging.0, handle, done: 0, total: 0 };
        let written = found.iter().flat_map(|winpe| winpe.served(Some(pe::card(card)))).try_for_each(
            |Served { name, content }| {
                // The others lie there already.
                if let Content::Made(bytes) = content { tree.text(&name, &bytes) } else { Ok(()) }
            },
        );
        written.and_then(|()| tree.text("README.TXT", winpe_words(card).as_bytes())).map_err(failed)?;
    } else if target.exists() {
        let old = target.with_extension("old");
        let replaced = fs::remove_dir_all(&old).or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        });
        replaced.and_then(|()| fs::rename(target, &old)).map_err(failed)?;
        notes.push(format!("The earlier one is kept as {}.", old.display()));
    }
    fs::set_permissions(&staging.0, fs::Permissions::from_mode(0o755)).map_err(failed)?;
    fs::rename(&staging.0, target).map_err(failed)?;
    let words = match out {
        Some(_) => {
            format!("{} is ready: medium {}. README.TXT in it says how to give it out.", target.display(), card.media)
        }
        None => "Laptops that boot from the network can start it now: whiteglove netboot boot winpe DEVICE.".to_owned(),
    };
    Ok([vec![words], notes].concat().join(" "))
}

/// Removed unless it was renamed.
struct Staging(PathBuf);

impl Drop for Staging {
    fn drop(&mut self) {
        // What stops this will stop the next attempt, which says so.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn in_use(out: &Path) -> Problem {
    Problem::new(
        format!("{} is there already.", out.display()),
        "An export never writes over a folder that a server may be giving out.",
        "Name a new folder, switch the server over, then remove the old one.",
    )
}

/// What the bench itself would give out for this card.
fn served(environment: &BootEnv, card: &MediaCard) -> Result<Vec<Served>, Problem> {
    let json = serde_json::to_vec(card).map_err(|error| {
        Problem::new("The media card could not be made.", format!("{error}."), "Report this; it is a defect.")
    })?;
    boot::served(environment, &json).map_err(Problem::from)
}

fn tempfile_beside(parent: &Path) -> io::Result<PathBuf> {
    let staging = parent.join(format!(".whiteglove-export-{}", std::process::id()));
    // Of an export that was killed.
    if staging.exists() {
        fs::remove_dir_all(&staging)?;
    }
    fs::create_dir(&staging)?;
    Ok(staging)
}

struct Tree<'a, 'h> {
    root: &'a Path,
    handle: &'a mut Handle<'h>,
    done: u64,
    total: u64,
}

impl Tree<'_, '_> {
    fn write(&mut self, served: &[Served], card: &MediaCard) -> io::Result<()> {
        // Servers run as somebody else.
        fs::set_permissions(self.root, fs::Permissions::from_mode(0o755))?;
        for Served { name, content } in served {
            if let Some((folder, _)) = name.rsplit_once('/') {
                let folder = self.root.join(folder);
                fs::create_dir_all(&folder)?;
                fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
            }
            match content {
                Content::File(file) => self.copy(&file.path, Some(file), name)?,
                Content::Brought { path, .. } => self.copy(path, None, name)?,
                Content::Made(bytes) => self.text(name, bytes)?,
            }
        }
        self.text("dnsmasq.conf", DNSMASQ.as_bytes())?;
        self.text("nginx.conf", NGINX.as_bytes())?;
        self.text("README.TXT", words(card).as_bytes())
    }

    fn copy(&mut self, from: &Path, known: Option<&BootFile>, to: &str) -> io::Result<()> {
        let mut from = File::open(from)?;
        let mut into = File::create_new(self.root.join(to))?;
        let (mut digest, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
        loop {
            let n = from.read(&mut buffer)?;
            if n == 0 {
                break;
            }
            digest.update(&buffer[..n]);
            into.write_all(&buffer[..n])?;
            self.done += n as u64;
            let progress = Progress { task: "exporting".to_owned(), done: self.done, total: self.total };
            if self.handle.watch(progress).is_break() {
                return Err(io::ErrorKind::Interrupted.into());
            }
        }
        if known.is_some_and(|file| digest.finalize().as_slice() != file.sha256) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{to} changed while it was copied")));
        }
        publish(&into)
    }

    fn text(&self, to: &str, bytes: &[u8]) -> io::Result<()> {
        let mut into = File::create_new(self.root.join(to))?;
        into.write_all(bytes)?;
        publish(&into)
    }
}

/// Readable for everybody, and on disk.
fn publish(file: &File) -> io::Result<()> {
    file.set_permissions(fs::Permissions::from_mode(0o644))?;
    file.sync_all()
}

/// Beside a DHCP server of its own, or as the bench's DHCP server.
const DNSMASQ: &str = "\
# dnsmasq for an export of whiteglove. Set the three values in capitals; nothing else has to change.
port=0
interface=INTERFACE
bind-interfaces
dhcp-range=FIRST-ADDRESS,LAST-ADDRESS,1h
enable-tftp
tftp-root=/srv/whiteglove
# iPXE, of a network card's ROM or of ours, names itself. Without this it is handed itself for ever.
dhcp-userclass=set:ipxe,iPXE
dhcp-boot=tag:ipxe,boot.ipxe
# By HTTP it loads in a tenth of the time; the address is this server's.
#dhcp-boot=tag:ipxe,http://SERVER/boot.ipxe
# UEFI x64 by TFTP. Both the option and the header field are filled: shim reads only the field.
dhcp-match=set:efi64,option:client-arch,7
dhcp-match=set:efi64,option:client-arch,9
dhcp-boot=tag:efi64,tag:!ipxe,shimx64.efi
# BIOS by TFTP; it has no Secure Boot.
dhcp-match=set:bios,option:client-arch,0
dhcp-boot=tag:bios,tag:!ipxe,undionly.kpxe
# UEFI x64 by HTTP, where the firmware asks for that; the address is this server's.
#dhcp-match=set:http64,option:client-arch,16
#dhcp-option-force=tag:http64,60,HTTPClient
#dhcp-boot=tag:http64,\"http://SERVER/shimx64.efi\"
";

/// For UEFI HTTP Boot.
const NGINX: &str = "\
# nginx for an export of whiteglove, inside `http { }`.
server {
    listen 80;
    root /srv/whiteglove;
    # shim asks for //grubx64.efi; nginx reads that as one slash by default.
    merge_slashes on;
    # Everything below is public to the laptop network; the export holds nothing else.
    autoindex off;
}
";

fn words(card: &MediaCard) -> String {
    let bench = match card.endpoints.is_empty() {
        true => "by asking the network for it (mDNS)".to_owned(),
        false => format!("at {}", card.endpoints.join(" or ")),
    };
    format!(
        "\
This folder boots laptops over the network into whiteglove's agent.

It belongs to the bench '{}' (batch '{}'), medium {}.
Laptops reach the bench {bench}; it has to run while they boot.

  Give it out by TFTP (PXE) or HTTP (UEFI HTTP Boot) as it is; the first file is shimx64.efi for UEFI,
  undionly.kpxe for BIOS, and boot.ipxe for a machine that is in iPXE already.
  For a memory test give memtest.ipxe in place of boot.ipxe; UEFI starts it with Secure Boot off only.
  dnsmasq.conf and nginx.conf are starting points for a server that has it in /srv/whiteglove.
  Secure Boot stays on. Laptops need \"Allow Microsoft 3rd Party UEFI CA\" in their firmware setup.

Whoever is on this network can read the folder. It holds no password: only the bench's public key, and a
token with which captures can be sent to it. The bench gives out a laptop's data to nobody.
When the batch is done: whiteglove media revoke {}
",
        card.bench, card.batch, card.media, card.media
    )
}

fn winpe_words(card: &MediaCard) -> String {
    format!(
        "\
This folder starts laptops over the network into the customer's Windows PE, which makes their hardware hash.

It belongs to the bench '{}' (batch '{}'), medium {}.

  Give it out by HTTP (or TFTP, which takes minutes) as it is, and let iPXE load winpe.ipxe.
  UEFI: iPXE and wimboot start with Secure Boot off, or where both are signed for the firmware's certificates.
  With Secure Boot on and nothing changed on the laptop, start Windows PE from a stick.

Whoever is on this network can read the folder. It holds a pass with which captures can be handed in to the bench, and
nothing else of value; the bench gives out a laptop's data to nobody.
When the batch is done: whiteglove media revoke {}
",
        card.bench, card.batch, card.media, card.media
    )
}
