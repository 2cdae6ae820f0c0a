//! What a person at the hub does next, in words to be read from two metres away.

use whiteglove_core::sticks::{
    remains::Remains,
    view::{Phase, Position, State, View},
};

/// More numbers than these are not kept in mind on the way to the hub.
const AT_ONCE: usize = 3;

/// A few words, and a sentence.
pub(super) fn call(run: &View) -> (String, String) {
    match &run.phase {
        Phase::Checking(_) => {
            return ("WAIT".to_owned(), "The image is being read. Plug no stick in yet.".to_owned());
        }
        Phase::Over(Ok(())) => {
            let again = "Take all sticks out. a: arm the bench again.";
            return ("DISARMED".to_owned(), format!("{} {again}", what_became(run)));
        }
        Phase::Over(Err(_)) => {
            let words = format!("{} Do what stands after \"next\".", what_became(run));
            return ("STOPPED".to_owned(), words);
        }
        Phase::Armed | Phase::Ending { .. } => {}
    }
    let ending = matches!(run.phase, Phase::Ending { .. });
    let then = if ending { "Insert no more." } else { "Then insert the next." };
    // Who waits longest is served first. A disk that is left alone may stay: it keeps nobody from the others.
    let waiting = run.positions.iter().filter(waits).min_by_key(|position| (is_declined(position), position.since));
    if let Some(first) = waiting {
        return match &first.state {
            State::Failed { remains, .. } => {
                (not_made(first.number, *remains), format!("{} {then}", what_to_do(*remains, ending)))
            }
            State::Declined { problem, .. } => {
                (format!("TAKE {} OUT", first.number), format!("Nothing was done to it. {}", problem.why))
            }
            _ => remove(run, then),
        };
    }
    let free: Vec<usize> = run.positions.iter().filter(|position| position.state == State::Free).map(number).collect();
    match (ending, run.busy(), free.as_slice()) {
        (true, 0, _) => ("WAIT".to_owned(), "The bench is being disarmed.".to_owned()),
        (true, 1, _) => ("WAIT".to_owned(), "One stick is still being written. Insert no more.".to_owned()),
        (true, busy, _) => ("WAIT".to_owned(), format!("{busy} sticks are still being written. Insert no more.")),
        (false, 0, []) => ("INSERT STICKS".to_owned(), "Each is erased, written and read back by itself.".to_owned()),
        (false, _, []) => ("WAIT".to_owned(), "All are being written. You are called when one is ready.".to_owned()),
        (false, _, free) => {
            (format!("INSERT {}", numbers(free)), "There is room for more sticks. Each is erased.".to_owned())
        }
    }
}

/// As large letters have room for it.
fn not_made(number: usize, remains: Remains) -> String {
    match remains {
        Remains::AsItWas => format!("TAKE {number} OUT"),
        Remains::Kept => format!("KEEP {number}"),
        Remains::HalfWritten => format!("REPLUG {number}"),
        Remains::Suspect => format!("PUT {number} ASIDE"),
        Remains::Useless => format!("THROW {number} AWAY"),
    }
}

fn what_to_do(remains: Remains, ending: bool) -> &'static str {
    match remains {
        // Nothing more is begun now: it goes on at the next arming.
        Remains::HalfWritten if ending => {
            "It is half written and does not boot. Armed again, it goes on when it is plugged in."
        }
        remains => remains.sentence(),
    }
}

fn remove(run: &View, then: &str) -> (String, String) {
    let ready = run.positions.iter().filter_map(|position| match &position.state {
        State::Ready { label, .. } => Some((position.since, position.number, *label)),
        _ => None,
    });
    let mut ready: Vec<_> = ready.collect();
    ready.sort_unstable();
    ready.truncate(AT_ONCE);
    let title = numbers(&ready.iter().map(|(_, number, _)| *number).collect::<Vec<_>>());
    let labels: Vec<String> = ready.iter().map(|(_, number, label)| format!("{number}: label {label}")).collect();
    let (verb, what) = if ready.len() == 1 { ("It is", "it") } else { ("They are", "them") };
    (
        format!("REMOVE {title}"),
        format!("{verb} ready. Take {what} out and label {what} ({}). {then}", labels.join(", ")),
    )
}

fn waits(position: &&Position) -> bool {
    matches!(position.state, State::Ready { .. } | State::Failed { .. } | State::Declined { .. })
}

fn is_declined(position: &Position) -> bool {
    matches!(position.state, State::Declined { .. })
}

fn number(position: &Position) -> usize {
    position.number
}

fn numbers(all: &[usize]) -> String {
    all.iter().take(AT_ONCE).map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// After the end: every stick is accounted for.
fn what_became(run: &View) -> String {
    match (run.ready, run.failed) {
        (0, 0) => "No stick was changed.".to_owned(),
        (ready, 0) => format!("{ready} ready."),
        (ready, 1) => format!("{ready} ready. 1 was not made: see below what it is now."),
        (ready, failed) => format!("{ready} ready. {failed} were not made: see below what each is now."),
    }
}
