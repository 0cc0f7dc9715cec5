//! What the relations of a model mean for the tables of a program, and whether its foreign keys can keep what they say.

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::metadata::{Action, ForeignKey, Related, Table};
use crate::model::{Cascade, JoinTable, Model, RelationDef, RelationKind};

/// What a derive says of the relations of its model.
#[doc(hidden)]
pub fn related<M: Model>() -> Related {
    Related { tables: || M::relations().iter().flat_map(tables).collect(), check: check::<M> }
}

fn tables(relation: &RelationDef) -> Vec<&'static Table> {
    let target = (relation.table)();
    match relation.kind {
        RelationKind::Many { .. } | RelationKind::One { .. } => vec![target],
        RelationKind::Linked(join) => vec![target, join.table()],
    }
}

/// Whether each relation can be what it says.
fn check<M: Model>() -> Result<()> {
    M::relations().iter().try_for_each(|relation| {
        let checked = Checked { model: M::NAME, table: M::table(), relation };
        match &relation.kind {
            RelationKind::Many { .. } => checked.check_cascade(),
            RelationKind::One { .. } => checked.check_cascade().and_then(|()| checked.check_unique()),
            RelationKind::Linked(join) => checked.check_links(join),
        }
    })
}

struct Checked {
    model: &'static str,
    table: &'static Table,
    relation: &'static RelationDef,
}

impl Checked {
    fn mistake(&self, what: &str) -> Error {
        let Self { model, relation, .. } = self;
        let message = format!("{model}::{}, a relation to {}: {what}", relation.name, relation.target);
        Error::new(ErrorKind::InvalidSchema, message)
    }

    /// The other model's reference, as its derive names it.
    fn named(&self, key: &ForeignKey) -> String {
        let columns = (self.relation.table)().names_of(&key.columns).join(", ");
        format!("the reference of {} ({columns})", self.relation.target)
    }

    fn check_cascade(&self) -> Result<()> {
        let Some(key) = self.relation.reference() else { return Ok(()) };
        let (named, own) = (self.named(key), self.model);
        match self.relation.cascade_said() {
            Some(Cascade::SetNull) if !key.is_nullable((self.relation.table)()) => {
                Err(self.mistake(&format!(
                    "cascade = \"set_null\" would empty {named}, which cannot be empty; make that an \
                     Option<BelongsTo<{own}>>, or choose \"delete\", \"delete_orphan\", \"restrict\" or \"database\""
                )))
            }
            Some(Cascade::Database) if matches!(key.on_delete, Action::NoAction | Action::Restrict) => {
                Err(self.mistake(&format!(
                    "cascade = \"database\" leaves the rows to the foreign key, but {named} does nothing when a {own} is \
                     deleted; put on_delete = \"cascade\" or on_delete = \"set_null\" there"
                )))
            }
            Some(
                Cascade::SetNull
                | Cascade::Database
                | Cascade::Delete
                | Cascade::DeleteOrphan
                | Cascade::Restrict,
            )
            | None => Ok(()),
        }
    }

    fn check_unique(&self) -> Result<()> {
        match self.relation.reference() {
            Some(key) if !(self.relation.table)().is_unique(&key.columns) => Err(self.mistake(&format!(
                "it is a HasOne, but {} is not unique, so there may be many; put #[model(unique)] there, or make this \
                 a HasMany",
                self.named(key)
            ))),
            _ => Ok(()),
        }
    }

    fn check_links(&self, join: &JoinTable) -> Result<()> {
        if join.own == join.other {
            return Err(self.mistake(&format!(
                "through names one reference of {} for both sides; name the one to this side, then the one to the other",
                join.table().name()
            )));
        }
        match (self.relation.relations)().iter().find(|other| self.is_other_side(join, other)) {
            None => Ok(()),
            Some(other) => {
                let Self { model, relation, .. } = self;
                let (name, target, constant) = (relation.name, relation.target, relation.name.to_uppercase());
                Err(self.mistake(&format!(
                    "it and {target}::{other} have a join table each, {} and {}. Is {target}::{other} the other side of \
                     {model}::{name}? Then put via = {model}::{constant} there; if not, give both a name by table = \"…\"",
                    join.table().full_name(),
                    other.join_table().map_or("?", |join| join.table().name()),
                    other = other.name,
                )))
            }
        }
    }

    /// Whether it is a relation back that makes a table of its own as well, and nobody has said that there are to be two.
    fn is_other_side(&self, join: &JoinTable, other: &RelationDef) -> bool {
        let back = (self.relation.table)() != self.table && (other.table)() == self.table;
        let Some(other) = other.join_table().filter(|_| back) else { return false };
        match (join.named_by_program(), other.named_by_program()) {
            (Some(true), Some(true)) => join.table().full_name() == other.table().full_name(),
            (Some(_), Some(_)) => true,
            _ => false,
        }
    }
}
