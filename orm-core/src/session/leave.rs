//! Leaving a session, and coming back.

use crate::engine::wait;
use crate::error::{Error, ErrorKind};
use crate::metadata::ForeignKey;
use crate::model::{Entity, Model, Reference, Relation, Token, blame};
use crate::session::arena::{Place, State};
use crate::session::entities::{Entities, LEFT, gone};
use crate::session::identity::Identity;
use crate::session::journal::Entry;
use crate::session::relations::RelationPlace;
use crate::session::{AsyncSession, Session};
use crate::{Result, Value};

impl Entities {
    /// Takes an entity out of the session as a plain struct. What was changed and not flushed is not saved; what was flushed stays in
    /// the transaction, and a rollback does not bring the entity back.
    pub fn detach<M: Model>(&mut self, entity: Entity<M>) -> Result<M> {
        let slot = self.readable(entity)?;
        let place = Place { arena: entity.token.arena(), slot };
        let record = self.arena_mut(place).structs_mut::<M>().and_then(|all| all[slot].take());
        self.leave(place);
        record.ok_or_else(|| gone(M::NAME, LEFT))
    }

    /// Takes all entities of a model out of the session, as plain structs, new ones and those that were added and rolled back included.
    /// Expired ones leave as well, and have no struct to give; those whose deletion was flushed stay, for a rollback.
    pub fn detach_all<M: Model>(&mut self) -> Vec<M> {
        let Some(index) = self.arena_of::<M>() else { return Vec::new() };
        let expired_before = self.expired_before;
        let is_gone = |head: State| matches!(head, State::Free | State::Deleted);
        let arena = &mut self.arenas[index as usize];
        let mut records = Vec::new();
        for slot in arena.slots() {
            let head = arena.head(slot);
            if is_gone(head.state) {
                continue;
            }
            let token = Token::new(self.session, index, slot, head.generation);
            let has_values = head.state != State::Persistent || head.read_at >= expired_before;
            let record = arena.structs_mut::<M>().and_then(|all| all[slot].take());
            records.extend(record.filter(|_| has_values));
            if self.has_relations {
                self.departed.insert(token);
            }
            arena.release(slot);
        }
        self.forget_places(|place| place.arena != index);
        records
    }

    /// Drops an entity that is new or has its row: it is detached, nothing that was changed and not flushed is written for it, and a
    /// rollback does not bring it back. What is not in the session is an error.
    pub fn expunge<M: Model>(&mut self, entity: Entity<M>) -> Result<()> {
        let (place, head) = self.look_up(entity.token, M::NAME)?;
        match head.state {
            State::Pending | State::Persistent => {
                self.leave(place);
                Ok(())
            }
            State::Transient | State::Deleted | State::Free => {
                let message = format!("the entity cannot be expunged: {}", head.state.problem());
                Err(Error::new(ErrorKind::NotPersistent, message).with_model(M::NAME))
            }
        }
    }

    /// Drops an entity as [`expunge`](Self::expunge) does, and with it the entities that are loaded in a relation of it, those included
    /// that were put in and are not flushed yet. Of what is not loaded nothing is known here, and it stays. No I/O.
    pub fn expunge_with<M: Model, T: Model>(
        &mut self,
        entity: Entity<M>,
        relation: Relation<M, T>,
    ) -> Result<()> {
        let (owner, _) = self.look_up(entity.token, M::NAME)?;
        let place = RelationPlace { owner, relation: relation.number()? };
        let members = self.collection(place).map_or_else(Vec::new, |known| known.tokens().to_vec());
        self.expunge(entity)?;
        for member in members {
            if let Some(place) = self.place_of(member) {
                self.leave(place);
            }
        }
        Ok(())
    }

    /// Drops all entities, whatever their state, as [`expunge`](Self::expunge) does one.
    pub fn expunge_all(&mut self) {
        for arena in &mut self.arenas {
            for slot in arena.slots() {
                if arena.head(slot).state != State::Free {
                    arena.release(slot);
                }
            }
        }
        self.forget_places(|_| false);
    }

