//! Units of work inside of a transaction that was begun outside: a savepoint stands for their BEGIN.

use super::Unit;
use crate::Result;
use crate::driver::Control;
use crate::engine::{Channel, Parked};
use crate::error::{Error, ErrorKind};
use crate::session::maker::Options;

/// The transaction around a session that has joined it.
pub(super) struct Joined {
    parked: Parked,
    /// The savepoint that stands for the BEGIN of the session, if it has begun.
    pub(super) base: Option<u32>,
}

impl Unit {
    /// A unit of work whose transactions are parts of the one that is open on a connection.
    pub(in crate::session) async fn join(channel: Channel, options: Options) -> Result<Self> {
        let (lease, parked) = channel.park().await?;
        let mut unit = Self::new(parked.engine().clone(), options);
        unit.next_savepoint = parked.next_savepoint();
        unit.lease = Some(lease);
        unit.joined = Some(Joined { parked, base: None });
        Ok(unit)
    }

    /// Gives the connection back that was joined; what was not committed is rolled back.
    pub(in crate::session) async fn leave(mut self) -> Result<Channel> {
        self.rollback().await?;
        match (self.lease.take(), self.joined.take()) {
            (Some(lease), Some(joined)) => Ok(Channel::unpark(lease, joined.parked)),
            (_, None) => Err(Error::new(ErrorKind::Misuse, "the session has joined no connection")),
            (None, Some(_)) => Err(lost()),
        }
    }

    pub(super) async fn begin_joined(&mut self) -> Result<()> {
        let number = self.number_savepoint();
        self.lease.as_mut().ok_or_else(lost)?.nested(Control::Savepoint(number)).await?;
        if let Some(joined) = &mut self.joined {
            joined.base = Some(number);
        }
        Ok(())
    }
}

fn lost() -> Error {
    Error::new(ErrorKind::ConnectionLost, "the connection that the session had joined is gone")
}
