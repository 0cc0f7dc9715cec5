//! The one place where SQL text and its parameters are put together.

use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::metadata::{Table, TableName, TableRef};
use crate::query::batch::Batch;
use crate::query::cte::{Definition, render_with};
use crate::query::effect::Effect;
use crate::query::intake::Intake;
use crate::query::keys::Keys;
use crate::query::source::{Name, Source};
use crate::query::{Dialect, Executable};
use crate::{Result, SqlType, Value};

/// A statement being written for one dialect: text, parameters and the tables whose columns may be named.
#[derive(Debug)]
pub struct Sql<'d> {
    dialect: &'d dyn Dialect,
    text: String,
    types: Vec<SqlType>,
    values: Vec<Value<'static>>,
    pub(super) writes: bool,
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

/// Whether a statement is written as SQL or as its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// As SQL.
    No,
    /// As its shape: what SQL says, but nothing is looked up, checked or quoted. A name, a parameter and the owner of a column
    /// stand behind signs that nothing else has in it.
    Yes,
    /// It has no shape: something in it depends on more than what is written.
    Impossible,
}

const NAME: char = '\u{1}';
const PARAMETER: char = '\u{2}';
const TABLE: char = '\u{3}';
const ALIAS: char = '\u{4}';
const MODEL: char = '\u{5}';

/// What a statement, or one inside it, can name columns of.
#[derive(Debug)]
enum Scope {
    /// What it reads from.
    Sources(Vec<Source>),
    /// The columns that come out of it, as behind a UNION.
    Outputs(Vec<String>),
    /// The first means the second.
    As(Box<[Source; 2]>),
}

