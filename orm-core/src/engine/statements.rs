//! Statements that were rendered once and are handed to drivers again and again.

use std::hash::Hash;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::HashMap;

use crate::Result;
use crate::driver::Statement;
use crate::metadata::{Table, TableRef};
use crate::query::{
    Dialect, Executable, Keys, Layout, Rendered, Sql, WriteShape, rendered_to_run, select_by_key, shape_of,
};

/// How many statements of each kind are remembered; when there are more, all are forgotten and rendered again as they
/// are used.
const KEPT: usize = 1024;

#[derive(Default)]
pub(crate) struct Statements {
    /// By their shapes.
    writes: Mutex<HashMap<WriteShape, Layouts>>,
    /// By their SQL.
    queries: Mutex<HashMap<String, Arc<Statement>>>,
    /// By their shapes.
    shapes: Mutex<HashMap<String, Arc<Statement>>>,
    by_key: Mutex<HashMap<TableRef, Arc<Statement>>>,
}

/// What writes one shape, in as many layouts as it was wanted in.
type Layouts = Vec<(Layout, Arc<Statement>)>;

/// A statement that can be run: its SQL, and all else that it says. The text of the latter may be its shape.
pub(crate) struct Prepared {
    pub(crate) statement: Arc<Statement>,
    rendered: Rendered,
}

impl Deref for Prepared {
    type Target = Rendered;

    fn deref(&self) -> &Rendered {
        &self.rendered
    }
}

impl Statements {
    /// A statement, ready to run. One whose shape was there before is not written as SQL again.
    pub(crate) fn prepare(
        &self,
        statement: &impl Executable,
        dialect: &dyn Dialect,
        keys: Option<&dyn Keys>,
    ) -> Result<Prepared> {
        let shape = if statement.has_shape() { shape_of(statement, dialect, keys)? } else { None };
        let found = shape.as_ref().and_then(|shape| {
            find(&self.shapes, &shape.text).filter(|found| found.parameters() == shape.types)
        });
        let shape = match (shape, found) {
            (Some(rendered), Some(statement)) => return Ok(Prepared { statement, rendered }),
            (shape, _) => shape,
        };
        let rendered = rendered_to_run(statement, dialect, keys)?;
        let statement = self.query(&rendered);
        if let Some(shape) = shape {
            keep(&self.shapes, shape.text, statement.clone());
        }
        Ok(Prepared { statement, rendered })
    }

    /// The statement that writes this shape in this layout.
    pub(crate) fn write(
        &self,
        dialect: &dyn Dialect,
        shape: &WriteShape,
        layout: Layout,
    ) -> Result<Arc<Statement>> {
        let of_shape = |writes: &HashMap<_, Layouts>| {
            let (_, statement) = writes.get(shape)?.iter().find(|(other, _)| *other == layout)?;
            Some(statement.clone())
        };
        if let Some(statement) = of_shape(&self.writes.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(statement);
        }
        let render = |layout| {
            let mut sql = Sql::new(dialect);
            dialect.write(shape, layout, &mut sql);
            sql
        };
        let statement = match layout {
            Layout::Blocks(_) => Statement::with_block(render(Layout::PerRow), render(layout))?,
            _ => Statement::from_sql(render(layout))?,
        };
        let mut writes = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        if writes.len() >= KEPT {
            writes.clear();
        }
        writes.entry(shape.clone()).or_default().push((layout, statement.clone()));
        Ok(statement)
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
        // That for one row may be there without its block.
        let block = rendered.batch.as_ref().and_then(|batch| batch.block.as_ref());
        let text = block.map_or(&rendered.text, |(text, _)| text);
        if let Some(statement) = find(&self.queries, text)
            && statement.parameters() == rendered.types
        {
            return statement;
        }
        keep(&self.queries, text.clone(), Statement::rendered(rendered))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_has_a_bound() {
        let map = Mutex::default();
        for number in 0..3 * KEPT {
            keep(&map, number.to_string(), Statement::text("SELECT 1", &[]));
        }
        let kept = map.lock().unwrap_or_else(PoisonError::into_inner).len();
        assert!((1..=KEPT).contains(&kept), "{kept}");
    }
}
