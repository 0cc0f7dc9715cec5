//! Writes that are sent together: BEGIN ahead of them if it is due, COMMIT behind them if nobody waits for their answers.
//!
//! A write that the connection has not prepared yet runs as an unnamed statement and is prepared beside that for the next time, so
//! that it costs no round trip of its own. The driver hangs on the rows of such a statement if they have a type that it has to look up first:
//! a write returns nothing or generated keys, which are integers, and what returns more is prepared ahead.

use std::borrow::Cow;

use orm_core::driver::{Begin, Control, Entry, Failed, RowBuffer, Write, Written};
use orm_core::query::Layout;
use orm_core::{Error, ErrorKind, Result};
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::{PostgresConnection, Transaction, may_change_isolation};
use crate::error;
use crate::parameters::Parameters;
use crate::pipeline::Pipeline;
use crate::result::{Failure, check_keys, check_order, read_keys, read_rows};
use crate::value::wire_type;

/// A failure, and the write that it is of.
type Stopped = (usize, Failure);

/// What a write did, and the rows that it returned.
type Answers = Vec<(Written, RowBuffer)>;

/// A write that is encoded.
struct Outgoing<'a> {
    write: Write<'a>,
    returns: bool,
    parameters: Parameters,
    /// How often the statement runs.
    runs: usize,
    /// None runs as an unnamed statement.
    prepared: Option<tokio_postgres::Statement>,
}

enum Request {
    Begin(Cow<'static, str>),
    Prepare(usize),
    Run(usize, usize),
    Commit(usize),
}

enum Answer {
    Done,
    Prepared(usize, tokio_postgres::Statement),
    Ran(usize, Written, RowBuffer),
}

impl PostgresConnection {
    pub(super) async fn write(&mut self, write: Write<'_>) -> Result<Written> {
        let mut entries = [Entry::new(write, false)];
        let done = self.write_together(&mut entries, false).await;
        let [entry] = entries;
        done.map(|()| entry.written).map_err(|failed| failed.error)
    }

