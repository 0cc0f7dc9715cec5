//! What rows are read from: a table, an alias of one, a query, a function.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::metadata::{Table, TableRef};
use crate::query::{Feature, IntoCondition, On, Sql};

/// A name that a statement gives to something.
pub(crate) type Name = Cow<'static, str>;

/// Something to read rows from, with the name that it goes by in a statement.
#[derive(Clone, Debug)]
pub struct Source {
    rows: Rows,
    alias: Option<Name>,
    /// It sees the columns of what stands before it.
    lateral: bool,
}

#[derive(Clone, Debug)]
enum Rows {
    Table(TableRef),
    Derived(Arc<dyn Derived>),
}

/// Rows that a statement makes up: a query in brackets, a common table expression, a function. They always have an alias.
pub(crate) trait Derived: Debug + Send + Sync {
    /// Writes it as it stands in FROM, without its alias.
    fn render(&self, sql: &mut Sql<'_>) -> Result<()>;

    /// The names of its columns.
    fn columns(&self) -> Vec<Name>;

    /// Whether its name is all that FROM has to say: it is defined elsewhere, under this name.
    fn defined_as(&self) -> Option<&str> {
        None
    }
}

impl Source {
    pub(crate) fn table(table: impl Into<TableRef>) -> Self {
        Self { rows: Rows::Table(table.into()), alias: None, lateral: false }
    }

    pub(crate) fn derived(rows: Arc<dyn Derived>, alias: impl Into<Name>) -> Self {
        Self { rows: Rows::Derived(rows), alias: Some(alias.into()), lateral: false }
    }

    /// The same rows under a name of their own.
    #[must_use]
    pub(crate) fn named(self, alias: impl Into<Name>) -> Self {
        Self { alias: Some(alias.into()), ..self }
    }

    /// The same rows under another name, to read them twice in one statement.
    #[must_use]
    pub fn alias(&self, name: impl Into<Cow<'static, str>>) -> Self {
        self.clone().named(name)
    }

    /// Lets a subquery name the columns of what stands before it: `LATERAL`. An error on a database that has no such thing;
    /// what is no subquery stays as it is.
    #[must_use]
    pub fn lateral(mut self) -> Self {
        self.lateral = matches!(self.rows, Rows::Derived(_));
        self
    }

    /// The table, if it is one.
    pub(crate) fn as_table(&self) -> Option<&TableRef> {
        match &self.rows {
            Rows::Table(table) => Some(table),
            Rows::Derived(_) => None,
        }
    }

    /// The table, if it goes by its own name.
    pub(crate) fn bare_table(&self) -> Option<&TableRef> {
        if self.alias.is_none() { self.as_table() } else { None }
    }

    /// Whether both are the same rows under the same name.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.alias == other.alias
            && match (&self.rows, &other.rows) {
                (Rows::Table(own), Rows::Table(other)) => own == other,
                (Rows::Derived(own), Rows::Derived(other)) => Arc::ptr_eq(own, other),
                _ => false,
            }
    }

    /// Whether a statement could not tell the columns of both apart.
    pub(crate) fn hides(&self, other: &Self) -> bool {
        match (&self.alias, &other.alias) {
            (None, None) => {
                self.as_table().map(|table| table.full_name())
                    == other.as_table().map(|table| table.full_name())
            }
            _ => self.name() == other.name(),
        }
    }

    /// The name that it goes by.
    pub(crate) fn name(&self) -> &str {
        match (&self.alias, &self.rows) {
            (Some(alias), _) => alias,
            (None, Rows::Table(table)) => table.name(),
            (None, Rows::Derived(rows)) => rows.defined_as().unwrap_or_default(),
        }
    }

    /// The names of its columns.
    pub(crate) fn columns(&self) -> Vec<Name> {
        match &self.rows {
            Rows::Table(table) => table.columns().iter().map(|column| column.name.clone().into()).collect(),
            Rows::Derived(rows) => rows.columns(),
        }
    }

