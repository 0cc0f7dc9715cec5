//! The one place where SQL text and its parameters are put together.

mod scope;
mod shape;

use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::metadata::{Table, TableName};
use crate::query::batch::Batch;
use crate::query::cte::{Definition, render_with};
use crate::query::effect::Effect;
use crate::query::intake::Intake;
use crate::query::keys::Keys;
use crate::query::source::{Name, Source};
use crate::query::{Dialect, Executable};
use crate::{Result, SqlType, Value};

pub(crate) use shape::shape_of;

use scope::Scope;
use shape::{NAME, PARAMETER, Shape};

/// A statement being written for one dialect: text, parameters and the tables whose columns may be named.
#[derive(Debug)]
pub struct Sql<'d> {
    dialect: &'d dyn Dialect,
    text: String,
    types: Vec<SqlType>,
    values: Vec<Value<'static>>,
    pub(super) writes: bool,
    /// It is a query of this library's, not text.
    pub(super) is_query: bool,
    /// Something in it may depend on the transaction it runs in, or do more than read.
    pub(super) needs_transaction: bool,
    /// How its rows are taken in.
    pub(crate) intake: Intake,
    /// Who knows the keys of entities.
    pub(crate) keys: Option<&'d dyn Keys>,
    /// It has to be written again after a flush, when all keys are known.
    pub(crate) waits: bool,
    /// It is written to be run as it is: its rows may travel apart from it, and a session is told what it writes.
    pub(crate) runs: bool,
    /// The rows that travel apart from it.
    pub(crate) batch: Option<Arc<Batch>>,
    /// What a session has to do about what it writes.
    pub(crate) effect: Option<Box<Effect>>,
    /// What may be named, from the outermost statement to the innermost.
    scopes: Vec<Scope>,
    /// Only what the statement reads from is wanted: the first source whose column is named and that is in no scope.
    probe: Option<Option<Source>>,
    /// The common table expressions that the statement uses, each after those that it uses itself.
    pub(super) with: Vec<Arc<Definition>>,
    /// How much of the text is their definitions.
    head: usize,
    /// The names of those that are being written, from the outside in.
    pub(super) defining: Vec<Name>,
    /// The first name that the database could not take as it is.
    refused: Option<Error>,
    /// Only the shape of the statement is wanted, by which its SQL is found if it was written before; see [`shape_of`].
    shape: Shape,
}

/// A finished statement with its parameters.
#[doc(hidden)]
#[derive(Debug)]
pub struct Rendered {
    pub(crate) text: String,
    pub(crate) types: Vec<SqlType>,
    pub(crate) values: Vec<Value<'static>>,
    /// Whether it may write.
    pub(crate) writes: bool,
    /// Whether it only reads, and reads the same where each statement is a transaction of its own.
    pub(crate) plain_read: bool,
    /// How its rows are taken in.
    pub(crate) intake: Intake,
    /// It has to be written again after a flush.
    pub(crate) waits: bool,
    /// The rows that travel apart from it.
    pub(crate) batch: Option<Arc<Batch>>,
    /// What a session has to do about what it writes.
    pub(crate) effect: Option<Box<Effect>>,
}

/// Writes a statement. If it uses common table expressions, which is known only then, it is written again behind them:
/// parameters may be told apart by their order alone.
pub(crate) fn rendered(statement: &(impl Executable + ?Sized), dialect: &dyn Dialect) -> Result<Rendered> {
    write(statement, Sql::new(dialect))
}

/// Writes a statement to be run. It may name entities, if somebody knows their keys.
pub(crate) fn rendered_to_run(
    statement: &(impl Executable + ?Sized),
    dialect: &dyn Dialect,
    keys: Option<&dyn Keys>,
) -> Result<Rendered> {
    write(statement, Sql { keys, runs: true, ..Sql::new(dialect) })
}

/// Writes a statement that belongs to another one.
pub(crate) fn rendered_beside(statement: &(impl Executable + ?Sized), sql: &Sql<'_>) -> Result<Rendered> {
    write(statement, Sql { keys: sql.keys, ..Sql::new(sql.dialect) })
}

fn write(statement: &(impl Executable + ?Sized), mut sql: Sql<'_>) -> Result<Rendered> {
    statement.render(&mut sql)?;
    if !sql.with.is_empty() {
        sql = Sql { with: sql.with, keys: sql.keys, runs: sql.runs, ..Sql::new(sql.dialect) };
        render_with(&mut sql)?;
        sql.head = sql.text.len();
        statement.render(&mut sql)?;
    }
    sql.finish()
}

impl<'d> Sql<'d> {
    /// An empty statement.
    pub fn new(dialect: &'d dyn Dialect) -> Self {
        Self {
            dialect,
            // Room for most statements: growing step by step costs more than writing.
            text: String::with_capacity(256),
            types: Vec::with_capacity(8),
            values: Vec::with_capacity(8),
            writes: false,
            is_query: false,
            needs_transaction: false,
            intake: Intake::default(),
            keys: None,
            waits: false,
            runs: false,
            batch: None,
            effect: None,
            scopes: Vec::with_capacity(1),
            probe: None,
            with: Vec::new(),
            defining: Vec::new(),
            head: 0,
            refused: None,
            shape: Shape::No,
        }
    }

