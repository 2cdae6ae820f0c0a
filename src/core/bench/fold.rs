//! What each record does to the bench. Whatever can fail is tried before anything changes.

use std::sync::Arc;

use super::{Bench, Media, Standing, Unfit, registrations::Open, trials};
use crate::{
    batch::Batch,
    capture::Capture,
    clock::Moment,
    device::{Device, DeviceId, Event, HoldReason, Label, Refused, Signal, Stage},
    entry::{Entry, Source},
    identity::Identity,
    media_card::MediaId,
    netboot::{Choice, Program},
    record::Record,
    registration::Override,
    sticks::made::Known,
};

/// Why a record cannot be taken in.
pub(super) enum Misfit {
    NoSuchDevice(DeviceId),
    Refused(Refused),
}

impl Misfit {
    pub(super) fn of_record(self, number: u64) -> Unfit {
        match self {
            Self::NoSuchDevice(device) => Unfit::NoSuchDevice(number, device.0),
            Self::Refused(refused) => Unfit::Refused(number, refused),
        }
    }
}

impl From<Refused> for Misfit {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// A machine on its way onto the board.
pub(super) struct Newcomer {
    pub identity: Identity,
    pub batch: String,
    pub media: Option<MediaId>,
    pub simulated: bool,
    pub signal: Signal,
}

impl Newcomer {
    pub(super) fn device(self, id: DeviceId, at: Moment) -> Device {
        let words = match self.signal {
            Signal::Agent | Signal::Stick => "arrived",
            Signal::Import | Signal::Service => "known from a file",
            Signal::WindowsPe => "started Windows PE",
            Signal::Scan | Signal::Operator => "known from a scan",
            Signal::Network => "asked the network for something to boot",
        };
        Device {
            id,
            identity: self.identity,
            stage: Stage::Arrived { since: at },
            batch: self.batch,
            signal: self.signal,
            arrived: at,
            last: at,
            media: self.media,
            simulated: self.simulated,
            capture: None,
            captures: 0,
            windows_hash: None,
            product_key_id: None,
            device_link: None,
            ztd_id: None,
            group_tag: String::new(),
            assigned_user: String::new(),
            label: None,
            probe: None,
            boot: Choice::default(),
            history: vec![(at, self.signal, words.to_owned())],
        }
    }
}

impl Bench {
    pub(super) fn fold(&mut self, record: Record, at: Moment) -> Result<(), Misfit> {
        match record {
            Record::CustomerSet { customer, .. } => {
                self.fold_customer(*customer);
                self.refresh_registered();
            }
            Record::BatchSet { batch, .. } => self.fold_batch(*batch),
            Record::BatchOpened { batch, policy, boot, asked } => {
                self.fold_opened(Batch { identity: policy, boot, ..Batch::named(batch) }, asked);
            }
            Record::MediaIssued { media, batch, network } => {
                self.media.insert(media, Media { batch, issued: at, revoked: false, network, starts: None });
            }
            Record::MediaBuilt { media, programs } => self.fold_built(media, &programs, at),
            Record::StickWritten { made } => {
                let times = self.sticks.get(&made.stick).map_or(0, |known| known.times) + 1;
                self.sticks.insert(made.stick, Known { made: *made, at, times });
            }
            Record::LogsKept { run, .. } => self.logs.entry(run.folder).or_default().extend(run.files),
            Record::MediaRevoked { media } => self.with_media_changed(|bench| {
                if let Some(known) = bench.media.get_mut(&media) {
                    known.revoked = true;
                }
            }),
            Record::DeviceArrived { identity, media, message, simulated } => {
                self.hellos.insert(message);
                let batch = self.batch_of(media);
                let newcomer = Newcomer { identity, batch, media: Some(media), simulated, signal: Signal::Agent };
                self.admit_device(newcomer, at);
            }
            Record::DeviceReturned { device, message } => {
                // Hellos are only taken through media of the open batch.
                let batch = self.batch.clone().unwrap_or_default();
                let known = self.device_mut(device)?;
                known.enter_batch(&batch, Signal::Agent, at)?;
                known.step(Event::Hello, Signal::Agent, at, "switched on again")?;
                self.hellos.insert(message);
                self.orders.remove(&device);
                self.placed(device);
            }
            Record::CaptureTaken { device, media, signal, capture, .. } => {
                self.fold_capture(device, media, signal, capture, at)?;
            }
            Record::DeviceHeld { device, reason } => {
                let words = format!("held: {}", reason.brief());
                self.step(device, Event::Hold(reason), at, words)?;
            }
            Record::DeviceReleased { device } => {
                let known = self.device_mut(device)?;
                let words = match known.stage.holds().next() {
                    Some(reason) => format!("released (was held: {})", reason.brief()),
                    None => "released".to_owned(),
                };
                self.step(device, Event::Release, at, words)?;
            }
            Record::OrderGiven { device, order } => {
                let number = self.next;
                let known = self.device_mut(device)?;
                known.note(at, Signal::Operator, format!("told to {}", order.words()));
                self.orders.insert(device, Standing { number, order });
            }
            Record::EntryTaken { device, signal, source, entry } => {
                self.fold_entry(device, signal, source, *entry, at)?;
            }
            Record::LabelScanned { device, serial, product_key_id, on_purpose } => {
                let known = self.device_mut(device)?;
                let label = Label { serial, product_key_id, at };
                known.note(at, Signal::Scan, label_words(known, &label, on_purpose));
                known.see_label(label);
                self.placed(device);
            }
            Record::OrderListed { batch, customer, lines, .. } => {
                self.lists.add(&batch, customer, lines);
                self.refresh_matches();
            }
            Record::BoardReplaced { old, device } => self.fold_new_board(old, device, at)?,
            Record::DeviceJoined { device, into } => self.fold_joined(device, into, at)?,
            Record::DeviceSeen { identity, simulated } => {
                let batch = self.batch.clone().unwrap_or_default();
                let signal = Signal::Network;
                self.admit_device(Newcomer { identity, batch, media: None, simulated, signal }, at);
            }
            Record::BootChosen { device, choice } => {
                let known = self.device_mut(device)?;
                known.boot = choice;
                known.note(at, Signal::Operator, format!("boots from the network: {}", choice.words()));
                self.refresh(device);
            }
            Record::BootTaken { device } => {
                let known = self.device_mut(device)?;
                known.note(at, Signal::Network, format!("loaded: {}", known.boot.words()));
                known.boot = Choice::Automatic;
                self.refresh(device);
            }
            Record::NetworkModeChosen { interface, mode } => {
                self.network_modes.insert(interface, mode);
            }
            Record::ProbeSaid { device, probe } => {
                let known = self.device_mut(device)?;
                known.probe = Some((at, probe));
                known.note(at, Signal::Operator, format!("registration service: {}", probe.words()));
                self.refresh(device);
            }
            Record::RegistrationAsked { devices, by } => self.fold_asked(&devices, by.as_deref(), at)?,
            Record::RegistrationDropped { devices } => self.fold_dropped(&devices, at)?,
            Record::SendingBegun { attempt, customer, lane, group_tag, devices } => {
                self.fold_begun(Open { attempt, customer, lane, group_tag, devices, since: at })?;
            }
            Record::SendingEnded { attempt, taken, refused } => self.fold_ended(&attempt, taken, refused, at)?,
            Record::SendingUndone { attempt, why } => self.fold_undone(&attempt, &why, at)?,
            Record::ImportsSaid { said } => self.fold_said(said, at)?,
            Record::RegistrationsSeen { seen } => self.fold_seen(seen, at)?,
            Record::DeviceCleared { device, .. } => {
                self.by_service(device, Event::Cleared, at, "SAFE TO BOOT: every condition holds".to_owned())?;
            }
            Record::DeviceUncleared { device, why } => {
                self.by_service(device, Event::Uncleared, at, format!("NOT safe to boot any more: {why}"))?;
            }
            Record::ConditionOverridden { device, condition, by, reason, of } => {
                self.fold_overridden(device, Override { condition, at, by, reason, of })?;
            }
            Record::ActBegun { attempt, customer, act, by } => {
                self.fold_act(attempt, &customer, act, by.as_deref(), at)?;
            }
            Record::ActEnded { attempt, problem } => self.fold_act_ended(&attempt, problem.as_ref(), at)?,
            Record::NetworkTested { test } => {
                self.registrations.tested = Some((at, test));
                self.refresh_registered();
            }
            // They change nothing on the bench; the journal is where they are looked up.
            Record::TenantChangeBegun { .. } | Record::TenantChangeEnded { .. } => {}
            Record::Exported { lane, batch, file, sha256, devices, handed_over, .. } => {
                self.fold_exported(lane, &batch, &file, &sha256, &devices, handed_over.as_ref(), at)?;
            }
        }
        Ok(())
    }

