//! Conditions along a relation: whether there are related rows, and which row is referred to.

use crate::Result;
use crate::metadata::Table;
use crate::query::expr::Node;
use crate::query::filter::Filter;
use crate::query::keys::EntityWords;
use crate::query::link::{Bridge, Link, LinkedBy, render_pairs};
use crate::query::source::Source;
use crate::query::{Condition, Expr, IntoCondition, Sql};
use crate::{SqlType, Value};

/// What is asked of the rows that are related to a row: whether there are any for which something holds, or how many.
#[derive(Debug)]
pub(crate) struct Related {
    /// From the row to those that are related to it.
    link: Link,
    filter: Filter,
    /// It is asked of rows of the join table, and the other side is not looked at.
    only_links: bool,
    counts: bool,
}

impl Related {
    /// Whether there are related rows for which this holds.
    pub(crate) fn exist(link: Link, condition: impl IntoCondition) -> Condition {
        Expr::new(Self::new(link, condition, false))
    }

    /// How many related rows there are for which this holds.
    pub(crate) fn count(link: Link, condition: impl IntoCondition) -> Expr<i64> {
        Expr::new(Self::new(link, condition, true))
    }

    /// Whether there are rows of the join table for which this holds.
    pub(crate) fn links_exist(link: Link, condition: Condition) -> Condition {
        Expr::new(Self { only_links: true, ..Self::new(link, condition, false) })
    }

    fn new(link: Link, condition: impl IntoCondition, counts: bool) -> Self {
        let mut filter = Filter::default();
        filter.push(condition);
        Self { link, only_links: filter.is_empty(), filter, counts }
    }

    /// Writes FROM and the part of WHERE that finds the related rows.
    fn render_rows(&self, related: &Source, sql: &mut Sql<'_>) -> Result<()> {
        match &self.link.by {
            LinkedBy::Columns(pairs) => {
                related.render(sql)?;
                sql.enter(vec![related.clone()])?;
                sql.push(" WHERE ");
                // Theirs first.
                sql.separated(" AND ", pairs, |sql, (outer, inner)| {
                    sql.column(related, inner, None)?;
                    sql.push(" = ");
                    sql.column(&self.link.from, outer, None)
                })
            }
            LinkedBy::Rows(Bridge { rows, from, to }) => {
                rows.render(sql)?;
                if self.only_links {
                    sql.enter(vec![rows.clone()])?;
                } else {
                    sql.enter(vec![rows.clone(), related.clone()])?;
                    sql.push(" JOIN ");
                    related.render(sql)?;
                    sql.push(" ON ");
                    render_pairs([rows, related], to, sql)?;
                }
                sql.push(" WHERE ");
                render_pairs([rows, &self.link.from], from, sql)
            }
        }
    }
}

impl Node for Related {
    /// In the condition, the name of the model means the related row. Where that has the name of the outer one, because the
    /// relation leads to its own table, it is read under a name that is made up.
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        let Self { link: Link { from: outer, to: inner, .. }, filter, counts, .. } = self;
        let renamed = outer.hides(inner).then(|| inner.clone().named(sql.unused_name("related")));
        let related = renamed.as_ref().unwrap_or(inner);
        sql.push(if *counts { "(SELECT COUNT(*) FROM " } else { "EXISTS (SELECT 1 FROM " });
        self.render_rows(related, sql)?;
        if let Some(renamed) = &renamed {
            sql.enter_as(inner.clone(), renamed.clone());
        }
        filter.render_as(" AND ", sql)?;
        if renamed.is_some() {
            sql.leave();
        }
        sql.leave();
        sql.push(")");
        Ok(())
    }

    fn is_atom(&self) -> bool {
        true
    }
}

/// Whether a foreign key refers to one of some rows.
#[derive(Debug)]
pub(crate) struct RefersTo {
    source: Source,
    columns: Vec<(String, SqlType)>,
    targets: Vec<Referred>,
    negated: bool,
}

