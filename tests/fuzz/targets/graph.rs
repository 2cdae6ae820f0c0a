//! Answers of Microsoft Graph, or of whatever stands between here and it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whiteglove_core::cloud::{Answer, Service, fault::Fault, graph};

fuzz_target!(|data: &[u8]| {
    let answer = Answer { status: 400, retry_after: None, location: None, body: data.to_vec() };
    let _ = graph::imported(&answer);
    let _ = graph::registration(&answer);
    let _ = graph::settings(&answer);
    let _ = graph::associated_devices(&answer);
    let _ = graph::managed_devices(&answer);
    let _ = graph::answers(&answer, graph::MOST_PARTS);
    if let Ok(page) = graph::registrations(&answer) {
        assert!(page.items.iter().all(|item| !item.name.contains(char::is_control)));
    }
    if let Ok(page) = graph::events_of(&answer)
        && let Some(Ok(next)) = page.next.map(|link| graph::follow(&graph::events(), &link))
    {
        assert!(next.path.starts_with("/beta/deviceManagement/autopilotEvents?"));
    }
    if let Some(fault) = Fault::of(Service::Graph, &answer, "it") {
        assert!(!fault.problem.why.contains(char::is_control));
    }
});
