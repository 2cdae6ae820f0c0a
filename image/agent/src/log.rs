//! Plain lines with the time since the kernel started, for whoever reads the serial port or `dmesg`.
//! Nothing secret comes here: callers log what they did, never what they carry.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    sync::{Arc, Mutex},
    time::Duration,
};

use rustix::{
    fs::OFlags,
    time::{ClockId, clock_gettime},
};

#[derive(Debug, Clone)]
pub struct Log(Arc<Mutex<Vec<Output>>>);

#[derive(Debug)]
struct Output {
    file: File,
    /// The kernel's ring buffer wants a priority in front and stamps the time itself.
    kernel: bool,
}

impl Log {
    /// As the first program: the serial consoles of the kernel command line, and the kernel's log.
    ///
    /// `/dev/console` would be the last `console=` only, which is the screen.
    pub fn to_consoles(cmdline: &str) -> Self {
        let serial = cmdline
            .split_whitespace()
            .filter_map(|word| word.strip_prefix("console="))
            .map(|console| console.split(',').next().unwrap_or(console))
            .filter(|console| {
                console.starts_with("ttyS") || console.starts_with("ttyAMA") || console.starts_with("hvc")
            });
        let serial = serial.filter_map(|name| open_tty(&format!("/dev/{name}")).ok());
        let mut outputs: Vec<Output> = serial.map(|file| Output { file, kernel: false }).collect();
        let kernel = File::options().write(true).open("/dev/kmsg").ok();
        outputs.extend(kernel.map(|file| Output { file, kernel: true }));
        Self(Arc::new(Mutex::new(outputs)))
    }

    /// As an ordinary program.
    pub fn to_stderr() -> Self {
        let stderr = File::options().append(true).open("/dev/stderr").ok();
        Self(Arc::new(Mutex::new(stderr.map(|file| Output { file, kernel: false }).into_iter().collect())))
    }

    pub fn line(&self, text: &str) {
        let now = uptime();
        // A thread that died while it wrote has written what it could.
        let mut outputs = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for output in outputs.iter_mut() {
            let line = match output.kernel {
                true => format!("<6>whiteglove: {text}\n"),
                false => format!("[{:>5}.{:03}] whiteglove: {text}\r\n", now.as_secs(), now.subsec_millis()),
            };
            // One write a line, so that lines of the kernel do not end up inside. A port that is
            // named but not there answers EIO for ever; nothing is to be done about it.
            let _ = output.file.write_all(line.as_bytes());
        }
    }
}

/// For writing, without ever waiting: a serial port that nobody empties, or a person who presses
/// Scroll Lock, must not hold up the agent.
///
/// # Errors
/// There is no such terminal.
pub fn open_tty(path: &str) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    File::options().write(true).custom_flags(flags.bits().cast_signed()).open(path)
}

/// Since the kernel started.
pub fn uptime() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// `/proc/cmdline`; empty if it cannot be read.
pub fn kernel_command_line() -> String {
    fs::read_to_string("/proc/cmdline").unwrap_or_default()
}
