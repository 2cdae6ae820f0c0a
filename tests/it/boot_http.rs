//! HTTP as boot loaders speak it, asserted on the bytes of the wire: GRUB, iPXE and UEFI firmware are
//! pickier than any library.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
};

use sha2::{Digest, Sha256};

use crate::support::{Bench, PATIENCE, tool};

fn connect(bench: &Bench) -> TcpStream {
    let stream = TcpStream::connect(bench.url().trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Status line and headers, as they came; then as much body as they promise.
fn ask(stream: &mut TcpStream, request: &str) -> (String, Vec<u8>) {
    stream.write_all(request.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "it hung up after {:?}", String::from_utf8_lossy(&head));
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let length = if request.starts_with("HEAD") { 0 } else { length.map_or(0, |length| length.parse().unwrap()) };
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    (head, body)
}

#[test]
fn a_loader_gets_its_file_with_the_headers_it_can_read() {
    let bench = Bench::started();
    let kernel = fs::read(bench.boot_environment().join("vmlinuz")).unwrap();
    let (head, body) = ask(&mut connect(&bench), "GET /boot/vmlinuz HTTP/1.1\r\nHost: bench\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(body == kernel);
    // GRUB compares names letter by letter.
    for name in ["Content-Length", "Content-Type", "Accept-Ranges", "Etag"] {
        assert!(head.contains(&format!("\r\n{name}: ")), "{name} in {head}");
    }
    let digest = hex::encode(Sha256::digest(&kernel));
    assert!(head.contains(&format!("Etag: \"{digest}\"")), "{head}");
    // EDK2 stops at an empty value, takes a redirect for an error, and nobody here knows chunks.
    assert!(head.lines().skip(1).filter(|line| !line.is_empty()).all(|line| !line.trim_end().ends_with(':')), "{head}");
    assert!(!head.contains("Transfer-Encoding") && !head.contains("Location"), "{head}");
}

#[test]
fn a_connection_stays_open_for_the_next_file() {
    let bench = Bench::started();
    let mut stream = connect(&bench);
    let (head, _) = ask(&mut stream, "HEAD /grubx64.efi HTTP/1.1\r\nHost: bench\r\n\r\n");
    let (_, body) = ask(&mut stream, "GET /grubx64.efi HTTP/1.1\r\nHost: bench\r\n\r\n");
    assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())), "{head}");
    let (head, part) = ask(&mut stream, "GET /grubx64.efi HTTP/1.1\r\nHost: bench\r\nRange: bytes=10-19\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 206 ") && part == body[10..20], "{head}");
    let (head, nothing) = ask(&mut stream, "GET /boot/nothing HTTP/1.1\r\nHost: bench\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 404 ") && !nothing.is_empty(), "{head}");
    let (head, _) = ask(&mut stream, "GET /boot/initrd.zst HTTP/1.1\r\nHost: bench\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
}

#[test]
fn several_slashes_are_one() {
    let bench = Bench::started();
    let mut stream = connect(&bench);
    for path in ["//boot/vmlinuz", "/boot//vmlinuz", "///boot///vmlinuz"] {
        let (head, _) = ask(&mut stream, &format!("HEAD {path} HTTP/1.1\r\nHost: bench\r\n\r\n"));
        assert!(head.starts_with("HTTP/1.1 200 "), "{path}: {head}");
    }
    for path in ["//", "/boot/..//box.key", "//boot/../box.key", "/boot/vmlinuz//"] {
        let (head, _) = ask(&mut stream, &format!("HEAD {path} HTTP/1.1\r\nHost: bench\r\n\r\n"));
        assert!(head.starts_with("HTTP/1.1 404 "), "{path}: {head}");
    }
}

#[test]
fn an_old_client_is_answered_and_let_go() {
    let bench = Bench::started();
    let mut stream = connect(&bench);
    let (head, body) = ask(&mut stream, "GET /shimx64.efi HTTP/1.0\r\n\r\n");
    assert!(head.contains(" 200 ") && !head.contains("Transfer-Encoding"), "{head}");
    assert!(!body.is_empty());
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0, "it waits for the end");
}

#[test]
fn curl_goes_on_where_it_stopped_and_loads_nothing_twice() {
    let bench = Bench::started();
    let kernel = fs::read(bench.boot_environment().join("vmlinuz")).unwrap();
    let half = bench.folder.path().join("half");
    fs::write(&half, &kernel[..kernel.len() / 2]).unwrap();
    let (url, path) = (format!("{}/boot/vmlinuz", bench.url()), half.to_str().unwrap());
    let (done, report) = tool("curl", &["-sS", "--fail", "-C", "-", "-o", path, &url]);
    assert!(done, "{report}");
    assert!(fs::read(&half).unwrap() == kernel);
    let tag = format!("If-None-Match: \"{}\"", hex::encode(Sha256::digest(&kernel)));
    let (_, status) =
        tool("curl", &["-sS", "-o", "/dev/null", "-w", "%{http_code} %{size_download}", "-H", &tag, &url]);
    assert_eq!(status, "304 0");
}
