//! The duties of the first program: file systems, the screen, the keyboard, power, and never to end.

use std::{
    fs::{self, File},
    io::{Read, Write},
    panic, thread,
    time::{Duration, Instant},
};

use rustix::{
    fs::sync,
    io as rio,
    mount::{MountFlags, mount},
    process::getpid,
    system::{RebootCommand, reboot},
    termios::{InputModes, LocalModes, OptionalActions, tcgetattr, tcgetwinsize, tcsetattr},
};
use whiteglove_core::{api::Order, problem::Problem};

use crate::{
    log::{Log, open_tty},
    next_boot,
    read::Root,
    screen::{Frame, MINIMUM},
};

const SCREEN: &str = "/dev/tty1";
/// The kernel rarely prints over us; then the whole screen is drawn again.
const DRAW_AGAIN: Duration = Duration::from_secs(15);

/// Whether the kernel panics when we end.
pub fn is_first_program() -> bool {
    getpid().is_init()
}

/// Mounts what every reader needs. What is mounted already stays.
pub fn mount_all() {
    let safe = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    for (kind, point, flags) in [
        (c"proc", "/proc", safe),
        (c"sysfs", "/sys", safe),
        (c"devtmpfs", "/dev", MountFlags::NOSUID | MountFlags::NOEXEC),
        (c"tmpfs", "/run", safe),
    ] {
        let _ = fs::create_dir_all(point);
        // Nothing can be said yet; what is missing shows as findings.
        let _ = mount(c"none", point, kind, flags, None);
    }
    // A technician who presses Ctrl-Alt-Del out of habit must not cut off a save.
    let _ = reboot(RebootCommand::CadOff);
}

/// The firmware's variables: after the drivers, since Debian's kernel has this one as a module.
pub fn mount_firmware_variables() {
    let point = "/sys/firmware/efi/efivars";
    if fs::metadata(point).is_ok() {
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        let _ = mount(c"none", point, c"efivarfs", flags, None);
    }
}

/// A panic would end the process and with it the kernel. Instead the thread stops here for good, the
/// others go on, and the screen says so.
pub fn never_end(log: Log) {
    panic::set_hook(Box::new(move |info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        log.line(&format!("a part of the agent failed at {place}"));
        if let Ok(mut screen) = open_tty(SCREEN) {
            let _ = screen.write_all(
                format!(
                    "\x1b[2J\x1b[H\r\n  STOP\r\n\r\n  A part of the boot environment failed ({place}).\r\n\r\n  \
                     Next: hold the power button until the laptop is off, and boot it from the stick again.\r\n  \
                     If it happens again, tell the bench's supervisor what stands in brackets.\r\n"
                )
                .as_bytes(),
            );
        }
        loop {
            thread::park();
        }
    }));
}

/// The laptop's own console.
#[derive(Debug)]
pub struct Screen {
    console: Option<File>,
    drawn: Option<(Frame, Instant)>,
}

impl Screen {
    pub fn open() -> Self {
        let mut console = open_tty(SCREEN).ok();
        if let Some(console) = &mut console {
            // UTF-8, no cursor, never blank, clear.
            let _ = console.write_all(b"\x1b%G\x1b[?25l\x1b[9;0]\x1b[14;0]\x1b[2J");
        }
        Self { console, drawn: None }
    }

    /// Columns and rows.
    pub fn size(&self) -> (usize, usize) {
        let size = self.console.as_ref().and_then(|console| tcgetwinsize(console).ok());
        let size = size.map(|size| (usize::from(size.ws_col), usize::from(size.ws_row)));
        size.filter(|(cols, rows)| *cols > 0 && *rows > 0).unwrap_or(MINIMUM)
    }

    pub fn draw(&mut self, frame: Frame) {
        let Some(console) = &mut self.console else { return };
        let whole = self.drawn.as_ref().is_none_or(|(_, at)| at.elapsed() >= DRAW_AGAIN);
        let before = self.drawn.take();
        let (text, at) = match before {
            Some((before, at)) if !whole => (frame.ansi(Some(&before)), at),
            _ => (frame.ansi(None), Instant::now()),
        };
        // Cut short while the person holds the output: drawn again soon.
        let _ = console.write_all(text.as_bytes());
        self.drawn = Some((frame, at));
    }
}

/// Tells of every key, in a thread of its own.
pub fn listen_to_keys(tell: impl Fn(u8) + Send + 'static) {
    thread::spawn(move || {
        let Ok(mut console) = File::open(SCREEN) else { return };
        if let Ok(mut modes) = tcgetattr(&console) {
            modes.local_modes -= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
            // Ctrl-S would stop the screen.
            modes.input_modes -= InputModes::IXON;
            let _ = tcsetattr(&console, OptionalActions::Now, &modes);
        }
        let mut key = [0];
        while matches!(console.read(&mut key), Ok(1)) {
            tell(key[0]);
        }
    });
}

/// Does what the bench says. Returns only if it could not.
pub fn obey(order: Order, root: &Root, log: &Log) -> Option<Problem> {
    let command = match order {
        // The clock is set without leaving: see clock.rs.
        Order::Stay | Order::SetClock => return None,
        Order::PowerOff => RebootCommand::PowerOff,
        Order::BootNext => match next_boot::set(root) {
            Ok(entry) => {
                log.line(&format!("next boot entry is Boot{entry:04X}"));
                RebootCommand::Restart
            }
            Err(error) => {
                return Some(Problem::new(
                    "The bench asked to restart into the next boot entry; that did not work.",
                    format!("UEFI: {error}."),
                    "Restart the laptop by hand and choose the boot entry in the firmware's boot menu.",
                ));
            }
        },
    };
    log.line(&format!("order: {}", order.words()));
    sync();
    let why = match reboot(command) {
        Ok(()) => return None,
        Err(rio::Errno::PERM) => "the agent is not the first program here".to_owned(),
        Err(error) => error.to_string(),
    };
    Some(Problem::new(
        "The laptop did not switch off.",
        format!("The kernel says: {why}."),
        "Hold the power button until it is off.",
    ))
}
