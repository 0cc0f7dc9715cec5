//! A connection that a program holds, and the transaction on it. Everything that does I/O is written here, once, for both
//! forms.

use std::sync::Arc;

use crate::driver::{Begin, Control, Isolation, RowBuffer, Rows, Statement, Write};
use crate::engine::{EngineCore, Lease, Prepared, update_many, wait};
use crate::error::{Error, ErrorKind};
use crate::query::{Dialect, Executable, Layout, Params, Rendered, Sets, Text, UpdateGroup, control_word};
use crate::result::{Intaking, Plan, ResultSet};
use crate::{Result, Value};

pub(crate) struct Channel {
    engine: EngineCore,
    lease: Lease,
    /// How the next transaction begins.
    begin: Begin,
    autocommit: bool,
    stage: Stage,
    /// The program is in a block that was begun, whose transaction may have ended already.
    in_block: bool,
    /// The savepoints that are open, from the outside in.
    savepoints: Vec<u32>,
    next_savepoint: u32,
    /// What guards that were dropped have left to do, which in async has to wait for the next call.
    undo: Option<Undo>,
    open_cursor: Cursor,
}

/// What a channel is besides its connection and the transaction that is open on it, while a session has these.
pub(crate) struct Parked {
    engine: EngineCore,
    begin: Begin,
    next_savepoint: u32,
}

impl Parked {
    pub(crate) fn engine(&self) -> &EngineCore {
        &self.engine
    }

