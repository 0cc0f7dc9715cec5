//! The two faces of a connection: short methods over a [`Channel`].

mod guard;
mod schema;
mod stream;

use std::fmt;

use crate::Result;
use crate::driver::Isolation;
use crate::engine::channel::Channel;
use crate::engine::{AsyncEngine, Engine, wait};
use crate::query::{Executable, Explain, Params, Select, Text, UpdateGroup, Values};
use crate::result::{Plan, Query, ResultSet, Shape};

pub(crate) use guard::Guarded;
pub use guard::{Savepoint, Transaction};
pub use stream::RowStream;

/// A connection of an [`Engine`], for statements without a session.
///
/// A transaction begins with the first statement and lasts until [`commit`](Self::commit) or [`rollback`](Self::rollback); the
/// next statement begins another one. A connection that is dropped goes back to the pool, and what was not committed is rolled back.
pub struct Connection {
    pub(crate) channel: Channel,
}

/// A connection of an [`AsyncEngine`]: [`Connection`], with `.await` after each call that may do I/O.
pub struct AsyncConnection {
    pub(crate) channel: Channel,
}

impl Engine {
    /// A connection from the pool; a new one if none is free and there is room.
    pub fn connect(&self) -> Result<Connection> {
        Ok(Connection { channel: wait(Channel::open(self.core.clone()))? })
    }

    /// Runs a block in one transaction, which is committed if it ends well, and rolled back if it ends by an error or a panic.
    ///
    /// For errors of your own inside, see [`Error::other`](crate::Error::other); for a body with another error type use
    /// [`Connection::begin`].
    pub fn begin<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        let mut connection = self.connect()?;
        wait(connection.channel.begin())?;
        let value = work(&mut connection)?;
        connection.commit()?;
        Ok(value)
    }
}

impl AsyncEngine {
    /// A connection from the pool; a new one if none is free and there is room.
    pub async fn connect(&self) -> Result<AsyncConnection> {
        Ok(AsyncConnection { channel: Channel::open(self.core.clone()).await? })
    }

    /// Runs a block in one transaction, which is committed if it ends well, and rolled back if it ends by an error, a panic, or
    /// because this future is dropped.
    ///
    /// `engine.begin(async |connection| { … }).await?`. A future that has to be `Send`, for a spawned task, needs an
    /// `async move` closure that owns what it uses; for a body that borrows take [`AsyncConnection::begin`].
    pub async fn begin<T>(&self, work: impl AsyncFnOnce(&mut AsyncConnection) -> Result<T>) -> Result<T> {
        let mut connection = self.connect().await?;
        connection.channel.begin().await?;
        let value = work(&mut connection).await?;
        connection.commit().await?;
        Ok(value)
    }
}

use face::Face;

mod face {
    use super::{AsyncConnection, Connection};
    use crate::engine::channel::Channel;

    /// A connection in either form.
    pub trait Face {
        #[doc(hidden)]
        #[expect(private_interfaces, reason = "only this crate can call it")]
        fn channel(&mut self) -> &mut Channel;
    }

    impl Face for Connection {
        #[expect(private_interfaces, reason = "only this crate can call it")]
        fn channel(&mut self) -> &mut Channel {
            &mut self.channel
        }
    }

    impl Face for AsyncConnection {
        #[expect(private_interfaces, reason = "only this crate can call it")]
        fn channel(&mut self) -> &mut Channel {
            &mut self.channel
        }
    }
}

/// What needs no I/O, and so is the same in both forms.
macro_rules! settings {
    ($type:ident) => {
        impl $type {
            /// Whether a transaction is open: by `begin`, or by the first statement.
            pub fn in_transaction(&self) -> bool {
                self.channel.in_transaction()
            }

            /// How far this connection's transactions are kept apart from others, until it goes back to the pool. It travels with
            /// the BEGIN and costs no round trip. An error while a transaction is open.
            pub fn set_isolation(&mut self, level: Isolation) -> Result<()> {
                self.channel.set_isolation(level)
            }

            /// Whether the database refuses to write in this connection's transactions, until it goes back to the pool. An error
            /// while a transaction is open. Costs a statement at both ends of a transaction on SQLite, nothing elsewhere.
            pub fn set_read_only(&mut self, on: bool) -> Result<()> {
                self.channel.set_read_only(on)
            }

            /// Whether each statement is a transaction of its own, for those that a database runs only outside of one (`VACUUM`,
            /// `CREATE DATABASE`), until the connection goes back to the pool. An error while a transaction is open.
            pub fn set_autocommit(&mut self, on: bool) -> Result<()> {
                self.channel.set_autocommit(on)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let state = if self.in_transaction() { "in a transaction" } else { "idle" };
                write!(f, concat!(stringify!($type), "({})"), state)
            }
        }
    };
}

settings!(Connection);
settings!(AsyncConnection);

impl Connection {
    /// Runs a statement: [`text`](crate::query::text), or a query that was built. Its rows are read into memory; for more than
    /// fit there take [`stream`](Self::stream).
    pub fn execute(&mut self, statement: impl Executable) -> Result<ResultSet> {
        wait(self.channel.execute(self.channel.render(&statement)?))
    }

