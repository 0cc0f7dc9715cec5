//! `INSERT`: rows of values, of structs, or of a query.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::Result;
use crate::metadata::TableRef;
use crate::query::assign::{Assignments, Written, invalid};
use crate::query::batch::{Records, RowSet, Segment};
use crate::query::conflict::Conflict;
use crate::query::effect::EffectKind;
use crate::query::projection::Projection;
use crate::query::returning::{Wanted, Writing, is_asked_by_session, is_watched, render_returning};
use crate::query::select::SelectStatement;
use crate::query::source::Source;
use crate::query::write::write_head;
use crate::query::{
    Conflicts, Executable, Feature, Fits, Layout, Operand, Returning, Select, Selection, Settable,
    SettableList, Sql, Values, WriteKind, WriteShape,
};

/// An INSERT of rows of `R`: a model, or [`TableRef`] for a run-time table. Made by `User::insert()` and [`insert_into`].
///
/// What no row sets is left to the database, its default or NULL; all rows set the same columns. Rows of plain values travel as
/// one batch, however many they are; a session does not take them in unless they are returned as entities.
#[must_use = "a statement does nothing until it is executed"]
pub struct Insert<R> {
    pub(crate) statement: InsertStatement,
    of: PhantomData<fn() -> R>,
}

#[derive(Clone, Debug)]
pub(crate) struct InsertStatement {
    pub(crate) of: Written,
    row: Assignments,
    rows: RowSet,
    given: bool,
    select: Option<(Result<Vec<usize>>, SelectStatement)>,
    pub(crate) conflict: Option<Conflict>,
}

/// An insert into a run-time table, whose columns are named by `audit.column::<String>("what")`.
pub fn insert_into(table: &TableRef) -> Insert<TableRef> {
    Insert::new(table.clone(), None)
}

/// A row to be inserted: a struct of the model, or [`Values`] of some of its columns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no row of `{R}`",
    label = "neither a struct of the model nor its values",
    note = "write `.values([User::new(\"Alice\")])`, or `.values([User::values().set(User::NAME, \"Alice\")])`"
)]
pub trait InsertRow<R>: Sized {
    #[doc(hidden)]
    fn add_to(rows: Vec<Self>, statement: &mut RowsOf<'_>);
}

/// Where the rows of an insert go.
#[doc(hidden)]
#[derive(Debug)]
pub struct RowsOf<'s>(&'s mut RowSet);

impl RowsOf<'_> {
    /// Adds structs.
    pub fn records(&mut self, records: impl Records + 'static) {
        self.0.0.push(Segment::Records(Arc::new(records)));
    }
}

impl<R> InsertRow<R> for Values<R> {
    fn add_to(rows: Vec<Self>, statement: &mut RowsOf<'_>) {
        let rows = rows.into_iter().map(|values| values.row).collect();
        statement.0.0.push(Segment::Cells(Arc::new(rows)));
    }
}

impl<R> Insert<R> {
    pub(crate) fn new(table: TableRef, model: Option<&'static str>) -> Self {
        let statement = InsertStatement {
            of: Written { table, model },
            row: Assignments::default(),
            rows: RowSet::default(),
            given: false,
            select: None,
            conflict: None,
        };
        Self { statement, of: PhantomData }
    }

    /// Sets a column of one row, to a value or an expression.
    pub fn set<C: Settable<R>>(mut self, column: C, value: impl Operand<C::Type>) -> Self {
        self.statement.row.set(&self.statement.of.table, column, value);
        self
    }

    /// Adds rows: structs of the model, or [`Values`]. No rows at all are no error, and nothing is inserted then.
    pub fn values<V: InsertRow<R>>(mut self, rows: impl IntoIterator<Item = V>) -> Self {
        self.statement.given = true;
        let rows: Vec<_> = rows.into_iter().collect();
        if !rows.is_empty() {
            V::add_to(rows, &mut RowsOf(&mut self.statement.rows));
        }
        self
    }

