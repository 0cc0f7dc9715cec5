//! `ON CONFLICT`: what an insert does about a row that is there already.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, LazyLock};

use crate::query::assign::{Assignments, Written, invalid};
use crate::query::expr::{Expr, Node};
use crate::query::filter::Filter;
use crate::query::insert::InsertStatement;
use crate::query::operand::{Bound, Operand};
use crate::query::returning::Writing;
use crate::query::source::{Derived, Name, Source};
use crate::query::{
    Column, Conflicts, Executable, Feature, Insert, IntoCondition, Returning, Selection, Settable,
    SettableList, Sql,
};
use crate::types::DbValue;
use crate::{Result, SqlType};

#[derive(Clone, Debug)]
pub(crate) struct Conflict {
    target: Target,
    update: Option<(Assignments, Filter)>,
}

/// Which constraint.
#[derive(Clone, Debug)]
enum Target {
    Any,
    Columns(Result<Vec<usize>>),
    Constraint(Name),
}

/// An insert that says of which columns a conflict is: what to do about it comes next.
#[derive(Debug)]
#[must_use = "say do_nothing() or do_update()"]
pub struct OnConflict<R> {
    insert: Insert<R>,
    target: Target,
}

/// An insert that updates the row that is in its way: [`set`](Self::set) says what, by values, by columns of the row that is
/// there, and by those of the one that was to be inserted, [`excluded`].
#[must_use = "a statement does nothing until it is executed"]
pub struct Upsert<R> {
    statement: InsertStatement,
    of: PhantomData<fn() -> R>,
}

impl<R> Insert<R> {
    /// What to do about a row that has the same values in these columns, which are unique together: one, or a tuple of them.
    pub fn on_conflict<C: SettableList<R>>(self, columns: C) -> OnConflict<R> {
        let columns = columns.positions_in(&self.statement.of.table);
        OnConflict { insert: self, target: Target::Columns(columns) }
    }

    /// What to do about a row that has the same primary key.
    pub fn on_conflict_key(self) -> OnConflict<R> {
        let key = self.statement.of.table.primary_key().to_vec();
        OnConflict { insert: self, target: Target::Columns(Ok(key)) }
    }

    /// What to do about a row that this unique constraint does not bear beside the new one. An error on a database that names
    /// none there: SQLite.
    pub fn on_conflict_constraint(self, name: impl Into<Cow<'static, str>>) -> OnConflict<R> {
        OnConflict { insert: self, target: Target::Constraint(name.into()) }
    }

    /// Leaves out each row that any unique constraint does not bear.
    pub fn or_ignore(mut self) -> Self {
        self.statement.conflict = Some(Conflict { target: Target::Any, update: None });
        self
    }
}

impl<R> OnConflict<R> {
    /// Leaves out each such row. It is not returned either.
    pub fn do_nothing(self) -> Insert<R> {
        let mut insert = self.insert;
        insert.statement.conflict = Some(Conflict { target: self.target, update: None });
        insert
    }

    /// Updates the row that is there. PostgreSQL refuses to do so twice to one row in one statement.
    pub fn do_update(self) -> Upsert<R> {
        let mut statement = self.insert.statement;
        let update = Some((Assignments::default(), Filter::default()));
        statement.conflict = Some(Conflict { target: self.target, update });
        Upsert { statement, of: PhantomData }
    }
}

impl<R> Upsert<R> {
    fn change(mut self, change: impl FnOnce(&Written, &mut Assignments, &mut Filter)) -> Self {
        let InsertStatement { of, conflict, .. } = &mut self.statement;
        if let Some(Conflict { update: Some((assignments, filter)), .. }) = conflict {
            change(of, assignments, filter);
        }
        self
    }

    /// Sets a column of the row that is there, to a value or an expression.
    pub fn set<C: Settable<R>>(self, column: C, value: impl Operand<C::Type>) -> Self {
        self.change(|of, assignments, _| assignments.set(&of.table, column, value))
    }

    /// Sets columns of the row that is there to what was to be inserted: one, or a tuple of them.
    pub fn set_excluded<C: SettableList<R>>(self, columns: C) -> Self {
        self.change(|of, assignments, _| match columns.positions_in(&of.table) {
            Err(error) => assignments.fail(error),
            Ok(positions) => {
                for position in positions {
                    let column = &of.table.columns()[position];
                    let excluded: Arc<dyn Node> =
                        Arc::new(Excluded { name: column.name.clone().into(), sql_type: column.sql_type });
                    assignments.push(&of.table, position, Ok(Bound::Node(excluded)));
                }
            }
        })
    }

    /// Updates only rows for which this holds; others are left as they are, and not returned. Several filters must all hold.
    pub fn filter(self, condition: impl IntoCondition) -> Self {
        self.change(|_, _, filter| filter.push(condition))
    }

    /// What the rows that were inserted or updated have here.
    pub fn returning<P: Selection>(self, selection: P) -> Returning<P::Shape> {
        Returning::new(self.statement, selection)
    }
}

impl<R> Clone for Upsert<R> {
    fn clone(&self) -> Self {
        Self { statement: self.statement.clone(), of: PhantomData }
    }
}

impl<R> fmt::Debug for Upsert<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.statement.fmt(f)
    }
}

impl<R> Executable for Upsert<R> {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        Writing::render(&self.statement, None, sql)
    }
}

impl Conflict {
    /// The position of the version that it raises.
    pub(crate) fn raised(&self, of: &Written) -> Option<usize> {
        self.update.as_ref().and_then(|(assignments, _)| assignments.raised(of))
    }

