//! What a form is for: which fields it has, and what they make.

use std::path::PathBuf;

use whiteglove_core::{
    batch::{Batch, BatchRow, IdentityPolicy, Register, UserPolicy},
    cloud::{Service, endpoints::Permission},
    control::{Command, Settings, Snapshot},
    customer::{Cloud, Customer, CustomerRow, TenantId, Way},
    device::DeviceId,
    handover::NotAKey,
    lane::Lane,
    media::Generation,
    netboot::Program,
    registration::{Condition, Gate},
    sign_in,
};

use super::field::{BOOTS, CLOUDS, Field, IDENTITIES, LANES, LOADERS, NOBODY, REGISTERS, USERS, Value, WAYS, What};
use crate::widget::text::sentence;

#[derive(Debug, Clone)]
pub(crate) enum Subject {
    NewCustomer,
    /// One that is there, as it was when the form was opened.
    Customer(Box<CustomerRow>),
    NewBatch,
    Batch(Box<BatchRow>),
    File(Settings),
    /// Conditions of the gate that do not hold and may be overridden, with what they say.
    Override {
        device: DeviceId,
        who: String,
        open: Vec<(Condition, String)>,
    },
    /// By which application a person signs in, where nothing is kept for the customer.
    SignIn {
        customer: String,
        service: Service,
    },
}

/// What the fields make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Made {
    Customer(Box<Customer>),
    Batch(Box<Batch>),
    File(PathBuf),
    Override { device: DeviceId, condition: Condition, by: String, reason: String },
    SignIn { customer: String, service: Service, application: String },
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) what: Option<What>,
    pub(super) words: String,
}

pub(super) fn complain<T>(what: What, words: &str) -> Result<T, Complaint> {
    Err(Complaint { what: Some(what), words: words.to_owned() })
}

impl Subject {
    /// What a person may take the responsibility for.
    pub(crate) fn overridable(gate: &Gate) -> Vec<(Condition, String)> {
        let open = gate.findings.iter().filter(|finding| !finding.holds() && finding.condition.may_be_overridden());
        open.map(|finding| (finding.condition, finding.says.clone())).collect()
    }

    /// Which list it belongs to.
    pub(super) fn of(&self) -> Settings {
        match self {
            Self::NewCustomer | Self::Customer(_) => Settings::Customers,
            Self::NewBatch | Self::Batch(_) => Settings::Batches,
            Self::File(of) => *of,
            // It is in no list.
            Self::Override { .. } | Self::SignIn { .. } => Settings::Batches,
        }
    }

    pub(super) fn title(&self) -> String {
        match self {
            Self::NewCustomer => "New customer".to_owned(),
            Self::Customer(row) => format!("Customer {}", row.customer.name),
            Self::NewBatch => "New batch".to_owned(),
            Self::Batch(row) => format!("Batch {}", row.batch.name),
            Self::Override { who, .. } => format!("Safe to boot in spite of it: {who}"),
            Self::SignIn { customer, service } => format!("Sign in to {} for {customer}", service.words()),
            Self::File(Settings::Customers) => "Customers from a file".to_owned(),
            Self::File(Settings::Batches) => "Batches from a file".to_owned(),
        }
    }

    /// Laptops that a change would concern, as far as that is known here.
    pub(super) fn devices(&self) -> usize {
        match self {
            Self::Customer(row) => row.devices,
            Self::Batch(row) => row.devices,
            Self::NewCustomer | Self::NewBatch | Self::File(_) | Self::Override { .. } | Self::SignIn { .. } => 0,
        }
    }

    pub(super) fn fields(&self, snapshot: Option<&Snapshot>) -> Vec<Field> {
        match self {
            Self::NewCustomer => {
                // A bench that is locked to one customer can only make that one.
                let name = snapshot.and_then(|snapshot| snapshot.locked_to.clone()).unwrap_or_default();
                let mut fields = vec![Field::text(What::Name, name)];
                fields.extend(customer_fields(&Customer::named("")));
                fields
            }
            Self::Customer(row) => customer_fields(&row.customer),
            Self::NewBatch => {
                let mut fields = vec![Field::text(What::Name, "")];
                // Mostly another one for whom the bench works already.
                let whose = snapshot.and_then(|snapshot| snapshot.customer.clone().or(snapshot.locked_to.clone()));
                fields.extend(batch_fields(&Batch { customer: whose, ..Batch::named("") }, snapshot));
                fields
            }
            Self::Batch(row) => batch_fields(&row.batch, snapshot),
            Self::Override { open, .. } => {
                let words = open.iter().map(|(condition, says)| format!("{}: {says}", condition.words()));
                vec![
                    Field::choice(What::Condition, words, 0),
                    Field::text(What::By, ""),
                    Field::text(What::Because, ""),
                ]
            }
            Self::SignIn { .. } => vec![Field::text(What::Application, "")],
            Self::File(_) => vec![Field::text(What::Path, ""), Field::text(What::Reason, "")],
        }
    }

