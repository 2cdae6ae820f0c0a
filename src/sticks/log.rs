//! What is remembered of sticks, beside the journal: how each did, and how far a write came that was broken off.
//!
//! Not in the journal: nothing here is evidence, and losing it costs time and nothing else. A line that was not
//! written whole is skipped; a wrong memory of progress is found out by comparing.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use whiteglove_core::{
    clock::Moment,
    media::{map::ExtentDigest, stick::StickId},
    media_card::MediaId,
    sticks::health::{self, Ended, Entry, Health, Name},
};

use super::arming::LATELY;

/// Every so many bytes the progress of a stick is put down.
const PUT_DOWN_EVERY: u64 = 64 << 20;

#[derive(Debug)]
pub(crate) struct Log {
    folder: PathBuf,
}

/// How far a write of an image to a stick came.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Mark {
    stick: Name,
    image: ExtentDigest,
    pub(crate) written: u64,
    /// The number it was begun with, which it keeps.
    #[serde(default)]
    pub(crate) number: Option<StickId>,
}

impl Log {
    pub(crate) fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// All that was remembered, in its order.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let text = fs::read(self.folder.join("health.jsonl")).unwrap_or_default();
        text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }

    pub(crate) fn health(&self, stick: &Name) -> Health {
        Health::of(&self.entries(), stick)
    }

    /// What there is to say of a port, from what happened there of late.
    pub(crate) fn port_advice(&self, port: &str, now: Moment) -> Option<String> {
        health::port_advice(&self.entries(), port, now, LATELY)
    }

    /// Sticks that were made with an image, and those made of late with any.
    pub(crate) fn made(&self, media: MediaId, now: Moment, lately: Duration) -> (usize, usize) {
        let made: Vec<Entry> = self.entries().into_iter().filter(|entry| entry.ended == Ended::Ready).collect();
        let with_it = made.iter().filter(|entry| entry.media == media).count();
        (with_it, made.iter().filter(|entry| now.since(entry.at) < lately).count())
    }

    /// One write to a file opened for appending: lines of two processes do not mix.
    pub(crate) fn add(&self, entry: &Entry) {
        let path = self.folder.join("health.jsonl");
        let append = || -> io::Result<()> {
            fs::create_dir_all(&self.folder)?;
            let mut line = serde_json::to_vec(entry).map_err(io::Error::other)?;
            line.push(b'\n');
            OpenOptions::new().create(true).append(true).open(&path)?.write_all(&line)
        };
        if let Err(error) = append() {
            tracing::warn!(%error, path = %path.display(), "how a stick did is not remembered");
        }
    }

    /// How far a write of this image came that was broken off. Sticks without a serial number of their own cannot be
    /// told apart: one would be taken for another, and two get one number.
    pub(crate) fn begun(&self, stick: &Name, image: ExtentDigest) -> Option<Mark> {
        let mark = fs::read(self.mark_path(stick)).ok().and_then(|text| serde_json::from_slice::<Mark>(&text).ok());
        mark.filter(|mark| stick.is_its_own() && mark.stick == *stick && mark.image == image)
    }

    /// Puts down how far it is, if that is worth it.
    pub(crate) fn mark(&self, stick: &Name, image: ExtentDigest, number: StickId, before: u64, written: u64) {
        if written / PUT_DOWN_EVERY == before / PUT_DOWN_EVERY || !stick.is_its_own() {
            return;
        }
        let path = self.mark_path(stick);
        let put = || -> io::Result<()> {
            fs::create_dir_all(self.folder.join("begun"))?;
            let mark = Mark { stick: stick.clone(), image, written, number: Some(number) };
            let part = path.with_extension("part");
            fs::write(&part, serde_json::to_vec(&mark).map_err(io::Error::other)?)?;
            fs::rename(&part, &path)
        };
        if let Err(error) = put() {
            tracing::debug!(%error, path = %path.display(), "progress is not remembered");
        }
    }

    /// The write is over, or the stick is not worth another.
    pub(crate) fn clear(&self, stick: &Name) {
        // There is none unless a write was long enough.
        let _ = fs::remove_file(self.mark_path(stick));
    }

    /// What a stick says of itself may hold anything, so its digest names the file.
    fn mark_path(&self, stick: &Name) -> PathBuf {
        let text = serde_json::to_vec(stick).unwrap_or_default();
        let name = hex::encode(&Sha256::digest(text)[..16]);
        Path::new(&self.folder).join("begun").join(format!("{name}.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(serial: &str) -> Name {
        Name { vendor: "../../x".into(), model: "Ultra".into(), serial: serial.into(), size: 16_000_000_000 }
    }

    #[test]
    fn how_a_stick_did_is_remembered_past_a_torn_line() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::in_folder(folder.path().join("sticks"));
        let entry = Entry {
            at: Moment::from_millis(5),
            stick: name("42"),
            port: "2-1".into(),
            media: MediaId([1; 16]),
            ended: Ended::Hung,
            bytes: 7,
            write_rate: None,
            read_rate: None,
            retries: 0,
        };
        log.add(&entry);
        let path = folder.path().join("sticks/health.jsonl");
        let mut file = OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(b"{\"at\":5,\"sti\n").unwrap();
        log.add(&entry);
        assert_eq!(log.health(&name("42")).failed, 2);
        assert_eq!(log.health(&name("43")).failed, 0);
    }

    #[test]
    fn sticks_that_were_made_are_counted_by_image_and_by_hour() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::in_folder(folder.path().to_owned());
        let entry = |at, media, ended| Entry {
            at: Moment::from_millis(at),
            stick: name("42"),
            port: "2-1".into(),
            media: MediaId([media; 16]),
            ended,
            bytes: 7,
            write_rate: None,
            read_rate: None,
            retries: 0,
        };
        for entry in [
            entry(10, 1, Ended::Ready),
            entry(5_000, 1, Ended::Ready),
            entry(6_000, 2, Ended::Ready),
            entry(7_000, 1, Ended::Hung),
        ] {
            log.add(&entry);
        }
        assert_eq!(log.made(MediaId([1; 16]), Moment::from_millis(8_000), Duration::from_secs(4)), (2, 2));
        assert_eq!(log.made(MediaId([3; 16]), Moment::from_millis(8_000), Duration::from_secs(9)), (0, 3));
    }

    #[test]
    fn a_write_that_was_broken_off_is_known_until_it_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::in_folder(folder.path().to_owned());
        let image = ExtentDigest([3; 32]);
        let number = StickId([8; 16]);
        let begun = |serial: &str, image| log.begun(&name(serial), image).map(|mark| (mark.written, mark.number));
        log.mark(&name("42"), image, number, 0, 1000);
        assert_eq!(begun("42", image), None, "not worth a file");
        log.mark(&name("42"), image, number, 60 << 20, 70 << 20);
        assert_eq!(begun("42", image), Some((70 << 20, Some(number))));
        assert_eq!(begun("42", ExtentDigest([4; 32])), None, "another image");
        assert_eq!(begun("43", image), None);
        log.clear(&name("42"));
        assert_eq!(begun("42", image), None);
        log.mark(&name("000"), image, number, 0, 70 << 20);
        assert_eq!(begun("000", image), None, "any other stick could be meant");
    }
}