/// A row that is referred to.
#[derive(Clone, Debug)]
pub(crate) enum Referred {
    /// That of an entity of this model.
    Entity(EntityWords, &'static str),
    /// The one with this key, if that could be encoded.
    Key(Result<Vec<Value<'static>>>),
    /// None.
    Nothing,
}

impl RefersTo {
    pub(crate) fn condition(
        source: Source,
        columns: Vec<(String, SqlType)>,
        targets: Vec<Referred>,
        negated: bool,
    ) -> Condition {
        Expr::new(Self { source, columns, targets, negated })
    }

    fn name(&self, column: usize, compared: bool, sql: &mut Sql<'_>) -> Result<()> {
        let (name, sql_type) = &self.columns[column];
        sql.column(&self.source, name, compared.then_some(*sql_type))
    }

    fn values(&self, target: &Referred, sql: &mut Sql<'_>) -> Result<Option<Vec<Value<'static>>>> {
        match target {
            Referred::Entity(entity, model) => sql.key_of(*entity, model, self.columns.len()).map(Some),
            Referred::Key(key) => key.clone().map(Some),
            Referred::Nothing => Ok(None),
        }
    }

    /// The rest of a comparison of one column.
    fn compare(&self, operator: &str, column: usize, value: Value<'static>, sql: &mut Sql<'_>) -> Result<()> {
        self.name(column, true, sql)?;
        sql.push(operator).bind(self.columns[column].1, value);
        Ok(())
    }

    fn render_target(&self, target: &Referred, sql: &mut Sql<'_>) -> Result<()> {
        let values = self.values(target, sql)?;
        let brackets = self.columns.len() > 1;
        sql.push(if brackets { "(" } else { "" });
        match values {
            Some(values) => {
                sql.separated(" AND ", values.into_iter().enumerate(), |sql, (column, value)| {
                    self.compare(" = ", column, value, sql)
                })?
            }
            // A reference of which a part is NULL refers to nothing.
            None => sql.separated(" OR ", 0..self.columns.len(), |sql, column| {
                self.name(column, false, sql)?;
                sql.push(" IS NULL");
                Ok(())
            })?,
        }
        sql.push(if brackets { ")" } else { "" });
        Ok(())
    }

    /// One column and keys only: a list of values.
    fn render_list(&self, sql: &mut Sql<'_>) -> Result<()> {
        let values = self.targets.iter().map(|target| match target {
            Referred::Key(key) => key.as_deref().map_err(Clone::clone).map(|key| key.first().cloned()),
            Referred::Entity(..) | Referred::Nothing => {
                Ok(self.values(target, sql)?.and_then(|mut key| key.pop()))
            }
        });
        let values = values.map(|value| Ok(value?.unwrap_or(Value::Null))).collect::<Result<Vec<_>>>()?;
        self.name(0, true, sql)?;
        sql.one_of(self.columns[0].1, values, self.negated);
        Ok(())
    }
}

impl Node for RefersTo {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        let only_keys = !self.targets.iter().any(|target| matches!(target, Referred::Nothing));
        match (&*self.targets, &*self.columns, self.negated) {
            ([], ..) => {
                sql.push(if self.negated { "1 = 1" } else { "1 = 0" });
                Ok(())
            }
            ([one], _, false) => self.render_target(one, sql),
            ([Referred::Nothing], [_], true) => {
                self.name(0, false, sql)?;
                sql.push(" IS NOT NULL");
                Ok(())
            }
            ([one], [_], true) if only_keys => {
                let value = self.values(one, sql)?.and_then(|mut values| values.pop());
                self.compare(" <> ", 0, value.unwrap_or(Value::Null), sql)
            }
            (_, [_], _) if only_keys => self.render_list(sql),
            (targets, _, negated) => {
                sql.push(if negated { "NOT (" } else { "(" });
                sql.separated(" OR ", targets, |sql, target| self.render_target(target, sql))?;
                sql.push(")");
                Ok(())
            }
        }
    }
}

/// Whether one column is one of several keys.
#[derive(Debug)]
pub(crate) struct KeyAmong {
    source: Source,
    column: (String, SqlType),
    keys: Vec<Value<'static>>,
}

impl KeyAmong {
    pub(crate) fn condition(
        source: Source,
        column: (String, SqlType),
        keys: Vec<Value<'static>>,
    ) -> Condition {
        Expr::new(Self { source, column, keys })
    }
}

impl Node for KeyAmong {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        let (name, sql_type) = &self.column;
        sql.column(&self.source, name, Some(*sql_type))?;
        sql.one_of(*sql_type, self.keys.clone(), false);
        Ok(())
    }
}

/// Whether a row is the one with this primary key.
#[derive(Debug)]
pub(crate) struct KeyIs {
    table: &'static Table,
    values: Vec<Value<'static>>,
}

impl KeyIs {
    pub(crate) fn condition(table: &'static Table, values: Vec<Value<'static>>) -> Condition {
        Expr::new(Self { table, values })
    }
}

impl Node for KeyIs {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        let source = Source::table(self.table);
        sql.separated(" AND ", self.table.primary_key().iter().zip(&self.values), |sql, (&key, value)| {
            let column = &self.table.columns()[key];
            sql.column(&source, &column.name, Some(column.sql_type))?;
            sql.push(" = ").bind(column.sql_type, value.clone());
            Ok(())
        })
    }
}
