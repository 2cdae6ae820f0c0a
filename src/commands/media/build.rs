//! `whiteglove media plan` and `build`: what a person typed becomes a recipe.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use whiteglove_core::{
    control::{Command, Progress},
    media::{Kind, Recipe, Windows},
    media_card::MediaId,
    preflight::Fleet,
    problem::Problem,
};
use whiteglove_image::boot::{self, BootEnv};

use super::{
    super::{Meter, absolute, ask, bench_box, print, read_journal},
    preflight,
};
use crate::{
    cli::{KindWord, Made, What, WindowsArgs},
    config::Config,
    media,
};

/// Nothing is asked of a running bench and no medium is made: what is not decided yet stands as zeros. A customer's
/// Windows that is new is prepared, so that the plan has its real sizes.
///
/// # Errors
/// As of building it.
pub(super) async fn plan(config: &Config, what: What) -> Result<(), Problem> {
    let kind = kind(what.kind, what.windows)?;
    if kind == Kind::BenchBox {
        let Made::Image(form) = what.form else { return Err(no_tree_of_a_box()) };
        let recipe = Recipe { kind, form, add: what.add, again: None };
        return print(crate::bench_box::preview(config, &recipe)?.to_string().trim_end());
    }
    // No bench may have worked here yet.
    let journal = read_journal(config).await.ok();
    let open = journal.as_ref().and_then(|verified| verified.bench.batch());
    let batch = open.unwrap_or(&config.batch).to_owned();
    let add = folder(what.add.as_deref())?;
    match what.form {
        Made::Image(form) => {
            let mut recipe = Recipe { kind, form, add, again: None };
            let loader = journal.as_ref().and_then(|verified| verified.bench.open_batch()).map(|batch| batch.loader);
            if let (Some(windows), Some(loader)) = (recipe.kind.windows_mut(), loader) {
                windows.loader.get_or_insert(loader);
            }
            let mut meter = Meter::default();
            let mut watch = |progress: Progress| {
                meter.show(&progress);
                ControlFlow::Continue(())
            };
            let planned = media::preview(config, batch, &recipe, &mut watch);
            meter.end();
            let planned = planned?;
            let notes: String = planned.notes.iter().map(|note| format!("\n{note}")).collect();
            print(&format!("{}{notes}", planned.plan.to_string().trim_end()))?;
            let fleet = journal.map_or_else(Fleet::default, |verified| verified.bench.fleet());
            preflight::said(&crate::preflight::programs(&planned.plan)?, &fleet)?;
            print_warnings(&media::warnings(&recipe)?)
        }
        Made::Tree if kind != Kind::QuickScan || add.is_some() => Err(Problem::new(
            "There is no plan of this tree.",
            "Windows PE for the network is what wimboot loads of a stick's files; nothing is added to it.",
            "Plan the stick, or build the tree.",
        )),
        Made::Tree => {
            let card = media::placeholder(config, batch);
            let json =
                card.to_json().map_err(|error| Problem::new("There is no plan.", error.to_string(), "Report this."))?;
            let environment = BootEnv::open(&config.boot_environment()).map_err(Problem::from)?;
            let served = boot::served(&environment, &json).map_err(Problem::from)?;
            let lines = served.iter().map(|file| format!("{:>13}  {}", file.content.size(), file.name));
            print(&format!("{:>13}  path\n{}", "bytes", lines.collect::<Vec<_>>().join("\n")))
        }
    }
}

