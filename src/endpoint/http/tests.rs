//! What is told of boot files on their way over HTTP; tests/it/boot_http.rs has the bytes.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use tokio::sync::mpsc;
use whiteglove_core::netboot::{Carrier, Seen};

use super::*;
use crate::{appliance::Wire, endpoint::catalogue::Content};

const PATIENCE: Duration = Duration::from_secs(10);
const SIZE: usize = 32 << 20;

/// A server with these files, and what it tells.
async fn serving(files: Vec<(&'static str, Arc<Content>)>) -> (SocketAddr, mpsc::Receiver<Input>) {
    let (inbox, told) = mpsc::channel(1_024);
    let (_keep, catalogue) = watch::channel(Catalogue::of(files));
    let files = Arc::new(Files::new(catalogue, Reports::new(inbox)));
    let answer = |State(files): State<Arc<Files>>,
                  Extension(peer): Extension<Arc<Peer>>,
                  method: Method,
                  Path(name): Path<String>,
                  headers: HeaderMap| async move { files.answer(&method, &name, &headers, &peer) };
    let routes = Router::new().route("/{*name}", get(answer)).with_state(files);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(listener::serve(listener, routes, CancellationToken::new()));
    (address, told)
}

/// Sends a request on a connection of its own, takes so many bytes of the answer at most, and hangs up.
async fn ask(server: SocketAddr, request: &'static str, most: usize) -> Vec<u8> {
    let asked = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(server).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "{request} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n").unwrap();
        let mut got = Vec::new();
        stream.take(most as u64).read_to_end(&mut got).unwrap();
        got
    });
    asked.await.unwrap()
}

async fn next(told: &mut mpsc::Receiver<Input>) -> Seen {
    loop {
        let input = tokio::time::timeout(PATIENCE, told.recv()).await.unwrap();
        if let Some(Input::Wire(Wire::Seen(sighting))) = input {
            return sighting.seen;
        }
    }
}

fn large() -> Arc<Content> {
    Content::of(vec![7; SIZE])
}

#[tokio::test]
async fn a_large_file_is_seen_to_begin_and_to_arrive() {
    let (server, mut told) = serving(vec![("boot/initrd.zst", large())]).await;
    assert!(ask(server, "GET /boot/initrd.zst", usize::MAX).await.len() > SIZE);
    let (name, size, by) = ("boot/initrd.zst".to_owned(), SIZE as u64, Carrier::Http);
    assert_eq!(next(&mut told).await, Seen::Fetching { name: name.clone(), size, by });
    assert!(
        matches!(next(&mut told).await, Seen::Fetched { name: whole, size: of, .. } if whole == name && of == size)
    );
}

#[tokio::test]
async fn a_laptop_that_is_switched_off_has_not_fetched_it() {
    let (server, mut told) = serving(vec![("boot/initrd.zst", large())]).await;
    ask(server, "GET /boot/initrd.zst", 100_000).await;
    assert!(matches!(next(&mut told).await, Seen::Fetching { .. }));
    let Seen::Broken { had, size, how, .. } = next(&mut told).await else { panic!("it was not broken off") };
    assert!(had < size, "{had}");
    assert!(["it hung up", "the connection was cut"].contains(&how.as_str()), "{how}");
}

#[tokio::test]
async fn probes_seeks_and_names_that_are_not_there() {
    let (server, mut told) = serving(vec![("shimx64.efi", Content::of(vec![7; 1_000]))]).await;
    ask(server, "HEAD /shimx64.efi", usize::MAX).await;
    assert_eq!(next(&mut told).await, Seen::Probed { name: "shimx64.efi".to_owned(), size: 1_000 });
    ask(server, "GET /shimx64.efi", usize::MAX).await;
    assert!(matches!(next(&mut told).await, Seen::Fetched { .. }), "a small one is told once");
    for _ in 0..3 {
        assert!(ask(server, "GET /revocations.efi", usize::MAX).await.starts_with(b"HTTP/1.1 404 "));
    }
    let name = "revocations.efi".to_owned();
    assert_eq!(next(&mut told).await, Seen::NotThere { name, by: Carrier::Http });
    // A part of a file is nothing to tell; what follows is.
    let part = "GET /shimx64.efi HTTP/1.1\r\nRange: bytes=10-19\r\nX: ";
    assert!(ask(server, part, usize::MAX).await.starts_with(b"HTTP/1.1 206 "));
    ask(server, "GET /shimx64.efi", usize::MAX).await;
    let mut seen = next(&mut told).await;
    // Another second may have begun while that name was asked for.
    while matches!(seen, Seen::NotThere { .. }) {
        seen = next(&mut told).await;
    }
    assert!(matches!(seen, Seen::Fetched { .. }));
}

#[tokio::test]
async fn the_board_sees_a_large_file_on_its_way() {
    let (server, mut told) = serving(vec![("boot/initrd.zst", large())]).await;
    let client = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(server).unwrap();
        write!(stream, "GET /boot/initrd.zst HTTP/1.1\r\nHost: bench\r\n\r\n").unwrap();
        stream.read_exact(&mut vec![0; 1 << 20]).unwrap();
        std::thread::sleep(Duration::from_millis(600));
        stream
    });
    let mut shown = Vec::new();
    let mut running = Some(client);
    loop {
        let input = tokio::time::timeout(PATIENCE, told.recv()).await.unwrap();
        let Some(Input::Wire(Wire::Transfers { server, transfers })) = input else { continue };
        assert_eq!(server, "http");
        match transfers.first() {
            Some(view) => shown.push((view.done, view.size)),
            None => break,
        }
        if shown.len() == 3 {
            drop(running.take().unwrap().await.unwrap());
        }
    }
    assert!(shown.iter().any(|(done, size)| *done >= 1 << 18 && *size == SIZE as u64), "{shown:?}");
}

#[tokio::test]
async fn a_file_too_large_for_memory_comes_from_the_disk_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("boot.wim");
    let file = std::fs::File::create(&path).unwrap();
    file.set_len((64 << 20) + 5).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"end", (64 << 20) + 2).unwrap();
    let (server, mut told) = serving(vec![("winpe/sources/boot.wim", Content::at(&path))]).await;
    let got = ask(server, "GET /winpe/sources/boot.wim", usize::MAX).await;
    assert!(got.len() > 64 << 20 && got.ends_with(b"\0\0end"));
    assert!(matches!(next(&mut told).await, Seen::Fetching { .. }));
    assert!(matches!(next(&mut told).await, Seen::Fetched { .. }));
    // Somebody copies another image over it.
    std::thread::sleep(Duration::from_millis(20));
    std::os::unix::fs::FileExt::write_all_at(&file, b"other", 0).unwrap();
    let got = ask(server, "GET /winpe/sources/boot.wim", usize::MAX).await;
    assert!(got.len() < 1 << 20, "{}", got.len());
    assert!(matches!(next(&mut told).await, Seen::Fetching { .. }));
    assert!(matches!(next(&mut told).await, Seen::Broken { had: 0, .. }));
}
