//! Processor, memory, battery, display, clock.

use std::collections::BTreeSet;

use whiteglove_core::{
    capture::{Battery, Cpu, Display, Part, Rtc},
    clock::Moment,
};

use super::{Notes, Root};

pub(super) fn cpu(root: &Root, notes: &mut Notes) -> Cpu {
    let text = root.text("proc/cpuinfo");
    let fields = || text.lines().filter_map(|line| line.split_once(':')).map(|(key, value)| (key.trim(), value.trim()));
    let first = |wanted: &str| fields().find(|(key, _)| *key == wanted).map_or("", |(_, value)| value);
    let number = |wanted: &str| first(wanted).parse::<u32>().unwrap_or(0);
    let (mut sockets, mut cores, mut threads) = (BTreeSet::new(), BTreeSet::new(), 0_u16);
    for processor in text.split("\n\n").filter(|block| block.contains("processor")) {
        let of = |wanted: &str| {
            let field = processor.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.trim() == wanted);
            field.map_or("0", |(_, value)| value.trim()).to_owned()
        };
        threads = threads.saturating_add(1);
        sockets.insert(of("physical id"));
        // Virtual machines say nothing of cores: then each processor is one.
        let core = if processor.contains("core id") { of("core id") } else { of("processor") };
        cores.insert((of("physical id"), core));
    }
    if threads == 0 {
        notes.find(Part::Cpu, "the kernel does not describe the processor");
    }
    Cpu {
        vendor: first("vendor_id").to_owned(),
        model: first("model name").to_owned(),
        sockets: u16::try_from(sockets.len()).unwrap_or(u16::MAX),
        cores: u16::try_from(cores.len()).unwrap_or(u16::MAX),
        threads,
        family: number("cpu family"),
        model_number: number("model"),
        stepping: number("stepping"),
    }
}

pub(super) fn memory(root: &Root, notes: &mut Notes) -> u64 {
    let text = root.text("proc/meminfo");
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    if kib.is_none() {
        notes.find(Part::Memory, "the kernel does not say how much memory there is");
    }
    kib.unwrap_or(0).saturating_mul(1024)
}

/// A desktop has none, so none is no finding.
pub(super) fn batteries(root: &Root) -> Vec<Battery> {
    let class = "sys/class/power_supply";
    let mut batteries = Vec::new();
    for name in root.names(class) {
        let of = |attribute: &str| root.text(&format!("{class}/{name}/{attribute}"));
        let number = |attribute: &str| of(attribute).parse::<u64>().ok();
        // A mouse's battery says `scope: Device`.
        if of("type") != "Battery" || of("scope") == "Device" || of("present") == "0" {
            continue;
        }
        // Firmware counts in watt hours or in ampere hours.
        let full = number("energy_full").or_else(|| number("charge_full"));
        let design = number("energy_full_design").or_else(|| number("charge_full_design"));
        let health = match (full, design) {
            (Some(full), Some(design)) if design > 0 => u8::try_from((full * 100 / design).min(250)).ok(),
            _ => None,
        };
        batteries.push(Battery {
            percent: number("capacity").and_then(|percent| u8::try_from(percent).ok()),
            status: of("status"),
            health_percent: health,
            // Zero is what firmware says that does not count.
            cycles: number("cycle_count").filter(|count| *count > 0).and_then(|count| u32::try_from(count).ok()),
            name,
        });
    }
    batteries
}

pub(super) fn displays(root: &Root, notes: &mut Notes) -> Vec<Display> {
    let class = "sys/class/drm";
    let mut displays = Vec::new();
    for name in root.names(class) {
        // `card0-eDP-1`
        let Some((_, connector)) = name.split_once('-') else { continue };
        let Ok(edid) = root.bytes(&format!("{class}/{name}/edid")) else { continue };
        match preferred_timing(&edid, connector) {
            Some(display) => displays.push(display),
            None if edid.is_empty() => {}
            None => notes.find(Part::Display, format!("the display at {connector} has no usable EDID")),
        }
    }
    if displays.is_empty() {
        // The firmware's framebuffer: pixels are known, the glass is not.
        let size = root.text("sys/class/graphics/fb0/virtual_size");
        let pixels = size.split_once(',').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
        if let Some((width_px, height_px)) = pixels {
            let connector = "framebuffer".to_owned();
            displays.push(Display { connector, width_px, height_px, width_mm: 0, height_mm: 0 });
        }
        notes
            .find(Part::Display, "no display driver is loaded, so the size of the display in millimetres is not known");
    }
    displays
}

/// The first detailed timing of an EDID block (VESA E-EDID 1.4, 3.10.2).
fn preferred_timing(edid: &[u8], connector: &str) -> Option<Display> {
    let timing = edid.strip_prefix(&[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0])?.get(46..64)?;
    // A pixel clock of zero makes it a text descriptor.
    if timing[..2] == [0, 0] {
        return None;
    }
    let twelve = |low: u8, high: u8| u16::from(low) | u16::from(high & 0x0f) << 8;
    Some(Display {
        connector: connector.to_owned(),
        width_px: twelve(timing[2], timing[4] >> 4),
        height_px: twelve(timing[5], timing[7] >> 4),
        width_mm: twelve(timing[12], timing[14] >> 4),
        height_mm: twelve(timing[13], timing[14]),
    })
}

pub(super) fn rtc(root: &Root, notes: &mut Notes) -> Option<Rtc> {
    let seconds = root.number("sys/class/rtc/rtc0/since_epoch");
    if seconds.is_none() {
        notes.find(Part::Rtc, "the hardware clock cannot be read");
    }
    seconds.map(|seconds| Rtc { read: Moment::from_millis(seconds.saturating_mul(1000)) })
}
