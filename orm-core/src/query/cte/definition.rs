//! What names stand for in a statement: collected while it is written, and written before it.

use std::sync::Arc;

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::metadata::Table;
use crate::query::cte::Body;
use crate::query::source::{Derived, Name};
use crate::query::sql::rendered_beside;
use crate::query::{Executable, Feature, Sql};

/// What a name stands for in a statement.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(super) name: Name,
    pub(super) body: Arc<dyn Body>,
    pub(super) recursive: bool,
    pub(super) hint: Option<&'static str>,
}

impl Executable for Definition {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        if self.body.writes() {
            sql.require(Feature::WritingCte)?;
        }
        sql.name(&self.name);
        if !self.body.names_its_columns() {
            let columns = self.body.columns();
            sql.push(" (").list(&columns, |sql, column| {
                sql.name(column);
            });
            sql.push(")");
        }
        sql.push(" AS ");
        if let Some(hint) = self.hint.filter(|_| sql.dialect().supports(Feature::MaterializedCte)) {
            sql.push(hint);
        }
        sql.push("(");
        sql.defining.push(self.name.clone());
        self.body.render(sql)?;
        sql.defining.pop();
        sql.push(")");
        Ok(())
    }
}

/// The place where one is read from.
#[derive(Debug)]
pub(super) struct Use(pub(super) Arc<Definition>);

impl Derived for Use {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        sql.meet(&self.0)?;
        sql.name(&self.0.name);
        Ok(())
    }

    fn columns(&self) -> Vec<Name> {
        self.0.body.columns()
    }

    fn defined_as(&self) -> Option<&str> {
        Some(&self.0.name)
    }
}

/// The place where a recursive one is read from in its own definition.
#[derive(Debug)]
pub(super) struct Itself {
    pub(super) name: Name,
    pub(super) columns: Vec<Name>,
}

impl Derived for Itself {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        if !sql.is_probe() && !sql.defining.contains(&self.name) {
            let message = format!(
                "what the step of the recursive {0} was given is used outside of it; read from {0} itself",
                self.name
            );
            return Err(invalid(message));
        }
        sql.name(&self.name);
        Ok(())
    }

    fn columns(&self) -> Vec<Name> {
        self.columns.clone()
    }

    fn defined_as(&self) -> Option<&str> {
        Some(&self.name)
    }
}

/// Writes the definitions that the statement was found to need.
pub(crate) fn render_with(sql: &mut Sql<'_>) -> Result<()> {
    let with = sql.with.clone();
    let recursive = with.iter().any(|definition| definition.recursive);
    sql.push(if recursive { "WITH RECURSIVE " } else { "WITH " });
    sql.separated(", ", &with, |sql, definition| definition.render(sql))?;
    sql.push(" ");
    Ok(())
}

impl Sql<'_> {
    /// Notes that the statement needs this definition, behind those that it needs itself.
    fn meet(&mut self, definition: &Arc<Definition>) -> Result<()> {
        self.has_no_shape();
        let known = self.with.iter().find(|known| self.is_one_name(&known.name, &definition.name));
        if let Some(known) = known {
            return self.check_is_one(known, definition);
        }
        if self.defining.iter().any(|name| self.is_one_name(name, &definition.name)) {
            return Err(ambiguous(&definition.name));
        }
        let mut inside = self.inside();
        definition.render(&mut inside)?;
        self.with = inside.with;
        self.writes |= inside.writes;
        self.with.push(definition.clone());
        Ok(())
    }

    /// An error if two definitions of one name are not the same.
    fn check_is_one(&self, known: &Arc<Definition>, other: &Arc<Definition>) -> Result<()> {
        if Arc::ptr_eq(known, other) {
            return Ok(());
        }
        let written = |definition: &Definition| rendered_beside(definition, self);
        let (known, other) = (written(known)?, written(other)?);
        if (&known.text, &known.values) == (&other.text, &other.values) {
            return Ok(());
        }
        Err(ambiguous(other.text.split('"').nth(1).unwrap_or_default()))
    }

    /// An error if a definition of the statement has the name of this table.
    pub(crate) fn check_not_defined(&self, table: &Table) -> Result<()> {
        let name = table.full_name();
        if name.schema().is_some() {
            return Ok(());
        }
        if self.with.iter().any(|definition| self.is_one_name(&definition.name, name.name())) {
            let message = format!(
                "a common table expression of the statement is called {} like the table; give it another name",
                name.name()
            );
            return Err(invalid(message));
        }
        Ok(())
    }

    fn is_one_name(&self, one: &str, other: &str) -> bool {
        one == other || (self.dialect().ignores_case() && one.eq_ignore_ascii_case(other))
    }
}

#[cold]
fn ambiguous(name: &str) -> Error {
    invalid(format!("two different common table expressions are called {name}; rename one of them"))
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidQuery, message)
}
