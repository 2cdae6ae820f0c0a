//! The technician phase as the tenant tells it. Corroboration: Intune's reports come late, those of runs of more than an
//! hour may never be finished, and a retry does not change them (Microsoft, Autopilot deployment report). What a person
//! saw on the laptop's screen counts before it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Registration;
use crate::{
    clock::Moment,
    cloud::graph::{Event, ManagedDevice, same_serial},
    problem::Problem,
};

/// After the technician phase its tokens have to run out before the user's begins.
const USER_FROM: Duration = Duration::from_secs(90 * 60);
/// Six months, of which the shortest have 181 days: the certificate of Intune's extension ends then.
const USER_UNTIL: Duration = Duration::from_secs(181 * 24 * 3600);

/// How far it is. Words of the service are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "kebab-case")]
pub enum Phase {
    UnderWay {
        word: String,
    },
    Succeeded {
        word: String,
    },
    Failed {
        word: String,
        says: String,
    },
    /// Intune manages it without a user: it went through the beginning of the phase. Nothing tells of its end.
    Enrolled,
}

/// What the tenant tells of the newest technician phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Technician {
    pub phase: Phase,
    pub began: Option<Moment>,
    pub ended: Option<Moment>,
    /// When Intune wrote this.
    pub at: Option<Moment>,
}

impl Technician {
    /// `None`: nothing is told of one. `events` and `managed` may be of other laptops too.
    pub fn of(serial: &str, events: &[Event], managed: &[ManagedDevice]) -> Option<Self> {
        let event = events
            .iter()
            .filter(|event| same_serial(&event.serial, serial) && is_technicians(&event.enrollment_type))
            .max_by_key(|event| (began(event), event.at));
        let device = managed
            .iter()
            .filter(|device| same_serial(&device.serial, serial) && is_without_user(device))
            .max_by_key(|device| device.enrolled);
        let enrolled = device.and_then(|device| device.enrolled);
        match (event, device) {
            // It was enrolled anew after the run that the report is about.
            (Some(event), Some(device)) if event.ended.is_some_and(|ended| enrolled > Some(ended)) => {
                Some(Self::enrolled(device))
            }
            (Some(event), _) => Some(Self::reported(event)),
            (None, Some(device)) => Some(Self::enrolled(device)),
            (None, None) => None,
        }
    }

    fn reported(event: &Event) -> Self {
        Self { phase: phase(event), began: began(event), ended: event.ended, at: event.at }
    }

    fn enrolled(device: &ManagedDevice) -> Self {
        Self { phase: Phase::Enrolled, began: device.enrolled, ended: None, at: device.last_sync.or(device.enrolled) }
    }

    /// When its user may begin, and until when. `None`: it did not succeed, or nobody says when.
    pub fn for_its_user(&self) -> Option<(Moment, Moment)> {
        let ended = self.ended.filter(|_| matches!(self.phase, Phase::Succeeded { .. }))?;
        Some((ended.after(USER_FROM), ended.after(USER_UNTIL)))
    }

    /// In a line of the laptop's history.
    pub fn words(&self) -> String {
        let mut words = match &self.phase {
            Phase::UnderWay { word } => format!("technician phase {word}; reports of long runs may stay so"),
            Phase::Succeeded { word } => format!("technician phase {word}"),
            Phase::Failed { word, says } if says.is_empty() => {
                format!("technician phase {word}; a retry does not change this report")
            }
            Phase::Failed { word, says } => {
                format!("technician phase {word} ({says}); a retry does not change this report")
            }
            Phase::Enrolled => "enrolled by itself, and nothing tells of the end of the technician phase".to_owned(),
        };
        if let Some((from, until)) = self.for_its_user() {
            words = format!("{words}; its user may begin from {} until {}", from.utc(), until.utc());
        }
        match self.at {
            Some(at) => format!("{words}, says Intune of {}", at.utc()),
            None => format!("{words}, says Intune"),
        }
    }
}

fn began(event: &Event) -> Option<Moment> {
    event.started.or(event.enrolled)
}

/// `azureADJoinedWithWhiteGlove`, `offlineDomainJoinedWithWhiteGlove`, and by its newer name.
fn is_technicians(enrollment_type: &str) -> bool {
    let word = enrollment_type.to_ascii_lowercase();
    word.contains("whiteglove") || word.contains("preprovision")
}

fn is_without_user(device: &ManagedDevice) -> bool {
    device.user.is_empty() && device.enrollment.to_ascii_lowercase().contains("deviceauth")
}

/// The device's part of the status page is the technician's; the rest may be its user's.
fn phase(event: &Event) -> Phase {
    let word = |word: &str| if word.is_empty() { "unknown".to_owned() } else { word.to_owned() };
    for told in [&event.device_setup, &event.deployment] {
        match told.to_ascii_lowercase().as_str() {
            "success" | "successonretry" | "successwithtimeout" => return Phase::Succeeded { word: word(told) },
            "failure" => return Phase::Failed { word: word(told), says: event.failure.clone() },
            _ => {}
        }
    }
    Phase::UnderWay { word: word(&event.deployment) }
}

