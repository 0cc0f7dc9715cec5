//! A struct from outside, put over the entity of its row.

mod graph;

use crate::engine::wait;
use crate::error::{Error, ErrorKind};
use crate::metadata::Column;
use crate::model::{Entity, Model, blame};
use crate::result::RowReader;
use crate::session::arena::Place;
use crate::session::entities::{Entities, LEFT, gone};
use crate::session::leave::given_identity;
use crate::session::undo::OldRow;
use crate::session::unit::Unit;
use crate::session::{AsyncSession, Session};
use crate::{Result, Value};

impl Unit {
    async fn merge<M: Model>(&mut self, record: M) -> Result<Entity<M>> {
        if !M::relations().is_empty() {
            return Box::pin(self.merge_graph(record)).await;
        }
        let Some(identity) = given_identity(&record)? else { return Ok(self.entities.add(record)) };
        let arena = self.entities.arena_index::<M>();
        let Some(token) = self.look_up_or_get(arena, &identity).await? else {
            return Ok(self.entities.add(record));
        };
        let entity = Entity::new(token);
        self.entities.put_over(entity, record)?;
        Ok(entity)
    }
}

impl Entities {
    /// Puts a struct over that of an entity, but for what the struct does not know.
    fn put_over<M: Model>(&mut self, entity: Entity<M>, mut record: M) -> Result<()> {
        let place = self.writable(entity)?;
        self.check_version(place, &record)?;
        keep_unset(self.try_get(entity)?, &mut record)?;
        self.spare(place);
        self.assigned.remove(&place);
        self.touch(place);
        let collections: Vec<_> = self.arena(place).collections(place.slot).collect();
        let structs = self.arena_mut(place).structs_mut::<M>();
        let home = structs.and_then(|structs| structs[place.slot].as_mut());
        *home.ok_or_else(|| gone(M::NAME, LEFT))? = record;
        self.keep_collections(place, &collections);
        Ok(())
    }

    /// A struct that was made from another version of the row would undo what has been written since.
    fn check_version<M: Model>(&self, place: Place, record: &M) -> Result<()> {
        let Some(version) = M::table().version() else { return Ok(()) };
        let known = self.known_version(place, version)?;
        let column = &M::table().columns()[version];
        match value_of(record, version, column)? {
            Some(Value::Int(given)) if given != known && given != 0 => {
                let message = format!(
                    "the struct to be merged has version {given}, and its row version {known}: somebody else has changed it"
                );
                Err(Error::new(ErrorKind::StaleData, message).with_model(M::NAME))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// Gives a struct the values that it lacks: deferred columns that are not loaded, what the database computes, and what it fills in and
/// a version where these were never set.
fn keep_unset<M: Model>(known: &M, record: &mut M) -> Result<()> {
    let columns = M::table().columns();
    for field in 0..M::table().field_count() {
        let start = M::table().position(field, 0);
        let parts = columns[start..].iter().take_while(|column| column.field == field);
        let mut values = Vec::new();
        let mut keeps = false;
        for (position, column) in (start..).zip(parts) {
            let given = value_of(record, position, column)?;
            let is_unset = match M::table().version() {
                Some(version) if version == position => given == Some(Value::Int(0)),
                _ => M::table().filled().contains(&position) && record.is_unset(field),
            };
            let is_kept = column.generated.is_some() || given.is_none() || is_unset;
            keeps |= is_kept;
            let value = if is_kept { value_of(known, position, column)? } else { given };
            values.push(value.map(Value::into_owned));
        }
        if keeps {
            let row = OldRow(values);
            let read = record.read_field(field, &mut RowReader::new(&row));
            read.map_err(|error| blame(M::NAME, M::table(), error, start))?;
        }
    }
    Ok(())
}

/// A value; none if it is that of a deferred column that is not loaded.
fn value_of<'r, M: Model>(record: &'r M, position: usize, column: &Column) -> Result<Option<Value<'r>>> {
    match record.get(column.field, column.part) {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotLoaded => Ok(None),
        Err(error) => Err(blame(M::NAME, M::table(), error, position)),
    }
}

impl Session {
    /// Puts a struct from outside over the entity of its row, so that a flush writes what differs, and returns that entity. The row is
    /// read if it is not loaded, or known from an earlier transaction only: 1 SELECT, else none. If there is no row, or the key was never
    /// set, the struct is added as a new one.
    ///
    /// Structs and entities that stand in its relations are merged along, and so on: each is found by its key, a new one is added, and one
    /// that the row has and the struct does not is taken out, or deleted where orphans are. That costs 1 SELECT for each relation that
    /// is not loaded, and 1 for each model of which rows are still to be read. A relation in which nothing was put is left alone; where the
    /// struct does not know all that is in it, being detached without it or in another session, what was put in is put in and the rest
    /// stays. `record.posts.clear()` says that there are none.
    ///
    /// Never set are also deferred columns that are not loaded, what the database computes, and a field that it fills in which has its
    /// type's default: of these the entity keeps its own. A deletion that was asked for is taken back. A version that is neither that of the row nor 0, never set, is `StaleData`. To take a struct in without comparing it with its row, see
    /// [`attach`](Entities::attach).
    #[track_caller]
    pub fn merge<M: Model>(&mut self, record: M) -> Result<Entity<M>> {
        wait(self.unit.called().merge(record))
    }
}

impl AsyncSession {
    /// Puts a struct from outside over the entity of its row, so that a flush writes what differs, and returns that entity. The row is
    /// read if it is not loaded, or known from an earlier transaction only: 1 SELECT, else none. If there is no row, or the key was never
    /// set, the struct is added as a new one.
    ///
    /// Structs and entities that stand in its relations are merged along, and so on: each is found by its key, a new one is added, and one
    /// that the row has and the struct does not is taken out, or deleted where orphans are. That costs 1 SELECT for each relation that
    /// is not loaded, and 1 for each model of which rows are still to be read. A relation in which nothing was put is left alone; where the
    /// struct does not know all that is in it, being detached without it or in another session, what was put in is put in and the rest
    /// stays. `record.posts.clear()` says that there are none.
    ///
    /// Never set are also deferred columns that are not loaded, what the database computes, and a field that it fills in which has its
    /// type's default: of these the entity keeps its own. A deletion that was asked for is taken back. A version that is neither that of the row nor 0, never set, is `StaleData`. To take a struct in without comparing it with its row, see
    /// [`attach`](Entities::attach).
    #[track_caller]
    pub fn merge<M: Model>(&mut self, record: M) -> impl Future<Output = Result<Entity<M>>> {
        self.unit.called().merge(record)
    }
}