    pub(super) fn make(&self, fields: &[Field]) -> Result<Made, Complaint> {
        match self {
            Self::NewCustomer => customer_of(Customer::named(""), fields),
            Self::Customer(row) => customer_of(row.customer.clone(), fields),
            Self::NewBatch => batch_of(Batch::named(""), fields),
            Self::Batch(row) => batch_of(row.batch.clone(), fields),
            Self::Override { device, open, .. } => {
                let conditions: Vec<_> = open.iter().map(|(condition, _)| *condition).collect();
                let Some(first) = conditions.first() else {
                    return complain(What::Condition, "There is nothing to override any more.");
                };
                let condition = chosen(fields, What::Condition, &conditions, *first);
                let Some(by) = text(fields, What::By) else {
                    return complain(What::By, "Say who takes the responsibility.");
                };
                let Some(reason) = text(fields, What::Because) else {
                    return complain(What::Because, "Say why it is safe in spite of that.");
                };
                Ok(Made::Override { device: *device, condition, by, reason })
            }
            Self::SignIn { customer, service } => {
                // The same form as a tenant's ID.
                let typed = text(fields, What::Application).unwrap_or_default();
                let Ok(application) = TenantId::try_from(typed) else {
                    return complain(
                        What::Application,
                        "A client ID is 32 hexadecimal digits in five groups, like 00000000-0000-0000-0000-000000000000.",
                    );
                };
                Ok(Made::SignIn { customer: customer.clone(), service: *service, application: application.into() })
            }
            Self::File(_) => {
                let path = text(fields, What::Path).unwrap_or_default();
                match path.starts_with('/') {
                    true => Ok(Made::File(PathBuf::from(path))),
                    false => complain(What::Path, "Give the whole path, from the first slash on."),
                }
            }
        }
    }

    /// What would change; `None` where nothing is there to be changed.
    pub(super) fn changes(&self, made: &Made) -> Option<Vec<String>> {
        match (self, made) {
            (Self::Customer(row), Made::Customer(to)) => Some(row.customer.changes(to)),
            (Self::Batch(row), Made::Batch(to)) => Some(row.batch.changes(to)),
            _ => None,
        }
    }

    pub(super) fn command(&self, made: Made, reason: Option<String>) -> Command {
        match made {
            Made::Customer(customer) => Command::SetCustomer { customer, reason },
            Made::Batch(batch) => Command::SetBatch { batch, reason },
            Made::Override { device, condition, by, reason } => Command::Override { device, condition, by, reason },
            Made::SignIn { customer, service, application } => Command::SignIn(sign_in::Ask::Begin {
                customer,
                service,
                client_id: Some(application),
                permissions: Permission::USUAL.to_vec(),
            }),
            Made::File(from) => Command::TakeSettings { of: self.of(), from, reason },
        }
    }
}

fn customer_fields(customer: &Customer) -> Vec<Field> {
    vec![
        Field::text(What::Tenant, customer.tenant.as_ref().map(ToString::to_string).unwrap_or_default()),
        Field::of(What::Cloud, &CLOUDS, Cloud::words, customer.cloud),
        Field::of(What::Lane, &LANES, Lane::words, customer.lane),
        Field::of(What::Way, &WAYS, Way::words, customer.way),
        Field::text(What::HandOverTo, customer.hand_over_to.map(|key| key.to_string()).unwrap_or_default()),
        Field::text(What::GroupTags, customer.group_tags.join(" ")),
        Field::optional(What::Naming, customer.naming.as_ref()),
        Field::text(What::Sla, customer.sla_hours.map(|hours| hours.to_string()).unwrap_or_default()),
    ]
}

