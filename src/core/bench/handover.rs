//! What of a batch is handed over to the customer, and for whose key it may be sealed.

use super::Bench;
use crate::{
    customer::Customer,
    handover::{Ask, Recipient},
    lane::{self, Chosen, Lane},
    problem::Problem,
};

impl Bench {
    /// What goes out, by the rules of an export, and for whom.
    ///
    /// # Errors
    /// Those of [`Bench::decide_export`]; or the key is nobody's or another customer's.
    pub fn decide_hand_over(&self, ask: &Ask) -> Result<(Chosen, Recipient), Problem> {
        let batch = ask.batch.clone().or_else(|| self.batch.clone()).unwrap_or_default();
        let customer = self.owner_of(&batch);
        let to = self.recipient(ask, customer)?;
        let lane = ask.lane.or_else(|| customer.map(|customer| customer.lane)).unwrap_or_default();
        if lane == Lane::Corporate && !ask.tenant_wide {
            let why = lane::tenant_wide();
            let next = "Ask the customer's Intune administrator first. If they want it, add --tenant-wide.";
            return Err(Problem::new(why.what, why.why, next));
        }
        let export = lane::Ask {
            lane,
            batch: Some(batch),
            group_tag: ask.group_tag.clone(),
            all: ask.all,
            tenant_wide: ask.tenant_wide,
        };
        Ok((self.decide_export(&export)?, to))
    }

    /// Whose laptops a batch has, with what was agreed.
    pub fn owner_of(&self, batch: &str) -> Option<&Customer> {
        self.customer(self.customer_of(batch)?)
    }

    fn recipient(&self, ask: &Ask, customer: Option<&Customer>) -> Result<Recipient, Problem> {
        let name = customer.map_or("the customer", |customer| customer.name.as_str());
        let own = customer.and_then(|customer| customer.hand_over_to);
        let to = match (ask.to, own) {
            (Some(asked), Some(own)) if asked != own => {
                return Err(Problem::new(
                    "Nothing was exported: this is not the customer's key.",
                    format!("{name} is set with a key that ends in {}, and this one ends in {}.", own.brief(), asked.brief()),
                    "Ask the customer by telephone which is right. A new one: set it first (whiteglove customer set FILE \
                     --reason WHY).",
                ));
            }
            (asked, own) => asked.or(own).ok_or_else(|| {
                Problem::new(
                    "Nothing was exported: there is no key to seal it for.",
                    format!("{name} has none, and none was named."),
                    "The customer makes one (whiteglove handover key --out FILE) and sends its public half; name it with \
                     --to, or set it with the customer (hand-over-to).",
                )
            })?,
        };
        let known = self.customers();
        let other = known.iter().map(|row| &row.customer).find(|other| {
            other.hand_over_to == Some(to) && customer.is_none_or(|customer| customer.name != other.name)
        });
        match other {
            Some(other) => Err(Problem::new(
                "Nothing was exported: this is another customer's key.",
                format!("{} is set with it, and the laptops are {name}'s.", other.name),
                "Name the right key. Hashes in the wrong hands lock laptops to the wrong company.",
            )),
            None => Ok(to),
        }
    }
}
