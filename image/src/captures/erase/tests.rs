use std::{io::Cursor, path::Path, sync::LazyLock};

use fatfs::{Dir, FileSystem, FsOptions};
use proptest::prelude::*;
use tempfile::TempDir;
use whiteglove_core::media::{Contents, Form, Item, MbrBoot, MediaPlan, Part, Spec};

use super::*;
use crate::testing::{
    built, noise, on, said, spec,
    stick::{Fake, Fault},
    tool,
};

const CAPTURES: u64 = 40;

/// Long names, so that the folder goes over a block and one name lies in both; lower and upper case; a file of
/// several clusters; and what must stay.
fn plan(form: Form) -> MediaPlan {
    let capture = |number: u64| {
        let name = format!("captures/{number:02}6c1e2f8b3a4d5e9f60718293a4b5c6.wgc");
        Item::inline(name, noise(number, 700 + usize::try_from(number).unwrap()))
    };
    let mut data: Vec<Item> = (0..CAPTURES).map(capture).collect();
    data.extend([
        Item::inline("captures/PF1-20261125-101112.csv", noise(100, 5_000)),
        Item::inline("captures/photo.jpg", noise(101, 9_000)),
        Item::inline("captures/A.WGC", noise(102, 3)),
        Item::inline("captures/empty.wgc", vec![]),
        Item::inline("logs/PF1-20261125-101112/summary.txt", noise(103, 300)),
        Item::inline("logs/PF1-20261125-101112/intune/agent.log", noise(104, 70_000)),
        Item::inline("logs/PF2-20261125-101112/summary.txt", noise(105, 300)),
        Item::inline("logs/PF2-20261125-101112/system.evtx", noise(106, 3_000)),
        Item::inline("logs/PF1-20261125-101112/empty.log", vec![]),
        Item::inline("README.TXT", noise(107, 900)),
        Item::inline("order.csv", noise(108, 40_000)),
    ]);
    let contents = Contents { boot: vec![], data, bios: None };
    MediaPlan::new(Spec { contents, form, boot_size: Some(33 << 20), data_size: Some(33 << 20), ..spec() }).unwrap()
}

/// What the bench is said to have: two thirds of the captures, the table, the logs of one laptop and half of another's.
fn taken() -> &'static Digests {
    static TAKEN: LazyLock<Digests> = LazyLock::new(|| {
        let captures = (0..CAPTURES).filter(|number| number % 3 > 0);
        let captures = captures.map(|number| noise(number, 700 + usize::try_from(number).unwrap()));
        let others = [(100, 5_000), (102, 3), (103, 300), (104, 70_000), (106, 3_000), (999, 10)];
        let others = others.map(|(seed, length)| noise(seed, length)).into_iter().chain([vec![]]);
        captures.chain(others).map(|bytes| Sha256::digest(bytes).into()).collect()
    });
    &TAKEN
}

type Files = BTreeMap<String, Vec<u8>>;

/// Every file of the data volume as another reader sees it; a folder ends in a slash.
fn files(plan: &MediaPlan, bytes: &[u8]) -> Files {
    fn all(folder: &Dir<'_, Cursor<Vec<u8>>>, path: &str, out: &mut Files) {
        for entry in folder.iter().map(Result::unwrap) {
            let here = format!("{path}{}", entry.file_name());
            match entry.is_dir() {
                true if entry.file_name().starts_with('.') => {}
                true => {
                    out.insert(format!("{here}/"), vec![]);
                    all(&entry.to_dir(), &format!("{here}/"), out);
                }
                false => {
                    let mut content = Vec::new();
                    entry.to_file().read_to_end(&mut content).unwrap();
                    out.insert(here, content);
                }
            }
        }
    }
    let fs = FileSystem::new(Cursor::new(volume(plan, bytes).to_vec()), FsOptions::new()).unwrap();
    let mut out = Files::new();
    all(&fs.root_dir(), "", &mut out);
    out
}

fn volume<'a>(plan: &MediaPlan, bytes: &'a [u8]) -> &'a [u8] {
    let data = plan.partition(Part::Data).unwrap();
    let start = usize::try_from(data.offset()).unwrap();
    &bytes[start..start + usize::try_from(data.sectors() * 512).unwrap()]
}

