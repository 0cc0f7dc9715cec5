//! Many rows by their keys, with few statements.

use foldhash::{HashSet, HashSetExt};

use super::Unit;
use crate::Result;
use crate::driver::Row;
use crate::metadata::Table;
use crate::model::Keeper;
use crate::query::{Positions, Rendered, Sql};
use crate::result::Mapped;
use crate::session::arena::Place;
use crate::session::entities::Entities;
use crate::session::identity::Identity;

/// How many rows one statement reads.
pub(super) const CHUNK: usize = 500;

impl Unit {
    /// Reads the rows of these identities of which the values are not current; a known one whose row is gone leaves.
    pub(in crate::session) async fn read_identities(
        &mut self,
        arena: u32,
        identities: &[Identity],
    ) -> Result<()> {
        self.check()?;
        if self.not_current(arena, identities).is_empty() {
            return Ok(());
        }
        // What was only added before may be what is looked for.
        Box::pin(self.autoflush()).await?;
        self.entities.met.clear();
        for chunk in self.not_current(arena, identities).chunks(CHUNK) {
            self.entities.refills = false;
            self.read_keys(arena, chunk).await?;
            for identity in self.not_current(arena, chunk) {
                if let Some(slot) = self.entities.arenas[arena as usize].find(&identity) {
                    self.entities.lose_row(Place { arena, slot });
                }
            }
        }
        self.entities.settle_met();
        Ok(())
    }

    /// Those whose values have to be read, each once.
    fn not_current(&self, arena: u32, identities: &[Identity]) -> Vec<Identity> {
        let mut seen = HashSet::new();
        let is_wanted = |identity: &&Identity| self.entities.fresh(arena, identity).is_none();
        let wanted = identities.iter().filter(is_wanted).filter(|&identity| seen.insert(identity));
        wanted.cloned().collect()
    }

    /// Reads the rows with these keys, without a flush before it.
    pub(super) async fn read_keys(&mut self, arena: u32, keys: &[Identity]) -> Result<()> {
        let table = self.entities.arenas[arena as usize].table;
        let is_read = |&position: &usize| table.columns()[position].deferred.is_none();
        let read: Vec<_> = (0..table.columns().len()).filter(is_read).collect();
        let rendered = self.select_rows(table, &read, keys)?;
        let place = |position| read.iter().position(|&other| other == position);
        let positions: Positions = (0..table.columns().len()).map(place).collect();
        let take = |entities: &mut Entities, row: &dyn Row| {
            Keeper::meet(entities, arena, &Mapped::new(row, &positions)).map(drop)
        };
        let statement = self.engine.statements().query(&rendered);
        self.read_at_once(&statement, &rendered.values, take).await
    }

    /// A query for columns of the rows with these keys.
    pub(super) fn select_rows(
        &self,
        table: &'static Table,
        columns: &[usize],
        keys: &[Identity],
    ) -> Result<Rendered> {
        let mut sql = Sql::new(self.engine.backend().dialect());
        sql.push("SELECT ").list(columns, |sql, &position| {
            sql.name(&table.columns()[position].name);
        });
        sql.push(" FROM ").table(table);
        match (keys, table.primary_key()) {
            ([_], _) => {
                sql.where_key(table);
            }
            (_, [key]) => {
                let key = &table.columns()[*key];
                let values = keys.iter().map(|key| key.value(0).into_owned()).collect();
                sql.push(" WHERE ").name(&key.name).one_of(key.sql_type, values, false);
                return sql.finish();
            }
            _ => {
                for index in 0..keys.len() {
                    sql.push(if index == 0 { " WHERE (" } else { " OR (" }).key_condition(table).push(")");
                }
            }
        }
        let parts = table.primary_key().len();
        let values = keys.iter().flat_map(|key| key.values(parts)).collect();
        Ok(Rendered { values, ..sql.finish()? })
    }
}
