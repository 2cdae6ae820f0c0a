//! Tries from the bench what a laptop needs in the technician phase: hosts that have to answer, and the right time.

use std::time::Duration;

use tokio::{
    net::{TcpStream, UdpSocket, lookup_host},
    task::JoinSet,
    time::{Instant, timeout},
};
use whiteglove_core::registration::{Host, NetworkTest};

use crate::clock::now;

/// While laptops wait to be cleared.
pub(crate) const AGAIN: Duration = Duration::from_secs(1800);
pub(crate) const AGAIN_IF_FAILED: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(5);
/// Seconds from 1900 to 1970 (RFC 5905, section 6).
const SINCE_1900: u64 = 2_208_988_800;

/// What is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub hosts: Vec<Host>,
    /// With its port.
    pub time_server: String,
}

pub(crate) async fn run(plan: &Plan) -> NetworkTest {
    let mut tries = JoinSet::new();
    for (number, host) in plan.hosts.iter().cloned().enumerate() {
        tries.spawn(async move { (number, host.clone(), connect(&host).await) });
    }
    let skew = skew(&plan.time_server).await;
    let mut hosts: Vec<_> = vec![];
    while let Some(tried) = tries.join_next().await {
        hosts.extend(tried.ok());
    }
    hosts.sort_by_key(|(number, ..)| *number);
    NetworkTest { hosts: hosts.into_iter().map(|(_, host, outcome)| (host, outcome)).collect(), skew }
}

/// Milliseconds until the connection stood, its name looked up.
async fn connect(host: &Host) -> Result<u64, String> {
    let begun = Instant::now();
    match timeout(PATIENCE, TcpStream::connect((host.name.as_str(), host.port))).await {
        Err(_) => Err("no answer".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Ok(Ok(_)) => Ok(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)),
    }
}

/// Milliseconds by which this machine's clock is ahead, by one question to the time server (RFC 4330).
async fn skew(server: &str) -> Result<i64, String> {
    timeout(PATIENCE, ask_time(server)).await.map_err(|_| "no answer".to_owned())?.map_err(|error| error.to_string())
}

async fn ask_time(server: &str) -> std::io::Result<i64> {
    let invalid = |why: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, why.to_owned());
    let address = lookup_host(server).await?.next().ok_or_else(|| invalid("it has no address"))?;
    let local = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(local).await?;
    socket.connect(address).await?;
    // Version 4, client.
    let mut question = [0_u8; 48];
    question[0] = 0x23;
    let sent = now();
    question[40..48].copy_from_slice(&stamp(sent.millis()));
    socket.send(&question).await?;
    let mut answer = [0_u8; 48];
    let length = socket.recv(&mut answer).await?;
    let came = now();
    if length < 48 || answer[0] & 7 != 4 || answer[24..32] != question[40..48] {
        return Err(invalid("its answer is not one to our question"));
    }
    if answer[1] == 0 || answer[0] >> 6 == 3 {
        return Err(invalid("it does not know the time itself"));
    }
    let (received, transmitted) = (millis(&answer[32..40]), millis(&answer[40..48]));
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let ours = i64::midpoint(signed(sent.millis()), signed(came.millis()));
    Ok(ours - i64::midpoint(signed(received), signed(transmitted)))
}

fn stamp(unix_millis: u64) -> [u8; 8] {
    let seconds = unix_millis / 1000 + SINCE_1900;
    let fraction = ((unix_millis % 1000) << 32) / 1000;
    // The era of 1900 to 2036; later ones wrap as the RFC says.
    ((seconds << 32) | fraction).to_be_bytes()
}

fn millis(stamp: &[u8]) -> u64 {
    let value = stamp.iter().fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
    let (seconds, fraction) = (value >> 32, value & 0xffff_ffff);
    // RFC 5905 section 6: a small number is of the era that began in 2036.
    let seconds = if seconds < SINCE_1900 { seconds + (1 << 32) } else { seconds };
    (seconds - SINCE_1900) * 1000 + ((fraction * 1000) >> 32)
}