    /// Whether rows that are there already are left as they are.
    pub(crate) fn does_nothing(&self) -> bool {
        self.update.is_none()
    }

    /// Writes it; the columns that it sets.
    pub(crate) fn render(&self, of: &Written, sql: &mut Sql<'_>) -> Result<Vec<usize>> {
        match sql.dialect().conflicts() {
            Conflicts::OnConflict => self.render_standard(of, sql),
            Conflicts::OnDuplicateKey { excluded } => self.render_duplicate(of, excluded, sql),
        }
    }

    fn render_standard(&self, of: &Written, sql: &mut Sql<'_>) -> Result<Vec<usize>> {
        sql.push(" ON CONFLICT");
        match &self.target {
            Target::Any => {}
            Target::Columns(columns) => {
                let columns = columns.as_ref().map_err(Clone::clone)?;
                check_unique(of, columns)?;
                let names = of.table.names_of(columns);
                sql.push(" (").names(names).push(")");
            }
            Target::Constraint(name) => {
                sql.require(Feature::ConflictConstraint)?;
                sql.push(" ON CONSTRAINT ").name(name);
            }
        }
        let Some((assignments, filter)) = &self.update else {
            sql.push(" DO NOTHING");
            return Ok(Vec::new());
        };
        let assignments = assignments.raising_version(of);
        sql.push(" DO UPDATE");
        // Two, so that each column says whose it is.
        sql.enter(vec![Source::table(of.table.clone()), EXCLUDED.clone()])?;
        assignments.render(of, sql)?;
        filter.render(sql)?;
        sql.leave();
        Ok(assignments.columns())
    }

    /// The same where it is about any constraint; that nothing is done the head of the statement has said.
    fn render_duplicate(
        &self,
        of: &Written,
        excluded: Option<&'static str>,
        sql: &mut Sql<'_>,
    ) -> Result<Vec<usize>> {
        match &self.target {
            Target::Any => {}
            Target::Columns(columns) => check_unique(of, columns.as_ref().map_err(Clone::clone)?)?,
            Target::Constraint(_) => sql.require(Feature::ConflictConstraint)?,
        }
        let Some((assignments, filter)) = &self.update else { return Ok(Vec::new()) };
        if !filter.is_empty() {
            sql.require(Feature::ConflictFilter)?;
        }
        let assignments = assignments.raising_version(of);
        if let Some(name) = excluded {
            sql.push(" AS ").name(name);
        }
        sql.push(" ON DUPLICATE KEY UPDATE ");
        sql.enter(vec![Source::table(of.table.clone()), EXCLUDED.clone()])?;
        assignments.render_list(of, sql)?;
        sql.leave();
        Ok(assignments.columns())
    }
}

/// An error if nothing keeps these columns from having the same values twice, as far as the table says.
fn check_unique(of: &Written, columns: &[usize]) -> Result<()> {
    if of.table.is_unique(columns) {
        return Ok(());
    }
    Err(invalid(format!(
        "on_conflict: {} has no unique constraint or index on ({}), and its key is another one; declare it, or name the \
         constraint",
        of.table.name(),
        of.table.names_of(columns).join(", ")
    )))
}

/// What was to be inserted, where an [`Upsert`] updates: `.set(User::AGE, excluded(User::AGE))`.
pub fn excluded<E: Excludable>(column: E) -> Expr<E::Type> {
    column.excluded()
}

/// A column of which [`excluded`] speaks.
pub trait Excludable {
    /// What it holds.
    type Type: DbValue;

    #[doc(hidden)]
    fn excluded(self) -> Expr<Self::Type>;
}

impl<M: 'static, T: DbValue> Excludable for Column<M, T> {
    type Type = T;

    fn excluded(self) -> Expr<T> {
        Expr::new(Excluded { name: self.name().into(), sql_type: T::TYPE })
    }
}

impl<T: DbValue> Excludable for Expr<T> {
    type Type = T;

    fn excluded(self) -> Expr<T> {
        let node = self.into_node();
        match node.target() {
            Ok((_, name)) => Expr::new(Excluded { name: name.to_owned().into(), sql_type: T::TYPE }),
            // The node says itself what is wrong with it.
            Err(_) => Expr::from_node(node),
        }
    }
}

static EXCLUDED: LazyLock<Source> = LazyLock::new(|| Source::derived(Arc::new(Proposed), "excluded"));

/// The row that was to be inserted, as something that has columns.
#[derive(Debug)]
struct Proposed;

impl Derived for Proposed {
    fn render(&self, _sql: &mut Sql<'_>) -> Result<()> {
        Err(invalid(
            "excluded stands for a row that was to be inserted; nothing can be read from it".to_owned(),
        ))
    }

    fn columns(&self) -> Vec<Name> {
        Vec::new()
    }
}

#[derive(Debug)]
struct Excluded {
    name: Name,
    sql_type: SqlType,
}

impl Node for Excluded {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        if !sql.is_probe() && sql.look_up(&EXCLUDED, &self.name).is_err() {
            let message = format!("excluded({}) stands only in what do_update() sets and filters", self.name);
            return Err(invalid(message));
        }
        match sql.dialect().conflicts() {
            Conflicts::OnDuplicateKey { excluded: None } => {
                sql.push("VALUES(").name(&self.name).push(")");
                Ok(())
            }
            Conflicts::OnConflict | Conflicts::OnDuplicateKey { excluded: Some(_) } => {
                sql.column(&EXCLUDED, &self.name, Some(self.sql_type))
            }
        }
    }

    fn is_atom(&self) -> bool {
        true
    }
}