    pub(super) fn device_mut(&mut self, id: DeviceId) -> Result<&mut Device, Misfit> {
        self.devices.get_mut(&id).ok_or(Misfit::NoSuchDevice(id))
    }

    /// The service, or the bench by what the service says, moves a device.
    pub(super) fn by_service(&mut self, id: DeviceId, event: Event, at: Moment, words: String) -> Result<(), Misfit> {
        self.device_mut(id)?.step(event, Signal::Service, at, words)?;
        self.refresh(id);
        Ok(())
    }

    /// A person, or the bench in a person's place, moves a device.
    fn step(&mut self, id: DeviceId, event: Event, at: Moment, words: String) -> Result<(), Misfit> {
        self.device_mut(id)?.step(event, Signal::Operator, at, words)?;
        self.refresh(id);
        Ok(())
    }

    fn admit_device(&mut self, newcomer: Newcomer, at: Moment) -> DeviceId {
        let id = self.next_device();
        self.devices.insert(id, newcomer.device(id, at));
        self.learnt(id);
        id
    }

    fn fold_capture(
        &mut self,
        device: Option<DeviceId>,
        media: MediaId,
        signal: Signal,
        mut capture: Box<Capture>,
        at: Moment,
    ) -> Result<(), Misfit> {
        self.variables.share(&mut capture.firmware);
        let capture: Arc<Capture> = Arc::from(capture);
        let (message, made) = (capture.id, capture.hash.as_ref().map(|made| made.hash.digest()));
        let batch = self.batch_of(media);
        let id = match device {
            Some(id) => id,
            None => {
                let (identity, simulated) = (capture.identity(), capture.simulated);
                let batch = batch.clone();
                self.admit_device(Newcomer { identity, batch, media: Some(media), simulated, signal }, at)
            }
        };
        self.device_mut(id)?.take_capture(capture, media, &batch, signal, at)?;
        // A quick scan that somebody chose is done.
        let known = self.device_mut(id)?;
        if known.boot == Choice::Boot(Program::QuickScan) {
            known.boot = Choice::Automatic;
        }
        self.captures.insert(message, id);
        self.made_here.extend(made);
        // An order is for the boot it was given in, or every later boot would obey it again.
        self.orders.remove(&id);
        self.learnt(id);
        Ok(())
    }

