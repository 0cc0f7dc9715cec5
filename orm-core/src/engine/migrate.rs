//! Migrations: the steps that a database has been through, each run once and recorded.

use std::borrow::Cow;

use crate::Result;
use crate::engine::channel::Channel;
use crate::engine::{AsyncEngine, Engine, EngineCore, wait};
use crate::error::{Error, ErrorKind};
use crate::metadata::{ColumnDef, Metadata, RawSql, Table};
use crate::query::{text, text_unchecked};

/// One step in the life of a database's schema: SQL that is run once.
///
/// What was run is known by its name and by a checksum of its text, so neither may change afterwards.
#[derive(Clone, Debug)]
pub struct Migration {
    name: Cow<'static, str>,
    script: RawSql,
    alone: bool,
}

impl Migration {
    /// A step of this name; the script may hold several statements.
    ///
    /// `Migration::new("0001_users", include_str!("../migrations/0001_users.sql"))`
    pub fn new(name: impl Into<Cow<'static, str>>, script: impl Into<RawSql>) -> Self {
        Self { name: name.into(), script: script.into(), alone: false }
    }

    /// Runs the step outside of a transaction, each of its statements for itself, as some want it: `VACUUM`, `CREATE INDEX CONCURRENTLY`, and on
    /// SQLite `PRAGMA foreign_keys = OFF` around a table that is made anew. If it fails, what it had done stays, and it is run again from its beginning
    /// the next time; several programs at once may run it side by side. Its connection is closed afterwards.
    #[must_use]
    pub fn without_transaction(self) -> Self {
        Self { alone: true, ..self }
    }

    /// FNV-1a: the same in every version of this library, as it is kept in databases.
    fn checksum(&self) -> String {
        let hash = self.script.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        format!("{hash:016x}")
    }
}

impl Engine {
    /// Runs the steps that this database has not been through, in their order, and records them in the table `orm_migrations`; the
    /// names of those that were run.
    ///
    /// Each step is a transaction of its own together with its record: one that fails leaves no trace where the database's
    /// DDL is transactional, as on SQLite and PostgreSQL, and those before it stay. On MySQL and MariaDB what it had done to tables stays,
    /// too, and it is run again from its beginning the next time. Several programs may do this at the same time; a step is run by one
    /// of them.
    pub fn migrate(&self, steps: impl IntoIterator<Item = Migration>) -> Result<Vec<String>> {
        wait(migrate(self.core.clone(), steps.into_iter().collect()))
    }
}

impl AsyncEngine {
    /// Runs the steps that this database has not been through, in their order, and records them in the table `orm_migrations`; the
    /// names of those that were run.
    ///
    /// Each step is a transaction of its own together with its record: one that fails leaves no trace where the database's
    /// DDL is transactional, as on SQLite and PostgreSQL, and those before it stay. On MySQL and MariaDB what it had done to tables stays,
    /// too, and it is run again from its beginning the next time. Several programs may do this at the same time; a step is run by one
    /// of them.
    pub async fn migrate(&self, steps: impl IntoIterator<Item = Migration>) -> Result<Vec<String>> {
        let steps = steps.into_iter().collect();
        migrate(self.core.clone(), steps).await
    }
}

async fn migrate(engine: EngineCore, steps: Vec<Migration>) -> Result<Vec<String>> {
    check_names(&steps)?;
    let mut channel = open(&engine).await?;
    create_record(&mut channel).await?;
    let mut run = Vec::new();
    loop {
        let done = recorded(&mut channel).await?;
        check_record(&done, &steps)?;
        let Some(step) = steps.get(done.len()) else { return Ok(run) };
        let result = match step.alone {
            false => run_step(&engine, &mut channel, done.len(), step).await,
            true => {
                let result = run_alone(channel, done.len(), step).await;
                channel = open(&engine).await?;
                result
            }
        };
        match result {
            Ok(()) => run.push(step.name.to_string()),
            Err(Failure::Taken) => channel.rollback().await?,
            Err(Failure::Step(error)) => {
                // The error of the step is the one to report.
                let _ = channel.rollback().await;
                return Err(error.within(&format!("migration {} failed", step.name)));
            }
        }
    }
}