    /// All rows of a query: structs of a model, values, tuples, as the query says.
    pub fn all<Q: Query>(&mut self, query: Q) -> Result<Vec<<Q::Shape as Shape>::Row>> {
        let columns = query.columns();
        self.execute(query)?.shaped::<Q>(&columns)
    }

    /// The first row of a query, or `None`.
    pub fn first<Q: Query>(&mut self, query: Q) -> Result<Option<<Q::Shape as Shape>::Row>> {
        Ok(self.all(query.at_most_one())?.into_iter().next())
    }

    /// The only row of a query; an error if there is none, or more than one.
    pub fn one<Q: Query>(&mut self, query: Q) -> Result<<Q::Shape as Shape>::Row> {
        let columns = query.columns();
        let mut result = self.execute(query)?;
        result.only::<Q>(&columns)?.ok_or_else(|| result.no_row())
    }

    /// The only row of a query, or `None`; an error if there is more than one.
    pub fn one_or_none<Q: Query>(&mut self, query: Q) -> Result<Option<<Q::Shape as Shape>::Row>> {
        let columns = query.columns();
        self.execute(query)?.only::<Q>(&columns)
    }

    /// How the database would run a statement, which is not executed.
    pub fn explain(&mut self, statement: impl Executable) -> Result<Plan> {
        let explain = Explain { statement: &statement, analyze: false };
        wait(self.channel.explain(self.channel.render(&explain)?))
    }

    /// How the database runs a query, with times and numbers of rows: it is executed, and its rows are dropped. A statement that
    /// writes is refused, and so is any on SQLite, which measures nothing.
    pub fn explain_analyze(&mut self, statement: impl Executable) -> Result<Plan> {
        let explain = Explain { statement: &statement, analyze: true };
        wait(self.channel.explain(self.channel.render(&explain)?))
    }

    /// How many rows a query would return, with its limit, its groups and all: 1 statement.
    pub fn count<S>(&mut self, query: Select<S>) -> Result<u64> {
        self.one(query.into_count())
    }

    /// Whether a query would return any row: 1 statement, which ends at the first row that it finds.
    pub fn exists<S>(&mut self, query: Select<S>) -> Result<bool> {
        self.one(query.into_existence())
    }

    /// Runs a statement once for each set of values, as one batch; how many rows were affected. A value that is missing in a
    /// set is an error, and nothing is sent.
    pub fn execute_many(&mut self, text: Text, sets: impl IntoIterator<Item = Params>) -> Result<u64> {
        let sets: Vec<_> = sets.into_iter().collect();
        wait(self.channel.execute_many(&text, &sets))
    }

    /// Runs a query whose rows are read in bounded batches, one after the other. A stream that is dropped half-way frees the
    /// connection. It costs a round trip for each batch, and on SQLite a thread for as long as it is open.
    pub fn stream(&mut self, query: impl Executable) -> Result<RowStream<'_>> {
        let rendered = self.channel.render(&query)?;
        let statement = wait(self.channel.stream(rendered, stream::BATCH))?;
        Ok(RowStream::new(self, statement))
    }

    /// Updates rows by their keys, each set of values with columns of its own: `User::values().set(User::ID, 7).set(User::AGE, 30)`.
    /// Neighbours that set the same columns are one batch. A set without its key is an error, and nothing is sent; a row that is
    /// not there is one as well, as in a flush; the caller rolls back. For a model with a version each set says which one it
    /// expects, and the row gets the next: `.set(Doc::VERSION, 3)`.
    pub fn update_many<R>(&mut self, sets: impl IntoIterator<Item = Values<R>>) -> Result<u64> {
        wait(self.channel.update_many(UpdateGroup::of(sets)?))
    }

    /// Runs several statements without values and without results, separated by `;`.
    pub fn script(&mut self, sql: &str) -> Result<()> {
        wait(self.channel.script(sql))
    }

    /// Begins a transaction that ends with the guard: by its `commit` or `rollback`, or by a rollback when it is dropped. An
    /// error if one is open.
    pub fn begin(&mut self) -> Result<Transaction<'_>> {
        wait(self.channel.begin())?;
        Ok(Transaction::new(self))
    }

    /// Sets a savepoint, in the transaction that is open or in a new one. The guard's `commit` keeps what was done since, its
    /// `rollback` or its drop undoes it.
    pub fn begin_nested(&mut self) -> Result<Savepoint<'_>> {
        let savepoint = wait(self.channel.savepoint())?;
        Ok(Savepoint::new(self, savepoint))
    }

    /// Makes everything since the beginning of the transaction permanent. Without one it does nothing.
    pub fn commit(&mut self) -> Result<()> {
        wait(self.channel.commit())
    }

    /// Undoes everything since the beginning of the transaction. Without one it does nothing.
    pub fn rollback(&mut self) -> Result<()> {
        wait(self.channel.rollback())
    }
}

impl AsyncConnection {
    /// Runs a statement: [`text`](crate::query::text), or a query that was built. Its rows are read into memory; for more than
    /// fit there take [`stream`](Self::stream).
    pub async fn execute(&mut self, statement: impl Executable) -> Result<ResultSet> {
        let rendered = self.channel.render(&statement)?;
        self.channel.execute(rendered).await
    }

