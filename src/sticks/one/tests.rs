use std::{
    fs::{File, OpenOptions},
    io::SeekFrom,
    ops::ControlFlow,
    path::PathBuf,
};

use whiteglove_core::{
    clock::Moment,
    control::Progress,
    disk::{Bus, Policy},
    media::stick::Found,
};

use super::{super::testing, *};
use crate::config::Config;

fn on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// A bench with an image of `megabytes` of content, and a file that stands for a stick.
struct Shop {
    folder: tempfile::TempDir,
    config: Config,
    size: u64,
}

impl Shop {
    fn new(megabytes: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::load(None, Some(folder.path().join("state"))).unwrap();
        std::fs::create_dir_all(&config.state).unwrap();
        let mut shop = Self { folder, config, size: 0 };
        shop.size = shop.build("stick.img", megabytes, 1) + (1 << 20);
        File::create(shop.stick()).unwrap().set_len(shop.size).unwrap();
        shop
    }

    fn build(&self, name: &str, megabytes: usize, byte: u8) -> u64 {
        testing::image(&self.folder.path().join(name), megabytes, byte)
    }

    fn stick(&self) -> PathBuf {
        self.folder.path().join("stick")
    }

    fn log(&self) -> Log {
        Log::in_folder(self.config.state.join("sticks"))
    }

    fn one(&self, image: &str) -> One {
        let disk = Disk {
            path: "/dev/sdz".into(),
            number: (65, 144),
            size_bytes: self.size,
            sector_size: 512,
            vendor: "Test".into(),
            model: "Stick".into(),
            serial: "4C53".into(),
            bus: Bus::Usb,
            removable: true,
            read_only: false,
            diskseq: Some(1),
            mounted: vec![],
            holders: vec![],
            is_system: false,
        };
        One {
            returned: Returned::Refuse,
            image: open(&self.folder.path().join(image)).unwrap(),
            permit: ErasePermit::confirm(disk.clone(), "stick", 0, Policy::default()).unwrap(),
            disk,
            port: "2-1".into(),
            issuer: Issuer::new(&self.config, Some("Jana")).unwrap(),
            note: None,
            log: self.log(),
        }
    }

    /// A stick that is pulled after so many bytes were written to it.
    fn plug(&self, pulled_after: u64) -> impl FnOnce(&ErasePermit) -> Result<Pulled, OpenError> + use<> {
        let path = self.stick();
        move |_| {
            let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
            Ok(Pulled { file, left: pulled_after })
        }
    }

    fn record(&self) -> whiteglove_core::media::stick::Record {
        let bytes = std::fs::read(self.stick()).unwrap();
        let key = crate::state::public_key(&self.config.state).unwrap();
        Found::read(&bytes[20 << 10..32 << 10]).unwrap().checked(&key).unwrap()
    }
}

struct Pulled {
    file: File,
    left: u64,
}

impl Read for Pulled {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.file.read(out)
    }
}

impl Write for Pulled {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or_else(|| io::Error::from_raw_os_error(19))?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Pulled {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

#[test]
fn a_stick_named_by_hand_goes_on_where_it_was_and_is_remembered() {
    let shop = Shop::new(80);
    let problem = shop.one("stick.img").write(shop.plug(75 << 20), &mut |_| Ok(()), &mut on).unwrap_err();
    assert!(problem.what.contains("was not finished"), "{problem:?}");
    let usb = Name::of(&shop.one("stick.img").disk);
    let begun = shop.log().begun(&usb, shop.one("stick.img").image.fingerprint()).expect("it is known how far it came");
    assert_eq!(shop.log().health(&usb).failed, 1);

    let done = shop.one("stick.img").write(shop.plug(u64::MAX), &mut |_| Ok(()), &mut on).unwrap();
    let made = done.made.unwrap();
    assert_eq!(Some(made.stick), begun.number, "it is the same stick");
    assert!(made.bytes < 40 << 20, "{} bytes: what was there was not written again", made.bytes);
    assert_eq!((made.operator.as_str(), made.port.as_str(), made.updated), ("Jana", "2-1", false));
    let health = shop.log().health(&usb);
    assert_eq!((health.ready, health.failed), (1, 1));
    assert!(shop.log().begun(&usb, shop.one("stick.img").image.fingerprint()).is_none());
    let record = shop.record();
    assert_eq!((record.stick, record.map, record.operator), (made.stick, made.map, made.operator));
    assert!(record.written > Moment::from_millis(0) && record.usb == usb);
}

#[test]
fn an_update_is_remembered_if_it_changed_anything() {
    let shop = Shop::new(3);
    let made = shop.one("stick.img").write(shop.plug(u64::MAX), &mut |_| Ok(()), &mut on).unwrap().made.unwrap();
    let update = |image: &str| shop.one(image).update(false, shop.plug(u64::MAX), &mut |_| Ok(()), &mut on).unwrap();
    assert_eq!(update("stick.img").made, None);
    assert_eq!(shop.log().entries().len(), 1, "nothing was written, so nothing was learnt");
    shop.build("newer.img", 3, 9);
    let again = update("newer.img").made.unwrap();
    assert!(again.updated && again.stick == made.stick && again.map != made.map);
    assert_eq!(again.write_rate, None, "a few blocks tell no rate");
    assert_eq!(shop.log().entries().len(), 2);
    assert!(shop.record().updated);
}

#[test]
fn a_stick_that_failed_twice_is_spoken_of_when_it_succeeds() {
    let shop = Shop::new(3);
    for _ in 0..2 {
        shop.one("stick.img").write(shop.plug(2 << 20), &mut |_| Ok(()), &mut on).unwrap_err();
    }
    let done = shop.one("stick.img").write(shop.plug(u64::MAX), &mut |_| Ok(()), &mut on).unwrap();
    assert!(done.advice.unwrap().contains("failed 2 of 3 times"));
}
