//! The message: a BOOTP frame of fixed fields, a magic cookie, options.

use std::{net::Ipv4Addr, ops::Range};

use crate::identity::Mac;

const FIXED: usize = 236;
const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// BOOTP's size. Some relays and servers drop anything shorter (RFC 1542, 2.1).
const MINIMUM: usize = 300;
const BROADCAST: u16 = 0x8000;
const SERVER_NAME: Range<usize> = 44..108;
const FILE: Range<usize> = 108..236;

/// Option 53.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    Discover,
    Offer,
    Request,
    Decline,
    Ack,
    Nak,
    Release,
    Inform,
}

impl MessageKind {
    const ALL: [Self; 8] =
        [Self::Discover, Self::Offer, Self::Request, Self::Decline, Self::Ack, Self::Nak, Self::Release, Self::Inform];

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte).checked_sub(1)?).copied()
    }

    fn to_byte(self) -> u8 {
        (1..).zip(Self::ALL).find(|(_, kind)| *kind == self).map_or(0, |(byte, _)| byte)
    }

    fn is_from_a_client(self) -> bool {
        matches!(self, Self::Discover | Self::Request | Self::Decline | Self::Release | Self::Inform)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotDhcp {
    Short,
    /// Not Ethernet, or neither request nor reply.
    Hardware,
    /// BOOTP without the cookie, or without option 53.
    Bootp,
}

/// One message; option values still as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub kind: MessageKind,
    pub transaction: u32,
    pub seconds: u16,
    pub broadcast: bool,
    /// `ciaddr`: what the client has.
    pub client: Ipv4Addr,
    /// `yiaddr`: what the client gets.
    pub yours: Ipv4Addr,
    /// `siaddr`: who serves the next boot step.
    pub next_server: Ipv4Addr,
    /// `giaddr`.
    pub relay: Ipv4Addr,
    pub mac: Mac,
    /// `sname`, up to its NUL. Empty where options overflowed into it.
    pub server_name: Vec<u8>,
    /// `file`, up to its NUL. Empty where options overflowed into it.
    pub file: Vec<u8>,
    /// Without 52 and 53: what they say is in the fields above.
    pub options: Options,
}

impl Message {
    pub fn new(kind: MessageKind, transaction: u32, mac: Mac) -> Self {
        let none = Ipv4Addr::UNSPECIFIED;
        Self {
            kind,
            transaction,
            seconds: 0,
            broadcast: false,
            client: none,
            yours: none,
            next_server: none,
            relay: none,
            mac,
            server_name: Vec::new(),
            file: Vec::new(),
            options: Options::default(),
        }
    }

    /// # Errors
    /// Why the datagram is not a DHCP message over Ethernet.
    pub fn parse(datagram: &[u8]) -> Result<Self, NotDhcp> {
        let (fixed, rest) = datagram.split_first_chunk::<FIXED>().ok_or(NotDhcp::Short)?;
        let [op @ (1 | 2), 1, 6, ..] = *fixed else { return Err(NotDhcp::Hardware) };
        let options = rest.strip_prefix(&COOKIE).ok_or(NotDhcp::Bootp)?;
        let mut options = Options::parse(options);
        // Options may overflow into the file and server name fields (RFC 2132, 9.3), in this order.
        let overload = options.byte(52).unwrap_or(0);
        let (mut server_name, mut file) = (text(&fixed[SERVER_NAME]), text(&fixed[FILE]));
        if overload & 1 != 0 {
            options.append(&fixed[FILE]);
            file.clear();
        }
        if overload & 2 != 0 {
            options.append(&fixed[SERVER_NAME]);
            server_name.clear();
        }
        let kind = options.byte(53).and_then(MessageKind::from_byte).ok_or(NotDhcp::Bootp)?;
        options.remove(52);
        options.remove(53);
        if kind.is_from_a_client() != (op == 1) {
            return Err(NotDhcp::Bootp);
        }
        let address = |at: usize| Ipv4Addr::new(fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]);
        Ok(Self {
            kind,
            transaction: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            seconds: u16::from_be_bytes([fixed[8], fixed[9]]),
            broadcast: u16::from_be_bytes([fixed[10], fixed[11]]) & BROADCAST != 0,
            client: address(12),
            yours: address(16),
            next_server: address(20),
            relay: address(24),
            mac: Mac([fixed[28], fixed[29], fixed[30], fixed[31], fixed[32], fixed[33]]),
            server_name,
            file,
            options,
        })
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; FIXED];
        bytes[..3].copy_from_slice(&[if self.kind.is_from_a_client() { 1 } else { 2 }, 1, 6]);
        bytes[4..8].copy_from_slice(&self.transaction.to_be_bytes());
        bytes[8..10].copy_from_slice(&self.seconds.to_be_bytes());
        let flags = if self.broadcast { BROADCAST } else { 0 };
        bytes[10..12].copy_from_slice(&flags.to_be_bytes());
        for (at, address) in [(12, self.client), (16, self.yours), (20, self.next_server), (24, self.relay)] {
            bytes[at..at + 4].copy_from_slice(&address.octets());
        }
        bytes[28..34].copy_from_slice(&self.mac.0);
        for (field, value) in [(SERVER_NAME, &self.server_name), (FILE, &self.file)] {
            for (byte, value) in bytes[field].iter_mut().zip(value) {
                *byte = *value;
            }
        }
        bytes.extend(COOKIE);
        bytes.extend([53, 1, self.kind.to_byte()]);
        for (code, value) in &self.options.0 {
            // A longer value is split and put together again by its reader (RFC 3396).
            let parts: Vec<&[u8]> = if value.is_empty() { vec![&[]] } else { value.chunks(255).collect() };
            for part in parts {
                bytes.push(*code);
                bytes.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
                bytes.extend_from_slice(part);
            }
        }
        bytes.push(255);
        bytes.resize(bytes.len().max(MINIMUM), 0);
        bytes
    }
}

