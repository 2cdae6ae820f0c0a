//! A Windows program in 1.5 KiB, for Wine: it runs the batch file beside it, `NAME.exe.cmd`, with its own command line
//! in the variable `ASKED`, and ends with the same number. So a test says what oa3tool or curl do, in one line each.
//!
//! Layout: Microsoft's "PE Format". The code is position independent; every address in it is relative to `rip`.

/// Where the one section lies in memory; all offsets below count from there.
const SECTION: u32 = 0x1000;
const FUNCTIONS: usize = 0x100;
const NAMES: usize = 0x1c0;
const VARIABLE: usize = 0x2c0;
const PATH: usize = 0x400;
const IMPORTS: usize = 0x180;

/// Name, and where the loader puts its address. An empty slot ends each library's list.
const CALLS: [(&str, usize); 5] = [
    ("GetModuleFileNameA", 0x100),
    ("GetCommandLineA", 0x108),
    ("SetEnvironmentVariableA", 0x110),
    ("ExitProcess", 0x118),
    ("system", 0x128),
];

/// The program, the same for every name.
pub(crate) fn program() -> Vec<u8> {
    let mut file = headers();
    file.extend(section());
    file
}

#[derive(Default)]
struct Code(Vec<u8>);

impl Code {
    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend(bytes);
        self
    }

    /// An instruction that ends in the distance to there.
    fn at(&mut self, bytes: &[u8], target: usize) -> &mut Self {
        self.0.extend(bytes);
        let distance = i32::try_from(target).unwrap() - i32::try_from(self.0.len() + 4).unwrap();
        self.bytes(&distance.to_le_bytes())
    }

    fn call(&mut self, name: &str) -> &mut Self {
        let (_, slot) = CALLS.iter().find(|(known, _)| *known == name).unwrap();
        self.at(&[0xff, 0x15], *slot)
    }
}

fn code() -> Vec<u8> {
    let mut code = Code::default();
    code.bytes(&[0x48, 0x83, 0xec, 0x28]) // sub rsp, 40
        .bytes(&[0x31, 0xc9]) // xor ecx, ecx
        .at(&[0x48, 0x8d, 0x15], PATH) // lea rdx, [path]
        .bytes(&[0x41, 0xb8, 0x04, 0x01, 0x00, 0x00]) // mov r8d, 260
        .call("GetModuleFileNameA")
        .at(&[0x48, 0x8d, 0x0d], PATH) // lea rcx, [path]
        .bytes(&[0x48, 0x01, 0xc1]) // add rcx, rax
        .bytes(&[0xc7, 0x01]) // mov dword [rcx], ".cmd"
        .bytes(b".cmd")
        .bytes(&[0xc6, 0x41, 0x04, 0x00]) // mov byte [rcx + 4], 0
        .call("GetCommandLineA")
        .at(&[0x48, 0x8d, 0x0d], VARIABLE) // lea rcx, [variable]
        .bytes(&[0x48, 0x89, 0xc2]) // mov rdx, rax
        .call("SetEnvironmentVariableA")
        .at(&[0x48, 0x8d, 0x0d], PATH) // lea rcx, [path]
        .call("system")
        .bytes(&[0x89, 0xc1]) // mov ecx, eax
        .call("ExitProcess");
    code.0
}

fn section() -> Vec<u8> {
    let mut bytes = vec![0; 0x400];
    let mut put = |at: usize, what: &[u8]| bytes[at..at + what.len()].copy_from_slice(what);
    put(0, &code());
    let mut free = NAMES;
    for (name, slot) in CALLS {
        let address = (u64::from(SECTION) + free as u64).to_le_bytes();
        // The list that stays, and the one that the loader writes addresses into.
        put(slot, &address);
        put(slot + 0x40, &address);
        put(free + 2, name.as_bytes());
        free += (2 + name.len() + 1).next_multiple_of(2);
    }
    for (index, (library, functions)) in [("KERNEL32.dll", FUNCTIONS), ("msvcrt.dll", 0x128)].into_iter().enumerate() {
        put(free, library.as_bytes());
        let entry = [functions + 0x40, 0, 0, free, functions];
        for (field, value) in entry.into_iter().enumerate() {
            let value = if value == 0 { 0 } else { SECTION + u32::try_from(value).unwrap() };
            put(IMPORTS + index * 20 + field * 4, &value.to_le_bytes());
        }
        free += library.len() + 1;
    }
    assert!(free <= VARIABLE);
    put(VARIABLE, b"ASKED");
    bytes
}

fn headers() -> Vec<u8> {
    let mut bytes = vec![0; 0x200];
    let mut put = |at: usize, what: &[u8]| bytes[at..at + what.len()].copy_from_slice(what);
    let (half, word, long) = (|n: u16| n.to_le_bytes(), |n: u32| n.to_le_bytes(), |n: u64| n.to_le_bytes());
    put(0, b"MZ");
    put(0x3c, &word(0x40));
    put(0x40, b"PE\0\0");
    put(0x44, &half(0x8664)); // x64
    put(0x46, &half(1)); // one section
    put(0x54, &half(240)); // of the optional header
    put(0x56, &half(0x22)); // a program, any address
    put(0x58, &half(0x20b));
    put(0x68, &word(SECTION)); // where it starts
    put(0x6c, &word(SECTION));
    put(0x70, &long(0x1_4000_0000));
    put(0x78, &word(0x1000)); // alignment in memory, in the file
    put(0x7c, &word(0x200));
    put(0x80, &half(6));
    put(0x88, &half(6));
    put(0x90, &word(0x2000)); // its size in memory, of the headers
    put(0x94, &word(0x200));
    put(0x9c, &half(3)); // in a console
    for at in [0xa0, 0xb0] {
        put(at, &long(0x10_0000)); // stack, heap
        put(at + 8, &long(0x1000));
    }
    put(0xc4, &word(16));
    put(0xd0, &word(SECTION + 0x180));
    put(0xd4, &word(40));
    put(0x148, b".text");
    put(0x150, &word(0x1000));
    put(0x154, &word(SECTION));
    put(0x158, &word(0x400));
    put(0x15c, &word(0x200));
    put(0x16c, &word(0xe000_0020)); // code, to be read, written and run
    bytes
}