/// The laptop was provisioned before, and its tenant lets it do so once (0x80180014). `None`: the tenant does not say so.
pub fn blocked(registration: &Registration) -> Option<Problem> {
    registration.userless.eq_ignore_ascii_case("blocked").then(|| {
        Problem::new(
            format!("{} was provisioned already", registration.serial),
            "A laptop goes through the technician phase once; a second run ends with 0x80180014 until it is let",
            "If the first run was green, reseal and ship it. To run it again: whiteglove registration unblock NUMBER; where \
             that is refused, the customer's administrator deletes it among the managed devices of Intune.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::{
        Answer,
        graph::{events_of, managed_devices, registrations},
    };

    const REGISTRATIONS: &str = include_str!("../../../tests/fixtures/graph/registrations.json");
    const EVENTS: &str = include_str!("../../../tests/fixtures/graph/events.json");
    const MANAGED: &str = include_str!("../../../tests/fixtures/graph/managed-devices.json");
    const SERIAL: &str = "PF0EXAMP1";
    const MINUTE: Duration = Duration::from_secs(60);

    fn answer(body: &str) -> Answer {
        Answer { status: 200, retry_after: None, location: None, body: body.as_bytes().to_vec() }
    }

    fn event() -> Event {
        events_of(&answer(EVENTS)).unwrap().items.remove(0)
    }

    fn device() -> ManagedDevice {
        managed_devices(&answer(MANAGED)).unwrap().items.remove(0)
    }

    fn told(events: &[Event], managed: &[ManagedDevice]) -> Phase {
        Technician::of(SERIAL, events, managed).unwrap().phase
    }

    #[test]
    fn a_green_screen_is_told_with_the_dates_that_its_user_has_to_keep() {
        let told = Technician::of("pf0examp1", &[event()], &[device()]).unwrap();
        insta::assert_snapshot!(told.words(), @"technician phase success; its user may begin from 2026-01-15 12:19 UTC until 2026-07-15 10:49 UTC, says Intune of 2026-01-15 10:55 UTC");
    }

    #[test]
    fn the_devices_part_counts_before_the_whole() {
        let of = |device_setup: &str, deployment: &str| {
            told(&[Event { device_setup: device_setup.into(), deployment: deployment.into(), ..event() }], &[])
        };
        let word = |word: &str| word.to_owned();
        assert_eq!(of("successOnRetry", "inProgress"), Phase::Succeeded { word: word("successOnRetry") });
        assert_eq!(of("success", "failure"), Phase::Succeeded { word: word("success") }, "its user's part failed");
        assert_eq!(of("failure", "inProgress"), Phase::Failed { word: word("failure"), says: String::new() });
        assert_eq!(of("unknown", "failure"), Phase::Failed { word: word("failure"), says: String::new() });
        assert_eq!(of("", "inProgress"), Phase::UnderWay { word: word("inProgress") });
        assert_eq!(of("soon", "wordOfTomorrow"), Phase::UnderWay { word: word("wordOfTomorrow") });
        assert_eq!(of("", ""), Phase::UnderWay { word: word("unknown") });
    }

    #[test]
    fn only_what_did_succeed_has_dates() {
        let failed = Event { device_setup: "failure".into(), failure: "0x80180014".into(), ..event() };
        let told = Technician::of(SERIAL, &[failed], &[]).unwrap();
        assert_eq!(told.for_its_user(), None);
        assert!(told.words().starts_with("technician phase failure (0x80180014); a retry"), "{}", told.words());
        let endless = Technician::of(SERIAL, &[Event { ended: None, ..event() }], &[]).unwrap();
        assert_eq!(endless.for_its_user(), None);
    }

    #[test]
    fn other_laptops_and_other_ways_of_enrolling_tell_nothing() {
        let other = Event { serial: "PF0EXAMP12".into(), ..event() };
        let by_user = Event { enrollment_type: "azureADJoinedWithAutopilotProfile".into(), ..event() };
        let used = ManagedDevice { user: "ada@contoso.com".into(), ..device() };
        let joined = ManagedDevice { enrollment: "windowsAzureADJoin".into(), ..device() };
        assert_eq!(Technician::of(SERIAL, &[other, by_user], &[used, joined]), None);
    }

    #[test]
    fn the_newest_run_counts() {
        let earlier = event();
        let later = Event {
            device_setup: "failure".into(),
            started: earlier.started.map(|at| at.after(600 * MINUTE)),
            ..event()
        };
        let events = [later.clone(), earlier.clone()];
        assert!(matches!(told(&events, &[device()]), Phase::Failed { .. }));
        assert!(matches!(told(&[earlier.clone(), later], &[device()]), Phase::Failed { .. }));
        // Enrolled anew after the run that was reported.
        let anew = ManagedDevice { enrolled: earlier.ended.map(|at| at.after(MINUTE)), ..device() };
        assert_eq!(told(&[earlier], &[anew]), Phase::Enrolled);
        assert_eq!(told(&[], &[device()]), Phase::Enrolled);
    }

    #[test]
    fn a_laptop_that_was_through_it_once_is_told_before_it_fails_again() {
        let registration = registrations(&answer(REGISTRATIONS)).unwrap().items.remove(0);
        assert_eq!(blocked(&registration), None);
        for word in ["", "unknown", "wordOfTomorrow"] {
            assert_eq!(blocked(&Registration { userless: word.into(), ..registration.clone() }), None, "{word}");
        }
        let problem = blocked(&Registration { userless: "Blocked".into(), ..registration }).unwrap();
        assert!(problem.why.contains("0x80180014") && problem.next.contains("unblock"), "{problem}");
    }
}
