//! Benches that register laptops.

use std::sync::Arc;

use whiteglove_core::{
    cloud::Service,
    control::{Row, Sheet, Snapshot, StageName},
    customer::Way,
    lane::Lane,
    problem::Problem,
    registration::{
        Condition, Counts, Dossier, Finding, Gate, LineState, Met, Override, Phase, RegistrationView, Seen, Technician,
    },
    sign_in::{CredentialKind, CredentialView, SignInState, SignInView, SignIns, VaultState},
};

use super::{ago, arrived, of_customers, ready, row};

/// Contoso's laptops are registered online; one was refused, and one cannot be sent.
pub fn registering(state: LineState, sign_in: SignInState) -> Snapshot {
    let x1 = "ThinkPad X1 Carbon Gen 11 (21HMCTO1WW)";
    let at = |stage, words: Option<&str>, row| Row { stage, registration: words.map(str::to_owned), ..row };
    let captured = |words, row| at(StageName::Captured, words, row);
    let rows = vec![
        at(StageName::Cleared, None, row(1, "PF3K9Q31", x1, 2_460)),
        at(StageName::Registered, Some("profile not assigned yet"), row(2, "PF3K9Q40", x1, 1_260)),
        captured(Some("importing (pending)"), row(3, "PF3K9Q2R", x1, 95)),
        Row {
            refused: true,
            ..captured(
                Some("import refused: ZtdDeviceAssignedToOtherTenant (808)"),
                row(4, "5CG1284XYZ", "HP EliteBook", 700),
            )
        },
        captured(Some("waiting to be sent"), row(5, "8GQ7T14", "Latitude 7440", 60)),
        captured(None, row(6, "012345678901", "Surface Laptop 6 for Business", 20)),
        arrived(7, "", "", 5),
    ];
    let view = RegistrationView {
        customer: "Contoso Ltd".to_owned(),
        lane: Lane::Intune,
        way: Way::Online,
        counts: Counts { waiting: 1, sending: 0, importing: 1, registered: 2, refused: 1 },
        state,
        aside: vec![("#5 8GQ7T14".to_owned(), "It has no hardware hash.".to_owned())],
    };
    let sign_in = SignInView {
        customer: "Contoso Ltd".to_owned(),
        service: Service::Graph,
        state: sign_in,
        credential: Some(CredentialView {
            client_id: "00000000-0000-4000-8000-00000000c1d0".to_owned(),
            kind: CredentialKind::Certificate,
            expires: "2026-11-27".parse().ok(),
        }),
        lacks: vec![],
    };
    Snapshot {
        rows: Arc::new(rows),
        registration: Some(Arc::new(view)),
        sign_ins: Arc::new(SignIns { vault: VaultState::Open, list: vec![sign_in] }),
        ..of_customers()
    }
}

/// A laptop that is registered, and whose profile is not there yet.
pub fn not_cleared() -> Sheet {
    let met = |condition, says: &str, source: &str, seconds| Finding {
        condition,
        met: Met::Yes,
        says: says.to_owned(),
        problem: None,
        source: source.to_owned(),
        at: Some(ago(seconds)),
        overridden: None,
    };
    let against = |condition, met: Met, says: &str, why: &str, next: &str| Finding {
        condition,
        met,
        says: says.to_owned(),
        problem: Some(Problem::new(format!("Not safe to boot: {says}"), why, next)),
        source: "Graph, read back".to_owned(),
        at: Some(ago(40)),
        overridden: None,
    };
    let overridden = Override {
        condition: Condition::Network,
        at: ago(600),
        by: "Jana".to_owned(),
        reason: "the customer's proxy answers for it".to_owned(),
        of: "ekop.intel.com does not answer".to_owned(),
    };
    let findings = vec![
        met(Condition::Imported, "complete", "service", 900),
        met(Condition::SameMachine, "serial PF3K9Q40, ThinkPad X1 Carbon Gen 11 (21HMCTO1WW)", "Graph, read back", 40),
        met(Condition::GroupTag, "SALES", "Graph, read back", 40),
        against(
            Condition::Profile,
            Met::No,
            "profile not assigned yet",
            "Intune assigns it by the group's rule, which takes minutes, sometimes an hour.",
            "Wait: the bench asks again by itself.",
        ),
        against(
            Condition::PreProvisioning,
            Met::Unknown,
            "not known before the profile is",
            "The profile says it.",
            "Wait: the bench asks again by itself.",
        ),
        met(Condition::Association, "none", "capture", 1_260),
        Finding {
            overridden: Some(overridden),
            ..against(Condition::Network, Met::No, "ekop.intel.com does not answer", "Timeout.", "Check the uplink.")
        },
    ];
    let mut sheet = ready();
    sheet.gate = Some(Gate { findings });
    let technician = Technician {
        phase: Phase::Succeeded { word: "success".to_owned() },
        began: Some(ago(9_000)),
        ended: Some(ago(7_200)),
        at: Some(ago(6_600)),
    };
    let seen = Seen { registrations: vec![], association: None, technician: Some(technician) };
    sheet.dossier =
        Some(Dossier { customer: "Contoso Ltd".to_owned(), seen: Some((ago(40), seen)), ..Dossier::default() });
    sheet
}
