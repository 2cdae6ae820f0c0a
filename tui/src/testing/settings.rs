//! Benches that work for customers.

use std::sync::Arc;

use whiteglove_core::{
    batch::{Batch, BatchRow, IdentityPolicy},
    control::Snapshot,
    customer::{Customer, CustomerRow, TenantId, Way},
};

use super::few;

/// Two customers with a batch each, and a batch of nobody's. Contoso's is open.
pub fn of_customers() -> Snapshot {
    let contoso = Customer {
        tenant: TenantId::try_from("00000000-0000-4000-8000-00000000aa07".to_owned()).ok(),
        way: Way::Online,
        group_tags: vec!["SALES".to_owned(), "KIOSK".to_owned()],
        naming: Some("CON-%SERIAL%".to_owned()),
        sla_hours: Some(48),
        ..Customer::named("Contoso Ltd")
    };
    let customer =
        |customer: Customer, batch: &str, devices| CustomerRow { customer, batches: vec![batch.to_owned()], devices };
    let batch = |batch: Batch, devices, expected| BatchRow {
        customer: batch.customer.clone(),
        open: batch.name == "ACME-07",
        batch,
        devices,
        expected,
    };
    let spring = Batch {
        customer: Some("Contoso Ltd".to_owned()),
        purchase_order: Some("PO-4711".to_owned()),
        group_tag: Some("SALES".to_owned()),
        profile: Some("Contoso pre-provisioned".to_owned()),
        ..Batch::named("ACME-07")
    };
    let other = Batch {
        customer: Some("Fabrikam".to_owned()),
        identity: IdentityPolicy::WindowsHash,
        ..Batch::named("FAB-02")
    };
    Snapshot {
        customer: Some("Contoso Ltd".to_owned()),
        customers: Arc::new(vec![customer(contoso, "ACME-07", 7), customer(Customer::named("Fabrikam"), "FAB-02", 0)]),
        batches: Arc::new(vec![batch(spring, 7, 12), batch(other, 0, 0), batch(Batch::named("loose"), 2, 0)]),
        ..few()
    }
}

/// A bench that may only work for Contoso.
pub fn locked() -> Snapshot {
    let all = of_customers();
    let customers = all.customers.iter().filter(|row| row.customer.name == "Contoso Ltd").cloned();
    let batches = all.batches.iter().filter(|row| row.customer.as_deref() == Some("Contoso Ltd")).cloned();
    Snapshot {
        locked_to: Some("Contoso Ltd".to_owned()),
        customers: Arc::new(customers.collect()),
        batches: Arc::new(batches.collect()),
        ..all
    }
}
