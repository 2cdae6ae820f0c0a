//! A laptop of the tests: seals and sends what it is told to.

use rand_core::UnwrapErr;
use whiteglove_core::{
    api::{self, Receipt, label},
    capture::{Capture, Hello},
    envelope::{Envelope, Kind, MessageId, SessionKey},
    media_card::MediaCard,
    problem::Problem,
    testing,
};

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) seal: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn problem(&self) -> Problem {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }

    /// The receipt, if the bench sealed it for this session.
    pub(crate) fn receipt(&self, session: &SessionKey) -> Receipt {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        assert!(session.is_sealed(label::RECEIPT, &self.body, self.seal.as_deref().unwrap()));
        serde_json::from_slice(&self.body).unwrap()
    }
}

pub(crate) fn http() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.timeout_global(Some(super::PATIENCE)).build().new_agent()
}

pub(crate) fn post(url: &str, route: &str, body: &[u8]) -> Result<Answer, ureq::Error> {
    let mut response = http().post(format!("{url}{route}")).send(body)?;
    let seal = response.headers().get(api::SEAL_HEADER).map(|seal| seal.to_str().unwrap().to_owned());
    Ok(Answer { status: response.status().as_u16(), seal, body: response.body_mut().read_to_vec()? })
}

pub(crate) fn id() -> MessageId {
    let mut id = [0; 16];
    getrandom::fill(&mut id).unwrap();
    MessageId(id)
}

pub(crate) fn seal(card: &MediaCard, kind: Kind, id: MessageId, content: &[u8]) -> (Envelope, SessionKey) {
    Envelope::seal(card, kind, id, content, &mut UnwrapErr(getrandom::SysRng)).unwrap()
}

pub(crate) fn sealed_capture(card: &MediaCard, capture: &Capture) -> (Envelope, SessionKey) {
    seal(card, Kind::Capture, capture.id, &serde_json::to_vec(capture).unwrap())
}

/// Sends a capture and expects a receipt.
pub(crate) fn hand_in(url: &str, card: &MediaCard, capture: &Capture) -> Receipt {
    let (envelope, session) = sealed_capture(card, capture);
    post(url, api::CAPTURE, envelope.bytes()).unwrap().receipt(&session)
}

pub(crate) fn hello_of(capture: &Capture) -> Hello {
    Hello { agent: "test".into(), identity: capture.smbios.as_ref().unwrap().identity(), simulated: false }
}

/// A machine with this serial, UUID and endorsement key. UUIDs 00 and ff are the junk ones.
pub(crate) fn capture(serial: &str, uuid: u8, ek: Option<u8>) -> Capture {
    let junk = uuid == 0 || uuid == 0xff;
    capture_with_uuid(serial, if junk { [uuid; 16] } else { testing::uuid(uuid) }, ek)
}

pub(crate) fn capture_with_uuid(serial: &str, uuid: [u8; 16], ek: Option<u8>) -> Capture {
    testing::capture(id(), serial, uuid, ek)
}