    /// An error if it has no such column.
    pub(crate) fn check_column(&self, column: &str) -> Result<()> {
        let columns = self.columns();
        let message = match columns.iter().filter(|name| *name == column).count() {
            0 => format!("{} has no column {column}; it has {}", self.name(), columns.join(", ")),
            1 => return Ok(()),
            _ => format!("{} has more than one column {column}; give them labels", self.name()),
        };
        Err(Error::new(ErrorKind::InvalidQuery, message))
    }

    /// Writes it as it stands in FROM.
    pub(crate) fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        match &self.rows {
            Rows::Table(table) => {
                sql.check_not_defined(table)?;
                sql.table(table);
            }
            Rows::Derived(rows) => {
                if self.lateral {
                    sql.require(Feature::Lateral)?;
                    sql.push("LATERAL ");
                    rows.render(sql)?;
                } else {
                    sql.beside(|sql| rows.render(sql))?;
                }
                if rows.defined_as() == self.alias.as_deref() {
                    return Ok(());
                }
            }
        }
        if let Some(alias) = &self.alias {
            sql.push(" AS ").name(alias);
        }
        Ok(())
    }

    /// Writes what its columns are qualified by.
    pub(crate) fn qualify(&self, sql: &mut Sql<'_>) {
        match (&self.alias, &self.rows) {
            (None, Rows::Table(table)) => sql.table(table),
            _ => sql.name(self.name()),
        };
        sql.push(".");
    }
}

/// What a statement can read from: a model's table ([`User::entity()`](crate::model::Model::entity) or
/// [`User::alias("boss")`](crate::model::Model::alias)), a [`TableRef`], a subquery, a common table expression.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is nothing that a statement could read from",
    label = "not a table, an alias or a subquery",
    note = "for the table of a model write `User::entity()`, for the table under another name `User::alias(\"boss\")`"
)]
pub trait AsSource {
    #[doc(hidden)]
    fn as_source(&self) -> Source;

    /// The same, to be joined where this condition holds: `.join(boss.on(User::ID.of(&boss).eq(User::BOSS)))`.
    fn on(&self, condition: impl IntoCondition) -> On {
        On::new(self.as_source(), condition)
    }
}

impl AsSource for Source {
    fn as_source(&self) -> Source {
        self.clone()
    }
}

impl AsSource for &'static Table {
    fn as_source(&self) -> Source {
        Source::table(*self)
    }
}

impl AsSource for TableRef {
    fn as_source(&self) -> Source {
        Source::table(self.clone())
    }
}

#[diagnostic::do_not_recommend]
impl<S: AsSource + ?Sized> AsSource for &S {
    fn as_source(&self) -> Source {
        (**self).as_source()
    }
}

impl TableRef {
    /// The table under another name, to read it twice in one statement.
    pub fn alias(&self, name: impl Into<Cow<'static, str>>) -> Source {
        Source::table(self.clone()).named(name)
    }
}

/// The table of the model `M`, under its own name or another one. It is what [`Model::entity`](crate::model::Model::entity)
/// and [`Model::alias`](crate::model::Model::alias) make: selected, it is all columns of the model, read as an entity.
pub struct Alias<M> {
    table: fn() -> &'static Table,
    name: Option<&'static str>,
    model: PhantomData<fn() -> M>,
}

impl<M> Alias<M> {
    pub(crate) fn new(table: fn() -> &'static Table, name: Option<&'static str>) -> Self {
        Self { table, name, model: PhantomData }
    }

    /// Its name, if it has another one than the table's.
    pub(crate) fn name(&self) -> Option<&'static str> {
        self.name
    }
}

impl<M> Clone for Alias<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Alias<M> {}

impl<M> Debug for Alias<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Alias({})", self.as_source().name())
    }
}

impl<M> AsSource for Alias<M> {
    fn as_source(&self) -> Source {
        let source = Source::table((self.table)());
        match self.name {
            Some(name) => source.named(name),
            None => source,
        }
    }
}
