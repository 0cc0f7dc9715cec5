//! An UPDATE of one row by its key, of which columns may be set to expressions: what a flush sends for `session.set`.

use crate::query::assign::{Assignments, Written, render_value};
use crate::query::operand::Bound;
use crate::query::source::Source;
use crate::query::{Executable, Feature, Sql};
use crate::{Result, Value};

#[derive(Debug)]
pub(crate) struct UpdateOne {
    pub(crate) of: Written,
    pub(crate) assignments: Assignments,
    /// The columns that find the row, the key first, with the values that they have to have.
    pub(crate) found_by: Vec<(usize, Value<'static>)>,
    /// The positions of columns that come back, behind the key.
    pub(crate) fetched: Vec<usize>,
}

impl UpdateOne {
    /// The key that the row has then. One that an expression sets is not known, and counts as unchanged.
    pub(crate) fn key_after(&self) -> Vec<Value<'static>> {
        let before = |key: usize| self.found_by.iter().find(|(column, _)| *column == key);
        let after = |&key: &usize| match self.assignments.get(key) {
            Some(Ok(Bound::Value(_, value))) => value.clone(),
            _ => before(key).map_or(Value::Null, |(_, value)| value.clone()),
        };
        self.of.table.primary_key().iter().map(after).collect()
    }
}

impl Executable for UpdateOne {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        let Self { of, assignments, found_by, fetched } = self;
        let columns = of.table.columns();
        sql.mark_writes();
        sql.enter(vec![Source::table(of.table.clone())])?;
        sql.push("UPDATE ").table(&of.table);
        assignments.raising_version(of).render(of, sql)?;
        sql.push(" WHERE ");
        sql.separated(" AND ", found_by, |sql, (position, value)| {
            let column = &columns[*position];
            sql.name(&column.name).push(" = ");
            render_value(of, column, &Ok(Bound::Value(column.sql_type, value.clone())), sql)
        })?;
        if !fetched.is_empty() && sql.dialect().supports(Feature::ReturningUpdated) {
            let returned = [of.table.primary_key(), fetched].concat();
            sql.push(" RETURNING ").names(of.table.names_of(&returned));
        }
        sql.leave();
        Ok(())
    }
}
