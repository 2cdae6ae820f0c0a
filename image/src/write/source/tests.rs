use std::time::Duration;

use super::*;
use crate::testing::{on, small};

fn is_shared(reader: &Reader, number: usize) -> bool {
    match reader.chunk(number) {
        Chunk::Shared(bytes) => {
            let extent = &reader.image().map.extents[number];
            assert_eq!(digest(bytes.get(extent.length)), extent.sha256);
            true
        }
        Chunk::Alone => false,
    }
}

/// An image of many chunks without content of its own: the smallest one's chunks over and over.
fn long(times: usize) -> (tempfile::TempDir, Arc<Image>) {
    let (_, folder, path) = small();
    let mut image = Image::open(&path).unwrap();
    let extents = image.map.extents.clone();
    image.map.extents = extents.iter().cycle().take(times).cloned().collect();
    (folder, Arc::new(image))
}

#[test]
fn what_differs_in_content_differs_in_fingerprint() {
    let (_, _folder, path) = small();
    let (_, _other_folder, other) = crate::testing::small_with(9);
    let image = Image::open(&path).unwrap();
    image.check(&mut on).unwrap();
    assert_eq!(image.fingerprint(), Image::open(&path).unwrap().fingerprint());
    assert_ne!(image.fingerprint(), Image::open(&other).unwrap().fingerprint());
}

#[test]
fn sticks_of_one_speed_share_every_chunk() {
    let (_folder, image) = long(60);
    let mut source = Source::new(image);
    let readers: Vec<Reader> = (0..16).map(|_| source.reader()).collect();
    for number in 0..60 {
        for reader in &readers {
            assert!(is_shared(reader, number), "{number}");
        }
    }
}

#[test]
fn a_slow_stick_falls_out_and_makes_nobody_wait() {
    let (_folder, image) = long(60);
    let mut source = Source::new(image);
    let (slow, fast) = (source.reader(), source.reader());
    assert!(is_shared(&slow, 0));
    for number in 0..40 {
        assert!(is_shared(&fast, number), "{number}");
    }
    assert!(!is_shared(&slow, 1), "it reads the image by itself");
    assert!(is_shared(&fast, 40), "and the window stays with the fast one");
    assert!(is_shared(&slow, 39), "which it may catch up with");
    let memory = source.ring.lock().chunks.len();
    assert!(memory <= WINDOW, "{memory}");
    // Once the fast one is through, the window comes to the slow one.
    fast.leave();
    assert!(is_shared(&slow, 2));
}

#[test]
fn a_stick_plugged_in_later_does_not_take_the_window_away() {
    let (_folder, image) = long(60);
    let mut source = Source::new(image);
    let first = source.reader();
    for number in 0..30 {
        is_shared(&first, number);
    }
    let late = source.reader();
    assert!(!is_shared(&late, 0));
    assert!(is_shared(&first, 30));
    drop(first);
    assert!(is_shared(&late, 1));
}

#[test]
fn without_a_producer_everybody_reads_by_themselves() {
    let (_folder, image) = long(10);
    let mut source = Source::new(image);
    let reader = source.reader();
    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| is_shared(&reader, 3));
        std::thread::sleep(Duration::from_millis(20));
        drop(source);
        waiting.join().unwrap()
    });
    // Served just before or not at all, but never left waiting.
    let _ = waiting;
    assert!(!is_shared(&reader, 4));
}
