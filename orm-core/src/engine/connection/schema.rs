//! Tables on a connection: in its transaction, and sharing that one's fate.

use crate::Result;
use crate::engine::channel::Channel;
use crate::engine::connection::{AsyncConnection, Connection};
use crate::engine::{inspect, schema, wait};
use crate::metadata::{Inspection, Metadata};

impl Channel {
    pub(in crate::engine) async fn create_all(&mut self, metadata: &Metadata) -> Result<()> {
        metadata.check()?;
        let (lease, dialect) = self.lease_to_write().await?;
        schema::create_all(lease, dialect, metadata).await
    }

    async fn drop_all(&mut self, metadata: &Metadata) -> Result<()> {
        metadata.check()?;
        let (lease, dialect) = self.lease_to_write().await?;
        schema::drop_all(lease, dialect, metadata).await
    }

    async fn inspect(&mut self) -> Result<Inspection> {
        let (lease, dialect) = self.lease_to_read().await?;
        inspect::inspect(lease, dialect).await
    }
}

impl Connection {
    /// Creates the tables that do not exist yet, in this connection's transaction: they are there for others when that is
    /// committed, and gone when it is rolled back.
    pub fn create_all(&mut self, metadata: &Metadata) -> Result<()> {
        wait(self.channel.create_all(metadata))
    }

    /// Drops the tables that exist, with all that is in them, in this connection's transaction.
    pub fn drop_all(&mut self, metadata: &Metadata) -> Result<()> {
        wait(self.channel.drop_all(metadata))
    }

    /// What is in the database as this connection's transaction sees it. Costs four queries, however many tables there are.
    pub fn inspect(&mut self) -> Result<Inspection> {
        wait(self.channel.inspect())
    }
}

impl AsyncConnection {
    /// Creates the tables that do not exist yet, in this connection's transaction: they are there for others when that is
    /// committed, and gone when it is rolled back.
    pub async fn create_all(&mut self, metadata: &Metadata) -> Result<()> {
        self.channel.create_all(metadata).await
    }

    /// Drops the tables that exist, with all that is in them, in this connection's transaction.
    pub async fn drop_all(&mut self, metadata: &Metadata) -> Result<()> {
        self.channel.drop_all(metadata).await
    }

    /// What is in the database as this connection's transaction sees it. Costs four queries, however many tables there are.
    pub async fn inspect(&mut self) -> Result<Inspection> {
        self.channel.inspect().await
    }
}
