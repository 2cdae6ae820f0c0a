//! A server's answers, with an address in them or with the refusal of one.

use std::{net::Ipv4Addr, time::Duration};

use super::{Boot, Decision, LeaseEvent, Leases, Message, MessageKind, Outgoing, Request, reply};
use crate::dhcp::SERVER_PORT;

impl Leases {
    pub(super) fn answer(
        &self,
        kind: MessageKind,
        asked: &Message,
        address: Option<Ipv4Addr>,
        boot: impl FnOnce(&Request) -> Boot,
        event: Option<LeaseEvent>,
    ) -> Decision {
        let pool = self.pool();
        let mut message = begin(kind, asked, pool.server().address);
        message.yours = address.unwrap_or(Ipv4Addr::UNSPECIFIED);
        let options = &mut message.options;
        if address.is_some() {
            let seconds = pool.lease_seconds();
            options.set(51, &seconds.to_be_bytes());
            options.set(58, &(seconds / 2).to_be_bytes());
            options.set(59, &(seconds - seconds / 8).to_be_bytes());
        }
        options.set(1, &pool.mask().octets());
        options.set(28, &pool.broadcast().octets());
        // An option without an address in it breaks RFC 2132: what there is none of is left out.
        for (code, addresses) in [(3, pool.routers()), (6, pool.dns()), (42, pool.ntp())] {
            if !addresses.is_empty() {
                options.set(code, &addresses.iter().flat_map(Ipv4Addr::octets).collect::<Vec<u8>>());
            }
        }
        let withheld = Request::of(asked).ok().and_then(|request| {
            let boot = boot(&request);
            match reply::choose(&request, &boot) {
                Ok(offered) => {
                    reply::name_file_with_address(&mut message, &request, offered, pool.server());
                    None
                }
                Err(silence) => Some(silence),
            }
        });
        Decision::Answer { event, reply: self.finish(message, asked), withheld }
    }

    pub(super) fn refuse(&self, asked: &Message) -> Decision {
        let mut message = begin(MessageKind::Nak, asked, self.pool().server().address);
        message.client = Ipv4Addr::UNSPECIFIED;
        // The relay must not look for a client that has no address (RFC 2131, 4.3.2).
        message.broadcast |= !asked.relay.is_unspecified();
        Decision::Answer { event: None, reply: self.finish(message, asked), withheld: None }
    }

    fn finish(&self, mut message: Message, asked: &Message) -> Outgoing {
        reply::finish(&mut message, asked.options.get(82).filter(|value| value.len() <= 255));
        let to = reply::destination(asked, &message);
        Outgoing { datagram: message.to_bytes(), from: SERVER_PORT, to, delay: Duration::ZERO }
    }
}

fn begin(kind: MessageKind, asked: &Message, server: Ipv4Addr) -> Message {
    let mut message = Message::new(kind, asked.transaction, asked.mac);
    message.broadcast = asked.broadcast;
    message.relay = asked.relay;
    if kind == MessageKind::Ack {
        message.client = asked.client;
    }
    message.options.set(54, &server.octets());
    // RFC 6842: two clients behind one hardware address tell their answers apart by it.
    if let Some(client) = asked.options.get(61).filter(|client| client.len() <= 255) {
        message.options.set(61, client);
    }
    message
}
