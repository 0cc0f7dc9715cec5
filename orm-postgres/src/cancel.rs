//! Stopping a statement that nobody waits for any more, so that the server lets go of its locks.

use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, NoTls};

use crate::Tls;
use crate::dial::{Channel, Peer, Stream};

/// How long the request may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// What it takes to ask a server to stop what one of its connections is doing.
pub(crate) struct Cancel {
    pub(crate) token: CancelToken,
    pub(crate) peer: Peer,
    pub(crate) host: String,
    pub(crate) tls: Option<Tls>,
    /// The runtime that the connection lives on. A blocking one has none.
    pub(crate) runtime: Option<Handle>,
}

impl Cancel {
    /// Sends the request without waiting for what becomes of it.
    pub(crate) fn send(&self) {
        let Self { token, peer, host, tls, runtime } = self;
        let (token, peer, host, tls) = (token.clone(), peer.clone(), host.clone(), tls.clone());
        // A request that is not delivered changes nothing: the statement runs to its end, as if it had not been sent.
        let request = async move {
            let _ = tokio::time::timeout(DEADLINE, request(token, peer, host, tls)).await;
        };
        match runtime {
            Some(runtime) => drop(runtime.spawn(request)),
            None => drop(std::thread::Builder::new().name("orm-cancel".to_owned()).spawn(move || {
                Builder::new_current_thread().enable_all().build().map(|runtime| runtime.block_on(request))
            })),
        }
    }
}

async fn request(token: CancelToken, peer: Peer, host: String, tls: Option<Tls>) -> io::Result<()> {
    let stream = Stream::open(&peer).await?.into_channel().patient();
    let sent = match tls {
        None => token.cancel_query_raw(stream, NoTls).await,
        Some(mut tls) => {
            let tls = MakeTlsConnect::<Channel>::make_tls_connect(&mut tls, &host);
            token.cancel_query_raw(stream, tls.map_err(io::Error::other)?).await
        }
    };
    sent.map_err(io::Error::other)
}