/// How a column says whose it is.
#[derive(Debug)]
pub(crate) enum Owner {
    /// It need not.
    Clear,
    /// By the name of the source that it was asked of.
    Asked,
    /// By the name of this one.
    Other(Source),
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

/// The shape of a statement, in the place of its text, with its parameters. Two statements of one shape are the same SQL, if
/// their parameters have the same types.
pub(crate) fn shape_of(
    statement: &(impl Executable + ?Sized),
    dialect: &dyn Dialect,
    keys: Option<&dyn Keys>,
) -> Result<Option<Rendered>> {
    let mut sql = Sql { keys, runs: true, shape: Shape::Yes, ..Sql::new(dialect) };
    statement.render(&mut sql)?;
    if sql.shape == Shape::Yes { sql.finish().map(Some) } else { Ok(None) }
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

    /// Whether the shape is written; it has none if something is looked at that is not in it.
    fn is_shape(&self) -> bool {
        self.shape != Shape::No
    }

    /// The statement depends on more than what is written of it.
    pub(super) fn has_no_shape(&mut self) {
        if self.is_shape() {
            self.shape = Shape::Impossible;
        }
    }

    /// Adds something to the shape that nothing else can be taken for.
    fn sign(&mut self, sign: char, text: &str) {
        if text.bytes().any(|byte| byte <= MODEL as u8) {
            self.has_no_shape();
        }
        self.text.reserve(text.len() + 2);
        self.text.push(sign);
        self.text.push_str(text);
        self.text.push(sign);
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

    /// Takes back what was written since, with all parameters.
    pub(super) fn go_back(&mut self, mark: usize) {
        self.text.truncate(mark);
        self.types.clear();
        self.values.clear();
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

    /// Adds the name of a column type.
    pub fn push_type(&mut self, sql_type: SqlType) -> &mut Self {
        let name = self.dialect.type_name(sql_type);
        self.push(&name)
    }

    /// Adds the placeholder of a parameter whose value comes when the statement runs.
    pub fn parameter(&mut self, sql_type: SqlType) -> &mut Self {
        self.bare_parameter(sql_type);
        if !self.is_shape() {
            self.dialect.cast(sql_type, &mut self.text);
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

    /// Lets the columns of these be named, until [`leave`](Self::leave).
    pub(crate) fn enter(&mut self, sources: Vec<Source>) -> Result<()> {
        let checked = if self.is_shape() { &[] } else { &*sources };
        for (index, source) in checked.iter().enumerate() {
            if sources[..index].iter().any(|other| other.hides(source)) {
                let message = format!("{0} is in the query twice; give one of them an alias", source.name());
                return Err(invalid(message));
            }
        }
        self.scopes.push(Scope::Sources(sources));
        Ok(())
    }

    /// Lets only these names be named, until [`leave`](Self::leave).
    pub(crate) fn enter_outputs(&mut self, names: Vec<String>) {
        self.scopes.push(Scope::Outputs(names));
    }

    /// Writes something that stands among what the statement reads from, and that sees none of it.
    pub(crate) fn beside<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> T {
        let own = self.scopes.pop();
        let written = write(self);
        self.scopes.extend(own);
        written
    }

    /// Lets the name of one mean another, until [`leave`](Self::leave).
    pub(crate) fn enter_as(&mut self, asked: Source, meant: Source) {
        self.scopes.push(Scope::As(Box::new([asked, meant])));
    }

    /// A name that nothing has that may be named here.
    pub(crate) fn unused_name(&self, stem: &str) -> String {
        let sources = || {
            self.scopes.iter().filter_map(|scope| match scope {
                Scope::Sources(sources) => Some(sources),
                Scope::Outputs(_) | Scope::As(_) => None,
            })
        };
        let name = |number: usize| format!("{stem}_{number}");
        let is_used = |name: &str| sources().flatten().any(|source| source.name() == name);
        let number = (1..).find(|&number| !is_used(&name(number)));
        name(number.unwrap_or_default())
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

    /// The end of a statement.
    pub(crate) fn leave(&mut self) {
        self.scopes.pop();
    }

    /// How columns of this say so; an error if it cannot be named here.
    pub(crate) fn look_up(&mut self, source: &Source, column: &str) -> Result<Owner> {
        if self.is_shape() {
            self.sign_owner(source);
            return Ok(Owner::Clear);
        }
        let mut hidden = false;
        for scope in self.scopes.iter().rev() {
            match scope {
                Scope::Sources(sources) if sources.iter().any(|other| other.is(source)) && !hidden => {
                    let is_clear = self.scopes.len() == 1 && sources.len() == 1;
                    return Ok(if is_clear { Owner::Clear } else { Owner::Asked });
                }
                Scope::Sources(sources) => hidden |= sources.iter().any(|other| other.hides(source)),
                Scope::Outputs(names) if names.iter().any(|name| name == column) => {
                    return is_only_one(names, column).map(|()| Owner::Clear);
                }
                Scope::Outputs(_) => {}
                Scope::As(pair) if pair[0].is(source) && !hidden => {
                    return Ok(Owner::Other(pair[1].clone()));
                }
                Scope::As(_) => {}
            }
        }
        match &mut self.probe {
            Some(first) => {
                first.get_or_insert_with(|| source.clone());
                Ok(Owner::Asked)
            }
            None => Err(self.unknown(source, column, hidden)),
        }
    }

    /// Adds the table of a model to the shape, as all of its columns; whether that is all there is to say.
    pub(super) fn signs_all_of(&mut self, table: &TableRef) -> bool {
        let (TableRef::Model(table), true) = (table, self.is_shape()) else { return false };
        // Tables of models stay where they are; two models may have one of the same name.
        let mut address = std::ptr::from_ref::<Table>(table).addr();
        self.text.push(MODEL);
        while address > 0 {
            let digit = u8::try_from(address % 64).unwrap_or_default();
            self.text.push(char::from(b'0' + digit));
            address /= 64;
        }
        self.text.push(MODEL);
        true
    }

    fn sign_owner(&mut self, source: &Source) {
        match source.bare_table() {
            None => self.sign(ALIAS, source.name()),
            Some(table) => {
                self.sign(TABLE, table.schema().unwrap_or_default());
                self.sign(TABLE, table.name());
            }
        }
    }

    #[cold]
    fn unknown(&self, source: &Source, column: &str, hidden: bool) -> Error {
        let name = source.name();
        let message = match self.scopes.last() {
            _ if hidden => format!(
                "{column} of {name} is used where {name} means something else, closer by; give one an alias"
            ),
            Some(Scope::Outputs(names)) => format!(
                "column {name}.{column} is not among the columns that come out of the query: {}",
                names.join(", ")
            ),
            Some(Scope::Sources(sources)) if !sources.is_empty() => {
                let present: Vec<_> = sources.iter().map(Source::name).collect();
                let (statement, remedy) = match self.writes {
                    true => (
                        "statement",
                        format!("an update reads it by .from(…), a delete by .using(…) of {name}"),
                    ),
                    false => ("query", format!("join {name} first")),
                };
                format!(
                    "column {name}.{column} is used, but {name} is not in the {statement}, which reads from {}; {remedy}",
                    present.join(", ")
                )
            }
            _ => format!(
                "column {name}.{column} is used, but the query reads from nothing; say .from({name}) first"
            ),
        };
        invalid(message)
    }

    /// An error if the statement that is being written reads from nothing.
    pub(crate) fn require_source(&self, what: &str) -> Result<()> {
        match self.scopes.last() {
            Some(Scope::Sources(sources)) if sources.is_empty() && self.probe.is_none() => {
                let message = format!(
                    "{what} counts rows, but the query reads from nothing; say .from(User::entity()) or the like"
                );
                Err(invalid(message))
            }
            _ => Ok(()),
        }
    }

    /// How long the text is.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// Adds a column of something that the statement reads from; of which type, if it is to be compared.
    pub(crate) fn column(&mut self, source: &Source, name: &str, compared: Option<SqlType>) -> Result<()> {
        self.look_up(source, name)?.qualify(source, self);
        self.name(name);
        if let Some(collation) = compared.and_then(|sql_type| self.dialect.collation(sql_type)) {
            self.push(" COLLATE ").push(collation);
        }
        Ok(())
    }

    /// Adds a name that an expression was selected under.
    pub(crate) fn output(&mut self, name: &str) -> Result<()> {
        if let Some(Scope::Outputs(names)) = self.scopes.last() {
            if !names.iter().any(|other| other == name) {
                let names = names.join(", ");
                let message = format!("{name} is not among the columns that come out of the query: {names}");
                return Err(invalid(message));
            }
            is_only_one(names, name)?;
        }
        self.name(name);
        Ok(())
    }

    /// The text alone.
    pub fn into_text(self) -> String {
        self.text
    }

    /// The statement; an error if there is a name in it that the database could not take as it is.
    pub(crate) fn finish(self) -> Result<Rendered> {
        let Self { text, types, values, writes, intake, waits, batch, effect, refused, .. } = self;
        match refused {
            None => Ok(Rendered { text, types, values, writes, intake, waits, batch, effect }),
            Some(error) => Err(error),
        }
    }
}

impl Owner {
    /// Writes it before a column of what was asked for.
    pub(crate) fn qualify(&self, asked: &Source, sql: &mut Sql<'_>) {
        match self {
            Self::Clear => {}
            Self::Asked => asked.qualify(sql),
            Self::Other(source) => source.qualify(sql),
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
    match dialect.longest_name() {
        Some(longest) if name.len() > longest => {
            let (length, database) = (name.len(), dialect.name());
            Err(format!("the name {name} has {length} bytes, {database} takes {longest} at the most"))
        }
        _ => Ok(()),
    }
}

fn is_only_one(names: &[String], wanted: &str) -> Result<()> {
    if names.iter().filter(|name| *name == wanted).count() == 1 {
        return Ok(());
    }
    Err(invalid(format!("more than one column {wanted} comes out of the query; give them labels")))
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidQuery, message)
}
