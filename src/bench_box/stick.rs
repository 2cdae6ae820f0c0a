//! What goes on a box's stick: the boot chain and the two file systems on the volume it starts from, settings on the
//! one that any PC can edit, and room for what the bench keeps.

use std::{ops::ControlFlow, path::Path};

use whiteglove_core::{
    bench_box::{BENCH_SETTINGS, BENCH_TEMPLATE, SETTINGS, TEMPLATE},
    clock::Moment,
    media::{
        Contents, Form, Item, MIB, MediaPlan, Part, Recipe, Spec,
        manifest::{About, On},
        sign::Signer,
    },
    media_card::MediaId,
    problem::Problem,
};
use whiteglove_image::{
    boot::{BENCH_BOX_FOLDER, BenchBox, BootFile, bench_box_grub_cfg},
    media::{Watch, build_file},
};

use crate::{
    appliance::new_media_id,
    config::Config,
    evidence::{self, Sealing},
    state,
    sticks::TOOL,
};

/// Of every box's stick, full or not: an update finds the volumes of another image only where its own are.
const BOOT_SIZE: u64 = 2048 * MIB;
const DATA_SIZE: u64 = 256 * MIB;

/// What would be built, for a box that has no number yet.
///
/// # Errors
/// The recipe is none for a box, or its parts are missing or damaged.
pub(crate) fn preview(config: &Config, recipe: &Recipe) -> Result<MediaPlan, Problem> {
    recipe.check()?;
    // Of the length of the real one; nothing is signed with it that anybody gets to see.
    plan(&config.bench_box(), MediaId([0; 16]), &config.bench, &Signer::from_seed(&[0; 32]))
}

/// No laptop's medium: nothing is captured through it, so no bench has to know it, and none has to run. What to do with
/// it, in words.
///
/// # Errors
/// As of [`preview`], or it cannot be written.
pub(crate) fn build(config: &Config, out: &Path, recipe: &Recipe, watch: Watch<'_>) -> Result<String, Problem> {
    recipe.check()?;
    let media = recipe.again.map_or_else(new_media_id, Ok)?;
    if !config.bench_box().exists() {
        // Said before this machine gets a key that it may have no use for.
        BenchBox::open(&config.bench_box()).map_err(Problem::from)?;
    }
    let signer = state::signer(&config.state)?;
    let plan = plan(&config.bench_box(), media, &config.bench, &signer)?;
    build_file(&plan, out, watch).map_err(|error| error.problem())?;
    // In no journal, as what starts from it is a bench of its own: there is no time to state.
    Sealing { signer, issued: Moment::default() }.image(out)?;
    Ok(format!(
        "{} is a bench box, number {media}. Write it to a stick of 4 GB or more: w on the board, or\n  \
         whiteglove media write {} --to DEVICE\n\
         A later image brings an older stick up to date: u on the board, or media update. What the bench knows stays.",
        out.display(),
        out.display(),
    ))
}

/// Computed and printable before anything is written. Signed by the bench that makes it, with the date of the Debian
/// in it as its own, so that the same parts and number give the same bytes.
///
/// # Errors
/// The parts of a box are missing or damaged.
fn plan(parts: &Path, media: MediaId, bench: &str, signer: &Signer) -> Result<MediaPlan, Problem> {
    let parts = BenchBox::open(parts).map_err(Problem::from)?;
    let host = |to: String, file: &BootFile| Item::host(to, file.size, file.path.clone());
    let grub_cfg = bench_box_grub_cfg(Part::Boot.serial(media)).into_bytes();
    let mut boot = vec![
        host("EFI/BOOT/BOOTX64.EFI".into(), &parts.shim),
        host("EFI/BOOT/grubx64.efi".into(), &parts.grub),
        // As on every stick: Debian's GRUB looks in its prefix first.
        Item::inline("EFI/debian/grub.cfg", grub_cfg.clone()),
        Item::inline("EFI/BOOT/grub.cfg", grub_cfg),
        Item::inline("README.TXT", crlf(&finder_words(media))),
    ];
    boot.extend(parts.mok_manager.iter().map(|file| host("EFI/BOOT/mmx64.efi".into(), file)));
    boot.extend(parts.files.iter().filter_map(|file| {
        let name = file.path.file_name()?.to_str()?;
        Some(host(format!("{BENCH_BOX_FOLDER}/{name}"), file))
    }));
    let data = vec![
        Item::inline(SETTINGS, crlf(TEMPLATE)),
        Item::inline(BENCH_SETTINGS, crlf(BENCH_TEMPLATE)),
        Item::inline("README.TXT", crlf(&finder_words(media))),
    ];
    let about = About {
        tool: TOOL.to_owned(),
        media,
        bench: bench.to_owned(),
        batch: "bench box".to_owned(),
        issued: Moment::from_millis(parts.debian_of.saturating_mul(1000)),
    };
    let known = parts.files.iter().map(|file| (file.path.clone(), file.sha256)).collect();
    let loaders = evidence::loaders(&boot)?;
    // The settings on the data volume are there to be edited: nobody vouches for them. All of the box's own files
    // were read when its parts were opened.
    let files = evidence::list(&[(On::Boot, &boot)], &known, &mut |_| ControlFlow::Continue(()))?;
    evidence::seal(&mut boot, about, loaders, files, signer)?;
    let contents = Contents { boot, data, bios: None };
    let spec = Spec { media, form: Form::Gpt, contents, boot_size: Some(BOOT_SIZE), data_size: Some(DATA_SIZE) };
    MediaPlan::new(spec).map(MediaPlan::keeping).map_err(|error| error.problem())
}

/// It will be opened in Notepad.
fn crlf(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

fn finder_words(media: MediaId) -> String {
    format!(
        "This is a whiteglove bench box: a PC started from it becomes a bench that gets Windows laptops ready.
Its number is {media}.

Start a PC from it that nothing else is wanted of. Its own disks are not touched.
Everything the bench knows stays on this stick. Do not format it, and do not pull it while the box is on:
press the PC's power button once and wait until it is off.

Settings: {SETTINGS} and {BENCH_SETTINGS} on the volume WGDATA, in any editor. The box reads them when it starts.

Found it? Please give it back to the IT department that uses it: it holds what their bench knows.
"
    )
}
