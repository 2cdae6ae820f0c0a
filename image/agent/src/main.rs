//! The process around the agent: the first program of the boot environment, or a program like others.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use whiteglove_agent::{by_hand, init, life, log, read::Root};

fn main() -> ExitCode {
    if init::is_first_program() {
        init::mount_all();
        let cmdline = log::kernel_command_line();
        let log = log::Log::to_consoles(&cmdline);
        init::never_end(log.clone());
        log.line(&format!("agent start {:.2}s", log::uptime().as_secs_f64()));
        life::run(Root::new("/"), life::Settings::parse(&cmdline), log)
    }
    match by_hand::run(std::env::args().skip(1)) {
        Ok(code) => code,
        Err(problem) => {
            let _ = writeln!(io::stderr(), "{problem}");
            ExitCode::FAILURE
        }
    }
}