    /// Takes a struct in as the entity of a row that is known to be there: clean and loaded, without a SELECT. It is what `detach`
    /// gave, or was read elsewhere; nobody checks it against the row, which is what [`merge`](Session::merge) is for. What is changed
    /// from now on is written; a deferred column that it lacks is not loaded. Neither is a relation, unless this session knows what is in
    /// it; what was put in or taken out is written by the next flush.
    ///
    /// An error if the session knows the row already, if the key was never set, and if a reference waits for the key of a new row.
    pub fn attach<M: Model>(&mut self, record: M) -> Result<Entity<M>> {
        let identity = given_identity(&record)?.ok_or_else(|| keyless(M::NAME))?;
        refuse_waiting(&record)?;
        let arena = self.arena_index::<M>();
        if let Some(slot) = self.arenas[arena as usize].find(&identity) {
            let key = self.shown(self.head(Place { arena, slot }));
            let message = format!(
                "an entity {key} is in this session already; change that one, expunge it first, or merge"
            );
            return Err(Error::new(ErrorKind::IdentityConflict, message).with_model(M::NAME));
        }
        let place = self.take_in(arena, record, State::Persistent);
        self.arena_mut(place).identify(place.slot, identity);
        if !self.journal.is_empty() || self.wrote_rows {
            // Its values may be those of this transaction, and be undone with it.
            self.journal.push(Entry::Met(place));
        }
        self.relations_come_in(place);
        Ok(Entity::new(self.handle(place)))
    }

    fn leave(&mut self, place: Place) {
        if self.has_relations {
            self.left_alone(place);
            self.departed.insert(self.handle(place));
        }
        for list in [&mut self.new, &mut self.touched, &mut self.doomed] {
            list.remove(place);
        }
        self.assigned.remove(&place);
        if !self.journal.is_empty() {
            let identity = self.head(place).identity.clone();
            self.left.insert((place.arena, identity));
        }
        self.arena_mut(place).release(place.slot);
    }

    /// Many have left at once.
    fn forget_places(&mut self, stays: impl Fn(&Place) -> bool) {
        for list in [&mut self.new, &mut self.touched, &mut self.doomed] {
            list.retain(&stays);
        }
        self.assigned.retain(|place, _| stays(place));
        // What is met from now on may be a row of this transaction whose entity is gone: so it is undone as one.
        self.wrote_rows |= !self.journal.is_empty();
    }
}

/// The identity that a struct's key fields say; none if the database is still to number it, or if it waits for the key of another row,
/// or for the collection in which it is to say of which.
pub(super) fn given_identity<M: Model>(record: &M) -> Result<Option<Identity>> {
    let (table, keys) = (M::table(), M::table().primary_key());
    let of_key = |columns: &[usize]| columns.iter().any(|column| keys.contains(column));
    let is_unset = |key: &&ForeignKey| record.reference(key.field).is_some_and(Reference::is_unset);
    let mut unset = table.foreign_keys().iter().filter(is_unset);
    if waiting_for(record, of_key).is_some() || unset.any(|key| of_key(&key.columns)) {
        return Ok(None);
    }
    let value = |position: usize| {
        let column = &table.columns()[position];
        record.get(column.field, column.part).map_err(|error| blame(M::NAME, table, error, position))
    };
    if let Some(auto) = table.auto_key()
        && matches!(value(auto)?, Value::Int(0) | Value::Null)
    {
        return Ok(None);
    }
    let identity = Identity::of(keys.len(), |part| value(keys[part]));
    identity.map(Some).map_err(|error| error.with_model(M::NAME))
}

/// The first column of a reference among these that waits for the key of another row.
fn waiting_for<M: Model>(record: &M, is_asked: impl Fn(&[usize]) -> bool) -> Option<usize> {
    let waits = |field| record.reference(field).is_some_and(Reference::is_waiting);
    let mut keys = M::table().foreign_keys().iter();
    keys.find(|key| is_asked(&key.columns) && waits(key.field)).map(|key| key.columns[0])
}

fn refuse_waiting<M: Model>(record: &M) -> Result<()> {
    match waiting_for(record, |_| true) {
        None => Ok(()),
        Some(column) => {
            let message = "it refers to an entity whose key is not known, and a row that is there already cannot; attach it with the \
                           key, BelongsTo::key(…), and set the reference afterwards";
            Err(blame(M::NAME, M::table(), Error::new(ErrorKind::Misuse, message), column))
        }
    }
}

#[cold]
fn keyless(model: &'static str) -> Error {
    let message = "its key was never set, so no row can be known to be its own; add it";
    Error::new(ErrorKind::NotPersistent, message).with_model(model)
}

impl Session {
    /// Rolls back what was not committed, and gives the connection back. Dropping the session does the same.
    pub fn close(mut self) {
        // What memory cannot undo goes with the session.
        let _ = wait(self.unit.rollback());
    }
}

impl AsyncSession {
    /// Rolls back what was not committed, waits for the answer, and gives the connection back. Dropping the session does not wait.
    pub async fn close(mut self) {
        let _ = self.unit.rollback().await;
    }
}
