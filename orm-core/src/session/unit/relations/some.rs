//! Reading some of the rows of a relation for each of several entities.

use foldhash::{HashMap, HashMapExt};

use super::{CHUNK, Unit};
use crate::Result;
use crate::driver::Row;
use crate::error::{Error, ErrorKind};
use crate::model::{Entity, Model, RelatedQuery, Token};
use crate::query::{Referred, Select};
use crate::session::arena::Place;
use crate::session::entities::Entities;
use crate::session::relations::Related;

impl Unit {
    /// What is wanted of a relation for each of these entities.
    pub(in crate::session) async fn related<M: Model, T: Model>(
        &mut self,
        owners: &[Entity<M>],
        query: RelatedQuery<M, T>,
    ) -> Result<Related<M, T>> {
        self.autoflush().await?;
        let mut slots = Vec::with_capacity(owners.len());
        for &owner in owners {
            slots.push(self.entities.persistent(owner)?.slot);
        }
        slots.sort_unstable();
        slots.dedup();
        let [arena, target] = [self.entities.arena_index::<M>(), self.entities.arena_index::<T>()];
        let mut found = HashMap::with_capacity(slots.len());
        self.entities.met.clear();
        for chunk in slots.chunks(CHUNK) {
            self.read_some(arena, target, &query, chunk, &mut found).await?;
        }
        self.entities.settle_met();
        Ok(Related::new(owners, found))
    }

    async fn read_some<M: Model, T: Model>(
        &mut self,
        arena: u32,
        target: u32,
        query: &RelatedQuery<M, T>,
        slots: &[u32],
        found: &mut HashMap<Token, Vec<Token>>,
    ) -> Result<()> {
        let no_key = || Error::new(ErrorKind::Misuse, "a relation has no foreign key").with_model(M::NAME);
        let (table, key) = query.key().ok_or_else(no_key)?;
        let owners = &self.entities.arenas[arena as usize];
        let referred = |&slot: &u32| Referred::Key(Ok(owners.head(slot).identity.values(key.columns.len())));
        let statement = query.statement(slots.iter().map(referred).collect()).ok_or_else(no_key)?;
        let mut select = Select::<()>::from_statement(statement);
        let mut rows = self.entities.rows_with(target, None, &mut select.statement);
        (self.entities.refills, self.entities.keeps_changes) = (false, true);
        let take = |entities: &mut Entities, row: &dyn Row| {
            let (token, _) = rows.meet(entities, row)?;
            let owner = rows.key_behind(row, table, key)?;
            if let Some(slot) = entities.arenas[arena as usize].find(&owner) {
                found.entry(entities.handle(Place { arena, slot })).or_default().push(token);
            }
            Ok(())
        };
        self.read_now(&select, take).await
    }
}
