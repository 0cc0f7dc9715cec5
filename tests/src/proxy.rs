//! A TCP proxy that counts round trips: how often the client went on after the server had answered.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A proxy on a port of its own; it ends with the program.
pub struct Proxy {
    /// The database through it.
    pub url: String,
    heard: Arc<Heard>,
}

/// What has gone through.
#[derive(Default)]
struct Heard {
    trips: AtomicUsize,
    connections: AtomicUsize,
    last_sent: Mutex<Vec<u8>>,
}

impl Proxy {
    /// Starts a proxy in front of the server of this database, on a thread of its own.
    pub fn start(url: &str) -> Self {
        Self::delayed(url, Duration::ZERO)
    }

    /// The same, with this much time before each answer is handed on: what a client sends without waiting is then there, and
    /// counts as one round trip even on a busy machine.
    pub fn delayed(url: &str, delay: Duration) -> Self {
        let (login, rest) = url.rsplit_once('@').unwrap();
        let (target, path) = rest.split_once('/').unwrap();
        let target = target.to_owned();
        let heard = Arc::<Heard>::default();
        let hears = heard.clone();
        let (ready, address) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                ready.send(listener.local_addr().unwrap()).unwrap();
                while let Ok((client, _)) = listener.accept().await {
                    hears.connections.fetch_add(1, Ordering::SeqCst);
                    let server = TcpStream::connect(&target).await.unwrap();
                    tokio::spawn(forward(client, server, hears.clone(), delay));
                }
            });
        });
        Self { url: format!("{login}@{}/{path}", address.recv().unwrap()), heard }
    }

    /// Connections that were opened.
    pub fn connections(&self) -> usize {
        self.heard.connections.load(Ordering::SeqCst)
    }

    /// Round trips since the last call.
    pub fn take(&self) -> usize {
        self.heard.trips.swap(0, Ordering::SeqCst)
    }

    /// What a client has sent at last.
    pub fn last_sent(&self) -> Vec<u8> {
        self.heard.last_sent.lock().unwrap().clone()
    }
}

async fn forward(client: TcpStream, server: TcpStream, hears: Arc<Heard>, delay: Duration) {
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answered = Arc::new(AtomicBool::new(true));
    let answers = answered.clone();
    tokio::spawn(async move {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from_server.read(&mut buffer).await {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            answers.store(true, Ordering::SeqCst);
            if to_client.write_all(&buffer[..length]).await.is_err() {
                break;
            }
        }
    });
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
        if answered.swap(false, Ordering::SeqCst) {
            hears.trips.fetch_add(1, Ordering::SeqCst);
        }
        *hears.last_sent.lock().unwrap() = buffer[..length].to_vec();
        if to_server.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
}
