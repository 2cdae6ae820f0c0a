//! Signing in with a code that a person enters on any other device (RFC 8628), as a state machine without a clock.

use std::time::Duration;

use serde::Deserialize;

use super::{Grant, Refused, Seconds};
use crate::{clock::Moment, secret::Secret};

/// RFC 8628, 3.5: this much longer after each `slow_down`.
const SLOWER: Duration = Duration::from_secs(5);
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);

/// A sign-in that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceFlow {
    /// By which we ask; never shown.
    device_code: Secret,
    /// What the person enters.
    pub user_code: String,
    /// Where.
    pub url: String,
    interval: Duration,
    due: Moment,
    /// The code is worth nothing after that.
    pub until: Moment,
}

/// What came of asking once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Ask again when it is due.
    Wait,
    SignedIn(Box<Grant>),
    Ended(Refused),
}

#[derive(Deserialize)]
struct CodeAnswer {
    device_code: Secret,
    user_code: String,
    // Entra before its RFC, and some gateways still.
    #[serde(alias = "verification_url")]
    verification_uri: String,
    expires_in: Seconds,
    interval: Option<Seconds>,
}

impl DeviceFlow {
    /// # Errors
    /// No code was given.
    pub fn begin(status: u16, body: &[u8], now: Moment) -> Result<Self, Refused> {
        if status != 200 {
            return Err(Refused::read(status, body));
        }
        let answer: CodeAnswer =
            serde_json::from_slice(body).map_err(|_| Refused::unreadable(status, "It has no code in it"))?;
        let short = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        // Both go to a screen, and a person types them.
        if !short(&answer.user_code, 32) || !short(&answer.verification_uri, 120) {
            return Err(Refused::unreadable(status, "Its code or address is none that a person could type"));
        }
        if !answer.verification_uri.starts_with("https://") {
            return Err(Refused::unreadable(status, "It sends people to a page that is not protected by TLS"));
        }
        // RFC 8628, 3.2: five seconds where nothing is said.
        let interval = answer.interval.map_or(SLOWER, |interval| interval.duration()).max(Duration::from_secs(1));
        let interval = interval.min(LONGEST_INTERVAL);
        Ok(Self {
            device_code: answer.device_code,
            user_code: answer.user_code,
            url: answer.verification_uri,
            interval,
            due: now.after(interval),
            until: now.after(answer.expires_in.duration()),
        })
    }

    pub fn device_code(&self) -> &Secret {
        &self.device_code
    }

    /// When to ask next, or to give up.
    pub fn due(&self) -> Moment {
        self.due.min(self.until)
    }

    /// Nobody needs to be asked any more.
    pub fn is_over(&self, now: Moment) -> bool {
        now >= self.until
    }

    pub fn on_answer(&mut self, answer: Result<Grant, Refused>, now: Moment) -> Turn {
        match answer {
            Ok(grant) => Turn::SignedIn(Box::new(grant)),
            Err(refused) if refused.is_pending() => self.wait(now),
            Err(refused) if refused.is_slow_down() => {
                self.interval = (self.interval + SLOWER).min(LONGEST_INTERVAL);
                self.wait(now)
            }
            Err(refused) if refused.is_passing() => self.on_silence(now),
            Err(refused) => Turn::Ended(refused),
        }
    }

    /// RFC 8628, 3.5: ask more and more rarely where no answer comes. An answer that was lost may have been the token,
    /// and Entra gives it once; the next one then says that the code is used up.
    pub fn on_silence(&mut self, now: Moment) -> Turn {
        self.interval = (self.interval * 2).min(LONGEST_INTERVAL);
        self.wait(now)
    }

    fn wait(&mut self, now: Moment) -> Turn {
        if self.is_over(now) {
            return Turn::Ended(Refused::expired_code());
        }
        self.due = now.after(self.interval);
        Turn::Wait
    }
}
