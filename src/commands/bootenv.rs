//! `whiteglove bootenv`: makes and checks the boot environment.

use std::ops::ControlFlow;

use whiteglove_core::{control::Progress, problem::Problem};
use whiteglove_image::{
    boot::{self, BootEnv, BuildInputs},
    initramfs::Effort,
};

use super::{Meter, print};
use crate::{cli::BootenvAction, config::Config};

/// # Errors
/// Whatever the build finds wrong.
pub fn bootenv(config: &Config, action: BootenvAction) -> Result<(), Problem> {
    let environment = match action {
        BootenvAction::Build { root, agent, out, fast } => {
            let out = out.unwrap_or_else(|| config.boot_environment());
            if let Some(parent) = out.parent() {
                std::fs::create_dir_all(parent).map_err(|error| {
                    Problem::new(
                        format!("{} cannot be made.", parent.display()),
                        error.to_string(),
                        "Check its permissions.",
                    )
                })?;
            }
            let effort = if fast { Effort::Fast } else { Effort::Release };
            let inputs = BuildInputs { root: &root, agent: &agent, out: &out, effort };
            let mut meter = Meter::default();
            let mut watch = |progress: Progress| {
                meter.show(&progress);
                ControlFlow::Continue(())
            };
            let built = boot::build(&inputs, &mut watch).map_err(Problem::from)?;
            meter.end();
            built
        }
        BootenvAction::Check { out } => {
            BootEnv::open(&out.unwrap_or_else(|| config.boot_environment())).map_err(Problem::from)?
        }
    };
    let mut text = format!("{:<14} {:>12}  {:<18} {}\n", "file", "bytes", "sha256", "from");
    for file in environment.files() {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        text += &format!("{name:<14} {:>12}  {:<18} {}\n", file.size, hex::encode(&file.sha256[..8]), file.source);
    }
    let (size, budget) = (environment.initrd.size, environment.initrd_budget_bytes);
    text += &format!(
        "kernel {}, {} modules; initramfs {size} of {budget} bytes ({}% of its budget)",
        environment.kernel_release,
        environment.modules.len(),
        size * 100 / budget.max(1)
    );
    print(&text)
}