    pub(super) async fn write_together(
        &mut self,
        entries: &mut [Entry<'_>],
        commits: bool,
    ) -> Result<(), Failed> {
        let alone = self.begin_alone();
        // Behind a pooler what was prepared is closed before the end, in the same transaction.
        let travels = commits && self.pooled.is_none();
        let result = self.write_all(entries, travels).await;
        if commits && !travels && result.is_ok() {
            let committed = self.control(Control::Commit).await;
            return committed.map_err(|error| Failed { at: entries.len(), error });
        }
        match result {
            Ok(()) => self.end_alone(alone, Ok(())).await.map_err(Failed::from),
            Err(Failed { at, error }) => {
                let ended = self.end_alone(alone, Err::<(), _>(error)).await;
                ended.map_err(|error| Failed { at, error })
            }
        }
    }

    async fn write_all(&mut self, entries: &mut [Entry<'_>], commits: bool) -> Result<(), Failed> {
        let encode = |(at, entry)| Outgoing::of(entry).map_err(|error| Failed { at, error });
        let outgoing = entries.iter().enumerate().map(encode).collect::<Result<Vec<_>, _>>()?;
        if !commits && outgoing.iter().all(|outgoing| outgoing.runs == 0) {
            return Ok(());
        }
        let answers = self.send_again(outgoing, commits).await?;
        for (at, (entry, (written, rows))) in entries.iter_mut().zip(answers).enumerate() {
            (entry.written, entry.rows) = (written, rows);
            // Behind a COMMIT it is too late to refuse anything: what is stored is in doubt, and so is the connection.
            let checked = self.check(entry).inspect_err(|_| self.broken |= commits);
            checked.map_err(|error| Failed { at, error })?;
        }
        if commits {
            self.cursor = None;
            self.transaction = Transaction::None;
        }
        Ok(())
    }

    fn check(&mut self, entry: &Entry<'_>) -> Result<()> {
        if entry.returns {
            return Ok(());
        }
        if entry.write.layout == Layout::Arrays {
            // The k-th key belongs to the k-th row. The statement is INSERT … SELECT … FROM unnest(…) WITH ORDINALITY … ORDER BY
            // ordinality, and PostgreSQL evaluates the default nextval(…), which is volatile, on top of the sorted subquery: keys
            // are drawn in the order of the rows, so an ascending sequence gives growing ones. In what order RETURNING hands them
            // out is not promised; that they grow shows that it is the order of the rows. Anything else is refused.
            check_order(&entry.written.keys).inspect_err(|_| self.transaction = Transaction::Failed)?;
        }
        check_keys(entry.write, &entry.written)
    }

    /// Sends everything, and once more if the server has dropped a plan and nothing was done before.
    async fn send_again(
        &mut self,
        mut outgoing: Vec<Outgoing<'_>>,
        commits: bool,
    ) -> Result<Answers, Failed> {
        let before = self.transaction;
        let result = match self.send_all(&mut outgoing, commits).await {
            Err((at, Failure::Driver(error))) if self.pooled.is_none() && error::is_stale_plan(&error) => {
                outgoing.iter().for_each(|outgoing| self.prepared.remove(outgoing.write.statement.id()));
                self.begin_again(before, error).await.map_err(|error| Failed { at, error })?;
                self.send_all(&mut outgoing, commits).await
            }
            result => result,
        };
        result.map_err(|(at, failure)| {
            // Nobody can know what became of a COMMIT whose answer was not understood.
            self.broken |= commits && !failure.is_of_server();
            Failed { at, error: self.stopped(failure) }
        })
    }

    async fn send_all(&mut self, outgoing: &mut [Outgoing<'_>], commits: bool) -> Result<Answers, Stopped> {
        let mut ahead = Vec::new();
        let mut requests = Vec::new();
        for (at, write) in outgoing.iter_mut().enumerate() {
            let statement = write.write.statement;
            write.prepared = self.prepared.get(statement.id());
            self.read_committed &= write.prepared.is_some() || !may_change_isolation(statement.sql());
            match (&write.prepared, write.runs) {
                (Some(_), _) | (None, 0) => {}
                (None, 1) if !write.returns => {
                    let keeps = self.pooled.is_none() && self.prepared.keeps();
                    requests.extend(keeps.then_some(Request::Prepare(at)));
                }
                (None, _) => ahead.push(Request::Prepare(at)),
            }
            requests.extend((0..write.runs).map(|run| Request::Run(at, run)));
        }
        if commits && self.is_alone(outgoing) {
            self.transaction = Transaction::None;
        } else if commits {
            requests.push(Request::Commit(outgoing.len()));
        }
        if !ahead.is_empty() {
            self.exchange(outgoing, ahead).await?;
        }
        self.exchange(outgoing, requests).await
    }

    /// Whether a transaction would hold one statement and nothing else, which is one by itself.
    fn is_alone(&self, outgoing: &[Outgoing<'_>]) -> bool {
        let is_plain = |begin: Begin| begin.isolation.is_none() && !begin.read_only;
        matches!((self.transaction, outgoing), (Transaction::Due(begin), [one]) if is_plain(begin) && one.runs == 1)
    }

    /// Sends requests without waiting for one before the next is sent.
    async fn exchange(
        &mut self,
        outgoing: &mut [Outgoing<'_>],
        requests: Vec<Request>,
    ) -> Result<Answers, Stopped> {
        let mut answers: Answers = outgoing.iter().map(|_| Default::default()).collect();
        let begin = self.take_begin().map(Request::Begin);
        let (client, writes) = (&self.client, &*outgoing);
        let asked = begin.into_iter().chain(requests).map(|request| ask(client, writes, request));
        let mut prepared = Vec::new();
        let mut coming = Pipeline::new(asked);
        while let Some(answer) = coming.next().await {
            match answer? {
                Answer::Done => {}
                Answer::Prepared(at, statement) => prepared.push((at, statement)),
                Answer::Ran(at, written, rows) => add(&mut answers[at], written, rows),
            }
        }
        drop(coming);
        for (at, statement) in prepared {
            self.note_types(&statement);
            self.prepared.insert(outgoing[at].write.statement.id(), statement.clone());
            outgoing[at].prepared = Some(statement);
        }
        Ok(answers)
    }
}

impl<'a> Outgoing<'a> {
    fn of(entry: &Entry<'a>) -> Result<Self> {
        let Entry { write, returns, .. } = *entry;
        let (rows, types) = (write.rows, write.statement.parameters());
        let (parameters, runs) = match write.layout {
            _ if rows.is_empty() => (Parameters::default(), 0),
            Layout::PerRow | Layout::ByKey | Layout::Blocks(_) => {
                (Parameters::rows(types, rows)?, rows.len())
            }
            Layout::Arrays => (Parameters::arrays(types, rows)?, 1),
            Layout::Flat(_) | Layout::Runs => return Err(flat()),
        };
        Ok(Self { write, returns, parameters, runs, prepared: None })
    }

    fn types(&self) -> impl Iterator<Item = Type> {
        let Write { statement, layout, .. } = self.write;
        statement.parameters().iter().map(move |&sql_type| wire_type(sql_type, layout))
    }

    async fn prepare(&self, client: &Client) -> Result<tokio_postgres::Statement, Failure> {
        let types: Vec<_> = self.types().collect();
        Ok(client.prepare_typed(self.write.statement.sql(), &types).await?)
    }

    async fn run(&self, client: &Client, run: usize) -> Result<(Written, RowBuffer), Failure> {
        let parameters = self.parameters.run(run);
        let rows = match &self.prepared {
            Some(prepared) => client.query_raw(prepared, parameters).await?,
            None => {
                let parameters = parameters.zip(self.types());
                client.query_typed_raw(self.write.statement.sql(), parameters).await?
            }
        };
        if !self.returns {
            return Ok((read_keys(rows).await?, RowBuffer::default()));
        }
        let mut made = RowBuffer::new(false);
        let affected = read_rows(rows, &mut made).await?;
        Ok((Written { affected, keys: Vec::new() }, made))
    }
}

async fn ask(client: &Client, outgoing: &[Outgoing<'_>], request: Request) -> Result<Answer, Stopped> {
    match request {
        Request::Begin(sql) => match client.batch_execute(&sql).await {
            Ok(()) => Ok(Answer::Done),
            Err(error) => Err((0, error.into())),
        },
        Request::Prepare(at) => match outgoing[at].prepare(client).await {
            Ok(statement) => Ok(Answer::Prepared(at, statement)),
            Err(failure) => Err((at, failure)),
        },
        Request::Run(at, run) => match outgoing[at].run(client, run).await {
            Ok((written, rows)) => Ok(Answer::Ran(at, written, rows)),
            Err(failure) => Err((at, failure)),
        },
        Request::Commit(at) => match client.batch_execute("COMMIT").await {
            Ok(()) => Ok(Answer::Done),
            Err(error) => Err((at, error.into())),
        },
    }
}

/// Adds what one run did to what those before it did.
fn add((sum, all): &mut (Written, RowBuffer), written: Written, rows: RowBuffer) {
    use orm_core::driver::{Rows as _, Sink as _};
    sum.affected += written.affected;
    match sum.keys.is_empty() {
        true => sum.keys = written.keys,
        false => sum.keys.extend(written.keys),
    }
    match all.is_empty() {
        true => *all = rows,
        false => rows.rows().for_each(|row| drop(all.row(&row))),
    }
}

#[cold]
pub(super) fn flat() -> Error {
    Error::new(ErrorKind::Unsupported, "PostgreSQL takes rows one by one or as arrays, not as one flat list")
}
