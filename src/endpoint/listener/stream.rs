//! A client's connection, which remembers why it ended and lets go of a client that takes next to nothing.

use std::{
    io::{self, IoSlice},
    net::IpAddr,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Sleep,
};
use whiteglove_core::netboot::Who;

use super::super::neighbours;

/// A client that takes less than this, in bytes, within its patience is gone, or holds on to what others need. The slowest network a laptop boots from, 10 Mbit/s shared by ten, gives a hundred times as much.
const LEAST: u64 = 64 << 10;
const TOO_SLOW: &str = "it took next to nothing for a minute";

/// Who is at the other end of a connection.
#[derive(Debug)]
pub(in super::super) struct Peer {
    pub(in super::super) address: IpAddr,
    who: OnceLock<Who>,
    lost: OnceLock<&'static str>,
}

impl Peer {
    pub(in super::super) fn new(address: IpAddr) -> Arc<Self> {
        Arc::new(Self { address, who: OnceLock::new(), lost: OnceLock::new() })
    }

    /// `None` for IPv6: nothing boots from us by that.
    pub(in super::super) fn who(&self) -> Option<Who> {
        let IpAddr::V4(address) = self.address else { return None };
        Some(*self.who.get_or_init(|| neighbours::who_is_at("", address)))
    }

    /// Why the connection is over, in a few words.
    pub(in super::super) fn lost(&self) -> Option<&'static str> {
        self.lost.get().copied()
    }

    /// The first reason counts.
    fn lose(&self, why: &'static str) {
        let _ = self.lost.set(why);
    }
}

#[derive(Debug)]
pub(super) struct Stream {
    inner: TcpStream,
    peer: Arc<Peer>,
    patience: Duration,
    /// Bytes since the watch was set.
    taken: u64,
    /// Set while the client's window is full.
    watch: Option<Pin<Box<Sleep>>>,
}

impl Stream {
    pub(super) fn new(inner: TcpStream, peer: Arc<Peer>, patience: Duration) -> Self {
        Self { inner, peer, patience, taken: 0, watch: None }
    }

    fn written(&mut self, written: Poll<io::Result<usize>>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(count)) => {
                self.taken += count as u64;
                if self.taken >= LEAST {
                    self.watch = None;
                }
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Err(error)) => {
                self.peer.lose("the connection was cut");
                Poll::Ready(Err(error))
            }
            Poll::Pending => {
                let (taken, patience) = (&mut self.taken, self.patience);
                let watch = self.watch.get_or_insert_with(|| {
                    *taken = 0;
                    Box::pin(tokio::time::sleep(patience))
                });
                ready!(watch.as_mut().poll(context));
                self.peer.lose(TOO_SLOW);
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.inner).poll_read(context, buffer));
        if read.is_err() || buffer.filled().len() == before {
            self.peer.lose("it hung up");
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.written(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, parts);
        self.written(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(300);

    async fn pair() -> (Stream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, peer) = listener.accept().await.unwrap();
        (Stream::new(stream, Peer::new(peer.ip()), PATIENCE), client)
    }

    #[tokio::test]
    async fn who_takes_nothing_is_let_go_in_time_and_not_before() {
        let (mut stream, _client) = pair().await;
        let began = Instant::now();
        let error = stream.write_all(&vec![0; 64 << 20]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() >= PATIENCE);
        assert_eq!(stream.peer.lost(), Some(TOO_SLOW));
    }

    #[tokio::test]
    async fn who_takes_a_little_every_now_and_then_does_not_stay_either() {
        let (mut stream, mut client) = pair().await;
        let reader = tokio::spawn(async move {
            let mut little = [0; 100];
            while client.read(&mut little).await.is_ok_and(|count| count > 0) {
                tokio::time::sleep(PATIENCE / 6).await;
            }
        });
        assert!(stream.write_all(&vec![0; 64 << 20]).await.is_err());
        assert_eq!(stream.peer.lost(), Some(TOO_SLOW));
        reader.abort();
    }

    #[tokio::test]
    async fn who_is_slow_and_steady_gets_everything() {
        let (mut stream, mut client) = pair().await;
        let reader = tokio::spawn(async move {
            let (mut some, mut all) = (vec![0; 200_000], 0);
            while let Ok(count @ 1..) = client.read(&mut some).await {
                all += count;
                tokio::time::sleep(PATIENCE / 30).await;
            }
            all
        });
        stream.write_all(&vec![0; 16 << 20]).await.unwrap();
        drop(stream);
        assert_eq!(reader.await.unwrap(), 16 << 20);
    }
}
