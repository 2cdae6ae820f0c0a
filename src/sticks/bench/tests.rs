use std::{ops::ControlFlow, sync::Mutex};

use whiteglove_image::write::Returned;

use super::{
    super::{Prepared, Wanted, testing},
    *,
};
use crate::{config::Config, demo::sticks::Hub};

/// The simulated hub's thirteenth stick never answers any more, and nobody pulls it out as long as this test runs.
#[test]
fn a_stick_that_hangs_is_told_of_and_given_up_while_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::load(None, Some(folder.path().join("state"))).unwrap();
    std::fs::create_dir_all(&config.state).unwrap();
    let image = folder.path().join("stick.img");
    testing::image(&image, 3, 1);
    let hardware = Hardware::Simulated(Arc::new(Hub::going_on(folder.path(), 12)));
    let prepared = Prepared::new(hardware, &config.state, &image, &mut |_| ControlFlow::Continue(())).unwrap();
    let wanted = Wanted { sizes: "14G..70G".parse().unwrap(), ports: vec![], most: Some(3), plugged_in: false };
    let (terms, _) = prepared.terms(wanted).unwrap();
    let made = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&made);
    let note = Note(Box::new(move |stick| noted.lock().unwrap().push(stick)));
    let words = terms.words();
    let mut armed = prepared.arm(terms, &words, Issuer::new(&config, None).unwrap(), Returned::Refuse, note).unwrap();
    armed.patience = Patience { silent: Duration::from_millis(800), give_up: Duration::from_millis(2_500) };
    let mut told = Vec::new();
    bench(armed, &Wish::default(), &mut |event| told.push(event.clone())).unwrap();

    let at = |is: &dyn Fn(&Event) -> bool| told.iter().position(is).unwrap_or_else(|| panic!("{told:?}"));
    let silent = at(&|event| matches!(event, Event::Silent { position: 1, .. }));
    let given_up = at(&|event| matches!(event, Event::Failed { position: 1, .. }));
    let Event::Failed { problem, .. } = &told[given_up] else { unreachable!() };
    assert!(problem.why.contains("Nothing came back from it") && problem.next.contains("another port"), "{problem}");
    at(&|event| matches!(event, Event::Ready { position: 2, .. }));
    assert!(silent < given_up, "{told:?}");
    at(&|event| matches!(event, Event::Ready { position: 3, .. }));
    assert_eq!(told.last(), Some(&Event::Finished { ready: 2, failed: 1 }));
    assert_eq!(made.lock().unwrap().len(), 2);

    // Both the stick and its port are remembered.
    let log = Log::in_folder(config.state.join("sticks"));
    let hung: Vec<_> = log.entries().into_iter().filter(|entry| entry.ended == Ended::Hung).collect();
    let [hung] = &hung[..] else { panic!("{hung:?}") };
    assert_eq!((hung.stick.serial.as_str(), hung.port.as_str()), ("SIM0000013", "hub-1"));
    assert!(log.port_advice("hub-1", now()).unwrap().contains("hung"));
    assert_eq!(log.port_advice("hub-2", now()), None);
}
