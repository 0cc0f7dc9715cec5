//! How many rows a query would return, and whether any.

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::query::select::SelectStatement;
use crate::query::subquery::render_exists;
use crate::query::{Executable, Loads, Select, Sql};

/// A query for how many rows another one would return.
#[derive(Debug)]
pub(crate) struct Count(SelectStatement);

/// A query for whether another one would return any row.
#[derive(Debug)]
pub(crate) struct Existence(SelectStatement);

impl<S> Select<S> {
    pub(crate) fn into_count(mut self) -> Count {
        self.statement.loads = Loads::default();
        Count(self.statement)
    }

    pub(crate) fn into_existence(mut self) -> Existence {
        self.statement.loads = Loads::default();
        Existence(self.statement)
    }
}

impl Executable for Count {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        if self.0.taking.is_unique() {
            let message =
                "unique() is done when rows are read, and a count reads none; count distinct() rows instead";
            return Err(Error::new(ErrorKind::InvalidQuery, message));
        }
        if self.0.has_a_row_for_each_found() {
            return self.0.render_instead(Some("COUNT(*)"), sql);
        }
        sql.push("SELECT COUNT(*) FROM (");
        self.0.render_to_count(sql)?;
        sql.push(") AS ").name("rows");
        Ok(())
    }
}

impl Executable for Existence {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        sql.push("SELECT ");
        render_exists(&self.0, sql)
    }
}
