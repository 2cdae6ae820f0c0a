//! `whiteglove handover`: sealed lists, at the bench and at the customer.
#![allow(clippy::print_stderr, reason = "stderr is the talk")]

use whiteglove_core::{
    control::Command,
    handover::{Ask, Recipient},
    lane::{Lane, laptops},
    problem::Problem,
};

use super::{absolute, ask, export::agreed, print};
use crate::{
    cli::{HandOverArgs, HandoverAction, LaneWord},
    config::Config,
    registrar::handover::{bench_key, make_key, open, recipient},
};

/// # Errors
/// What is wrong with a key or a file, or the bench's own answer.
pub async fn handover(config: &Config, action: HandoverAction) -> Result<(), Problem> {
    match action {
        HandoverAction::Key { out } => {
            let (key, public) = make_key(&out)?;
            eprintln!(
                "The private key is {}: keep it, and give it to nobody. Without it nothing sealed for it can be opened.\n\
                 This is the public key, also in {}. Send it to the bench, and compare its last eight characters by telephone:",
                out.display(),
                public.display()
            );
            print(&key.to_string())
        }
        HandoverAction::Make(args) => make(config, args).await,
        HandoverAction::Open { file, key, bench, out } => {
            let bundle = open(&file, &key, &bench_key(&bench)?, &out)?;
            let lists: Vec<_> = bundle.parts.iter().map(|part| format!("\n  {}", part.name)).collect();
            print(&format!(
                "Opened: {} of batch '{}' for {}, made {} by bench '{}'. It is genuine.{}\nsummary.txt beside them says which \
                 laptops.\n{}",
                laptops(bundle.count()),
                bundle.batch,
                bundle.lane.words(),
                bundle.about.made.utc(),
                bundle.about.bench,
                lists.concat(),
                bundle.lane.next()
            ))
        }
    }
}

async fn make(config: &Config, args: HandOverArgs) -> Result<(), Problem> {
    let HandOverArgs { to, out, batch, lane, group_tag, all, tenant_wide } = args;
    let to: Option<Recipient> = to.as_deref().map(recipient).transpose()?;
    let lane = lane.map(LaneWord::lane);
    let tenant_wide = match lane {
        Some(Lane::Corporate) => tenant_wide || agreed()?,
        _ => tenant_wide,
    };
    let out = absolute(&out)?;
    ask(config, Command::HandOver { ask: Ask { batch, lane, group_tag, all, tenant_wide, to }, out }).await
}
