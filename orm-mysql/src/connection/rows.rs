//! Many rows with few round trips. Where it can be, one statement takes many rows; whatever else is to be run for each row MariaDB
//! takes as a bulk.

use mysql_async::Params;
use orm_core::driver::{Row, Sink};

use super::multiplied::Multiplied;
use super::*;

/// How many bytes of values go into one request at most, unless one row has more; larger ones would not make it cheaper.
const MAX_BYTES: usize = 1 << 20;

impl MysqlConnection {
    pub(super) async fn write(&mut self, write: Write<'_>) -> Result<Written> {
        if write.rows.is_empty() {
            return Ok(Written::default());
        }
        let written = match write.layout {
            Layout::Flat(_) => {
                let message = "MySQL takes rows one by one or by their keys, not as one flat list";
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
            Layout::PerRow | Layout::ByKey | Layout::Arrays | Layout::Runs | Layout::Blocks(_)
                if write.rows.len() == 1 =>
            {
                self.write_rows(write).await?
            }
            Layout::PerRow | Layout::ByKey | Layout::Arrays | Layout::Runs | Layout::Blocks(_) => {
                let alone = self.begin_alone();
                let result = self.write_rows(write).await;
                if result.is_err() {
                    self.spoil();
                }
                self.end_alone(alone, result).await?
            }
        };
        if write.keys && written.keys.len() != write.rows.len() {
            let (rows, keys) = (write.rows.len(), written.keys.len());
            let message = format!("{rows} rows were inserted, but {keys} keys came back");
            return Err(Error::new(ErrorKind::Database, message));
        }
        check_order(&written.keys)?;
        Ok(written)
    }

    /// One after the other: the protocol answers a request before it takes the next one.
    pub(super) async fn write_together(
        &mut self,
        entries: &mut [Entry<'_>],
        commits: bool,
    ) -> Result<(), Failed> {
        for (at, entry) in entries.iter_mut().enumerate() {
            let Entry { write, returns, written, rows } = entry;
            let done = match returns {
                true => self.write_returning(*write, rows).await.map(|affected| written.affected = affected),
                false => self.write(*write).await.map(|done| *written = done),
            };
            done.map_err(|error| Failed { at, error })?;
        }
        let committed = if commits { self.control(Control::Commit).await } else { Ok(()) };
        committed.map_err(|error| Failed { at: entries.len(), error })
    }

    async fn write_rows(&mut self, write: Write<'_>) -> Result<Written> {
        let is_bulk = !write.keys && self.dialect.product() == Product::MariaDb;
        match Multiplied::of(write, self.dialect.product()) {
            None if is_bulk && write.rows.len() > 1 => {
                let affected = self.write_bulk(write).await?;
                Ok(Written { affected, keys: Vec::new() })
            }
            multiplied => self.write_many(write, multiplied).await,
        }
    }

    async fn write_many(&mut self, write: Write<'_>, multiplied: Option<Multiplied<'_>>) -> Result<Written> {
        let mut written = Written::default();
        let returns_keys = self.dialect.product() == Product::MariaDb;
        // Without RETURNING, and if others may take keys in between, only the key of one row is certain.
        let together = !write.keys || returns_keys || self.settings.key_step.is_some();
        for part in self.parts(write, multiplied.as_ref().filter(|_| together))? {
            let keys = &mut written.keys;
            let mut sink = |row: &dyn Row| {
                keys.push(key(row)?);
                Ok(())
            };
            let count = part.rows;
            written.affected += self.run_part(write, multiplied.as_ref(), part, &mut sink).await?;
            if write.keys && !returns_keys {
                let step = self.settings.key_step.unwrap_or(1);
                add_keys(self.link.here().and_then(Conn::last_insert_id), count, step, &mut written.keys)?;
            }
        }
        Ok(written)
    }

    pub(super) async fn write_returning(&mut self, write: Write<'_>, sink: &mut dyn Sink) -> Result<u64> {
        let alone = write.rows.len() > 1 && self.begin_alone();
        let result = self.return_rows(write, sink).await;
        if result.is_err() && write.rows.len() > 1 {
            self.spoil();
        }
        self.end_alone(alone, result).await
    }

    async fn return_rows(&mut self, write: Write<'_>, sink: &mut dyn Sink) -> Result<u64> {
        let multiplied = Multiplied::of(write, self.dialect.product());
        let mut affected = 0;
        for part in self.parts(write, multiplied.as_ref())? {
            affected += self.run_part(write, multiplied.as_ref(), part, sink).await?;
        }
        Ok(affected)
    }

    /// The values of all rows, looked at before anything is sent.
    fn parts(&self, write: Write<'_>, multiplied: Option<&Multiplied<'_>>) -> Result<Vec<Part>> {
        let (mut parts, mut rows) = (Vec::new(), 0..write.rows.len());
        while let Some(part) = self.next_part(write, multiplied, &mut rows)? {
            parts.push(part);
        }
        Ok(parts)
    }

    /// The values of the next rows that one statement takes: as many as go together, in one of few sizes, so that each is
    /// prepared once and then found again. If that leaves out few places, they are filled.
    fn next_part(
        &self,
        write: Write<'_>,
        multiplied: Option<&Multiplied<'_>>,
        rows: &mut std::ops::Range<usize>,
    ) -> Result<Option<Part>> {
        if rows.start >= rows.end {
            return Ok(None);
        }
        let most = 1_usize << multiplied.map_or(1, Multiplied::most).ilog2();
        let mut part = Part { rows: 0, values: Vec::new() };
        let (mut bytes, mut ends) = (0, Vec::new());
        for row in rows.clone().take(most) {
            let start = part.values.len();
            add_row(write, row, &mut part.values)?;
            bytes += part.values[start..].iter().map(size).sum::<usize>();
            if bytes > MAX_BYTES.min(self.room()) && row > rows.start {
                break;
            }
            ends.push(part.values.len());
        }
        let (taken, more) = (ends.len(), ends.len().next_power_of_two());
        part.values.truncate(ends[taken - 1]);
        let is_nearly_full = taken >= more / 4 * 3 && bytes / 3 * 4 <= self.room();
        if is_nearly_full && multiplied.is_some_and(|multiplied| multiplied.fill(&mut part.values, more)) {
            part.rows = more;
            rows.start += taken;
        } else {
            part.rows = 1 << taken.ilog2();
            part.values.truncate(ends[part.rows - 1]);
            rows.start += part.rows;
        }
        Ok(Some(part))
    }

    /// Runs the statement for these rows: itself, or the one for so many.
    async fn run_part(
        &mut self,
        write: Write<'_>,
        multiplied: Option<&Multiplied<'_>>,
        part: Part,
        sink: &mut dyn Sink,
    ) -> Result<u64> {
        match multiplied.filter(|_| part.rows > 1) {
            None => self.run_encoded(write.statement, part.values, sink).await,
            Some(multiplied) => {
                let statement =
                    self.prepared.multiple(write.statement, part.rows, || multiplied.for_rows(part.rows));
                self.run_encoded(&statement, part.values, sink).await
            }
        }
    }

    /// Runs the statement for each row by one request, or a few if there are many bytes. Returns how many rows were matched.
    async fn write_bulk(&mut self, write: Write<'_>) -> Result<u64> {
        // All values are looked at before anything is sent.
        let (mut bulks, mut bytes, mut sets) = (Vec::new(), 0, Vec::new());
        for row in 0..write.rows.len() {
            let mut set = Vec::with_capacity(write.rows.width());
            add_row(write, row, &mut set)?;
            self.check_size(write.statement, &set)?;
            let more: usize = set.iter().map(size).sum();
            if bytes + more > MAX_BYTES.min(self.room()) && !sets.is_empty() {
                bulks.push(std::mem::take(&mut sets));
                bytes = 0;
            }
            bytes += more;
            sets.push(Params::Positional(set));
        }
        bulks.push(sets);
        self.get_ready().await?;
        let mut affected = 0;
        for sets in bulks {
            affected += self.send_bulk(write.statement, sets).await?;
        }
        Ok(affected)
    }

    async fn send_bulk(&mut self, statement: &Statement, sets: Vec<Params>) -> Result<u64> {
        self.waits = true;
        let sent = async {
            let prepared = self.prepare(statement).await?;
            self.link.get()?.exec_batch(prepared, sets).await
        };
        let sent = sent.await;
        sent.map_err(|error| self.failed(error))?;
        Ok(self.link.here().map_or(0, Conn::affected_rows))
    }

    /// How many bytes of values a statement may have.
    fn room(&self) -> usize {
        self.settings.max_packet.saturating_sub(2 * HEAD).max(HEAD)
    }
}

/// Some of the rows of a write, as one statement takes them.
struct Part {
    /// How many rows it has, with those that are filled in.
    rows: usize,
    values: Vec<Wire>,
}

/// Adds the values of a row.
fn add_row(write: Write<'_>, row: usize, values: &mut Vec<Wire>) -> Result<()> {
    let types = write.statement.parameters();
    let width = write.rows.width();
    if types.len() < width {
        let message = format!("the statement has {} parameters, but a row has {width} values", types.len());
        return Err(Error::new(ErrorKind::InvalidQuery, message));
    }
    for (column, &sql_type) in types.iter().take(width).enumerate() {
        values.push(encode(sql_type, &write.rows.value(row, column)?)?);
    }
    Ok(())
}

fn key(row: &dyn Row) -> Result<i64> {
    match row.value(0)? {
        Value::Int(key) => Ok(key),
        other => {
            Err(Error::new(ErrorKind::Decode, format!("expected a generated key, found {}", other.kind())))
        }
    }
}

/// The keys of the rows of one INSERT, of which the server tells the first.
fn add_keys(first: Option<u64>, rows: usize, step: i64, keys: &mut Vec<i64>) -> Result<()> {
    let unknown = || Error::new(ErrorKind::Database, "the server has told no key of the new rows");
    let first = first.and_then(|key| i64::try_from(key).ok()).ok_or_else(unknown)?;
    keys.extend((0..).take(rows).map(|row: i64| first.saturating_add(row.saturating_mul(step))));
    Ok(())
}

/// Refuses keys that do not grow: those made by a trigger, say. That they grow shows that they are in the order of the rows.
fn check_order(keys: &[i64]) -> Result<()> {
    if keys.is_sorted_by(|a, b| a < b) {
        return Ok(());
    }
    let message = "the keys of new rows do not grow, so which belongs to which row is not certain; flush after each such row";
    Err(Error::new(ErrorKind::Unsupported, message))
}
