//! What of a batch goes out in a file, and what went out before.

use std::collections::{BTreeMap, HashMap};

use super::{Bench, fold::Misfit};
use crate::{
    batch::{Batch, IdentityPolicy, UserPolicy},
    clock::Moment,
    device::{Device, DeviceId, Probe, Signal, Stage},
    entry::Refusal,
    handover::HandedOver,
    lane::{self, Ask, Chosen, Exported, Lane, Left, LeftOut, Row},
    problem::Problem,
    readiness::Verdict,
    record::Record,
};

/// Fold of what went out.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Exports {
    devices: BTreeMap<DeviceId, Vec<Exported>>,
    /// Files by lane and batch: their names count on.
    files: HashMap<(Lane, String), u64>,
}

impl Exports {
    pub(super) fn note(&mut self, lane: Lane, batch: &str, file: &str, devices: &[DeviceId], at: Moment) {
        *self.files.entry((lane, batch.to_owned())).or_default() += 1;
        for device in devices {
            self.devices.entry(*device).or_default().push(Exported { lane, file: file.to_owned(), at });
        }
    }

    /// What stood in a file by its papers stands there as the machine that it turned out to be.
    pub(super) fn join(&mut self, papers: DeviceId, into: DeviceId) {
        let earlier = self.devices.get(&papers).cloned().unwrap_or_default();
        if !earlier.is_empty() {
            self.devices.entry(into).or_default().extend(earlier);
        }
    }
}

impl Bench {
    /// In which files a device went out, oldest first.
    pub fn exports_of(&self, device: DeviceId) -> &[Exported] {
        self.exports.devices.get(&device).map_or(&[], Vec::as_slice)
    }

    /// What goes out, and what stays here and why.
    ///
    /// # Errors
    /// It cannot go this way at all: no such batch, a tag that cannot be written, an identity that the lane does not
    /// take, or a side effect that nobody has agreed to.
    pub fn decide_export(&self, ask: &Ask) -> Result<Chosen, Problem> {
        if ask.lane == Lane::Corporate && !ask.tenant_wide {
            return Err(lane::tenant_wide());
        }
        let batch = ask.batch.clone().or_else(|| self.batch.clone()).unwrap_or_default();
        let set = self.batch_named(&batch).ok_or_else(|| self.no_such_batch(&batch))?;
        if !self.same_customer(&batch) {
            return Err(Problem::new(
                "Nothing was exported.",
                format!("Batch '{batch}' is another customer's than the open one."),
                format!("Open it first: whiteglove batch open '{batch}'"),
            ));
        }
        let policy = set.identity;
        let customer = set.customer.as_deref().and_then(|name| self.customer(name));
        let group_tag = match (&ask.group_tag, customer) {
            (Some(asked), Some(customer)) => Some(customer.tag(asked)?),
            (Some(asked), None) => Some(lane::group_tag(asked)?),
            // Corporate identifiers have none; a tag of the batch is for other lanes.
            (None, _) => set.group_tag.clone().filter(|_| ask.lane.is_autopilot()),
        };
        if !ask.lane.is_autopilot() && group_tag.is_some() {
            return Err(Problem::new(
                "Nothing was exported.",
                format!("There is no group tag in {}.", ask.lane.words()),
                "Leave --group-tag out.",
            ));
        }
        if ask.lane == Lane::Intune && policy == IdentityPolicy::Tuple {
            return Err(Problem::new(
                "Nothing was exported.",
                format!(
                    "Batch '{batch}' registers by {}, and Intune takes hardware hashes only.",
                    IdentityPolicy::Tuple.words()
                ),
                "Export it for Partner Center (whiteglove export partner), or open the batch with another identity.",
            ));
        }
        let mut rows: Vec<Row> = vec![];
        let mut left_out = vec![];
        let mut serials: HashMap<String, DeviceId> = HashMap::new();
        for device in self.devices.values().filter(|device| device.batch == batch) {
            let row = match self.left(device, ask) {
                Some(left) => Err(left),
                None => self.row_of(device, ask.lane, set, group_tag.as_deref()).map_err(Left::Refused),
            };
            let row = row.and_then(|row| match serials.get(&row.called.to_ascii_uppercase()) {
                _ if row.called.is_empty() => Ok(row),
                Some(other) => Err(Left::Refused(Refusal {
                    why: format!("#{} has the same number and goes out in this export.", other.0),
                    next: "Compare both labels. If both are right, export once more when the first is registered."
                        .to_owned(),
                })),
                None => Ok(row),
            });
            match row {
                Ok(row) => {
                    serials.insert(row.called.to_ascii_uppercase(), device.id);
                    rows.push(row);
                }
                Err(reason) => {
                    let serial = device.any_serial().map(ToString::to_string).unwrap_or_default();
                    left_out.push(LeftOut { device: device.id, serial, reason });
                }
            }
        }
        let earlier = self.exports.files.get(&(ask.lane, batch.clone())).copied().unwrap_or_default();
        Ok(Chosen { lane: ask.lane, batch, group_tag, rows, left_out, earlier })
    }

