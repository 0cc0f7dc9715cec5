//! A server that is far away: what goes to it arrives later.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

/// The URL of a proxy in front of the server of this one, for as long as this process lives.
pub(crate) fn slow(url: &str, delay: Duration) -> Result<String> {
    let address = url.split_once('@').map_or(url, |(_, rest)| rest);
    let address = address.split('/').next().unwrap_or_default().to_owned();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let near = listener.local_addr()?.to_string();
    let proxied = url.replacen(&address, &near, 1);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            if let Err(why) = connect(client, &address, delay) {
                eprintln!("warning: the proxy could not connect: {why}");
            }
        }
    });
    Ok(proxied)
}

fn connect(client: TcpStream, address: &str, delay: Duration) -> Result<()> {
    let server = TcpStream::connect(address)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    carry(client.try_clone()?, server.try_clone()?, delay);
    carry(server, client, Duration::ZERO);
    Ok(())
}

/// Each piece leaves so long after it came, so pieces that came together leave together.
fn carry(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let (sender, pieces) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            if sender.send((Instant::now() + delay, buffer[..length].to_vec())).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (due, piece) in pieces {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&piece).is_err() {
                break;
            }
        }
        // The other side has hung up, or will see that this one has.
        let _ = to.shutdown(Shutdown::Both);
    });
}
