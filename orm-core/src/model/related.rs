//! What the relations of a model mean for the tables of a program.

use crate::metadata::{Related, Table};
use crate::model::{Model, RelationDef, RelationKind};

/// What a derive says of the relations of its model.
#[doc(hidden)]
pub fn related<M: Model>() -> Related {
    Related { tables: || M::relations().iter().flat_map(tables).collect(), check: || Ok(()) }
}

fn tables(relation: &RelationDef) -> Vec<&'static Table> {
    let target = (relation.table)();
    match relation.kind {
        RelationKind::Many { .. } | RelationKind::One { .. } => vec![target],
        RelationKind::Linked(join) => vec![target, join.table()],
    }
}