/// What `fsck.vfat` complains of, if it is there to ask.
fn complaint(plan: &MediaPlan, bytes: &[u8], folder: &Path) -> Option<String> {
    let path = folder.join("volume");
    std::fs::write(&path, volume(plan, bytes)).unwrap();
    let output = tool("fsck.vfat", &["-n", path.to_str().unwrap()])?;
    // Its name and version, and a count of files.
    let text = said(&output);
    (!output.status.success() || text.lines().count() != 2).then_some(text)
}

fn is_marked(plan: &MediaPlan, bytes: &[u8]) -> bool {
    volume(plan, bytes)[65] & DIRTY != 0
}

fn wanted(name: &str, content: &[u8]) -> bool {
    let is_folder = name.ends_with('/') && !name.starts_with("logs/PF1");
    let below = !is_folder && name != "captures/empty.wgc";
    let below = below && (name.starts_with("captures/") || name.starts_with("logs/"));
    !(below && taken().contains(&<[u8; 32]>::from(Sha256::digest(content))))
        && name != "logs/PF1-20261125-101112/"
        && name != "logs/PF1-20261125-101112/intune/"
}

/// A stick whose writes can be counted, and that is pulled at one of them.
struct Pulled {
    disk: Cursor<Vec<u8>>,
    writes: usize,
    /// At this write, of which so many bytes arrive.
    at: (usize, usize),
}

impl Pulled {
    fn at(bytes: &[u8], write: usize, arrive: usize) -> Self {
        Self { disk: Cursor::new(bytes.to_vec()), writes: 0, at: (write, arrive) }
    }
}

impl Read for Pulled {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.disk.read(out)
    }
}

impl Seek for Pulled {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.disk.seek(to)
    }
}

