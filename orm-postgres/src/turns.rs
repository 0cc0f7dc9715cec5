//! A blocking connection: a call and the driver take turns on the caller's thread, and when neither can go on, the thread sleeps until
//! the socket can. It needs no runtime, and a round trip is three system calls: send, wait, receive.

use std::io::{self, Read, Write};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Events, Interest, Token};
use orm_core::driver::Drive;
use orm_core::{Error, ErrorKind, Result};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::connection::DriverResult;
use crate::dial::Stream;

/// How much is read at once at most. The room for it is cleared first, and what the driver has room for may be as much as the largest
/// answer was.
const PORTION: usize = 16 << 10;

/// What moves requests and answers between calls and a socket.
pub(crate) type Driver = Pin<Box<dyn Future<Output = DriverResult<()>> + Send>>;

/// Drives what waits for one socket.
pub(crate) struct Turns {
    /// Not before somebody is logged in, nor after the connection has ended.
    driver: Option<Driver>,
    driver_woken: Arc<Woken>,
    call_woken: Arc<Woken>,
    kernel: mio::Poll,
    events: Events,
    state: Arc<State>,
}

/// What a socket and those who wait for it know of each other.
#[derive(Default)]
pub(crate) struct State {
    /// What the kernel has told since it last had nothing.
    readable: AtomicBool,
    writable: AtomicBool,
    /// No more will come, and nobody will tell that again: what is left is read to its end.
    ended: AtomicBool,
    /// When a call wants to be asked again at the latest.
    alarm: Mutex<Option<Instant>>,
}

/// A note that there is something to do.
struct Woken(AtomicBool);

impl Woken {
    /// It begins with something to do.
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicBool::new(true)))
    }

    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.set();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.set();
    }
}

impl Turns {
    /// Takes a connected socket over.
    pub(crate) fn new(stream: Stream) -> io::Result<(Self, Wire)> {
        let mut socket = Socket::of(stream)?;
        let kernel = mio::Poll::new()?;
        kernel.registry().register(socket.source(), Token(0), Interest::READABLE | Interest::WRITABLE)?;
        let state = Arc::<State>::default();
        state.writable.store(true, Ordering::Relaxed);
        let wire = Wire { socket, state: state.clone() };
        let events = Events::with_capacity(2);
        let (driver_woken, call_woken) = (Woken::new(), Woken::new());
        Ok((Self { driver: None, driver_woken, call_woken, kernel, events, state }, wire))
    }

    pub(crate) fn set_driver(&mut self, driver: Driver) {
        self.driver = Some(driver);
    }

    pub(crate) fn timer(&self) -> Timer {
        Timer::Turns(self.state.clone())
    }

    fn drive_driver(&mut self) {
        let waker = Waker::from(self.driver_woken.clone());
        // How it ends is told to whoever waits for an answer, and to everybody who asks after that. One that panics is gone.
        if let Some(mut driver) = self.driver.take()
            && driver.as_mut().poll(&mut Context::from_waker(&waker)).is_pending()
        {
            self.driver = Some(driver);
        }
    }

    /// Sleeps until the socket can go on, or the alarm.
    fn sleep(&mut self) -> Result<()> {
        let alarm = self.state.alarm();
        let rest = alarm.map(|alarm| alarm.saturating_duration_since(Instant::now()));
        match self.kernel.poll(&mut self.events, rest) {
            Ok(()) => self.events.iter().for_each(|event| self.state.note(event)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                // The socket goes with it, and the connection is known to be closed.
                self.driver = None;
                let message = "the kernel does not say any more what the socket can do";
                return Err(Error::new(ErrorKind::ConnectionLost, message).with_source(error));
            }
        }
        // Before there is a driver, calls use the socket themselves.
        if self.driver.is_none() || alarm.is_some() {
            self.call_woken.set();
        }
        self.driver_woken.set();
        Ok(())
    }
}

impl Drive for Turns {
    fn drive<T>(&mut self, call: impl Future<Output = T>) -> Result<T> {
        let mut call = pin!(call);
        let waker = Waker::from(self.call_woken.clone());
        let mut context = Context::from_waker(&waker);
        self.call_woken.set();
        loop {
            if self.call_woken.take()
                && let Poll::Ready(output) = call.as_mut().poll(&mut context)
            {
                return Ok(output);
            }
            if self.driver_woken.take() {
                self.drive_driver();
            } else if !self.call_woken.0.load(Ordering::Relaxed) {
                self.sleep()?;
            }
        }
    }
}