    /// Inserts what a query finds into these columns: `.from_select((User::NAME, User::AGE), select((Guest::NAME, Guest::AGE)))`.
    pub fn from_select<C: SettableList<R>, S: Fits<C::Types>>(
        mut self,
        columns: C,
        query: Select<S>,
    ) -> Self {
        let columns = columns.positions_in(&self.statement.of.table);
        self.statement.select = Some((columns, query.statement));
        self
    }

    /// What the rows that were inserted have here, in the order in which they were given: `.returning(User::ID)`, a tuple,
    /// or `User::entity()`, which a session takes in as entities.
    pub fn returning<P: Selection>(self, selection: P) -> Returning<P::Shape> {
        Returning::new(self.statement, selection)
    }
}

impl<R> Clone for Insert<R> {
    fn clone(&self) -> Self {
        Self { statement: self.statement.clone(), of: PhantomData }
    }
}

impl<R> fmt::Debug for Insert<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.statement.fmt(f)
    }
}

impl<R> Executable for Insert<R> {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        Writing::render(&self.statement, None, sql)
    }
}

impl Writing for InsertStatement {
    fn render(&self, projection: Option<&Projection>, sql: &mut Sql<'_>) -> Result<()> {
        sql.mark_writes();
        self.row.check()?;
        match &self.select {
            Some((columns, query)) => self.render_select(columns, query, projection, sql),
            None => self.render_rows(projection, sql),
        }
    }
}

impl InsertStatement {
    fn render_rows(&self, projection: Option<&Projection>, sql: &mut Sql<'_>) -> Result<()> {
        let mut rows = self.rows.clone();
        if !self.row.is_empty() || !self.given {
            rows.0.insert(0, Segment::Cells(Arc::new(vec![self.row.clone()])));
        }
        if rows.len() == 0 {
            return self.render_nothing(projection, sql);
        }
        rows.set_versions(&self.of.table);
        let columns = rows.columns(&self.of)?;
        if sql.runs
            && sql.is_alone()
            && let Some(mut batch) = rows.batch(&self.of, columns.clone(), sql)?
        {
            let shape = WriteShape::new(self.of.table.clone(), WriteKind::Insert, columns.clone());
            let shape = shape.without_keys().unless_there(self.is_ignoring(sql));
            batch.layout = sql.dialect().layout(&shape, rows.len());
            let mark = sql.mark();
            sql.dialect().write(&shape, batch.layout, sql);
            batch.returns = self.render_rest(&columns, projection, true, sql)?;
            batch.tail = sql.take_values();
            // What is no row's value cannot stand in an array or a block, and a block returns nothing.
            let fits = batch.tail.is_empty() && !batch.returns;
            let is_block = matches!(batch.layout, Layout::Blocks(_));
            if is_block || (batch.layout != Layout::PerRow && !batch.tail.is_empty()) {
                let many = sql.take_back(mark);
                match is_block && fits {
                    true => batch.block = Some(many),
                    false => batch.layout = Layout::PerRow,
                }
                shape.write_standard(sql);
                self.render_rest(&columns, projection, true, sql)?;
                sql.take_values();
            }
            sql.batch = Some(Arc::new(batch));
            return Ok(());
        }
        self.render_head(&columns, sql);
        if columns.is_empty() {
            self.check_one_default(rows.len())?;
            sql.push(sql.dialect().default_row());
        } else {
            sql.enter(Vec::new())?;
            rows.render(&self.of, &columns, sql)?;
            sql.leave();
        }
        self.render_rest(&columns, projection, false, sql).map(drop)
    }

    /// A statement that inserts nothing, for no rows.
    fn render_nothing(&self, projection: Option<&Projection>, sql: &mut Sql<'_>) -> Result<()> {
        let first = usize::from(self.of.table.columns().len() > 1 && self.of.table.auto_key() == Some(0));
        let columns = [first];
        self.render_head(&columns, sql);
        let sql_type = self.of.table.columns().get(first).map(|column| column.sql_type);
        sql.push(" SELECT CAST(NULL AS ");
        if let Some(sql_type) = sql_type {
            sql.push_type(sql_type);
        }
        sql.push(") WHERE 1 = 0");
        self.render_rest(&columns, projection, false, sql).map(drop)
    }

