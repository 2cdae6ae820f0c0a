//! A stateful fake of Entra ID, Microsoft Graph and Partner Center on loopback, several tenants in it. Written from the
//! published contracts in `tests/fixtures/contracts` and from what is told of the services, and with none of the code
//! that it is there to try. Every request and every answer is judged by those contracts; what they do not allow fails
//! the test that caused it when its [`Cloud`] is dropped.

pub(crate) mod certificate;
pub(crate) mod contract;
pub(crate) mod curl;
pub(crate) mod directory;
pub(crate) mod entra;
pub(crate) mod faults;
mod graph;
pub(crate) mod hash;
pub(crate) mod http;
pub(crate) mod limits;
mod partner;
pub(crate) mod site;
pub(crate) mod text;
pub(crate) mod world;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    thread,
    time::Duration,
};

use tokio::{
    net::{TcpListener, UdpSocket},
    runtime::Runtime,
    task::JoinHandle,
};

use self::{
    contract::Host,
    http::{Shared, locked, serve},
    world::{Pace, World},
};

pub(crate) struct Cloud {
    world: Shared,
    runtime: Option<Runtime>,
    addresses: BTreeMap<Host, SocketAddr>,
    listening: Vec<JoinHandle<std::convert::Infallible>>,
    time: SocketAddr,
}

impl Cloud {
    pub(crate) fn started(pace: Pace) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let world = Arc::new(Mutex::new(World::new(pace)));
        let socket = runtime.block_on(UdpSocket::bind("127.0.0.1:0")).unwrap();
        let time = socket.local_addr().unwrap();
        runtime.spawn(tell_time(socket));
        let (runtime, addresses) = (Some(runtime), BTreeMap::new());
        let mut cloud = Self { world, runtime, addresses, listening: Vec::new(), time };
        for host in [Host::Entra, Host::Graph, Host::Partner] {
            cloud.addresses.insert(host, SocketAddr::from(([127, 0, 0, 1], 0)));
        }
        cloud.online();
        cloud
    }

    pub(crate) fn url(&self, host: Host) -> String {
        format!("http://{}", self.addresses[&host])
    }

    /// Where NTP is answered, with the right time.
    pub(crate) fn time_server(&self) -> SocketAddr {
        self.time
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        locked(&self.world)
    }

    /// The uplink is gone: connections end, and new ones are refused.
    pub(crate) fn offline(&mut self) {
        self.listening.drain(..).for_each(|task| task.abort());
        for address in self.addresses.values() {
            // The task lets go of its socket when it next runs.
            while std::net::TcpStream::connect(address).is_ok() {
                thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Where it was before, if it was.
    pub(crate) fn online(&mut self) {
        let runtime = self.runtime.as_ref().unwrap();
        for (host, address) in &mut self.addresses {
            let listener = runtime.block_on(TcpListener::bind(*address)).unwrap();
            *address = listener.local_addr().unwrap();
            locked(&self.world).urls.insert(*host, format!("http://{address}"));
            self.listening.push(runtime.spawn(serve(*host, listener, Arc::clone(&self.world))));
        }
    }

    /// What no contract allows, once; what is not asked for fails the test at its end.
    pub(crate) fn violations(&self) -> Vec<String> {
        std::mem::take(&mut self.world().violations)
    }
}

/// RFC 5905 as far as one question needs it.
async fn tell_time(socket: UdpSocket) {
    let mut question = [0; 48];
    while let Ok((48, from)) = socket.recv_from(&mut question).await {
        let now = http::now();
        let (seconds, part) = (now / 1_000 + 2_208_988_800, ((now % 1_000) << 32) / 1_000);
        let stamp = ((seconds << 32) | part).to_be_bytes();
        // Version 4, server; stratum 1.
        let mut answer = [0; 48];
        answer[..2].copy_from_slice(&[0x24, 1]);
        answer[24..32].copy_from_slice(&question[40..]);
        answer[32..40].copy_from_slice(&stamp);
        answer[40..].copy_from_slice(&stamp);
        let _ = socket.send_to(&answer, from).await;
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        let violations = self.violations();
        assert!(thread::panicking() || violations.is_empty(), "against the contracts: {violations:#?}");
    }
}
