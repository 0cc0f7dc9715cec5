//! A TCP proxy that counts round trips: how often the client went on after the server had answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A proxy on a port of its own; it ends with the program.
pub struct Proxy {
    /// Where it listens, `127.0.0.1:port`.
    pub address: String,
    trips: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

impl Proxy {
    /// Starts a proxy in front of `target`, `host:port`, on a thread of its own.
    pub fn start(target: String) -> Self {
        Self::delayed(target, Duration::ZERO)
    }

    /// The same, with this much time before each answer is handed on: what a client sends without waiting is then there, and
    /// counts as one round trip even on a busy machine.
    pub fn delayed(target: String, delay: Duration) -> Self {
        let trips = Arc::new(AtomicUsize::new(0));
        let counter = trips.clone();
        let connections = Arc::new(AtomicUsize::new(0));
        let accepted = connections.clone();
        let (ready, address) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                ready.send(listener.local_addr().unwrap().to_string()).unwrap();
                while let Ok((client, _)) = listener.accept().await {
                    accepted.fetch_add(1, Ordering::SeqCst);
                    let server = TcpStream::connect(&target).await.unwrap();
                    tokio::spawn(forward(client, server, counter.clone(), delay));
                }
            });
        });
        Self { address: address.recv().unwrap(), trips, connections }
    }

    /// Connections that were opened.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Round trips since the last call.
    pub fn take(&self) -> usize {
        self.trips.swap(0, Ordering::SeqCst)
    }
}

async fn forward(client: TcpStream, server: TcpStream, trips: Arc<AtomicUsize>, delay: Duration) {
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answered = Arc::new(AtomicBool::new(true));
    let heard = answered.clone();
    tokio::spawn(async move {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from_server.read(&mut buffer).await {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            heard.store(true, Ordering::SeqCst);
            if to_client.write_all(&buffer[..length]).await.is_err() {
                break;
            }
        }
    });
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
        if answered.swap(false, Ordering::SeqCst) {
            trips.fetch_add(1, Ordering::SeqCst);
        }
        if to_server.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
}