impl Drop for Turns {
    /// Nobody can ask any more: the driver's last turn takes leave of the server, unless an answer is still due.
    fn drop(&mut self) {
        self.drive_driver();
    }
}

impl State {
    fn note(&self, event: &Event) {
        if event.is_read_closed() || event.is_error() {
            self.ended.store(true, Ordering::Relaxed);
        }
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            self.readable.store(true, Ordering::Relaxed);
        }
        if event.is_writable() || event.is_write_closed() || event.is_error() {
            self.writable.store(true, Ordering::Relaxed);
        }
    }

    fn alarm(&self) -> Option<Instant> {
        *self.alarm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_alarm(&self, at: Option<Instant>) {
        *self.alarm.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    /// Not one within another: there is one alarm.
    async fn within<T>(&self, limit: Duration, call: impl Future<Output = T>) -> Option<T> {
        let Some(end) = Instant::now().checked_add(limit) else { return Some(call.await) };
        let mut call = pin!(call);
        self.set_alarm(Some(end));
        let answer = std::future::poll_fn(|context| match call.as_mut().poll(context) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending if Instant::now() >= end => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        let answer = answer.await;
        self.set_alarm(None);
        answer
    }
}

/// What limits how long a call may take.
pub(crate) enum Timer {
    Runtime,
    Turns(Arc<State>),
}

impl Timer {
    /// What a call gives, unless it takes longer.
    pub(crate) async fn within<T>(&self, limit: Duration, call: impl Future<Output = T>) -> Option<T> {
        match self {
            Self::Runtime => tokio::time::timeout(limit, call).await.ok(),
            Self::Turns(state) => state.within(limit, call).await,
        }
    }
}

/// The socket of a blocking connection. It wakes nobody: those who use it are asked again after each sleep.
pub(crate) struct Wire {
    socket: Socket,
    state: Arc<State>,
}

/// A socket that never blocks by itself.
enum Socket {
    Tcp(mio::net::TcpStream),
    #[cfg(unix)]
    Unix(mio::net::UnixStream),
}

impl Socket {
    fn of(stream: Stream) -> io::Result<Self> {
        Ok(match stream {
            Stream::Tcp(stream) => Self::Tcp(mio::net::TcpStream::from_std(stream.into_std()?)),
            #[cfg(unix)]
            Stream::Unix(stream) => Self::Unix(mio::net::UnixStream::from_std(stream.into_std()?)),
        })
    }

    fn source(&mut self) -> &mut dyn mio::event::Source {
        match self {
            Self::Tcp(socket) => socket,
            #[cfg(unix)]
            Self::Unix(socket) => socket,
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.read(buffer),
            #[cfg(unix)]
            Self::Unix(socket) => socket.read(buffer),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.write(bytes),
            #[cfg(unix)]
            Self::Unix(socket) => socket.write(bytes),
        }
    }
}

/// Tries again what a signal has interrupted. If the kernel has nothing, that is noted, and it is not asked again until it says so.
fn attempt(may: &AtomicBool, mut call: impl FnMut() -> io::Result<usize>) -> Poll<io::Result<usize>> {
    while may.load(Ordering::Relaxed) {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => may.store(false, Ordering::Relaxed),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return Poll::Ready(done),
        }
    }
    Poll::Pending
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { socket, state } = self.get_mut();
        let room = buffer.remaining().min(PORTION);
        attempt(&state.readable, || socket.read(buffer.initialize_unfilled_to(room))).map_ok(|count| {
            // The kernel had no more, and tells when it has: where it tells each time that something comes.
            let tells = cfg!(any(target_os = "linux", target_os = "android", target_vendor = "apple"));
            if tells && count < room && !state.ended.load(Ordering::Relaxed) {
                state.readable.store(false, Ordering::Relaxed);
            }
            buffer.advance(count);
        })
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self { socket, state } = self.get_mut();
        attempt(&state.writable, || socket.write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // It is closed when it is dropped.
        Poll::Ready(Ok(()))
    }
}