/// A connection for steps, alone with the database where only a lock can see to that.
async fn open(engine: &EngineCore) -> Result<Channel> {
    let mut channel = Channel::open(engine.clone()).await?;
    if let Some(lock) = engine.backend().dialect().migration_lock() {
        channel.doom();
        let query = text_unchecked(lock);
        let is_held = channel.execute(channel.render(&query)?).await?.scalar_one::<Option<i64>>()?;
        channel.rollback().await?;
        if is_held != Some(1) {
            return Err(Error::new(
                ErrorKind::LockTimeout,
                "another program has been running migrations for too long",
            ));
        }
    }
    Ok(channel)
}

fn check_names(steps: &[Migration]) -> Result<()> {
    for (number, step) in steps.iter().enumerate() {
        if steps[..number].iter().any(|before| before.name == step.name) {
            return Err(wrong(format!("two migrations are named {}", step.name)));
        }
    }
    Ok(())
}

fn wrong(message: String) -> Error {
    Error::new(ErrorKind::Migration, message)
}

/// Creates the table of records, unless it is there; somebody else may do so at the same moment.
async fn create_record(channel: &mut Channel) -> Result<()> {
    let mut metadata = Metadata::default();
    metadata.add(
        Table::new("orm_migrations")
            .column(ColumnDef::of::<i32>("position").key())
            .column(ColumnDef::of::<String>("name"))
            .column(ColumnDef::of::<String>("checksum")),
    )?;
    let created = match channel.create_all(&metadata).await {
        Ok(()) => channel.commit().await,
        Err(error) => Err(error),
    };
    if let Err(error) = created {
        channel.rollback().await?;
        recorded(channel).await.map_err(|_| error)?;
    }
    Ok(())
}

/// Position, name and checksum of each step that was run.
async fn recorded(channel: &mut Channel) -> Result<Vec<(i32, String, String)>> {
    let query = text("SELECT position, name, checksum FROM orm_migrations ORDER BY position");
    let mut result = channel.execute(channel.render(&query)?).await?;
    channel.rollback().await?;
    result.all()
}

/// What was run has to be what the list begins with.
fn check_record(done: &[(i32, String, String)], steps: &[Migration]) -> Result<()> {
    for (number, (position, name, checksum)) in done.iter().enumerate() {
        let message = match steps.get(number) {
            _ if usize::try_from(*position) != Ok(number) => {
                format!("the record of migrations has a gap before {name}")
            }
            Some(step) if step.name != *name => {
                format!(
                    "the database has been through {name} where the list has {}; a new migration goes to the end",
                    step.name
                )
            }
            Some(step) if step.checksum() != *checksum => {
                format!(
                    "the text of {name} has changed since it was run; put the change into a new migration"
                )
            }
            Some(_) => continue,
            None => format!("the database has been through {name}, which is not in the list"),
        };
        return Err(wrong(message));
    }
    Ok(())
}

enum Failure {
    /// Somebody else has run this step.
    Taken,
    Step(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Step(error)
    }
}

/// Records the step and runs it. The record comes first: whoever else wants to run the same step waits there for the end of this
/// transaction, and then finds that it was run.
/// Where the first change of a table would commit the record, it comes last.
async fn run_step(
    engine: &EngineCore,
    channel: &mut Channel,
    position: usize,
    step: &Migration,
) -> Result<(), Failure> {
    let is_locked = engine.backend().dialect().migration_lock().is_some();
    if !is_locked {
        record(channel, position, step).await?;
    }
    channel.script(step.script.as_str()).await?;
    if is_locked {
        record(channel, position, step).await?;
    }
    channel.commit().await?;
    Ok(())
}

async fn run_alone(mut channel: Channel, position: usize, step: &Migration) -> Result<(), Failure> {
    channel.doom();
    channel.set_autocommit(true)?;
    channel.script(step.script.as_str()).await?;
    record(&mut channel, position, step).await
}

async fn record(channel: &mut Channel, position: usize, step: &Migration) -> Result<(), Failure> {
    let position = i32::try_from(position).map_err(|_| wrong("there are too many migrations".to_owned()))?;
    let record =
        text("INSERT INTO orm_migrations (position, name, checksum) VALUES (:position, :name, :checksum)")
            .bind("position", position)
            .bind("name", &*step.name)
            .bind("checksum", step.checksum());
    let rendered = channel.render(&record)?;
    match channel.execute(rendered).await {
        // One that waited in vain for the end of somebody else's step looks again.
        Err(error) if error.is_unique_violation() || error.kind() == ErrorKind::LockTimeout => {
            Err(Failure::Taken)
        }
        recorded => recorded.map(drop).map_err(Failure::Step),
    }
}
