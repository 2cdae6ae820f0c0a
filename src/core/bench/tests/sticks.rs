//! Sticks that were made are remembered by their numbers.

use super::*;
use crate::{
    media::{map::ExtentDigest, stick::StickId},
    sticks::{health::Name, made::Made},
};

fn written(stick: u8, operator: &str) -> Record {
    let usb = Name { vendor: "SanDisk".into(), model: "Ultra".into(), serial: "4C53".into(), size: 16_000_000_000 };
    let made = Made {
        stick: StickId([stick; 16]),
        media: MediaId([1; 16]),
        map: ExtentDigest([2; 32]),
        operator: operator.into(),
        tool: "0.1.0".into(),
        usb,
        port: "2-1".into(),
        updated: false,
        bytes: 7,
        write_rate: Some(20_000_000),
        read_rate: None,
        retries: 1,
    };
    Record::StickWritten { made: Box::new(made) }
}

#[test]
fn a_stick_is_known_as_it_was_made_last_and_how_often() {
    let mut shop = shop();
    shop.write(vec![written(3, "Jana"), written(4, "Jana"), written(3, "Timo")]);
    let known: Vec<_> = shop.bench.sticks().values().map(|known| (known.made.operator.as_str(), known.times)).collect();
    assert_eq!(known, [("Timo", 2), ("Jana", 1)]);
}

#[test]
fn the_record_reads_back_as_it_is_written() {
    let record = written(3, "Jana");
    assert_eq!(record.kind(), "stick-written");
    let text = serde_json::to_string(&record).unwrap();
    assert!(text.starts_with(r#"{"record":"stick-written","made":{"stick":"0303"#), "{text}");
    assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
}
