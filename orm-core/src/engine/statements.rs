//! Statements that were rendered once and are handed to drivers again and again.

use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::HashMap;

use crate::Result;
use crate::driver::Statement;
use crate::metadata::{Table, TableRef};
use crate::query::{Dialect, Layout, Rendered, Sql, WriteShape, select_by_key};

/// How many statements of each kind are remembered; when there are more, all are forgotten and rendered again as they
/// are used.
const KEPT: usize = 1024;

#[derive(Default)]
pub(crate) struct Statements {
    writes: Mutex<HashMap<(WriteShape, Layout), Arc<Statement>>>,
    queries: Mutex<HashMap<String, Arc<Statement>>>,
    by_key: Mutex<HashMap<TableRef, Arc<Statement>>>,
}

impl Statements {
    /// The statement that writes this shape in this layout.
    pub(crate) fn write(
        &self,
        dialect: &dyn Dialect,
        shape: &WriteShape,
        layout: Layout,
    ) -> Result<Arc<Statement>> {
        let key = (shape.clone(), layout);
        if let Some(statement) = find(&self.writes, &key) {
            return Ok(statement);
        }
        let mut sql = Sql::new(dialect);
        dialect.write(shape, layout, &mut sql);
        Ok(keep(&self.writes, key, Statement::from_sql(sql)?))
    }

    /// The statement that reads one row of a table by its key.
    pub(crate) fn by_key(&self, dialect: &dyn Dialect, table: &'static Table) -> Result<Arc<Statement>> {
        let key = TableRef::Model(table);
        if let Some(statement) = find(&self.by_key, &key) {
            return Ok(statement);
        }
        let mut sql = Sql::new(dialect);
        select_by_key(&mut sql, table);
        Ok(keep(&self.by_key, key, Statement::single_from_sql(sql)?))
    }

    /// The statement of a rendered query.
    pub(crate) fn query(&self, rendered: &Rendered) -> Arc<Statement> {
        if let Some(statement) = find(&self.queries, &rendered.text)
            && statement.parameters() == rendered.types
        {
            return statement;
        }
        let statement = Statement::text(&rendered.text, &rendered.types);
        keep(&self.queries, rendered.text.clone(), statement)
    }
}

fn find<K: Hash + Eq>(map: &Mutex<HashMap<K, Arc<Statement>>>, key: &K) -> Option<Arc<Statement>> {
    map.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
}

fn keep<K: Hash + Eq>(
    map: &Mutex<HashMap<K, Arc<Statement>>>,
    key: K,
    statement: Arc<Statement>,
) -> Arc<Statement> {
    let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
    if map.len() >= KEPT {
        map.clear();
    }
    map.insert(key, statement.clone());
    statement
}