impl Write for Pulled {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.writes == self.at.0 {
            self.disk.write_all(&bytes[..self.at.1.min(bytes.len())])?;
        }
        if self.writes >= self.at.0 {
            return Err(io::Error::from_raw_os_error(19));
        }
        self.writes += 1;
        self.disk.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn run<D: Read + Write + Seek>(device: &mut D, size: usize, taken: &Digests) -> Result<Erased, EraseError> {
    erase(device, size as u64, taken, &mut |_| Ok(()), &mut on)
}

fn original(form: Form) -> (MediaPlan, TempDir, Vec<u8>) {
    let plan = plan(form);
    let (folder, path) = built(&plan);
    let bytes = std::fs::read(path).unwrap();
    (plan, folder, bytes)
}

#[test]
fn exactly_what_the_bench_has_is_gone_without_a_trace() {
    for form in [Form::Gpt, Form::Mbr(MbrBoot::Efi)] {
        let (plan, folder, before) = original(form);
        let mut disk = Cursor::new(before.clone());
        let erased = run(&mut disk, before.len(), taken()).unwrap();
        let after = disk.into_inner();
        let all = files(&plan, &before);
        let (left, gone): (Files, Files) = all.into_iter().partition(|(name, content)| wanted(name, content));
        assert_eq!(files(&plan, &after).keys().collect::<Vec<_>>(), left.keys().collect::<Vec<_>>());
        assert!(files(&plan, &after) == left);
        assert_eq!(left.len(), 14 + 8, "{:?}", left.keys());
        let gone: Files = gone.into_iter().filter(|(name, _)| !name.ends_with('/')).collect();
        let bytes = gone.values().map(|content| content.len() as u64).sum();
        assert_eq!(erased, Erased { files: gone.len(), bytes, marked: false });
        assert_eq!(complaint(&plan, &after, folder.path()), None);
        assert_eq!(complaint(&plan, &before, folder.path()), None);
        // Nothing else of the stick was written, and no piece of a content or name is anywhere.
        let start = before.len() - volume(&plan, &before).len();
        let data = usize::try_from(plan.partition(Part::Data).unwrap().offset()).unwrap();
        assert!(before[..data] == after[..data] && start >= data);
        // Of a volume that is mostly zeros.
        let busy: Vec<u8> = volume(&plan, &after)
            .chunks(512)
            .filter(|sector| sector.iter().any(|byte| *byte != 0))
            .flatten()
            .copied()
            .collect();
        for (name, content) in &gone {
            let piece = &content[..content.len().min(16)];
            let name: Vec<u8> =
                name.rsplit('/').next().unwrap().encode_utf16().take(5).flat_map(u16::to_le_bytes).collect();
            for trace in [piece, &name].into_iter().filter(|trace| trace.len() >= 8) {
                let is_of_another = left.keys().any(|other| other.contains("summary")) && name.starts_with(b"s\0u\0");
                let found = holds(&busy, trace);
                assert!(!found || is_of_another, "{:?}", String::from_utf8_lossy(trace));
            }
        }
        // And once more: there is nothing to do, so nothing is written.
        let mut again = Pulled::at(&after, 0, 0);
        assert_eq!(run(&mut again, after.len(), taken()).unwrap(), Erased::default());
    }
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.iter().enumerate().any(|(at, byte)| *byte == wanted[0] && bytes[at..].starts_with(wanted))
}

/// A power cut at every write, before it, in its midst and after half a block.
#[test]
fn pulled_at_any_write_every_file_is_whole_or_gone_and_the_next_erase_finishes() {
    let (plan, folder, before) = original(Form::Gpt);
    let all = files(&plan, &before);
    let mut count = Pulled::at(&before, usize::MAX, 0);
    run(&mut count, before.len(), taken()).unwrap();
    let good = files(&plan, count.disk.get_ref());
    let (mut unclean, mut cuts) = (0, 0);
    for write in 0..count.writes {
        for arrive in [0, if write % 2 == 0 { 512 } else { 2048 }] {
            let mut pulled = Pulled::at(&before, write, arrive);
            assert!(matches!(run(&mut pulled, before.len(), taken()), Err(EraseError::Io(_))), "{write}");
            let bytes = pulled.disk.into_inner();
            let found = files(&plan, &bytes);
            for (name, content) in all.iter().filter(|(name, content)| wanted(name, content)) {
                assert!(found.get(name) == Some(content), "{name} at {write}");
            }
            for (name, content) in found.iter().filter(|(name, _)| !name.ends_with(".WGE") && !name.ends_with('/')) {
                assert!(all.values().any(|known| known == content), "{name} is not whole at {write}");
            }
            cuts += 1;
            if !is_marked(&plan, &bytes) {
                assert_eq!(complaint(&plan, &bytes, folder.path()), None, "unmarked at {write}");
            } else if arrive == 0 && write % 3 == 0 && complaint(&plan, &bytes, folder.path()).is_some() {
                unclean += 1;
            }
            let mut replugged = Cursor::new(bytes);
            run(&mut replugged, before.len(), taken()).unwrap();
            let after = replugged.into_inner();
            assert!(files(&plan, &after) == good, "{write}");
            if arrive > 0 {
                assert_eq!(complaint(&plan, &after, folder.path()), None, "finished after {write}");
            }
        }
    }
    assert!(cuts > 40 && unclean > 0, "{cuts} {unclean}");
}

/// Others may tidy up, too.
#[test]
fn what_is_left_marked_fsck_repairs_without_harm_to_a_file() {
    let (plan, folder, before) = original(Form::Gpt);
    let mut count = Pulled::at(&before, usize::MAX, 0);
    run(&mut count, before.len(), taken()).unwrap();
    let kept: Files = files(&plan, &before).into_iter().filter(|(name, content)| wanted(name, content)).collect();
    for write in (0..count.writes).step_by(5) {
        let mut pulled = Pulled::at(&before, write, 2048);
        run(&mut pulled, before.len(), taken()).unwrap_err();
        let path = folder.path().join("volume");
        std::fs::write(&path, volume(&plan, pulled.disk.get_ref())).unwrap();
        let Some(_) = tool("fsck.vfat", &["-a", path.to_str().unwrap()]) else { return };
        let again = tool("fsck.vfat", &["-n", path.to_str().unwrap()]).unwrap();
        assert!(again.status.success(), "{write}: {}", said(&again));
        let data = usize::try_from(plan.partition(Part::Data).unwrap().offset()).unwrap();
        let mut bytes = before.clone();
        let repaired = std::fs::read(&path).unwrap();
        bytes[data..data + repaired.len()].copy_from_slice(&repaired);
        let found = files(&plan, &bytes);
        for (name, content) in &kept {
            assert!(found.get(name) == Some(content), "{name} at {write}");
        }
    }
}

#[test]
fn what_is_not_ours_or_not_sound_is_not_written_to() {
    let (plan, _folder, good) = original(Form::Gpt);
    let refused = |bytes: &[u8]| {
        let mut disk = Pulled::at(bytes, 0, 0);
        let error = run(&mut disk, bytes.len(), taken()).unwrap_err();
        assert_eq!(disk.disk.get_ref(), bytes);
        assert!(!error.problem("").next.is_empty());
        error.to_string()
    };
    assert!(refused(&vec![0; 4 << 20]).contains("no medium of whiteglove"));
    let data = plan.partition(Part::Data).unwrap();
    let at = |offset: u64| usize::try_from(data.offset() + offset).unwrap();
    let geometry = &data.volume.geometry;
    let file = |path: &str| data.volume.files.iter().find(|file| file.path == path).unwrap();
    let (order, photo) = (file("/order.csv"), file("/captures/photo.jpg"));
    let entry = |copy: u64, number: u32| {
        at(u64::from(geometry.reserved) * 512 + copy * geometry.fat_bytes() + u64::from(number) * 4)
    };
    let mut crossed = good.clone();
    let mut disputed = good.clone();
    let mut outside = good.clone();
    for copy in 0..2 {
        let place = entry(copy, order.first_cluster);
        crossed[place..place + 4].copy_from_slice(&photo.first_cluster.to_le_bytes());
        outside[place..place + 4].copy_from_slice(&0x0fff_0000_u32.to_le_bytes());
    }
    disputed[entry(1, order.first_cluster)] ^= 1;
    assert!(refused(&crossed).contains("two files claim one place"));
    assert!(refused(&outside).contains("leads outside"));
    assert!(refused(&disputed).contains("tables disagree"));
    let cancelled = erase(&mut Cursor::new(good), 0, taken(), &mut |_| Ok(()), &mut on);
    assert!(cancelled.is_err());
}

#[test]
fn a_stick_that_keeps_nothing_is_found_out() {
    let (plan, _folder, good) = original(Form::Gpt);
    let data = plan.partition(Part::Data).unwrap();
    let first = data.volume.files.iter().find(|file| file.path.contains("/016c")).unwrap().first_cluster;
    let content = data.offset() + data.volume.geometry.cluster_offset(first);
    let stick = Fake::holding(good.clone(), Fault::Forgets(content));
    let error = run(&mut stick.plug(), good.len(), taken()).unwrap_err();
    assert!(matches!(error, EraseError::Forgets), "{error}");
    assert!(is_marked(&plan, &stick.borrow().bytes));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Whatever happened to a volume: it ends, and nothing before the volume is written.
    #[test]
    fn nonsense_is_survived(hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u32>()), 1..12)) {
        thread_local!(static GOOD: (MediaPlan, TempDir, Vec<u8>) = original(Form::Gpt));
        GOOD.with(|(plan, _, good)| {
            let data = plan.partition(Part::Data).unwrap();
            let start = usize::try_from(data.offset()).unwrap();
            let mut bytes = good.clone();
            let geometry = &data.volume.geometry;
            let fat = usize::from(geometry.reserved) * 512;
            let second = fat + usize::try_from(geometry.fat_bytes()).unwrap();
            let clusters = usize::try_from(geometry.data_offset()).unwrap();
            let places: Vec<usize> =
                (11..96).chain(512..1024).chain(fat..fat + 400).chain(second..second + 400).chain(clusters..clusters + 8192).collect();
            for (index, value) in hits {
                let at = start + places[index.index(places.len())];
                bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
            }
            let mut disk = Cursor::new(bytes);
            let _ = run(&mut disk, good.len(), taken());
            let after = disk.into_inner();
            assert!(after.len() == good.len() && after[..start] == good[..start]);
        });
    }
}
