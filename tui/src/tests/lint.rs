//! The tenant of a batch, looked at before its first laptop is started.

use whiteglove_core::{
    control::{Command, Update},
    problem::Problem,
    registration::lint::{Finding, Severity},
    tenant::{Ask, Told},
};

use crate::{
    Model,
    testing::{feed, of_customers, press, screen, showing},
};

fn has(model: &Model, words: &str) {
    assert!(screen(model).contains(words), "no {words:?} on\n{}", screen(model));
}

fn lint(batch: &str, customer: &str) -> Command {
    Command::Tenant { customer: Some(customer.into()), ask: Box::new(Ask::Lint { batch: Some(batch.into()) }) }
}

fn finding(severity: Severity, what: &str) -> Finding {
    Finding {
        severity,
        what: what.into(),
        why: "Pre-provisioning waits for a user then.".into(),
        next: "Assign it to devices.".into(),
        source: "enrollment status page WH ESP".into(),
    }
}

#[test]
fn what_will_fail_is_said_worst_first() {
    let mut model = showing(of_customers());
    assert_eq!(press(&mut model, "b v"), [lint("ACME-07", "Contoso Ltd")]);
    has(&model, "The tenant is asked");
    let findings = vec![
        finding(Severity::Note, "Two apps are assigned."),
        finding(Severity::Unread, "Apps could not be read."),
        finding(Severity::Error, "The enrolment status page is for users."),
    ];
    feed(&mut model, Update::Tenant(Box::new(Told::Findings(findings))));
    insta::assert_snapshot!(screen(&model));
    assert_eq!(press(&mut model, "v"), [lint("ACME-07", "Contoso Ltd")]);
    feed(&mut model, Update::Tenant(Box::new(Told::Findings(vec![]))));
    has(&model, "Nothing was found");
    has(&model, "this batch may start");
    press(&mut model, "esc");
    has(&model, "GROUP TAG");
    // Of the marked batch, not of the open one.
    assert_eq!(press(&mut model, "down v"), [lint("FAB-02", "Fabrikam")]);
    press(&mut model, "esc down");
    assert_eq!(press(&mut model, "v"), []);
    has(&model, "nobody's");
}

#[test]
fn a_tenant_that_cannot_be_asked_is_no_clean_one() {
    let mut model = showing(of_customers());
    press(&mut model, "b v");
    let problem = Problem::new("Nobody is signed in for Contoso Ltd.", "A person signs in once a shift.", "Sign in.");
    feed(&mut model, Update::Problem(problem));
    has(&model, "NOT LOOKED AT  Nobody is signed in");
    assert!(!screen(&model).contains("may start"));
}
