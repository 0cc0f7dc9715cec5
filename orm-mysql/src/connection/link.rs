//! The driver's connection. A call to it that is dropped half-way costs the connection, but a ROLLBACK that nobody waits for is
//! what each session leaves behind that is dropped with an open transaction: so a task brings it to its end.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use mysql_async::prelude::Queryable;
use mysql_async::{BinaryProtocol, Conn, DriverError, QueryResult};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::DriverResult;

type Work = Pin<Box<dyn Future<Output = DriverResult<Box<Conn>>> + Send>>;

/// Where the connection is.
pub(super) enum Link {
    Here(Box<Conn>),
    /// With a task that rolls back.
    Away(JoinHandle<DriverResult<Box<Conn>>>),
    Lost,
}

impl Link {
    pub(super) fn new(conn: Conn) -> Self {
        Self::Here(Box::new(conn))
    }

    /// The connection, to ask it for something.
    pub(super) fn get(&mut self) -> DriverResult<&mut Conn> {
        match self {
            Self::Here(conn) => Ok(conn),
            Self::Away(_) | Self::Lost => Err(DriverError::ConnectionClosed.into()),
        }
    }

    /// The connection, for what it said last.
    pub(super) fn here(&self) -> Option<&Conn> {
        match self {
            Self::Here(conn) => Some(conn),
            Self::Away(_) | Self::Lost => None,
        }
    }

    /// The answer that is being read.
    pub(super) fn answer(&mut self) -> DriverResult<QueryResult<'_, 'static, BinaryProtocol>> {
        self.get().map(QueryResult::new)
    }

    /// Rolls back, even if nobody waits for it.
    pub(super) async fn roll_back(&mut self, runtime: &Handle) -> DriverResult<()> {
        let Self::Here(mut conn) = std::mem::replace(self, Self::Lost) else {
            return Err(DriverError::ConnectionClosed.into());
        };
        let mut work: Work = Box::pin(async move {
            conn.query_drop("ROLLBACK").await?;
            Ok(conn)
        });
        // It is sent right now; who goes away does not wait for a task to begin.
        match poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
            Poll::Ready(done) => *self = Self::Here(done?),
            Poll::Pending => *self = Self::Away(runtime.spawn(work)),
        }
        self.come_home().await.map(drop)
    }

    /// Waits for the task that has the connection; whether there was one.
    pub(super) async fn come_home(&mut self) -> DriverResult<bool> {
        let Self::Away(task) = self else { return Ok(false) };
        let back = task.await;
        *self = Self::Lost;
        let conn = back.map_err(|_| DriverError::ConnectionClosed)??;
        *self = Self::Here(conn);
        Ok(true)
    }

    /// Takes leave of the server, which would log a lost connection otherwise; the driver does not do it by itself. Nobody waits here.
    pub(super) fn leave(&mut self, runtime: Option<&Handle>) {
        match (std::mem::replace(self, Self::Lost), runtime) {
            (Self::Here(conn), _) => {
                let _ = pin!(conn.disconnect()).poll(&mut Context::from_waker(Waker::noop()));
            }
            (Self::Away(task), Some(runtime)) => {
                runtime.spawn(async {
                    if let Ok(Ok(conn)) = task.await {
                        let _ = conn.disconnect().await;
                    }
                });
            }
            (Self::Away(_), None) | (Self::Lost, _) => {}
        }
    }

    pub(super) fn is_broken(&self) -> bool {
        match self {
            Self::Here(conn) => conn.is_disconnected(),
            Self::Away(_) => false,
            Self::Lost => true,
        }
    }
}