fn batch_fields(batch: &Batch, snapshot: Option<&Snapshot>) -> Vec<Field> {
    let known = snapshot.map(|snapshot| snapshot.customers.as_slice()).unwrap_or_default();
    let mut names = vec![NOBODY.to_owned()];
    names.extend(known.iter().map(|row| row.customer.name.clone()));
    let own = batch.customer.as_deref();
    let at = names.iter().skip(1).position(|name| own.is_some_and(|own| own.eq_ignore_ascii_case(name)));
    vec![
        Field::choice(What::Customer, names, at.map_or(0, |at| at + 1)),
        Field::optional(What::PurchaseOrder, batch.purchase_order.as_ref()),
        Field::optional(What::GroupTag, batch.group_tag.as_ref()),
        Field::of(What::User, &USERS, UserPolicy::words, batch.assigned_user),
        Field::optional(What::Profile, batch.profile.as_ref()),
        Field::of(What::Identity, &IDENTITIES, IdentityPolicy::words, batch.identity),
        Field::of(What::Register, &REGISTERS, Register::words, batch.register),
        Field::of(What::Boot, &BOOTS, Program::words, batch.boot),
        Field::of(What::Loader, &LOADERS, Generation::words, batch.loader),
    ]
}

fn find(fields: &[Field], what: What) -> Option<&Value> {
    fields.iter().find(|field| field.what == what).map(|field| &field.value)
}

/// What was typed, if anything was.
pub(super) fn text(fields: &[Field], what: What) -> Option<String> {
    let Some(Value::Text(input)) = find(fields, what) else { return None };
    Some(input.text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn chosen<T: Copy>(fields: &[Field], what: What, all: &[T], or: T) -> T {
    let Some(Value::Choice { at, .. }) = find(fields, what) else { return or };
    all.get(*at).copied().unwrap_or(or)
}

/// The customer that a batch's form names.
pub(super) fn customer_named(fields: &[Field]) -> Option<&str> {
    let Some(Value::Choice { words, at: at @ 1.. }) = find(fields, What::Customer) else { return None };
    words.get(*at).map(String::as_str)
}

fn customer_of(known: Customer, fields: &[Field]) -> Result<Made, Complaint> {
    let Ok(tenant) = text(fields, What::Tenant).map(TenantId::try_from).transpose() else {
        return complain(
            What::Tenant,
            "A tenant ID is 32 hexadecimal digits in five groups, like 00000000-0000-0000-0000-000000000000.",
        );
    };
    let hand_over_to = match text(fields, What::HandOverTo).map(|key| key.parse()).transpose() {
        Ok(key) => key,
        Err(error) => return complain(What::HandOverTo, &sentence(&NotAKey::to_string(&error))),
    };
    let Ok(sla_hours) = text(fields, What::Sla).map(|text| text.parse::<u32>()).transpose() else {
        return complain(What::Sla, "Give a number of whole hours, or nothing.");
    };
    let tags = text(fields, What::GroupTags).unwrap_or_default();
    Ok(Made::Customer(Box::new(Customer {
        name: text(fields, What::Name).unwrap_or(known.name),
        tenant,
        cloud: chosen(fields, What::Cloud, &CLOUDS, known.cloud),
        lane: chosen(fields, What::Lane, &LANES, known.lane),
        way: chosen(fields, What::Way, &WAYS, known.way),
        tenant_wide: known.tenant_wide,
        group_tags: tags.split([' ', ',', ';']).filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
        naming: text(fields, What::Naming),
        sla_hours,
        hand_over_to,
    })))
}

fn batch_of(known: Batch, fields: &[Field]) -> Result<Made, Complaint> {
    Ok(Made::Batch(Box::new(Batch {
        name: text(fields, What::Name).unwrap_or(known.name),
        customer: customer_named(fields).map(str::to_owned),
        purchase_order: text(fields, What::PurchaseOrder),
        group_tag: text(fields, What::GroupTag),
        assigned_user: chosen(fields, What::User, &USERS, known.assigned_user),
        profile: text(fields, What::Profile),
        identity: chosen(fields, What::Identity, &IDENTITIES, known.identity),
        register: chosen(fields, What::Register, &REGISTERS, known.register),
        boot: chosen(fields, What::Boot, &BOOTS, known.boot),
        loader: chosen(fields, What::Loader, &LOADERS, known.loader),
    })))
}