    /// Whether rows that are there already are left out by the words that it begins with.
    fn is_ignoring(&self, sql: &Sql<'_>) -> bool {
        let does_nothing = self.conflict.as_ref().is_some_and(Conflict::does_nothing);
        does_nothing && sql.dialect().conflicts() != Conflicts::OnConflict
    }

    fn check_one_default(&self, rows: usize) -> Result<()> {
        if rows == 1 {
            return Ok(());
        }
        let message =
            "several rows of nothing but defaults cannot be one statement's text; run the insert by itself";
        Err(invalid(message.to_owned()))
    }

    fn render_head(&self, columns: &[usize], sql: &mut Sql<'_>) {
        write_head(&self.of.table, self.is_ignoring(sql), sql);
        if !columns.is_empty() {
            sql.push(" (").names(self.of.table.names_of(columns)).push(")");
        }
    }

    fn render_select(
        &self,
        columns: &Result<Vec<usize>>,
        query: &SelectStatement,
        projection: Option<&Projection>,
        sql: &mut Sql<'_>,
    ) -> Result<()> {
        let columns = columns.as_ref().map_err(Clone::clone)?;
        if !self.row.is_empty() || self.given {
            return Err(invalid("an insert takes its rows from a query, or has values; not both".to_owned()));
        }
        let mut sorted = columns.clone();
        sorted.sort_unstable();
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            let name = &self.of.table.columns()[twice[0]].name;
            return Err(invalid(format!("the column {}.{name} is set twice", self.of.table.name())));
        }
        let version = self.of.table.version().filter(|version| !columns.contains(version));
        let columns: Vec<_> = columns.iter().copied().chain(version).collect();
        self.render_head(&columns, sql);
        // SQLite takes ON for the condition of a join unless a WHERE has come before it.
        let wrapped = self.conflict.is_some() || version.is_some();
        sql.push(match version {
            Some(_) => " SELECT orm_rows.*, 1 FROM (",
            None if wrapped => " SELECT * FROM (",
            None => " ",
        });
        query.render(sql)?;
        sql.push(if wrapped { ") AS orm_rows WHERE 1 = 1" } else { "" });
        self.render_rest(&columns, projection, false, sql).map(drop)
    }

    /// Writes what follows the rows, which may travel apart from the statement; whether it returns something.
    fn render_rest(
        &self,
        columns: &[usize],
        projection: Option<&Projection>,
        apart: bool,
        sql: &mut Sql<'_>,
    ) -> Result<bool> {
        let mut updated = Vec::new();
        if let Some(conflict) = &self.conflict {
            updated = conflict.render(&self.of, sql)?;
        }
        let keys_made = self.of.table.auto_key().is_some_and(|key| !columns.contains(&key));
        let kind = match updated.is_empty() {
            true => EffectKind::Inserted { generated: keys_made },
            false => EffectKind::Upserted,
        };
        let has_entities = projection.is_some_and(|projection| projection.has_all_of(&self.of.table));
        let is_wanted = has_entities || kind == EffectKind::Upserted;
        // The keys of rows are known that are sent and that are all inserted: by them they can be read.
        let is_read = apart
            && self.conflict.is_none()
            && projection.is_some()
            && !sql.dialect().supports(Feature::ReturningRows)
            && is_asked_by_session(&self.of.table, sql);
        let watched = is_read || (is_wanted && is_watched(&self.of.table, projection, sql));
        let raised = self.conflict.as_ref().and_then(|conflict| conflict.raised(&self.of));
        let wanted = watched.then(|| Wanted { columns: updated, raised, is_read, ..Wanted::of(kind) });
        sql.enter(vec![Source::table(self.of.table.clone())])?;
        let returns = render_returning(&self.of, Feature::ReturningRows, projection, wanted, sql)?;
        sql.leave();
        Ok(returns)
    }
}
