//! Sixteen sticks at once, one of them slow: what the others lose by it, and what memory it takes.
//!
//! The sticks are files, written with direct I/O and held to the pace of a cheap stick. What is compared is
//! the same machine doing the same for one stick alone. `scripts/bench` runs this; numbers, tab-separated.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, missing_debug_implementations)]

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    ops::ControlFlow,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use whiteglove_core::{
    disk::{Bus, Disk, ErasePermit, Policy},
    media::{Contents, Form, Item, MediaPlan, Spec},
    media_card::MediaId,
};
use whiteglove_image::{
    media::build_file,
    write::{
        Manner,
        many::{Many, Told, What},
        settle,
        source::Image,
    },
};

/// Bytes a second a cheap stick takes, and gives.
const WRITES: u64 = 20_000_000;
const READS: u64 = 80_000_000;
const CONTENT: usize = 128 << 20;
const STICKS: u64 = 16;
const SLOWER: u64 = 10;

struct Paced {
    file: File,
    slower: u64,
    due: Instant,
}

impl Paced {
    fn open(path: &Path, size: u64, slower: u64) -> Self {
        let direct = i32::try_from(rustix::fs::OFlags::DIRECT.bits()).unwrap();
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(true).custom_flags(direct).open(path).unwrap();
        file.set_len(size).unwrap();
        Self { file, slower, due: Instant::now() }
    }

    fn pace(&mut self, began: Instant, bytes: usize, rate: u64) {
        let takes = Duration::from_nanos(bytes as u64 * 1_000_000_000 * self.slower / rate);
        self.due = self.due.max(began) + takes;
        std::thread::sleep(self.due.saturating_duration_since(Instant::now()));
    }
}

impl Read for Paced {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let began = Instant::now();
        let read = self.file.read(out)?;
        self.pace(began, read, READS);
        Ok(read)
    }
}

impl Write for Paced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let began = Instant::now();
        let written = self.file.write(bytes)?;
        self.pace(began, written, WRITES);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Paced {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

fn permit(size_bytes: u64) -> ErasePermit {
    let disk = Disk {
        path: "/dev/sdz".into(),
        number: (65, 144),
        size_bytes,
        sector_size: 512,
        vendor: String::new(),
        model: "Bench".into(),
        serial: String::new(),
        bus: Bus::Usb,
        removable: true,
        read_only: false,
        diskseq: None,
        mounted: vec![],
        holders: vec![],
        is_system: false,
    };
    ErasePermit::confirm(disk, "bench", 0, Policy::default()).unwrap()
}

/// Seconds until each stick was ready, in the order of their numbers.
fn write(image: &Arc<Image>, folder: &Path, slower: &[u64]) -> Vec<f64> {
    let (tell, told) = mpsc::channel();
    let mut many = Many::new(Arc::clone(image), tell);
    let size = image.size();
    let paths: Vec<_> = (0..slower.len()).map(|stick| folder.join(format!("stick-{stick}"))).collect();
    let sticks: Vec<_> = paths.iter().zip(slower).map(|(path, slower)| Paced::open(path, size, *slower)).collect();
    let began = Instant::now();
    for (number, stick) in (0..).zip(sticks) {
        let flush = |paced: &mut Paced| settle(&mut paced.file);
        many.begin(number, permit(size), move |_| Ok(stick), flush, Manner::default());
    }
    let mut seconds = vec![0.0; slower.len()];
    let mut left = slower.len();
    while left > 0 {
        if let Told { stick, what: What::Ended(ended) } = told.recv().unwrap() {
            ended.unwrap();
            seconds[usize::try_from(stick).unwrap()] = began.elapsed().as_secs_f64();
            left -= 1;
        }
    }
    paths.iter().for_each(|path| std::fs::remove_file(path).unwrap());
    seconds
}

fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

fn main() {
    let folder = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let folder = tempfile::TempDir::new_in(folder.unwrap_or_else(|| env!("CARGO_TARGET_TMPDIR").into())).unwrap();
    let mut state = 88_172_645_463_325_252_u64;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    let loader: Vec<u8> = noise.take(CONTENT / 8).flatten().collect();
    let spec = Spec {
        media: MediaId([7; 16]),
        form: Form::Gpt,
        contents: Contents {
            boot: vec![Item::inline("EFI/BOOT/BOOTX64.EFI", loader)],
            data: vec![Item::directory("captures")],
            bios: None,
        },
        boot_size: Some(192 << 20),
        data_size: Some(40 << 20),
    };
    let path = folder.path().join("image");
    {
        let plan = MediaPlan::new(spec).unwrap();
        build_file(&plan, &path, &mut |_| ControlFlow::Continue(())).unwrap();
    }
    let image = Arc::new(Image::open(&path).unwrap());
    let one = write(&image, folder.path(), &[1])[0];
    // What was needed so far held the whole content in memory; from here on it counts.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let mut slower = vec![1; usize::try_from(STICKS).unwrap()];
    slower[3] = SLOWER;
    let mut seconds = write(&image, folder.path(), &slower);
    let slow = seconds.remove(3);
    let last = seconds.iter().copied().fold(0.0, f64::max);
    println!("{one:.2}\t{last:.2}\t{:.3}\t{slow:.2}\t{}", last / one, peak_memory());
}