    /// Something to write a definition to that this statement needs, to see what it needs in turn.
    pub(super) fn inside(&mut self) -> Self {
        let with = std::mem::take(&mut self.with);
        Self { with, defining: self.defining.clone(), keys: self.keys, ..Self::new(self.dialect) }
    }

    /// Something to write a part of this statement to, only to see what it reads from.
    pub(crate) fn probe(&self) -> Self {
        Self { probe: Some(None), keys: self.keys, ..Self::new(self.dialect) }
    }

    /// What was written so far, which has no parameters, stands before everything else, also before definitions.
    pub(crate) fn begin_statement(&mut self) {
        self.has_no_shape();
        let prefix = self.text.split_off(self.head);
        self.text.insert_str(0, &prefix);
    }

    /// Whether nothing is wanted but what the statement reads from. A query inside it has nothing to say about that.
    pub(crate) fn is_probe(&self) -> bool {
        self.probe.is_some()
    }

    /// What the first column belongs to that was written and that nothing in the statement has.
    pub(crate) fn first_unknown(self) -> Option<Source> {
        self.probe.flatten()
    }

    /// The statement may write.
    pub fn mark_writes(&mut self) {
        self.writes = true;
    }

    /// Whether nothing with parameters was written so far, and nothing stands before what was.
    pub(super) fn is_alone(&self) -> bool {
        self.types.is_empty() && self.with.is_empty()
    }

    /// Where the statement is now, to go on from there once more.
    pub(super) fn mark(&self) -> usize {
        self.text.len()
    }

    /// Takes back what was written since, with all parameters. Hands over the statement as it was.
    pub(super) fn take_back(&mut self, mark: usize) -> (String, Vec<SqlType>) {
        let statement = (self.text.clone(), std::mem::take(&mut self.types));
        self.text.truncate(mark);
        self.values.clear();
        statement
    }

