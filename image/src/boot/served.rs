//! What a bench gives out to laptops that boot from the network: one list, for every protocol and for the
//! export to other people's servers.

use std::path::PathBuf;

use super::{BootEnv, BootError, BootFile, ipxe_script, media_cpio, memtest_script, network_grub_cfg};

/// A file under the name that firmware and loaders ask for, below the root of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    pub name: String,
    pub content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Of the boot environment.
    File(BootFile),
    Made(Vec<u8>),
    /// A person put it there, and nobody knows a digest. May be gigabytes.
    Brought {
        path: PathBuf,
        size: u64,
    },
}

impl Content {
    /// In bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::File(file) => file.size,
            Self::Made(bytes) => bytes.len() as u64,
            Self::Brought { size, .. } => *size,
        }
    }
}

/// The files of our own programs. `card`: as for [`media_cpio`].
///
/// Names are where loaders look: shim for `grubx64.efi` beside itself, GRUB for `/grub/grub.cfg` on the
/// server it came from, whatever the folder; so shim has to lie in the root.
///
/// # Errors
/// The environment was made before it carried GRUB for the network.
pub fn served(environment: &BootEnv, card: &[u8]) -> Result<Vec<Served>, BootError> {
    let grub =
        environment.network_grub.as_ref().ok_or_else(|| BootError::NoNetworkGrub { dir: environment.dir.clone() })?;
    let file = |name: &str, file: &BootFile| Served { name: name.to_owned(), content: Content::File(file.clone()) };
    let made = |name: &str, bytes: Vec<u8>| Served { name: name.to_owned(), content: Content::Made(bytes) };
    let mut list = vec![
        file("shimx64.efi", &environment.shim),
        file("grubx64.efi", grub),
        made("grub/grub.cfg", network_grub_cfg().into_bytes()),
        made("boot.ipxe", ipxe_script().into_bytes()),
        file("boot/vmlinuz", &environment.kernel),
        file("boot/initrd.zst", &environment.initrd),
        made("boot/media.cpio", media_cpio(card).map_err(BootError::Card)?),
    ];
    list.extend(environment.mok_manager.as_ref().map(|manager| file("mmx64.efi", manager)));
    list.extend(environment.bios_ipxe.as_ref().map(|ipxe| file("undionly.kpxe", ipxe)));
    if let (Some(efi), Some(bios)) = (&environment.memtest_efi, &environment.memtest_bios) {
        list.push(file("memtest.efi", efi));
        list.push(file("memtest.bin", bios));
        list.push(made("memtest.ipxe", memtest_script().into_bytes()));
    }
    list.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(list)
}
