//! Telling the server to stop what a connection has asked for that is thrown away.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts};
use tokio::runtime::Handle;

/// What it takes.
pub(crate) struct Cancel {
    pub(crate) opts: Opts,
    /// The server's number for the connection.
    pub(crate) id: u32,
    /// Where the request can be sent from; `None` in blocking form, where no call is dropped.
    pub(crate) runtime: Option<Handle>,
}

impl Cancel {
    /// Ends the statement that the connection runs, and nothing else.
    pub(super) async fn stop_query(&self) -> Result<(), mysql_async::Error> {
        let mut conn = Conn::new(self.opts.clone()).await?;
        conn.query_drop(format!("KILL QUERY {}", self.id)).await?;
        conn.disconnect().await
    }

    /// Ends the connection on the server, from another one. Nobody waits for it: at worst the statement comes to its end.
    pub(crate) fn send(&self) {
        let Some(runtime) = &self.runtime else { return };
        let (opts, id) = (self.opts.clone(), self.id);
        runtime.spawn(async move {
            if let Ok(mut conn) = Conn::new(opts).await {
                let _ = conn.query_drop(format!("KILL {id}")).await;
                let _ = conn.disconnect().await;
            }
        });
    }
}
