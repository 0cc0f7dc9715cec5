//! Sockets to a server.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::net::{TcpSocket, TcpStream};

/// Where a connection leads.
#[derive(Clone, Debug)]
pub(crate) enum Peer {
    Tcp(SocketAddr),
    /// A Unix socket.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no sockets"))]
    Socket(PathBuf),
}

/// What the driver reads from and writes to. Of the box alone rustc does not see that what handshakes over it may change threads.
pub(crate) struct Channel {
    stream: Box<dyn Duplex>,
    patient: bool,
}

trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

impl Channel {
    pub(crate) fn new(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        Self { stream: Box::new(stream), patient: false }
    }

    /// The same, but shut down only when the other side has closed it. PgBouncer 1.18 loses the request of a client that closes its
    /// half first, or dies of it; and once the server has closed, a cancel request can hit no later statement.
    pub(crate) fn patient(self) -> Self {
        Self { patient: true, ..self }
    }
}

impl AsyncRead for Channel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Channel {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [0; 64];
        while self.patient {
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer));
            self.patient = read.is_ok() && !buffer.filled().is_empty();
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A connected socket.
pub(crate) enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Stream {
    pub(crate) async fn open(peer: &Peer) -> io::Result<Self> {
        match peer {
            Peer::Tcp(address) => {
                let socket = match address {
                    SocketAddr::V4(_) => TcpSocket::new_v4()?,
                    SocketAddr::V6(_) => TcpSocket::new_v6()?,
                };
                socket.set_nodelay(true)?;
                // A server that is gone without a word is noticed in the end.
                socket.set_keepalive(true)?;
                Ok(Self::Tcp(socket.connect(*address).await?))
            }
            #[cfg(unix)]
            Peer::Socket(path) => Ok(Self::Unix(UnixStream::connect(path).await?)),
            #[cfg(not(unix))]
            Peer::Socket(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// For those who wait for it in a runtime.
    pub(crate) fn into_channel(self) -> Channel {
        match self {
            Self::Tcp(stream) => Channel::new(stream),
            #[cfg(unix)]
            Self::Unix(stream) => Channel::new(stream),
        }
    }
}
