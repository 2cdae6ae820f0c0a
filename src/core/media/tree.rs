//! The tree of names that goes on a volume: checked, ordered, and given its clusters.
//!
//! Invariant: the order of the items does not matter; directories and files are numbered by depth,
//! then by name, so that the same content gives the same volume.

use std::collections::BTreeMap;

use super::name;
use super::volume::{
    Directory, Entry, File, Geometry, MAX_DEPTH, MAX_FILE, MAX_PATH_UNITS, MAX_SLOTS, Target, Volume, VolumeError,
};
use super::{Item, MIB, Source};

/// A tree of names, before it has a volume to live on.
#[derive(Debug)]
pub struct Tree {
    directories: Vec<Directory>,
    files: Vec<File>,
}

struct Node {
    path: String,
    children: BTreeMap<String, (String, Child)>,
}

enum Child {
    Directory(usize),
    File { size: u64, source: Source },
}

impl Tree {
    /// Checks every name and size; parents that were not named are made. Independent of the items' order.
    pub fn grow(items: Vec<Item>) -> Result<Self, VolumeError> {
        let mut nodes = vec![Node { path: String::new(), children: BTreeMap::new() }];
        for item in items {
            insert(&mut nodes, item)?;
        }
        Self::number(nodes)
    }

    /// Gives directories and files their order: by depth, then by name.
    fn number(mut nodes: Vec<Node>) -> Result<Self, VolumeError> {
        let mut order = vec![(0, 0)];
        let (mut directories, mut files): (Vec<Directory>, Vec<File>) = (Vec::new(), Vec::new());
        let mut at = 0;
        while let Some(&(node, parent)) = order.get(at) {
            let path = nodes[node].path.clone();
            let children: Vec<_> = std::mem::take(&mut nodes[node].children).into_values().collect();
            let names: Vec<&str> = children.iter().map(|(name, _)| name.as_str()).collect();
            let short = name::aliases(&names);
            let mut entries = Vec::with_capacity(children.len());
            for ((name, child), short) in children.into_iter().zip(short) {
                let target = match child {
                    Child::Directory(node) => {
                        order.push((node, at));
                        Target::Directory(order.len() - 1)
                    }
                    Child::File { size, source } => {
                        files.push(File {
                            path: format!("{path}/{name}"),
                            size,
                            source,
                            first_cluster: 0,
                            clusters: 0,
                        });
                        Target::File(files.len() - 1)
                    }
                };
                entries.push(Entry { name, short, target });
            }
            let path = if path.is_empty() { "/".to_owned() } else { path };
            let directory = Directory { path, parent, entries, first_cluster: 0, clusters: 0 };
            if directory.slots() > MAX_SLOTS {
                return Err(VolumeError::DirectoryTooLarge { path: directory.path });
            }
            directories.push(directory);
            at += 1;
        }
        Ok(Self { directories, files })
    }

    /// The root first, then in order of depth and name.
    pub(super) fn directories(&self) -> &[Directory] {
        &self.directories
    }

    /// Clusters the tree takes at a cluster size.
    fn clusters(&self, cluster_bytes: u64) -> u64 {
        let directories = self.directories.iter().map(|d| d.bytes().div_ceil(cluster_bytes));
        directories.chain(self.files.iter().map(|f| f.size.div_ceil(cluster_bytes))).sum()
    }

    /// A volume size in whole MiB that holds the tree and `slack` bytes, at least `least`.
    pub fn volume_size(&self, least: u64, slack: u64) -> u64 {
        // What the FATs take depends on the cluster size and that on the volume's: ask the real
        // geometry instead of guessing, and grow until it holds.
        let mut size = least.max(self.clusters(4096) * 4096 + slack).next_multiple_of(MIB);
        while let Ok(geometry) = Geometry::fit(size) {
            let needed = self.clusters(geometry.cluster_bytes()) * geometry.cluster_bytes() + slack;
            let has = u64::from(geometry.clusters) * geometry.cluster_bytes();
            if has >= needed {
                break;
            }
            size = (size + needed - has).next_multiple_of(MIB);
        }
        size
    }

    /// Gives every directory and file its clusters.
    pub fn lay_out(
        mut self,
        label: [u8; 11],
        serial: u32,
        hidden: u32,
        geometry: Geometry,
    ) -> Result<Volume, VolumeError> {
        let needed = self.clusters(geometry.cluster_bytes());
        if needed > u64::from(geometry.clusters) {
            let missing = (needed - u64::from(geometry.clusters)) * geometry.cluster_bytes();
            return Err(VolumeError::TooSmall { missing });
        }
        let mut next: u32 = 2;
        let mut take = |bytes: u64| {
            // The sum was just checked to be below 2^28.
            let clusters = u32::try_from(geometry.clusters_for(bytes)).unwrap_or(u32::MAX);
            let first = if clusters == 0 { 0 } else { next };
            next = next.saturating_add(clusters);
            (first, clusters)
        };
        for directory in &mut self.directories {
            (directory.first_cluster, directory.clusters) = take(directory.bytes());
        }
        for file in &mut self.files {
            (file.first_cluster, file.clusters) = take(file.size);
        }
        let Self { directories, files } = self;
        Ok(Volume { label, serial, hidden, geometry, directories, files, used_clusters: next - 2 })
    }
}

