//! UEFI variables written into the flash of a laptop that is switched off, as its owner's choices in the
//! firmware's menu would be. EDK2's own format: an authenticated variable store at the start of the flash.

/// `EFI_GLOBAL_VARIABLE`
const GLOBAL: [u8; 16] = *b"\x61\xdf\xe4\x8b\xca\x93\xd2\x11\xaa\x0d\x00\xe0\x98\x03\x2b\x8c";
/// Non-volatile, boot services, runtime.
const ATTRIBUTES: u32 = 7;
const STORE_HEADER: usize = 28;
const VARIABLE_HEADER: usize = 60;

/// Makes a boot option of this device path and lets the firmware try it the next time, before all others.
pub(crate) fn boot_next(flash: &mut [u8], device_path: &[u8]) {
    let mut option = 1_u32.to_le_bytes().to_vec();
    option.extend(u16::try_from(device_path.len()).unwrap().to_le_bytes());
    option.extend(wide("chosen by the test"));
    option.extend(device_path);
    // In no boot order, so the firmware does not tidy it away.
    add(flash, "Boot4711", &option);
    add(flash, "BootNext", &0x4711_u16.to_le_bytes());
}

/// HTTP Boot over the adapter in this PCI slot, with the URL from DHCP: the path that EDK2 gives its own
/// menu entry, `PciRoot(0)/Pci(slot,0)/MAC(mac)/IPv4(0.0.0.0)/Uri()`.
pub(crate) fn http_boot(slot: u8, mac: &[u8]) -> Vec<u8> {
    let mut path = vec![];
    let mut node = |kind: u8, subkind: u8, body: &[u8]| {
        path.extend([kind, subkind]);
        path.extend(u16::try_from(body.len() + 4).unwrap().to_le_bytes());
        path.extend(body);
    };
    node(2, 1, b"\xd0\x41\x03\x0a\0\0\0\0");
    node(1, 1, &[0, slot]);
    let mut address = mac.to_vec();
    address.resize(32, 0);
    address.push(1);
    node(3, 11, &address);
    node(3, 12, &[0; 23]);
    node(3, 24, &[]);
    node(0x7f, 0xff, &[]);
    path
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// Behind the last variable.
fn add(flash: &mut [u8], name: &str, data: &[u8]) {
    let word = |at: usize| u32::from_le_bytes(flash[at..at + 4].try_into().unwrap());
    assert_eq!(&flash[40..44], b"_FVH", "a firmware volume");
    let mut at = usize::from(u16::from_le_bytes([flash[48], flash[49]])) + STORE_HEADER;
    while flash[at..at + 2] == [0xaa, 0x55] {
        let end = at + VARIABLE_HEADER + (word(at + 36) + word(at + 40)) as usize;
        at = end.next_multiple_of(4);
    }
    let name = wide(name);
    let mut variable = vec![0xaa, 0x55, 0x3f, 0];
    variable.extend(ATTRIBUTES.to_le_bytes());
    // Neither counted, nor dated, nor signed.
    variable.extend([0; 28]);
    variable.extend(u32::try_from(name.len()).unwrap().to_le_bytes());
    variable.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
    variable.extend(GLOBAL);
    variable.extend(name);
    variable.extend(data);
    assert!(flash[at..at + variable.len()].iter().all(|byte| *byte == 0xff), "free space behind the last variable");
    flash[at..at + variable.len()].copy_from_slice(&variable);
}