/// # Errors
/// The bench's own answer.
pub(super) async fn build(
    config: &Config,
    what: What,
    out: Option<PathBuf>,
    to_netboot: bool,
    again: Option<MediaId>,
) -> Result<(), Problem> {
    let out = out.as_deref().map(absolute).transpose()?;
    let (form, add) = (what.form, folder(what.add.as_deref())?);
    let kind = kind(what.kind, what.windows)?;
    let not_built = |why: &str, next: &str| Problem::new("The tree was not built.", why, next);
    match (form, out, kind) {
        (form, out, Kind::BenchBox) => build_box(config, out, form, add, again),
        (_, None, Kind::WinPe(windows)) if to_netboot && add.is_none() => {
            ask(config, Command::ExportWinPe { out: None, windows }).await
        }
        (_, None, _) => Err(not_built(
            "The bench itself gives out its boot environment, and beside it a customer's Windows PE as it is.",
            "Take --kind winpe --iso FILE with --to-netboot, without --add; or name a file with --out.",
        )),
        (Made::Image(form), Some(out), kind) => {
            let recipe = Recipe { kind, form, add, again };
            recipe.check()?;
            ask(config, Command::BuildMedia { out, recipe }).await
        }
        (Made::Tree, Some(_), _) if add.is_some() || again.is_some() => Err(not_built(
            "What is added to a medium, or made anew by its number, is a stick or a disc.",
            "Leave --add and --media out, or choose another form.",
        )),
        (Made::Tree, Some(out), Kind::QuickScan) => ask(config, Command::ExportNetboot { out }).await,
        (Made::Tree, Some(out), Kind::WinPe(windows)) => {
            ask(config, Command::ExportWinPe { out: Some(out), windows }).await
        }
        (Made::Tree, Some(_), Kind::WindowsSetup(_)) => Err(not_built(
            "Windows Setup installs from the medium it starts from, and over the network there is none.",
            "Make a stick or an ISO; over the network start Windows PE (--kind winpe).",
        )),
    }
}

fn build_box(
    config: &Config,
    out: Option<PathBuf>,
    form: Made,
    add: Option<PathBuf>,
    again: Option<MediaId>,
) -> Result<(), Problem> {
    let (Made::Image(form), Some(out)) = (form, out) else { return Err(no_tree_of_a_box()) };
    bench_box::build(config, &out, &Recipe { kind: Kind::BenchBox, form, add, again })
}

fn no_tree_of_a_box() -> Problem {
    Problem::new(
        "The bench box was not built.",
        "A box runs from its stick, and keeps its journal there.",
        "Build it as a stick: --out FILE, and leave --form out.",
    )
}

/// Below the plan, as whoever reads it ends there.
fn print_warnings(warnings: &[Problem]) -> Result<(), Problem> {
    match warnings {
        [] => Ok(()),
        [_] => print("\nLook at this before it is built:"),
        many => print(&format!("\nLook at these {} before it is built:", many.len())),
    }?;
    warnings.iter().try_for_each(|warning| print(&format!("\n{warning}")))
}

fn folder(path: Option<&Path>) -> Result<Option<PathBuf>, Problem> {
    path.map(absolute).transpose()
}

fn kind(word: KindWord, args: WindowsArgs) -> Result<Kind, Problem> {
    let WindowsArgs { iso, loader, tools, drivers } = args;
    let wants = matches!(word, KindWord::Winpe | KindWord::Setup);
    let windows = match iso {
        Some(iso) if wants => Windows {
            iso: absolute(&iso)?,
            loader,
            tools: folder(tools.as_deref())?,
            drivers: folder(drivers.as_deref())?,
        },
        None if wants => {
            return Err(Problem::new(
                "The medium was not built.",
                "whiteglove brings nothing of Microsoft's: Windows comes out of the customer's own ISO.",
                "Name it: --iso FILE.",
            ));
        }
        None if loader.is_none() && tools.is_none() && drivers.is_none() => Windows::default(),
        _ => {
            return Err(Problem::new(
                "The medium was not built.",
                "An ISO, a loader, tools and drivers belong to Windows, and this medium has none on it.",
                "Add --kind winpe or --kind setup, or leave them out.",
            ));
        }
    };
    Ok(match word {
        KindWord::QuickScan => Kind::QuickScan,
        KindWord::Winpe => Kind::WinPe(windows),
        KindWord::Setup => Kind::WindowsSetup(windows),
        KindWord::Box => Kind::BenchBox,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(iso: Option<&str>) -> WindowsArgs {
        WindowsArgs { iso: iso.map(PathBuf::from), loader: None, tools: None, drivers: None }
    }

    #[test]
    fn what_belongs_to_windows_goes_with_windows_only() {
        assert_eq!(kind(KindWord::QuickScan, args(None)).unwrap(), Kind::QuickScan);
        assert_eq!(kind(KindWord::Box, args(None)).unwrap(), Kind::BenchBox);
        let problem = kind(KindWord::QuickScan, args(Some("/win.iso"))).unwrap_err();
        assert!(problem.next.contains("--kind winpe"), "{problem}");
        let problem = kind(KindWord::Setup, args(None)).unwrap_err();
        assert!(problem.next.contains("--iso"), "{problem}");
        let made = kind(KindWord::Winpe, args(Some("/win.iso"))).unwrap();
        assert_eq!(made.windows().unwrap().iso, Path::new("/win.iso"));
    }
}