    pub(crate) fn next_savepoint(&self) -> u32 {
        self.next_savepoint
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// There is no transaction.
    Idle,
    /// `begin` was called; BEGIN is sent with the first statement.
    Begun,
    Open,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Undo {
    Everything,
    Since(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cursor {
    Closed,
    Open,
    /// Its stream is gone.
    Abandoned,
}

impl Channel {
    pub(super) async fn open(engine: EngineCore) -> Result<Self> {
        let lease = engine.lease().await?;
        Ok(Self {
            begin: engine.begin(),
            engine,
            lease,
            autocommit: false,
            stage: Stage::Idle,
            in_block: false,
            savepoints: Vec::new(),
            next_savepoint: 1,
            undo: None,
            open_cursor: Cursor::Closed,
        })
    }

    /// Gives the connection away, in a transaction, with the number of the next savepoint.
    pub(crate) async fn park(mut self) -> Result<(Lease, Parked)> {
        if self.autocommit {
            let message = "a session cannot join a connection that commits each statement by itself";
            return Err(Error::new(ErrorKind::Misuse, message));
        }
        self.ready(true).await?;
        let Self { engine, lease, begin, next_savepoint, .. } = self;
        Ok((lease, Parked { engine, begin, next_savepoint }))
    }

    /// Takes it back, in the same transaction.
    pub(crate) fn unpark(lease: Lease, parked: Parked) -> Self {
        let Parked { engine, begin, next_savepoint } = parked;
        Self {
            engine,
            lease,
            begin,
            autocommit: false,
            stage: Stage::Open,
            in_block: false,
            savepoints: Vec::new(),
            next_savepoint,
            undo: None,
            open_cursor: Cursor::Closed,
        }
    }

    pub(super) fn in_transaction(&self) -> bool {
        self.stage != Stage::Idle && self.undo != Some(Undo::Everything)
    }

    fn check(&self) -> Result<()> {
        if self.lease.is_busy() {
            let message = "an earlier call was dropped before it was answered; take a new connection";
            return Err(Error::new(ErrorKind::ConnectionLost, message));
        }
        Ok(())
    }

    /// Does what dropped guards have left.
    async fn tidy(&mut self) -> Result<()> {
        self.check()?;
        if self.open_cursor == Cursor::Abandoned {
            self.open_cursor = Cursor::Closed;
            self.lease.close_cursor().await?;
        }
        match self.undo.take() {
            None => Ok(()),
            Some(Undo::Everything) => self.rollback_now().await,
            Some(Undo::Since(savepoint)) => self.rollback_to_now(savepoint).await,
        }
    }

    /// Makes sure that a transaction is open.
    async fn ready(&mut self, writes: bool) -> Result<()> {
        self.tidy().await?;
        if self.in_block && self.stage == Stage::Idle {
            let message =
                "the transaction of this block has ended; leave the block before the next statement";
            return Err(Error::new(ErrorKind::Misuse, message));
        }
        if !self.autocommit && self.stage != Stage::Open {
            self.lease.begin(Begin { writes, ..self.begin }).await?;
            self.stage = Stage::Open;
        }
        Ok(())
    }

    pub(super) fn render(&self, statement: &impl Executable) -> Result<Prepared> {
        self.engine.statements().prepare(statement, self.engine.backend().dialect(), None)
    }

    fn statement(&self, rendered: &Rendered) -> Arc<Statement> {
        self.engine.statements().query(rendered)
    }

    pub(super) async fn execute(&mut self, rendered: Prepared) -> Result<ResultSet> {
        rendered.intake.loads.check_nowhere("a connection")?;
        self.ready(rendered.writes || rendered.intake.locks).await?;
        let mut buffer = RowBuffer::new(true);
        let statement = rendered.statement.clone();
        let mut rows = Intaking::new(&rendered.intake, &mut buffer);
        let dialect = self.engine.backend().dialect();
        let affected = self.lease.run_rendered(&statement, &rendered, dialect, &mut rows).await?;
        rows.finish();
        Ok(ResultSet::new(buffer, affected, statement))
    }

    pub(super) async fn explain(&mut self, rendered: Prepared) -> Result<Plan> {
        let tree = self.engine.backend().dialect().explaining().tree;
        Plan::read(self.execute(rendered).await?, tree)
    }

    pub(super) async fn execute_many(&mut self, text: &Text, sets: &[Params]) -> Result<u64> {
        if sets.is_empty() {
            return Ok(0);
        }
        let (rendered, rows) = text.many(self.engine.backend().dialect(), sets)?;
        self.ready(rendered.writes).await?;
        let statement = self.statement(&rendered);
        let write = Write { statement: &statement, layout: Layout::PerRow, rows: &rows, keys: false };
        Ok(self.lease.write(write).await?.affected)
    }

    pub(super) async fn update_many(&mut self, groups: Vec<UpdateGroup>) -> Result<u64> {
        if groups.is_empty() {
            return Ok(0);
        }
        self.ready(true).await?;
        update_many(&self.engine, &mut self.lease, &groups).await
    }

    pub(super) async fn script(&mut self, sql: &str) -> Result<()> {
        if let Some(word) = control_word(sql, self.engine.backend().dialect().lexis()) {
            let message =
                format!("{word} in a script would end or begin a transaction behind the connection's back");
            return Err(Error::new(ErrorKind::Misuse, message));
        }
        self.ready(true).await?;
        self.lease.script(sql).await
    }

    /// Has the connection closed when it comes back: something may still be set on it.
    pub(super) fn doom(&mut self) {
        self.lease.doom();
    }

    /// The connection, in a transaction that may create and drop tables.
    pub(super) async fn lease_to_write(&mut self) -> Result<(&mut Lease, &dyn Dialect)> {
        self.ready(true).await?;
        Ok((&mut self.lease, self.engine.backend().dialect()))
    }

    /// The connection, in a transaction, to ask it what tables there are.
    pub(super) async fn lease_to_read(&mut self) -> Result<(&mut Lease, &dyn Dialect)> {
        self.ready(false).await?;
        Ok((&mut self.lease, self.engine.backend().dialect()))
    }

    /// Begins a block.
    pub(super) async fn begin(&mut self) -> Result<()> {
        self.refuse_in_transaction("begin")?;
        self.tidy().await?;
        if self.in_block {
            return Err(Error::new(
                ErrorKind::Misuse,
                "begin: leave the block first that is open on this connection",
            ));
        }
        if self.autocommit {
            return Err(Error::new(
                ErrorKind::Misuse,
                "begin: the connection commits each statement by itself",
            ));
        }
        (self.stage, self.in_block) = (Stage::Begun, true);
        Ok(())
    }

    fn refuse_in_transaction(&self, call: &str) -> Result<()> {
        self.check()?;
        if self.in_transaction() {
            let message =
                format!("{call}: a transaction is open on this connection; commit or roll back first");
            return Err(Error::new(ErrorKind::Misuse, message));
        }
        Ok(())
    }

    pub(super) fn set_isolation(&mut self, level: Isolation) -> Result<()> {
        self.refuse_in_transaction("set_isolation")?;
        self.begin.isolation = Some(level);
        Ok(())
    }

    pub(super) fn set_read_only(&mut self, on: bool) -> Result<()> {
        self.refuse_in_transaction("set_read_only")?;
        refuse_both(on && self.autocommit)?;
        self.begin.read_only = on;
        Ok(())
    }

    pub(super) fn set_autocommit(&mut self, on: bool) -> Result<()> {
        self.refuse_in_transaction("set_autocommit")?;
        refuse_both(on && self.begin.read_only)?;
        self.autocommit = on;
        Ok(())
    }

    pub(super) async fn commit(&mut self) -> Result<()> {
        self.tidy().await?;
        let committed = match self.stage {
            Stage::Open => self.lease.commit().await,
            Stage::Idle | Stage::Begun => Ok(()),
        };
        if committed.is_err() && !self.lease.is_broken() {
            // The database may have ended the transaction or not. What is run next must not be in between.
            let _ = self.lease.rollback().await;
        }
        self.ended();
        committed
    }

    pub(super) async fn rollback(&mut self) -> Result<()> {
        self.check()?;
        self.undo = None;
        self.rollback_now().await
    }

    async fn rollback_now(&mut self) -> Result<()> {
        if self.stage == Stage::Open {
            self.lease.rollback().await?;
        }
        self.ended();
        Ok(())
    }

    /// The end of a transaction closes its savepoints and its cursor.
    fn ended(&mut self) {
        self.stage = Stage::Idle;
        self.savepoints.clear();
        self.open_cursor = Cursor::Closed;
    }

    pub(super) async fn savepoint(&mut self) -> Result<u32> {
        if self.autocommit {
            return Err(Error::new(
                ErrorKind::Misuse,
                "begin_nested: the connection commits each statement by itself",
            ));
        }
        self.ready(true).await?;
        let number = self.next_savepoint;
        self.next_savepoint += 1;
        self.lease.nested(Control::Savepoint(number)).await?;
        self.savepoints.push(number);
        Ok(number)
    }

    pub(super) async fn release(&mut self, savepoint: u32) -> Result<()> {
        self.tidy().await?;
        self.find(savepoint)?;
        self.lease.nested(Control::Release(savepoint)).await?;
        self.savepoints.retain(|&open| open < savepoint);
        Ok(())
    }

    pub(super) async fn rollback_to(&mut self, savepoint: u32) -> Result<()> {
        self.tidy().await?;
        self.find(savepoint)?;
        self.rollback_to_now(savepoint).await
    }

    async fn rollback_to_now(&mut self, savepoint: u32) -> Result<()> {
        self.lease.nested(Control::RollbackTo(savepoint)).await?;
        self.savepoints.retain(|&open| open < savepoint);
        Ok(())
    }

    fn find(&self, savepoint: u32) -> Result<()> {
        if self.savepoints.contains(&savepoint) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Misuse, "the savepoint is gone: the transaction around it has ended"))
    }

    pub(super) async fn stream(&mut self, rendered: Prepared, batch: u32) -> Result<Arc<Statement>> {
        if rendered.writes {
            let message = "only a statement that reads can be streamed; execute this one";
            return Err(Error::new(ErrorKind::InvalidQuery, message));
        }
        rendered.intake.check_stream()?;
        rendered.intake.loads.check_nowhere("a connection")?;
        if self.autocommit {
            let message =
                "stream: a stream needs a transaction, and the connection commits each statement by itself";
            return Err(Error::new(ErrorKind::Misuse, message));
        }
        self.ready(rendered.intake.locks).await?;
        let statement = self.statement(&rendered);
        self.lease.open_cursor(&statement, &rendered.values, batch).await?;
        self.open_cursor = Cursor::Open;
        Ok(statement)
    }

    /// Fills the set with the next batch; whether there may be more.
    pub(super) async fn fetch(&mut self, set: &mut ResultSet) -> Result<bool> {
        self.check()?;
        self.lease.fetch(set.refill()).await
    }

    /// A block was left: what was not committed is undone, in async by the next call.
    pub(super) fn abandon(&mut self) {
        self.in_block = false;
        match self.stage {
            Stage::Open => self.undo = Some(Undo::Everything),
            Stage::Idle | Stage::Begun => self.stage = Stage::Idle,
        }
        self.tidy_if_blocking();
    }

    /// A savepoint was left: what was done since is undone, in async by the next call.
    pub(super) fn abandon_savepoint(&mut self, savepoint: u32) {
        if self.savepoints.contains(&savepoint) && self.undo != Some(Undo::Everything) {
            // The outer one, which is left later, undoes what is inside it as well.
            self.undo = Some(Undo::Since(savepoint));
            self.tidy_if_blocking();
        }
    }

    /// A stream was dropped before its end.
    pub(super) fn abandon_cursor(&mut self) {
        if self.open_cursor == Cursor::Open {
            self.open_cursor = Cursor::Abandoned;
            self.tidy_if_blocking();
        }
    }

    fn tidy_if_blocking(&mut self) {
        if self.lease.is_blocking() && !self.lease.is_busy() {
            // An error here is one of the connection, and meets whoever uses it next.
            let _ = wait(self.tidy());
        }
    }
}

/// Without a transaction of ours there is nothing that could be read-only.
fn refuse_both(both: bool) -> Result<()> {
    if both {
        let message = "a connection cannot be read-only and commit each statement by itself";
        return Err(Error::new(ErrorKind::Misuse, message));
    }
    Ok(())
}

impl Rows for Sets<'_> {
    fn len(&self) -> usize {
        Sets::len(self)
    }

    fn width(&self) -> usize {
        Sets::width(self)
    }

    fn value(&self, row: usize, column: usize) -> Result<Value<'_>> {
        let value = Sets::value(self, row, column).map(Value::borrowed);
        value.ok_or_else(|| Error::new(ErrorKind::Misuse, "a set of values is out of order"))
    }
}
