//! The data volume of a stick that comes back, which anybody may have written to: what the bench has is erased from it.
//! An input is a list of patches of a sound one.
#![no_main]

use std::{
    collections::HashMap,
    io::{self, Cursor, Read, Seek, SeekFrom, Write},
    ops::ControlFlow,
    sync::LazyLock,
};

use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};
use whiteglove_core::{
    media::{Contents, Form, Item, MediaPlan, Part, Spec},
    media_card::MediaId,
};
use whiteglove_image::{
    captures::erase::{Digests, Erased, erase},
    media::build,
};

const BLOCK: usize = 512;

struct Sound {
    bytes: Vec<u8>,
    /// Where on the volume there is something: boot sector and its neighbours, both tables, folders.
    places: Vec<usize>,
    start: usize,
    end: usize,
    taken: Digests,
}

/// Ten files, long names, folders in folders; the bench has half of them.
static SOUND: LazyLock<Sound> = LazyLock::new(|| {
    let content = |number: u8| vec![number; 700 + 4000 * usize::from(number % 3)];
    let names = ["captures/{}6c1e2f8b3a4d5e9f.wgc", "captures/{}.CSV", "logs/PF1-2026/intune/agent-{}.log"];
    let data: Vec<Item> = (0..10)
        .map(|number: u8| Item::inline(names[usize::from(number) % 3].replace("{}", &number.to_string()), content(number)))
        .collect();
    let contents = Contents { boot: vec![], data, bios: None };
    let (boot_size, data_size) = (Some(33 << 20), Some(33 << 20));
    let spec = Spec { media: MediaId([1; 16]), form: Form::Gpt, contents, boot_size, data_size };
    let plan = MediaPlan::new(spec).expect("it can be planned");
    let mut out = Cursor::new(vec![0; usize::try_from(plan.size).unwrap_or(0)]);
    build(&plan, &mut out, &mut |_| ControlFlow::Continue(())).expect("it can be built");
    let bytes = out.into_inner();
    let volume = plan.partition(Part::Data).expect("a stick has one");
    let start = usize::try_from(volume.offset()).unwrap_or(0);
    let end = start + usize::try_from(volume.sectors()).unwrap_or(0) * BLOCK;
    let used = |at: &usize| bytes[*at..at + BLOCK].iter().any(|byte| *byte != 0);
    let places = (start..end).step_by(BLOCK).filter(used).collect();
    let taken = (0..10).step_by(2).map(|number| Sha256::digest(content(number)).into()).collect();
    Sound { bytes, places, start, end, taken }
});

/// The sound one with what was written since, a block at a time.
#[derive(Clone)]
struct Stick {
    written: HashMap<usize, [u8; BLOCK]>,
    at: usize,
}

impl Stick {
    fn block(&self, number: usize) -> [u8; BLOCK] {
        let sound = || SOUND.bytes[number * BLOCK..][..BLOCK].try_into().expect("whole blocks");
        self.written.get(&number).copied().unwrap_or_else(sound)
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        for (offset, byte) in bytes.iter().enumerate().filter(|(offset, _)| at + offset < SOUND.bytes.len()) {
            let at = at + offset;
            let mut block = self.block(at / BLOCK);
            block[at % BLOCK] = *byte;
            self.written.insert(at / BLOCK, block);
        }
    }
}

impl Read for Stick {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let block = self.at / BLOCK;
        if self.at >= SOUND.bytes.len() {
            return Ok(0);
        }
        let from = self.at % BLOCK;
        let length = out.len().min(BLOCK - from);
        out[..length].copy_from_slice(&self.block(block)[from..from + length]);
        self.at += length;
        Ok(length)
    }
}

impl Write for Stick {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        assert!((SOUND.start..SOUND.end).contains(&self.at) && self.at + bytes.len() <= SOUND.end, "only the volume");
        self.put(self.at, bytes);
        self.at += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Stick {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => (SOUND.bytes.len() as u64).checked_add_signed(by),
            SeekFrom::Current(by) => (self.at as u64).checked_add_signed(by),
        };
        self.at = at.and_then(|at| usize::try_from(at).ok()).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at as u64)
    }
}

fn emptied(stick: &mut Stick) -> Option<Erased> {
    stick.at = 0;
    erase(stick, SOUND.bytes.len() as u64, &SOUND.taken, &mut |_| Ok(()), &mut |_| ControlFlow::Continue(())).ok()
}

fuzz_target!(|data: &[u8]| {
    let mut stick = Stick { written: HashMap::new(), at: 0 };
    let mut rest = data;
    // Which of the used blocks, where in it, how many bytes, and the bytes.
    while let [low, high, offset, length, more @ ..] = rest {
        let place = SOUND.places[usize::from(u16::from_le_bytes([*low, *high])) % SOUND.places.len()];
        let (bytes, more) = more.split_at(more.len().min(usize::from(*length % 64)));
        stick.put(place + 2 * usize::from(*offset), bytes);
        rest = more;
    }
    // What is done is done: the next time there is nothing to do, and the volume is still one.
    if let Some(erased) = emptied(&mut stick) {
        let again = emptied(&mut stick).expect("what was sound enough to erase from is so after");
        assert_eq!((again.files, again.bytes, erased.files > 5), (0, 0, false));
    }
});
