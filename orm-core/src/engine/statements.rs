//! Statements that were rendered once and are handed to drivers again and again.

use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::HashMap;

use crate::Result;
use crate::driver::Statement;
use crate::query::{Dialect, Layout, Rendered, Sql, WriteShape};

/// How many statements of each kind are remembered; when there are more, all are forgotten and rendered again as they
/// are used.
const KEPT: usize = 1024;

#[derive(Default)]
pub(crate) struct Statements {
    writes: Mutex<HashMap<(WriteShape, Layout), Arc<Statement>>>,
    queries: Mutex<HashMap<String, Arc<Statement>>>,
}

impl Statements {
    /// The statement that writes this shape in this layout.
    pub(crate) fn write(&self, dialect: &dyn Dialect, shape: &WriteShape, layout: Layout) -> Arc<Statement> {
        let key = (shape.clone(), layout);
        if let Some(statement) = find(&self.writes, &key) {
            return statement;
        }
        let mut sql = Sql::new(dialect);
        dialect.write(shape, layout, &mut sql);
        keep(&self.writes, key, Statement::from_sql(sql))
    }

    /// The statement of a rendered query.
    pub(crate) fn query(&self, rendered: &Rendered) -> Arc<Statement> {
        if let Some(statement) = find(&self.queries, &rendered.text)
            && statement.parameters() == rendered.types
        {
            return statement;
        }
        let statement = Statement::new(rendered.text.clone(), rendered.types.clone());
        keep(&self.queries, rendered.text.clone(), statement)
    }

    /// The statement that a closure renders, kept under its text.
    pub(crate) fn render(
        &self,
        dialect: &dyn Dialect,
        render: impl FnOnce(&mut Sql<'_>) -> Result<()>,
    ) -> Result<Arc<Statement>> {
        let mut sql = Sql::new(dialect);
        render(&mut sql)?;
        Ok(self.query(&sql.finish()))
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
