use std::sync::{Mutex, mpsc};

use whiteglove_core::{
    media::{Contents, Item, MediaPlan, Spec},
    sticks::remains::Remains,
};

use super::*;
use crate::{
    captures::{
        erase::{Digests, erase},
        read_stick,
    },
    testing::{
        built, noise, on, small, spec,
        stick::{Fake, Fault},
    },
    write::{
        WriteError, Written,
        many::{Many, Told, What},
        source::Image,
        write_in,
    },
};

/// The small medium, as a stick that comes back with two captures.
fn returned() -> Fake {
    let data = vec![
        Item::inline("captures/a.wgc", noise(77, 30_000)),
        Item::inline("captures/b.wgc", noise(78, 500)),
        Item::inline("README.TXT", b"x".to_vec()),
    ];
    let contents = Contents { boot: vec![], data, bios: None };
    let spec = Spec { contents, boot_size: Some(33 << 20), data_size: Some(33 << 20), ..spec() };
    let (_folder, path) = built(&MediaPlan::new(spec).unwrap());
    Fake::holding(std::fs::read(path).unwrap(), Fault::None)
}

fn written(stick: &Fake, returned: Returned) -> Result<Written, WriteError> {
    let (_plan, _folder, image) = small();
    let manner = Manner { returned, ..Manner::default() };
    let plugged = stick.plug();
    let settle = &mut |_: &mut _| Ok(());
    write_in(manner, Image::open(&image).unwrap(), stick.permit(), move |_| Ok(plugged), settle, &mut on)
}

/// Takes in all, or but the first, and erases what it took.
fn collecting(all: bool) -> (Returned, Arc<Mutex<Vec<String>>>) {
    let names = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&names);
    let collect = move |device: &mut dyn Medium, disk: &Disk, watch: Watch<'_>| {
        let mut taken = Digests::new();
        let mut device = device;
        read_stick(&mut device, disk.size_bytes, &mut |name, bytes| {
            if all || name != "a.wgc" {
                kept.lock().unwrap().push(name.to_owned());
                taken.insert(<sha2::Sha256 as sha2::Digest>::digest(&bytes).into());
            }
        })
        .unwrap();
        erase(&mut device, disk.size_bytes, &taken, &mut |device| device.flush(), watch).unwrap();
        Ok(())
    };
    (Returned::Collect(Collect(Arc::new(collect))), names)
}

#[test]
fn what_came_back_is_not_erased_unless_somebody_gave_it_up() {
    let stick = returned();
    let before = stick.borrow().bytes.clone();
    let error = written(&stick, Returned::Refuse).unwrap_err();
    assert!(matches!(error.cause, Cause::Brought(Brought { captures: 2, .. })), "{error:?}");
    assert_eq!((error.touched, error.remains()), (false, Remains::Kept));
    let problem = error.problem();
    assert!(problem.what.contains("as it was") && problem.why.contains("2 captures"), "{problem}");
    assert!(problem.next.contains("whiteglove import"), "{problem}");
    assert!(stick.borrow().bytes == before, "not a byte");
    written(&stick, Returned::GivenUp).unwrap();
    // Written anew, it has brought nothing.
    written(&stick, Returned::Refuse).unwrap();
}

#[test]
fn what_came_back_is_taken_in_before_the_first_byte_is_written() {
    let (collect, names) = collecting(true);
    let stick = returned();
    let done = written(&stick, collect).unwrap();
    assert_eq!(done.collected, Brought { captures: 2, ..Brought::default() });
    assert_eq!(*names.lock().unwrap(), ["a.wgc", "b.wgc"]);
    assert!(stick.borrow().boots());
    let capture = noise(77, 30_000);
    let left = stick.borrow().bytes.windows(64).any(|window| window == &capture[..64]);
    assert!(!left, "what was taken is overwritten, not only forgotten");
}

#[test]
fn what_cannot_be_taken_in_keeps_the_stick_from_being_erased() {
    let (collect, _) = collecting(false);
    let stick = returned();
    let error = written(&stick, collect).unwrap_err();
    assert!(matches!(error.cause, Cause::Brought(Brought { captures: 1, .. })), "{error:?}");
    let capture = noise(77, 30_000);
    assert!(stick.borrow().bytes.windows(64).any(|window| window == &capture[..64]));

    let refuse = |_: &mut dyn Medium, _: &Disk, _: Watch<'_>| {
        Err(Problem::new("1 of 2 was taken in.", "b.wgc is of another bench.", "Send it there."))
    };
    let stick = returned();
    let error = written(&stick, Returned::Collect(Collect(Arc::new(refuse)))).unwrap_err();
    assert_eq!((error.touched, error.remains()), (false, Remains::Kept));
    let problem = error.problem();
    assert!(problem.why.contains("of another bench") && problem.next == "Send it there.", "{problem}");
}

#[test]
fn a_bench_boxs_own_stick_is_never_taken_for_one_that_can_be_collected() {
    let boxes = Spec { boot_size: Some(33 << 20), data_size: Some(33 << 20), ..spec() };
    let plan = MediaPlan::new(boxes).unwrap().keeping();
    let (_folder, path) = built(&plan);
    let mut bytes = std::fs::read(path).unwrap();
    let at = usize::try_from(plan.keep.as_ref().unwrap().blank().0).unwrap();
    bytes[at + 1080] = 0x53;
    let stick = Fake::holding(bytes, Fault::None);
    let (collect, names) = collecting(true);
    let error = written(&stick, collect).unwrap_err();
    assert!(error.problem().why.contains("the journal of a bench box"), "{}", error.problem());
    assert!(error.problem().next.starts_with("Keep it"), "{}", error.problem());
    assert!(names.lock().unwrap().is_empty());
}

#[test]
fn among_many_the_one_that_came_back_is_told_of() {
    let (_plan, _folder, image) = small();
    let (tell, told) = mpsc::channel();
    let mut many = Many::new(Arc::new(Image::open(&image).unwrap()), tell);
    let (collect, _) = collecting(true);
    let sticks = [(1, returned(), Returned::Refuse), (2, returned(), collect)];
    for (number, stick, returned) in &sticks {
        let plugged = stick.plug();
        let manner = Manner { returned: returned.clone(), ..Manner::default() };
        many.begin(*number, stick.permit(), move |_| Ok(plugged), |_| Ok(()), manner);
    }
    let (mut ended, mut collected) = (0, vec![]);
    while ended < 2 {
        let Told { stick, what } = told.recv_timeout(std::time::Duration::from_secs(60)).unwrap();
        match what {
            What::Progress(_) => {}
            What::Collected(brought) => collected.push((stick, brought.captures)),
            What::Ended(result) => {
                ended += 1;
                assert_eq!(result.is_ok(), stick == 2, "{result:?}");
            }
        }
    }
    assert_eq!(collected, [(2, 2)]);
}

#[test]
fn a_garbled_answer_is_asked_for_again_and_a_dead_stick_is_not_blamed_for_captures() {
    // Looked for, as other operations come before the look.
    let some = |times: usize, wanted: &dyn Fn(&WriteError) -> bool| {
        (1..40).any(|at| {
            let stick = returned();
            stick.borrow().fault = Fault::Fails { at, times };
            written(&stick, Returned::Refuse).is_err_and(|error| !error.touched && wanted(&error))
        })
    };
    assert!(some(1, &|error| matches!(error.cause, Cause::Brought(_))));
    assert!(
        some(900, &|error| error.remains() == Remains::Suspect && error.to_string().contains("what is on the stick"))
    );
}
