//! The session keys of laptops that are waiting for orders. Lost with the process, which is no harm:
//! a laptop whose session is gone is told so (410) and sends its capture again.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use whiteglove_core::{
    device::DeviceId,
    envelope::{MessageId, SessionKey},
};

/// More than any bench has laptops; a bound against whoever holds a token and sends for ever.
const MOST: usize = 20_000;

#[derive(Debug, Default)]
struct Held {
    by_capture: HashMap<MessageId, (SessionKey, DeviceId)>,
    order: VecDeque<MessageId>,
}

#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<Held>);

impl Sessions {
    pub(super) fn keep(&self, capture: MessageId, key: SessionKey, device: DeviceId) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.by_capture.insert(capture, (key, device)).is_none() {
            held.order.push_back(capture);
        }
        if held.order.len() > MOST
            && let Some(oldest) = held.order.pop_front()
        {
            held.by_capture.remove(&oldest);
        }
    }

    pub(super) fn get(&self, capture: MessageId) -> Option<(SessionKey, DeviceId)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).by_capture.get(&capture).cloned()
    }
}

#[cfg(test)]
mod tests {
    use whiteglove_core::{
        envelope::{BoxSecret, Envelope, Kind},
        media_card::{MediaCard, MediaId},
    };

    use super::*;

    fn key() -> SessionKey {
        let bench = BoxSecret::from_entropy([1; 32]);
        let media = MediaId([1; 16]);
        let card = MediaCard {
            media,
            box_key: bench.public(),
            token: bench.token(media),
            endpoints: vec![],
            batch: String::new(),
            bench: String::new(),
            data_volume: None,
        };
        let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
        Envelope::seal(&card, Kind::Hello, MessageId([0; 16]), b"", &mut rng).unwrap().1
    }

    #[test]
    fn the_oldest_gives_way() {
        let (sessions, key) = (Sessions::default(), key());
        let id = |n: usize| {
            let mut id = [0; 16];
            id[..8].copy_from_slice(&n.to_le_bytes());
            MessageId(id)
        };
        (0..=MOST).for_each(|n| sessions.keep(id(n), key.clone(), DeviceId(n as u64)));
        assert!(sessions.get(id(0)).is_none());
        assert!(sessions.get(id(1)).is_some() && sessions.get(id(MOST)).is_some());
    }
}