/// What stands before the first NUL.
fn text(field: &[u8]) -> Vec<u8> {
    field.split(|byte| *byte == 0).next().unwrap_or_default().to_vec()
}

/// Options in the order of the message, parts of one option joined (RFC 3396).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options(Vec<(u8, Vec<u8>)>);

impl Options {
    /// Of the part after the cookie, or of what stands inside option 43 or 175.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut options = Self::default();
        options.append(bytes);
        options
    }

    fn append(&mut self, mut bytes: &[u8]) {
        loop {
            match *bytes {
                [0, ref rest @ ..] => bytes = rest,
                [] | [255, ..] | [_] => return,
                [code, length, ref rest @ ..] => {
                    // Cut short: what came before still counts.
                    let Some((value, rest)) = rest.split_at_checked(usize::from(length)) else { return };
                    match self.0.iter_mut().find(|(known, _)| *known == code) {
                        Some((_, known)) => known.extend_from_slice(value),
                        None => self.0.push((code, value.to_vec())),
                    }
                    bytes = rest;
                }
            }
        }
    }

    pub fn get(&self, code: u8) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| *known == code).map(|(_, value)| value.as_slice())
    }

    pub fn set(&mut self, code: u8, value: &[u8]) {
        self.remove(code);
        self.0.push((code, value.to_vec()));
    }

    pub fn remove(&mut self, code: u8) {
        self.0.retain(|(known, _)| *known != code);
    }

    /// The codes in the order of the message.
    pub fn codes(&self) -> impl Iterator<Item = u8> {
        self.0.iter().map(|(code, _)| *code)
    }

    /// An option that is text; some senders count the NUL at its end, some do not.
    pub fn text(&self, code: u8) -> Option<&[u8]> {
        self.get(code)?.split(|byte| *byte == 0).next()
    }

    pub fn byte(&self, code: u8) -> Option<u8> {
        self.get(code)?.first().copied()
    }

    pub fn short(&self, code: u8) -> Option<u16> {
        Some(u16::from_be_bytes(*self.get(code)?.first_chunk()?))
    }

    pub fn long(&self, code: u8) -> Option<u32> {
        Some(u32::from_be_bytes(*self.get(code)?.first_chunk()?))
    }

    /// The first address of a list.
    pub fn address(&self, code: u8) -> Option<Ipv4Addr> {
        self.addresses(code).first().copied()
    }

    pub fn addresses(&self, code: u8) -> Vec<Ipv4Addr> {
        let (whole, _) = self.get(code).unwrap_or_default().as_chunks::<4>();
        whole.iter().map(|octets| Ipv4Addr::from(*octets)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut message = Message::new(MessageKind::Offer, 0x0102_0304, Mac([2, 0, 0, 0, 0, 9]));
        message.broadcast = true;
        message.yours = Ipv4Addr::new(192, 168, 7, 20);
        message.file = b"boot/shimx64.efi".to_vec();
        message.server_name = vec![b'n'; 64];
        message.options.set(1, &[255, 255, 255, 0]);
        message.options.set(43, &[7; 300]);
        let bytes = message.to_bytes();
        let read = Message::parse(&bytes).unwrap();
        assert_eq!(read.options.get(43).unwrap().len(), 300);
        assert_eq!(read.options.address(1), Some(Ipv4Addr::new(255, 255, 255, 0)));
        assert_eq!(read, message);
        assert!(Message::new(MessageKind::Discover, 1, message.mac).to_bytes().len() >= MINIMUM);
    }

    #[test]
    fn options_overflow_into_the_file_field() {
        let mut bytes = Message::new(MessageKind::Ack, 1, Mac([2; 6])).to_bytes();
        bytes[108..115].copy_from_slice(&[3, 4, 10, 0, 0, 1, 255]);
        bytes.splice(240..240, [52, 1, 1]);
        let read = Message::parse(&bytes).unwrap();
        assert_eq!(read.options.address(3), Some(Ipv4Addr::new(10, 0, 0, 1)));
        assert!(read.file.is_empty(), "options are no file name");
        assert_eq!(Message::parse(&read.to_bytes()), Ok(read));
    }

    #[test]
    fn what_is_no_dhcp() {
        let good = Message::new(MessageKind::Ack, 1, Mac([2; 6])).to_bytes();
        assert_eq!(Message::parse(&good[..235]), Err(NotDhcp::Short));
        assert_eq!(Message::parse(&good[..236]), Err(NotDhcp::Bootp));
        let mut token_ring = good.clone();
        token_ring[1] = 6;
        assert_eq!(Message::parse(&token_ring), Err(NotDhcp::Hardware));
        let mut reply_from_a_client = good;
        reply_from_a_client[0] = 1;
        assert_eq!(Message::parse(&reply_from_a_client), Err(NotDhcp::Bootp));
    }

    proptest::proptest! {
        #[test]
        fn no_options_panic(options in proptest::collection::vec(proptest::num::u8::ANY, 0..80)) {
            let mut bytes = Message::new(MessageKind::Ack, 1, Mac([2; 6])).to_bytes();
            bytes.truncate(243);
            bytes.extend(options);
            let _ = Message::parse(&bytes);
        }
    }
}