    fn fold_entry(
        &mut self,
        device: Option<DeviceId>,
        signal: Signal,
        source: Source,
        entry: Entry,
        at: Moment,
    ) -> Result<(), Misfit> {
        let open = self.batch.clone();
        let id = match device {
            Some(id) => id,
            None => {
                let (identity, batch) = (entry.identity(), open.clone().unwrap_or_default());
                self.admit_device(Newcomer { identity, batch, media: None, simulated: false, signal }, at)
            }
        };
        let known = self.device_mut(id)?;
        let batch = open.unwrap_or_else(|| known.batch.clone());
        known.take_entry(entry, source, &batch, signal, at)?;
        self.learnt(id);
        Ok(())
    }

    fn fold_new_board(&mut self, old: DeviceId, device: DeviceId, at: Moment) -> Result<(), Misfit> {
        let mut left = self.device_mut(old)?.clone();
        let mut stays = self.device_mut(device)?.clone();
        // It may have been held against a number that lived on as `old` since.
        let of_old = |other: &DeviceId| self.successor(*other).is_some_and(|other| other.id == old);
        let settled: Vec<_> = stays.stage.holds().filter_map(HoldReason::other).filter(of_old).collect();
        left.give_way(device, at, format!("lives on as #{} with another board", device.0))?;
        for other in settled {
            stays.stage = stays.stage.on(Event::Settled(other), at)?;
        }
        stays.step(Event::Hello, Signal::Operator, at, format!("same laptop as #{}, its board was replaced", old.0))?;
        stays.inherit(&left);
        self.succeed(left, stays);
        Ok(())
    }

    fn fold_joined(&mut self, device: DeviceId, into: DeviceId, at: Moment) -> Result<(), Misfit> {
        let mut left = self.device_mut(device)?.clone();
        let mut stays = self.device_mut(into)?.clone();
        left.give_way(into, at, format!("is the same laptop as #{}", into.0))?;
        stays.stage = stays.stage.on(Event::Settled(device), at)?;
        stays.note(at, left.signal, format!("is what was known as #{}", device.0));
        stays.absorb(&left);
        self.exports.join(device, into);
        self.registrations.inherit(device, into);
        self.succeed(left, stays);
        Ok(())
    }

    /// One of two numbers of one laptop is off the board: nothing finds it, counts it or orders it about.
    fn succeed(&mut self, left: Device, stays: Device) {
        let (gone, id) = (left.id, stays.id);
        self.devices.insert(gone, left);
        self.devices.insert(id, stays);
        self.orders.remove(&gone);
        self.learnt(gone);
        self.learnt(id);
    }

    /// Everything that is derived from what a device says of itself.
    fn learnt(&mut self, id: DeviceId) {
        let Some(device) = self.devices.get(&id) else { return };
        self.index.note(device);
        let result = trials::result(device);
        self.models.insert(id, device.model_name());
        let changed = self.trials.set(id, result);
        self.placed(id);
        for model in changed {
            self.refresh_model(&model);
        }
    }

    /// Its number, label or batch may have changed, and with it who else stands for a line of an order.
    fn placed(&mut self, id: DeviceId) {
        let Some(device) = self.devices.get(&id) else { return };
        let rivals = self.lists.place(device);
        self.refresh(id);
        rivals.into_iter().for_each(|rival| self.refresh(rival));
    }
}

fn label_words(device: &Device, label: &Label, on_purpose: bool) -> String {
    let serial = label.serial.as_ref().map(ToString::to_string);
    let number = serial.or_else(|| label.product_key_id.as_ref().map(ToString::to_string)).unwrap_or_default();
    let mut after = device.clone();
    after.label = None;
    after.see_label(label.clone());
    match on_purpose {
        true if after.wrong_label().is_some() => format!("label {number} compared: IT IS ANOTHER LAPTOP'S"),
        true if after.label_agrees() => format!("label {number} compared: it is this laptop's"),
        true => format!("label {number} noted; the laptop does not say this number"),
        false => format!("label {number} scanned"),
    }
}
