//! What a person decides about a device or a medium.

use super::Bench;
use crate::{
    api::Order,
    clock::Moment,
    device::{Device, DeviceId, Event, HoldReason, Probe, Stage},
    media_card::MediaId,
    problem::Problem,
    record::Record,
};

impl Bench {
    /// A person lets a held device go on.
    ///
    /// # Errors
    /// It is not here, not held, or stands on another customer's order still.
    pub fn decide_release(&self, device: DeviceId, now: Moment) -> Result<Vec<Record>, Problem> {
        let known = self.on_the_board(device)?;
        known.stage.clone().on(Event::Release, now).map_err(|_| {
            Problem::new(
                format!("Device #{} was not released.", device.0),
                format!("It is {}, not held.", known.stage.name().word()),
                "Nothing to do.",
            )
        })?;
        let full_stop = matches!(known.stage, Stage::Held { reason: HoldReason::WrongCustomer { .. }, .. });
        if let Some(HoldReason::WrongCustomer { customer, batch }) = self.wrong_customer(known).filter(|_| full_stop) {
            return Err(Problem::new(
                format!("Device #{} was not released.", device.0),
                format!("It still stands on the order of {customer} (batch '{batch}'), and not on this batch's."),
                "Take it off this bench. If the lists are wrong, import the right list for this batch, then release it.",
            ));
        }
        Ok(vec![Record::DeviceReleased { device }])
    }

    /// A person says that a held device is the laptop it clashes with, after its board was replaced. The
    /// board that was alive last is the one that lives on: a file may speak of the one that was thrown away.
    ///
    /// # Errors
    /// It is not held for that.
    pub fn decide_same_laptop(&self, device: DeviceId) -> Result<Vec<Record>, Problem> {
        let known = self.on_the_board(device)?;
        let other = known.stage.holds().find_map(|reason| match reason {
            HoldReason::Clash { other, .. } if reason.may_be_new_board() => Some(*other),
            _ => None,
        });
        let other = other.and_then(|other| self.successor(other)).filter(|other| other.id != device);
        let Some(other) = other else {
            return Err(Problem::new(
                format!("Device #{} was not joined with another.", device.0),
                "It is not held for a serial number or TPM that the bench knows from another board.",
                "Nothing to do.",
            ));
        };
        let (old, new) = match known.heard() {
            None if other.heard().is_some() && known.alive() < other.alive() => (device, other.id),
            _ => (other.id, device),
        };
        Ok(vec![Record::BoardReplaced { old, device: new }])
    }

    /// The device that a number lives on as, after all that was said of it.
    pub(super) fn successor(&self, mut id: DeviceId) -> Option<&Device> {
        // Every step was once a different device on the board, so this ends.
        loop {
            let device = self.devices.get(&id)?;
            match device.stage {
                Stage::Replaced { by, .. } => id = by,
                _ => return Some(device),
            }
        }
    }

    /// A person tells a laptop what to do next.
    ///
    /// # Errors
    /// It is not here.
    pub fn decide_order(&self, device: DeviceId, order: Order) -> Result<Vec<Record>, Problem> {
        let known = self.on_the_board(device)?;
        if known.heard().is_none() {
            return Err(Problem::new(
                format!("Device #{} was not told anything.", device.0),
                "It is known from a file or a label; the laptop itself never reported here.",
                "Boot it from a stick of this bench first.",
            ));
        }
        Ok(vec![Record::OrderGiven { device, order }])
    }

    /// A person reports what the registration service says.
    ///
    /// # Errors
    /// There is no such device.
    pub fn decide_probe(&self, device: DeviceId, probe: Probe) -> Result<Vec<Record>, Problem> {
        self.on_the_board(device)?;
        Ok(vec![Record::ProbeSaid { device, probe }])
    }

    /// A person reports a medium lost, or retires it.
    ///
    /// # Errors
    /// The bench never made it.
    pub fn decide_revoke(&self, media: MediaId) -> Result<Vec<Record>, Problem> {
        match self.media.get(&media) {
            None => Err(Problem::new(
                format!("Medium {media} was not revoked."),
                "This bench never made a medium of that name.",
                "`whiteglove media list` shows the ones it made.",
            )),
            Some(known) if known.revoked => Ok(vec![]),
            Some(_) => Ok(vec![Record::MediaRevoked { media }]),
        }
    }

    /// A person wants the image of a medium that was made before once more.
    ///
    /// # Errors
    /// Its captures would not be accepted.
    pub fn decide_rebuild(&self, media: MediaId) -> Result<(), Problem> {
        self.admit(media)
    }

    /// A device that a person can still do something about.
    pub(super) fn on_the_board(&self, device: DeviceId) -> Result<&Device, Problem> {
        let known = self.devices.get(&device).ok_or_else(|| {
            Problem::new(
                format!("There is no device #{} on this bench.", device.0),
                "Nothing with that number has arrived.",
                "`whiteglove devices` lists the ones that have.",
            )
        })?;
        if !self.at_work(known) {
            return Err(Problem::new(
                format!("Device #{} is another customer's.", device.0),
                "The open batch is not of that customer, so the bench shows nothing of it and does nothing with it.",
                "Open a batch of its customer first: whiteglove batch open NAME.",
            ));
        }
        match known.stage {
            Stage::Replaced { by, .. } => Err(Problem::new(
                format!("Device #{} is off the board.", device.0),
                format!("Its laptop lives on as #{}.", by.0),
                format!("Do it with #{} instead.", by.0),
            )),
            _ => Ok(known),
        }
    }
}