    /// All rows of a query: structs of a model, values, tuples, as the query says.
    pub async fn all<Q: Query>(&mut self, query: Q) -> Result<Vec<<Q::Shape as Shape>::Row>> {
        let columns = query.columns();
        self.execute(query).await?.shaped::<Q>(&columns)
    }

    /// The first row of a query, or `None`.
    pub async fn first<Q: Query>(&mut self, query: Q) -> Result<Option<<Q::Shape as Shape>::Row>> {
        Ok(self.all(query.at_most_one()).await?.into_iter().next())
    }

    /// The only row of a query; an error if there is none, or more than one.
    pub async fn one<Q: Query>(&mut self, query: Q) -> Result<<Q::Shape as Shape>::Row> {
        let columns = query.columns();
        let mut result = self.execute(query).await?;
        result.only::<Q>(&columns)?.ok_or_else(|| result.no_row())
    }

    /// The only row of a query, or `None`; an error if there is more than one.
    pub async fn one_or_none<Q: Query>(&mut self, query: Q) -> Result<Option<<Q::Shape as Shape>::Row>> {
        let columns = query.columns();
        self.execute(query).await?.only::<Q>(&columns)
    }

    /// How the database would run a statement, which is not executed.
    pub async fn explain(&mut self, statement: impl Executable) -> Result<Plan> {
        let rendered = self.channel.render(&Explain { statement: &statement, analyze: false })?;
        drop(statement);
        self.channel.explain(rendered).await
    }

    /// How the database runs a query, with times and numbers of rows: it is executed, and its rows are dropped. A statement that
    /// writes is refused, and so is any on SQLite, which measures nothing.
    pub async fn explain_analyze(&mut self, statement: impl Executable) -> Result<Plan> {
        let rendered = self.channel.render(&Explain { statement: &statement, analyze: true })?;
        drop(statement);
        self.channel.explain(rendered).await
    }

    /// How many rows a query would return, with its limit, its groups and all: 1 statement.
    pub async fn count<S>(&mut self, query: Select<S>) -> Result<u64> {
        self.one(query.into_count()).await
    }

    /// Whether a query would return any row: 1 statement, which ends at the first row that it finds.
    pub async fn exists<S>(&mut self, query: Select<S>) -> Result<bool> {
        self.one(query.into_existence()).await
    }

    /// Runs a statement once for each set of values, as one batch; how many rows were affected. A value that is missing in a
    /// set is an error, and nothing is sent.
    pub async fn execute_many(&mut self, text: Text, sets: impl IntoIterator<Item = Params>) -> Result<u64> {
        let sets: Vec<_> = sets.into_iter().collect();
        self.channel.execute_many(&text, &sets).await
    }

    /// Runs a query whose rows are read in bounded batches, one after the other. A stream that is dropped half-way frees the
    /// connection. It costs a round trip for each batch, and on SQLite a thread for as long as it is open.
    pub async fn stream(&mut self, query: impl Executable) -> Result<RowStream<'_, Self>> {
        let rendered = self.channel.render(&query)?;
        let statement = self.channel.stream(rendered, stream::BATCH).await?;
        Ok(RowStream::new(self, statement))
    }

    /// Updates rows by their keys, each set of values with columns of its own: `User::values().set(User::ID, 7).set(User::AGE, 30)`.
    /// Neighbours that set the same columns are one batch. A set without its key is an error, and nothing is sent; a row that is
    /// not there is one as well, as in a flush; the caller rolls back. For a model with a version each set says which one it
    /// expects, and the row gets the next: `.set(Doc::VERSION, 3)`.
    pub async fn update_many<R>(&mut self, sets: impl IntoIterator<Item = Values<R>>) -> Result<u64> {
        let groups = UpdateGroup::of(sets)?;
        self.channel.update_many(groups).await
    }

    /// Runs several statements without values and without results, separated by `;`.
    pub async fn script(&mut self, sql: &str) -> Result<()> {
        self.channel.script(sql).await
    }

    /// Begins a transaction that ends with the guard: by its `commit` or `rollback`, or by a rollback when it is dropped, which
    /// is then sent before the connection's next statement. An error if one is open.
    pub async fn begin(&mut self) -> Result<Transaction<'_, Self>> {
        self.channel.begin().await?;
        Ok(Transaction::new(self))
    }

    /// Sets a savepoint, in the transaction that is open or in a new one. The guard's `commit` keeps what was done since, its
    /// `rollback` or its drop undoes it.
    pub async fn begin_nested(&mut self) -> Result<Savepoint<'_, Self>> {
        let savepoint = self.channel.savepoint().await?;
        Ok(Savepoint::new(self, savepoint))
    }

    /// Makes everything since the beginning of the transaction permanent. Without one it does nothing.
    pub async fn commit(&mut self) -> Result<()> {
        self.channel.commit().await
    }

    /// Undoes everything since the beginning of the transaction. Without one it does nothing.
    pub async fn rollback(&mut self) -> Result<()> {
        self.channel.rollback().await
    }
}
