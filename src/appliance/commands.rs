//! What people ask of the bench: decided, written, and only then answered.

use whiteglove_core::{
    clock::Moment,
    control::{Command, Update},
    device::{DeviceId, Stage},
    problem::Problem,
    record::Record,
};

use super::{Owner, Then, jobs::Named};

impl Owner {
    pub(super) fn command(&mut self, from: u64, command: Command, at: Moment) -> (Vec<Record>, Option<Then>) {
        let decided = match command {
            Command::Watch(device) => {
                self.watch(from, device);
                return (vec![], None);
            }
            Command::Order { device, order } => {
                let done = format!("Device #{} was told to {}.", device.0, order.words());
                self.bench.decide_order(device, order).map(|records| (records, done))
            }
            Command::Release { device } => {
                let decided = self.bench.decide_release(device, at);
                return self.settle(from, device, decided);
            }
            Command::SameLaptop { device } => {
                let decided = self.bench.decide_same_laptop(device);
                return self.settle(from, device, decided);
            }
            Command::Probe { device, probe } => {
                let done = format!("Noted for device #{}: {}.", device.0, probe.words());
                self.bench.decide_probe(device, probe).map(|records| (records, done))
            }
            Command::Scan { code, on } => return self.scan(from, &code, on, at),
            Command::ImportOrder { from: place, batch, customer } => {
                self.import_order(from, place, batch, customer);
                return (vec![], None);
            }
            Command::RevokeMedia { media } => {
                let done = format!("Nothing made with medium {media} is accepted from now on.");
                self.bench.decide_revoke(media).map(|records| (records, done))
            }
            Command::SetCustomer { customer, reason } => self.set_customer(*customer, reason),
            Command::SetBatch { batch, reason } => self.set_batch(*batch, reason),
            Command::TakeSettings { of, from: place, reason } => {
                self.find_settings(from, of, place, reason);
                return (vec![], None);
            }
            Command::Register { devices, by } => {
                let by = by.or_else(|| self.config.operator.clone());
                self.bench.decide_register(&devices, by)
            }
            Command::DropRegistration { devices } => self.bench.decide_drop(&devices),
            Command::Override { device, condition, by, reason } => {
                let done =
                    format!("'{}' is overridden for device #{}; the journal has it.", condition.words(), device.0);
                self.bench.decide_override(device, condition, &by, &reason).map(|records| (records, done))
            }
            Command::ChangeRegistration { act, wanted, by } => self.change_registration(act, wanted, by),
            Command::TestNetwork => {
                self.test_network(from);
                return (vec![], None);
            }
            Command::OpenBatch { name } => return self.choose_batch(from, &name),
            Command::ChooseBoot { devices, choice } => {
                let done = match devices.as_slice() {
                    [one] => format!("Device #{} boots from the network: {}.", one.0, choice.words()),
                    many => format!("{} devices boot from the network: {}.", many.len(), choice.words()),
                };
                self.bench.decide_boot(&devices, choice).map(|records| (records, done))
            }
            Command::SetNetwork { interface, mode } => return self.choose_network(from, &interface, mode),
            Command::ListDisks => {
                self.list_disks(from);
                return (vec![], None);
            }
            Command::CancelJob => {
                self.cancel_job(from);
                return (vec![], None);
            }
            Command::Export { ask, out } => {
                self.export(from, &ask, out);
                return (vec![], None);
            }
            Command::HandOver { ask, out } => {
                self.hand_over(from, &ask, out);
                return (vec![], None);
            }
            Command::Tenant { customer, ask } => {
                self.ask_tenant(from, customer, *ask);
                return (vec![], None);
            }
            Command::ExportNetboot { out } => return self.export_netboot(from, out),
            Command::ExportWinPe { out, windows } => return self.export_winpe(from, out, windows),
            Command::LookAt { disk } => {
                self.look_at(from, disk);
                return (vec![], None);
            }
            Command::PlanMedia { recipe } => {
                self.plan_media(from, recipe);
                return (vec![], None);
            }
            Command::BuildMedia { out, recipe } => return self.build_media(from, out, recipe),
            Command::WriteMedia { image, disk, typed, discard, operator } => {
                self.write_media(from, image, Named { disk, typed, operator }, discard);
                return (vec![], None);
            }
            Command::UpdateMedia { image, disk, typed, fully, operator } => {
                self.update_media(from, image, Named { disk, typed, operator }, fully);
                return (vec![], None);
            }
            Command::CheckMedia { what, fully } => {
                self.check_media(from, what, fully);
                return (vec![], None);
            }
            Command::NoteStick { made } => {
                let done = format!("Stick {} is in the journal.", made.stick);
                Ok((vec![Record::StickWritten { made }], done))
            }
            Command::ArmBench(arm) => {
                self.arm_bench(from, arm);
                return (vec![], None);
            }
            Command::DisarmBench { stop } => {
                self.disarm_bench(from, stop);
                return (vec![], None);
            }
            Command::TeachPositions(teach) => {
                self.teach_positions(from, teach);
                return (vec![], None);
            }
            Command::Collect { disk, typed } => {
                self.collect(from, disk, typed);
                return (vec![], None);
            }
            Command::SignIn(ask) => {
                self.sign_in(from, ask);
                return (vec![], None);
            }
            Command::Import { from: place } => {
                self.import(from, place);
                return (vec![], None);
            }
        };
        match decided {
            Ok((records, done)) => {
                let then: Then = Box::new(move |owner, written| owner.tell(from, written.map(|()| done)));
                (records, Some(then))
            }
            Err(problem) => {
                self.tell(from, Err(problem));
                (vec![], None)
            }
        }
    }

    /// Ends a hold, and says how the device stands then: there may be a second one below it.
    fn settle(
        &mut self,
        from: u64,
        device: DeviceId,
        decided: Result<Vec<Record>, Problem>,
    ) -> (Vec<Record>, Option<Then>) {
        match decided {
            Ok(records) => {
                let then: Then = Box::new(move |owner, written| {
                    let stands = match owner.bench.device(device).map(|device| &device.stage) {
                        Some(Stage::Held { reason, .. }) => format!("is still held: {}", reason.brief()),
                        Some(Stage::Replaced { by, .. }) => format!("lives on as #{}", by.0),
                        _ => "goes on".to_owned(),
                    };
                    owner.tell(from, written.map(|()| format!("Device #{} {stands}.", device.0)));
                });
                (records, Some(then))
            }
            Err(problem) => {
                self.tell(from, Err(problem));
                (vec![], None)
            }
        }
    }

    fn scan(&mut self, from: u64, code: &str, on: Option<DeviceId>, at: Moment) -> (Vec<Record>, Option<Then>) {
        match self.bench.decide_scan(code, on, at) {
            Ok(heard) => {
                let answer = Box::new(heard.answer);
                let then: Then = Box::new(move |owner, written| match written {
                    Ok(()) => owner.reply(from, &Update::Scanned(answer)),
                    Err(problem) => owner.tell(from, Err(problem)),
                });
                (heard.records, Some(then))
            }
            Err(problem) => {
                self.tell(from, Err(problem));
                (vec![], None)
            }
        }
    }
}
