//! A second terminal on the running bench: commands and updates as lines of JSON over a local socket
//! that only the appliance's own user can open.

use std::{io::ErrorKind, os::unix::fs::PermissionsExt, path::Path};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{
        UnixListener, UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
};
use tokio_util::sync::CancellationToken;
use whiteglove_core::{
    control::{Command, Update},
    problem::Problem,
};
use zeroize::Zeroizing;

use crate::appliance::{Appliance, FrontEnd};

/// Serves until told to stop. The caller holds the state lock, so a socket that is there is a dead one.
///
/// # Errors
/// The socket cannot be made.
pub async fn serve(path: &Path, appliance: Appliance, stop: CancellationToken) -> Result<(), Problem> {
    let unusable = |error: std::io::Error| {
        Problem::new(
            format!("A second terminal cannot attach to {}.", path.display()),
            format!("The system says: {error}."),
            "Use a state folder on a local disk with a shorter path: whiteglove --state DIR.",
        )
    };
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(unusable(error));
    }
    let listener = UnixListener::bind(path).map_err(unusable)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(unusable)?;
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        let Ok((stream, _)) = accepted else { continue };
        let front = FrontEnd::attach(&appliance).await;
        tokio::spawn(stop.clone().run_until_cancelled_owned(converse(stream, front)));
    }
    drop(std::fs::remove_file(path));
    Ok(())
}

async fn converse(stream: UnixStream, mut front: FrontEnd) {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => match line {
                Ok(Some(line)) => match serde_json::from_str::<Command>(&Zeroizing::new(line)) {
                    Ok(command) => front.send(command).await,
                    // What it was is not told: the line may have held a passphrase.
                    Err(error) => tracing::warn!(
                        category = ?error.classify(),
                        column = error.column(),
                        "an attached terminal sent something else than a command"
                    ),
                },
                Ok(None) | Err(_) => return,
            },
            update = front.next() => {
                let Some(update) = update else { return };
                if write_line(&mut writer, &update).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn write_line<T: serde::Serialize>(writer: &mut OwnedWriteHalf, value: &T) -> std::io::Result<()> {
    // Some commands hold a passphrase.
    let mut line = Zeroizing::new(serde_json::to_vec(value)?);
    line.push(b'\n');
    writer.write_all(&line).await
}

/// The other end: a bench in another process.
#[derive(Debug)]
pub struct Attached {
    lines: Lines<BufReader<OwnedReadHalf>>,
    writer: OwnedWriteHalf,
}

impl Attached {
    /// # Errors
    /// Nobody listens there.
    pub async fn connect(path: &Path) -> std::io::Result<Self> {
        let (reader, writer) = UnixStream::connect(path).await?.into_split();
        Ok(Self { lines: BufReader::new(reader).lines(), writer })
    }

    async fn send(&mut self, command: &Command) {
        if let Err(error) = write_line(&mut self.writer, command).await {
            tracing::debug!(%error, "the appliance has gone");
        }
    }

    async fn next(&mut self) -> Option<Update> {
        let line = self.lines.next_line().await.ok()??;
        serde_json::from_str(&line).ok()
    }
}

/// A bench to talk to, wherever it runs.
#[derive(Debug)]
pub enum Link {
    Here(FrontEnd),
    There(Attached),
}

impl Link {
    pub async fn send(&mut self, command: Command) {
        match self {
            Self::Here(front) => front.send(command).await,
            Self::There(attached) => attached.send(&command).await,
        }
    }

    /// `None`: the bench is gone.
    pub async fn next(&mut self) -> Option<Update> {
        match self {
            Self::Here(front) => front.next().await,
            Self::There(attached) => attached.next().await,
        }
    }
}