fn insert(nodes: &mut Vec<Node>, item: Item) -> Result<(), VolumeError> {
    let (path, leaf) = match item {
        Item::Directory { path } => (path, None),
        Item::File { path, size, source } => {
            if size > MAX_FILE {
                return Err(VolumeError::FileTooLarge { path, size });
            }
            (path, Some((size, source)))
        }
    };
    let relative = path.trim_start_matches('/');
    let names: Vec<&str> = relative.split('/').collect();
    if names.len() > MAX_DEPTH || relative.encode_utf16().count() > MAX_PATH_UNITS {
        return Err(VolumeError::Depth { path });
    }
    let mut at = 0;
    let mut leaf = leaf;
    for (depth, part) in names.iter().enumerate() {
        name::check(part).map_err(|reason| VolumeError::Name { path: path.clone(), reason })?;
        let last = depth + 1 == names.len();
        let parent = nodes[at].path.clone();
        let key = name::fold(part);
        match nodes[at].children.get(&key) {
            Some((name, Child::Directory(next))) if name == part && !(last && leaf.is_some()) => at = *next,
            Some((name, _)) => {
                return Err(VolumeError::Collision {
                    first: format!("{parent}/{name}"),
                    second: format!("/{relative}"),
                });
            }
            None => {
                let child = match leaf.take_if(|_| last) {
                    Some((size, source)) => Child::File { size, source },
                    None => Child::Directory(nodes.len()),
                };
                let directory = matches!(child, Child::Directory(_));
                nodes[at].children.insert(key, ((*part).to_owned(), child));
                if directory {
                    at = nodes.len();
                    nodes.push(Node { path: format!("{parent}/{part}"), children: BTreeMap::new() });
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::name::NameError;
    use super::*;

    fn lay_out(items: Vec<Item>, bytes: u64) -> Result<Volume, VolumeError> {
        Tree::grow(items)?.lay_out(*b"TEST       ", 1, 2048, Geometry::fit(bytes)?)
    }

    fn file(path: &str, size: u64) -> Item {
        Item::host(path, size, "/nowhere".into())
    }

    #[test]
    fn files_end_at_4_gib_less_one() {
        let volume = lay_out(vec![file("big", MAX_FILE)], 5 << 30).unwrap();
        assert_eq!(volume.files[0].clusters, 1 << 20);
        assert_eq!(
            lay_out(vec![file("big", MAX_FILE + 1)], 5 << 30),
            Err(VolumeError::FileTooLarge { path: "big".into(), size: 1 << 32 })
        );
    }

    #[test]
    fn everything_is_contiguous_directories_first() {
        let items = vec![file("b/z", 5000), file("a", 1), file("b/c/x", 0), Item::directory("d"), file("b/y", 4096)];
        let volume = lay_out(items, 512 << 20).unwrap();
        let paths: Vec<_> = volume.directories.iter().map(|d| (d.path.as_str(), d.first_cluster, d.clusters)).collect();
        assert_eq!(paths, [("/", 2, 1), ("/b", 3, 1), ("/d", 4, 1), ("/b/c", 5, 1)]);
        let files: Vec<_> = volume.files.iter().map(|f| (f.path.as_str(), f.first_cluster, f.clusters)).collect();
        assert_eq!(files, [("/a", 6, 1), ("/b/y", 7, 1), ("/b/z", 8, 2), ("/b/c/x", 0, 0)]);
        assert_eq!((volume.used_clusters, volume.directories[3].parent), (8, 1));
    }

    #[test]
    fn the_order_of_items_does_not_matter() {
        let items: Vec<Item> = (0..50).map(|n| file(&format!("d{}/long name {n}", n % 7), n)).collect();
        let mut turned = items.clone();
        turned.reverse();
        assert_eq!(lay_out(items, 512 << 20), lay_out(turned, 512 << 20));
    }

    #[test]
    fn what_fat_cannot_hold_is_refused_with_its_path() {
        let refuse = |items| lay_out(items, 512 << 20).unwrap_err();
        assert_eq!(
            refuse(vec![file("EFI/boot/x", 1), file("efi/BOOT/y", 1)]),
            VolumeError::Collision { first: "/EFI".into(), second: "/efi/BOOT/y".into() }
        );
        assert_eq!(
            refuse(vec![file("a/README", 1), file("a/readme", 1)]),
            VolumeError::Collision { first: "/a/README".into(), second: "/a/readme".into() }
        );
        assert!(matches!(refuse(vec![file("a", 1), file("a/b", 1)]), VolumeError::Collision { .. }));
        assert!(matches!(refuse(vec![file("a/b", 1), file("a", 1)]), VolumeError::Collision { .. }));
        assert!(matches!(refuse(vec![file("same", 1), file("same", 1)]), VolumeError::Collision { .. }));
        assert!(matches!(refuse(vec![file("a/nul", 1)]), VolumeError::Name { .. }));
        assert!(matches!(refuse(vec![file("a//b", 1)]), VolumeError::Name { reason: NameError::Empty, .. }));
        assert!(matches!(refuse(vec![file("../b", 1)]), VolumeError::Name { .. }));
        assert!(matches!(refuse(vec![file(&"d/".repeat(40), 1)]), VolumeError::Depth { .. }));
        assert!(matches!(refuse(vec![file(&"directory/".repeat(30), 1)]), VolumeError::Depth { .. }));
        let names = (0..22_000).map(|n| file(&format!("a name of two slots {n}"), 0)).collect();
        assert!(matches!(refuse(names), VolumeError::DirectoryTooLarge { .. }));
        assert_eq!(
            refuse(vec![file("big", 1 << 30)]),
            VolumeError::TooSmall { missing: (1 << 30) + 4096 - 130_560 * 4096 }
        );
    }
}