    /// The files are on their disk: what to write of them. Between the decision and now somebody may have stopped
    /// a laptop.
    ///
    /// # Errors
    /// One of them may not go out any more.
    pub fn decide_exported(&self, records: Vec<Record>) -> Result<Vec<Record>, Problem> {
        let devices = records.iter().flat_map(|record| match record {
            Record::Exported { devices, .. } => devices.as_slice(),
            _ => &[],
        });
        for id in devices {
            let device = self.on_the_board(*id)?;
            if let Some(refusal) = self.stands_against(device) {
                return Err(Problem::new(
                    format!("Nothing was exported: device #{} was stopped meanwhile.", id.0),
                    refusal.why,
                    "The files are deleted again. Export once more.",
                ));
            }
        }
        Ok(records)
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one record")]
    pub(super) fn fold_exported(
        &mut self,
        lane: Lane,
        batch: &str,
        file: &str,
        sha256: &str,
        devices: &[DeviceId],
        handed_over: Option<&HandedOver>,
        at: Moment,
    ) -> Result<(), Misfit> {
        if let Some(nobody) = devices.iter().find(|id| !self.devices.contains_key(id)) {
            return Err(Misfit::NoSuchDevice(*nobody));
        }
        let short: String = sha256.chars().take(12).collect();
        for id in devices {
            let words = match handed_over {
                None => format!("exported for {}, in {file} ({short})", lane.words()),
                Some(HandedOver { to, bundle, .. }) => {
                    format!("handed over for {}, in {file} ({short}) of {bundle}, for key {}", lane.words(), to.brief())
                }
            };
            self.device_mut(*id)?.note(at, Signal::Operator, words);
        }
        self.exports.note(lane, batch, file, devices, at);
        Ok(())
    }

    pub(super) fn row_of(
        &self,
        device: &Device,
        lane: Lane,
        set: &Batch,
        group_tag: Option<&str>,
    ) -> Result<Row, Refusal> {
        self.fits_batch(device, lane, set, group_tag)?;
        let trust = self.models.get(&device.id).map(|model| self.trust(model)).unwrap_or_default();
        let mut row = lane::row(lane, device, set.identity, &trust, group_tag)?;
        // What will fail later does not keep it from being registered, and should not come as a surprise.
        let seen = self.rows.get(&device.id).filter(|row| row.verdict == Verdict::NotReady);
        row.remarks.extend(seen.and_then(|row| row.attention.clone()).map(|what| format!("not ready: {what}")));
        Ok(row)
    }

    /// What customer and batch agreed to, of the tag and the user it would be registered with.
    fn fits_batch(&self, device: &Device, lane: Lane, set: &Batch, group_tag: Option<&str>) -> Result<(), Refusal> {
        let refusal = |why: String, next: &str| Err(Refusal { why, next: next.to_owned() });
        if !lane.is_autopilot() {
            return Ok(());
        }
        let own = device.group_tag.trim();
        let customer = set.customer.as_deref().and_then(|name| self.customer(name));
        if let Some(customer) = customer.filter(|_| group_tag.is_none() && !own.is_empty()) {
            let allowed = |tag: &String| tag == own;
            if !customer.group_tags.is_empty() && !customer.group_tags.iter().any(allowed) {
                return refusal(
                    format!(
                        "Its group tag {own} is not one of {}'s ({}).",
                        customer.name,
                        customer.group_tags.join(", ")
                    ),
                    "Set the batch's group tag, or add the tag to the customer.",
                );
            }
        }
        let user = device.assigned_user.trim();
        match set.assigned_user {
            UserPolicy::Required if user.is_empty() => refusal(
                "No user is assigned to it, and the batch needs one for each laptop.".to_owned(),
                "Import a list that names its user, or change the batch.",
            ),
            UserPolicy::Forbidden if !user.is_empty() => refusal(
                format!("The user {user} came with it, and the batch is registered without users."),
                "Find out which is right; a wrong user makes a laptop unusable until it is taken off.",
            ),
            _ => Ok(()),
        }
    }

    fn left(&self, device: &Device, ask: &Ask) -> Option<Left> {
        if let Some(refusal) = self.stands_against(device) {
            return Some(Left::Refused(refusal));
        }
        if ask.all {
            return None;
        }
        let earlier = self.exports_of(device.id).iter().rev().find(|earlier| earlier.lane == ask.lane);
        if let Some(Exported { file, .. }) = earlier {
            return Some(Left::Before { file: file.clone() });
        }
        let registered = matches!(device.probe, Some((_, Probe::Ours))) && ask.lane.is_autopilot();
        registered.then(|| {
            Left::Refused(Refusal {
                why: "It is registered already in the customer's own tenant (806), as somebody reported.".to_owned(),
                next: "Nothing to do; after a board change delete the old registration, then export with --all."
                    .to_owned(),
            })
        })
    }

    /// What keeps a laptop from going out by any way.
    pub(super) fn stands_against(&self, device: &Device) -> Option<Refusal> {
        let refusal = |why: String, next: &str| Some(Refusal { why, next: next.to_owned() });
        if let Stage::Replaced { by, .. } = &device.stage {
            return refusal(format!("It lives on as #{}.", by.0), "Nothing to do: that one is looked at by itself.");
        }
        if device.simulated {
            return refusal("It is simulated.".to_owned(), "Nothing to do.");
        }
        if let Stage::Held { reason, .. } = &device.stage {
            return refusal(
                format!("It is held: {}.", reason.brief()),
                "Settle that and release it, then export again.",
            );
        }
        let matching = self.lists.of_device(device);
        if let Some(problem) = matching.problem() {
            return refusal(format!("{}.", problem.what), &problem.next);
        }
        matches!(device.probe, Some((_, Probe::OtherTenant))).then(|| Refusal {
            why: "Somebody reported that it is locked by another company (808).".to_owned(),
            next: "Put it aside; the seller has to let it go.".to_owned(),
        })
    }

    fn no_such_batch(&self, batch: &str) -> Problem {
        Problem::new(
            "Nothing was exported.",
            format!("This bench never worked on a batch '{batch}'."),
            format!("Its batches are: {}.", self.batches.names()),
        )
    }
}