    /// Takes the values of the parameters so far, to be handed over in another way.
    pub(super) fn take_values(&mut self) -> Vec<Value<'static>> {
        std::mem::take(&mut self.values)
    }

    /// Whether it may write.
    pub(crate) fn writes(&self) -> bool {
        self.writes
    }

    /// What was written does not happen, whatever it says.
    pub(crate) fn mark_reads(&mut self) {
        self.writes = false;
    }

    /// The dialect that is written.
    pub fn dialect(&self) -> &'d dyn Dialect {
        self.dialect
    }

    /// Adds SQL that this library wrote; never a user's text.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a name, quoted. One that the database could not take as it is has the statement refused.
    pub fn name(&mut self, name: &str) -> &mut Self {
        if self.is_shape() {
            self.sign(NAME, name);
            return self;
        }
        if let (Err(problem), None) = (check_name(self.dialect, name), &self.refused) {
            self.refused = Some(invalid(problem));
        }
        self.dialect.quote(name, &mut self.text);
        self
    }

    /// Adds names, with `, ` between.
    pub(super) fn names<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) -> &mut Self {
        self.list(names, |sql, name| {
            sql.name(name);
        })
    }

    /// Adds the name of a table, with its schema if it has one.
    pub fn table(&mut self, table: &Table) -> &mut Self {
        self.full_name(table.full_name())
    }

    /// Adds a schema and a name, quoted.
    pub fn full_name(&mut self, name: &TableName) -> &mut Self {
        if let Some(schema) = name.schema() {
            self.name(schema).push(".");
        }
        self.name(name.name())
    }

    /// Adds a text as a literal, for statements that take no parameters: comments and enum types.
    pub(crate) fn literal(&mut self, text: &str) -> &mut Self {
        self.has_no_shape();
        self.dialect.literal(text, &mut self.text);
        self
    }

    /// Adds a number as a part of the text, where no parameter can stand.
    pub(crate) fn inline(&mut self, number: &str) -> &mut Self {
        self.has_no_shape();
        self.push(number)
    }

    /// Adds each item, with `, ` between.
    pub fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut each: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        for (index, item) in items.into_iter().enumerate() {
            self.push(if index > 0 { ", " } else { "" });
            each(self, item);
        }
        self
    }

    /// Adds each item, with a separator between.
    pub fn separated<T>(
        &mut self,
        separator: &str,
        items: impl IntoIterator<Item = T>,
        mut each: impl FnMut(&mut Self, T) -> Result<()>,
    ) -> Result<()> {
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.push(separator);
            }
            each(self, item)?;
        }
        Ok(())
    }

    /// Adds the name of a type, as it is called in a CAST.
    pub fn push_type(&mut self, sql_type: SqlType) -> &mut Self {
        let name = self.dialect.cast_name(sql_type);
        self.push(&name)
    }

    /// Adds the placeholder of a parameter whose value comes when the statement runs.
    pub fn parameter(&mut self, sql_type: SqlType) -> &mut Self {
        self.types.push(sql_type);
        match self.is_shape() {
            true => self.text.push(PARAMETER),
            false => self.dialect.parameter(self.types.len(), sql_type, &mut self.text),
        }
        self
    }

    /// The same without what tells the database its type.
    pub fn bare_parameter(&mut self, sql_type: SqlType) -> &mut Self {
        self.types.push(sql_type);
        match self.is_shape() {
            true => self.text.push(PARAMETER),
            false => self.dialect.placeholder(self.types.len(), &mut self.text),
        }
        self
    }

    /// Adds a value as a parameter.
    pub fn bind(&mut self, sql_type: SqlType, value: Value<'static>) -> &mut Self {
        self.values.push(value);
        self.parameter(sql_type)
    }

    /// The type of a parameter that holds this many values of one type, where the database takes an array for a list: a list of
    /// each length would be a statement of its own. A short one is, as it is easier to read and to plan.
    pub(crate) fn array_of(&self, element: SqlType, count: usize) -> Option<SqlType> {
        let is_long = count > FEW && self.dialect.takes_arrays();
        is_long.then(|| element.array()).flatten()
    }

    /// Adds the rest of `column IN (?, ?, …)`. Many values are one array where the database takes that, and numbers without a gap are
    /// a range, which every database finds in one go.
    pub(crate) fn one_of(
        &mut self,
        sql_type: SqlType,
        values: Vec<Value<'static>>,
        negated: bool,
    ) -> &mut Self {
        if let Some(array) = self.array_of(sql_type, values.len()) {
            self.push(if negated { " <> ALL(" } else { " = ANY(" });
            return self.bind(array, Value::Array(values.into_iter().collect())).push(")");
        }
        self.push(if negated { " NOT" } else { "" });
        if let Some((first, last)) = without_gap(&values).filter(|_| values.len() > FEW) {
            self.push(" BETWEEN ").bind(sql_type, Value::Int(first));
            return self.push(" AND ").bind(sql_type, Value::Int(last));
        }
        self.push(" IN (");
        for (index, value) in values.into_iter().enumerate() {
            self.push(if index > 0 { ", " } else { "" }).bind(sql_type, value);
        }
        self.push(")")
    }

    /// Adds ` WHERE key = ?`, for each column of the key.
    pub fn where_key(&mut self, table: &Table) -> &mut Self {
        self.push(" WHERE ").key_condition(table)
    }

    /// Adds `key = ?`, for each column of the key.
    pub(crate) fn key_condition(&mut self, table: &Table) -> &mut Self {
        for (index, &key) in table.primary_key().iter().enumerate() {
            let column = &table.columns()[key];
            self.push(if index > 0 { " AND " } else { "" });
            self.name(&column.name).push(" = ").parameter(column.sql_type);
        }
        self
    }

    /// Finds the mistakes of what is written, which leaves no trace.
    pub(crate) fn check(&mut self, write: impl FnOnce(&mut Self) -> Result<()>) -> Result<&mut Self> {
        let (text, types, values) = (self.text.len(), self.types.len(), self.values.len());
        write(self)?;
        self.text.truncate(text);
        self.types.truncate(types);
        self.values.truncate(values);
        Ok(self)
    }

    /// How long the text is.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// The text alone.
    pub fn into_text(self) -> String {
        self.text
    }

    /// The statement; an error if there is a name in it that the database could not take as it is.
    pub(crate) fn finish(self) -> Result<Rendered> {
        let plain_read = self.is_query
            && !(self.writes || self.needs_transaction || self.intake.locks)
            && self.with.is_empty();
        let Self { text, types, values, writes, intake, waits, batch, effect, refused, .. } = self;
        match refused {
            None => Ok(Rendered { text, types, values, writes, plain_read, intake, waits, batch, effect }),
            Some(error) => Err(error),
        }
    }
}

/// What is wrong with a name, if there is something: no quotes make it one, or the database would cut it off, and two names
/// could become one.
pub(crate) fn check_name(dialect: &dyn Dialect, name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("a name cannot be empty".to_owned());
    }
    if name.contains('\0') {
        return Err(format!("the name {name:?} holds a NUL, which no name can"));
    }
    if let Some(problem) = dialect.name_problem(name) {
        return Err(format!("the name {name:?} {problem}"));
    }
    match dialect.longest_name() {
        Some(longest) if name.len() > longest => {
            let (length, database) = (name.len(), dialect.name());
            Err(format!("the name {name} has {length} bytes, {database} takes {longest} at the most"))
        }
        _ => Ok(()),
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidQuery, message)
}

/// As many values as a list has that is easier to read, and to plan, than anything else.
const FEW: usize = 8;

/// The ends of these, if they are all the numbers between two.
fn without_gap(values: &[Value<'_>]) -> Option<(i64, i64)> {
    let number = |value: &Value<'_>| if let Value::Int(number) = value { Some(*number) } else { None };
    let mut numbers = values.iter().map(number).collect::<Option<Vec<_>>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    let (&first, &last) = (numbers.first()?, numbers.last()?);
    let gaps = numbers.windows(2).any(|pair| pair[0].checked_add(1) != Some(pair[1]));
    (!gaps).then_some((first, last))
}
