//! Which USB port is position 1, 2, 3 and so on: taught once, kept in the state folder.

use std::{
    fs, io,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use whiteglove_core::{disk::Disk, problem::Problem};

use super::{Hardware, bench::unlisted};

/// More positions than that no screen shows and no person serves.
const MOST: usize = 64;
/// A person plugs a stick in, looks at the screen, and goes on to the next port.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// None if they were never taught, or the file is of no use.
pub(crate) fn read(state: &Path) -> Vec<String> {
    let text = fs::read(state.join("sticks/positions.json")).unwrap_or_default();
    let mut ports: Vec<String> = serde_json::from_slice(&text).unwrap_or_default();
    ports.truncate(MOST);
    ports
}

/// # Errors
/// The folder cannot be written.
pub(crate) fn keep(state: &Path, ports: &[String]) -> Result<(), Problem> {
    let folder = state.join("sticks");
    let path = folder.join("positions.json");
    let write = || -> io::Result<()> {
        fs::create_dir_all(&folder)?;
        let part = path.with_extension("part");
        fs::write(&part, serde_json::to_vec(ports).map_err(io::Error::other)?)?;
        fs::File::open(&part)?.sync_all()?;
        fs::rename(&part, &path)
    };
    write().map_err(|error| {
        Problem::new(
            "The positions are not remembered.",
            format!("{} cannot be written: {error}.", path.display()),
            "Free some space or check the permissions of the folder, then teach them again.",
        )
    })
}

/// Tells the ports in the order in which disks come to them, until `stop`. Nothing is opened and nothing written.
///
/// # Errors
/// The machine's disks cannot be listed.
pub(crate) fn teach(hardware: &Hardware, stop: &AtomicBool, say: &mut dyn FnMut(&[String])) -> Result<(), Problem> {
    let list = || hardware.disks().map_err(|error| unlisted(&error));
    let mut before = list()?;
    let mut ports: Vec<String> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK_EVERY);
        let there = list()?;
        let came = there.iter().filter(|disk| !before.iter().any(|was| same(was, disk)));
        let known = ports.len();
        for port in came.map(|disk| hardware.place(disk).port) {
            if ports.len() < MOST && !ports.contains(&port) {
                ports.push(port);
            }
        }
        if ports.len() > known {
            say(&ports);
        }
        before = there;
    }
    Ok(())
}

fn same(a: &Disk, b: &Disk) -> bool {
    (&a.path, a.number, a.diskseq) == (&b.path, b.number, b.diskseq)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_kept_and_nonsense_is_none() {
        let state = tempfile::tempdir().unwrap();
        assert!(read(state.path()).is_empty());
        let ports = ["2-1.1".to_owned(), "2-1.4".to_owned()];
        keep(state.path(), &ports).unwrap();
        assert_eq!(read(state.path()), ports);
        for nonsense in [&b"{"[..], b"[1]", b"", b"\xff"] {
            fs::write(state.path().join("sticks/positions.json"), nonsense).unwrap();
            assert!(read(state.path()).is_empty());
        }
        fs::remove_dir_all(state.path().join("sticks")).unwrap();
        fs::write(state.path().join("sticks"), "a file in the way").unwrap();
        assert!(keep(state.path(), &ports).unwrap_err().what.contains("not remembered"));
    }
}
