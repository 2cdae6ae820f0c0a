//! Programs as small as they may be, as the tests of the boot environment have them.

const AMD64: u16 = 0x8664;
const PE32_PLUS: u16 = 0x20b;
const CERTIFICATES: usize = 4;
const PKCS_SIGNED_DATA: u16 = 2;
const COFF: usize = 20;
const SECTION: usize = 40;

#[path = "../../../image/src/boot/pe/made.rs"]
#[allow(dead_code)] // what only those tests use
pub(crate) mod made;
