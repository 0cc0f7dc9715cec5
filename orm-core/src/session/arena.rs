//! Where the entities of one model live: their structs, what is known of each, and their identities.

use std::any::TypeId;
use std::num::NonZeroU32;
use std::sync::Arc;

use crate::driver::{Row, Statement};
use crate::engine::EngineCore;
use crate::error::{Error, ErrorKind};
use crate::metadata::{FieldPart, ForeignKey, Table};
use crate::model::{Collection, Model, RelationDef, RelationKind, Token};
use crate::query::Positions;
use crate::result::RowReader;
use crate::session::cohorts::Cohorts;
use crate::session::entities::Entities;
use crate::session::identity::{Identity, IdentityMap};
use crate::session::paged::Paged;
use crate::session::records::{Records, Structs};
use crate::{Result, SqlType};

/// An arena and a slot in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) arena: u32,
    pub(super) slot: u32,
}

impl Place {
    /// Where the entity of a handle is, or was.
    pub(super) fn of(token: Token) -> Self {
        Self { arena: token.arena(), slot: token.slot() }
    }
}

/// The life cycle of an entity. A detached one is no longer here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The slot is free.
    Free,
    /// A struct that the session no longer saves: it was added, and rolled back.
    Transient,
    /// Added, to be inserted by the next flush.
    Pending,
    /// Has its row and its place in the identity map.
    Persistent,
    /// Its row was deleted in the transaction that is open.
    Deleted,
}

impl State {
    /// Why an entity that is so has no row.
    pub(super) fn problem(self) -> &'static str {
        match self {
            Self::Persistent => "it has one",
            Self::Pending => "it was added and not flushed yet",
            Self::Transient => "the transaction that added it was rolled back; detach it and add it again",
            Self::Deleted | Self::Free => "its row was deleted",
        }
    }
}

/// What is known of one entity.
pub(super) struct Head {
    pub(super) generation: NonZeroU32,
    pub(super) state: State,
    /// Handed out for writing since the last flush; `snapshot` is the number of what it was.
    pub(super) touched: bool,
    /// Marked for deletion.
    pub(super) doomed: bool,
    pub(super) snapshot: u32,
    /// When its values were last known to be the row's, on the session's clock; 0 if it was expired.
    pub(super) read_at: u32,
    pub(super) identity: Identity,
}

pub(super) struct Arena {
    pub(super) table: &'static Table,
    pub(super) model: &'static str,
    /// The model as a type.
    pub(super) of: TypeId,
    pub(super) heads: Paged<Head>,
    pub(super) records: Box<dyn Records>,
    /// What its structs hold beside columns.
    pub(super) relations: &'static [RelationDef],
    pub(super) of_relations: OfRelations,
    /// Some of the relations are by join tables.
    pub(super) is_linked: bool,
    /// Where the key is in a row, if it is one number.
    number_key: Option<usize>,
    /// The statement that reads one row by its key, once it was needed.
    pub(super) by_key: Option<Arc<Statement>>,
    /// Where the columns are in a row without the deferred ones, if there are any.
    pub(super) without_deferred: Option<Positions>,
    /// Which of its entities came together.
    pub(super) cohorts: Cohorts,
    identities: IdentityMap,
    free: Vec<u32>,
    /// Slots that were freed in the transaction that is open: its journal still names them.
    retired: Vec<u32>,
}

/// A key of one column that a row may have as a number: a bool is none, though it may come as one.
fn number_key(table: &Table) -> Option<usize> {
    match table.primary_key() {
        [key] if table.columns()[*key].sql_type != SqlType::Bool => Some(*key),
        _ => None,
    }
}

/// Two entities, and the fields that are to refer to them.
pub(super) type LinkEnds = [(FieldPart, Token); 2];

/// What a model's relations need to know its type for.
#[derive(Clone, Copy)]
pub(super) struct OfRelations {
    /// Takes in the new structs that stand in an entity's relation fields.
    pub(super) hand_over: fn(&mut Entities, Place),
    /// Where the entities are that a relation leads to.
    pub(super) target: fn(&mut Entities, usize) -> Option<u32>,
    /// Where the entities are that a reference leads to.
    pub(super) referred: fn(&mut Entities, FieldPart) -> Option<u32>,
    /// Where the entities are that are the rows of a relation's join table, if those are a model's.
    pub(super) links: fn(&mut Entities, usize) -> Option<u32>,
    /// Adds a row of a join table that refers to two entities by these fields, if nothing else is needed for one.
    pub(super) link: fn(&mut Entities, LinkEnds) -> Option<Place>,
}

impl OfRelations {
    fn of<M: Model>() -> Self {
        Self {
            hand_over: Entities::hand_over::<M>,
            target: |entities, relation| M::related_arena(relation, entities),
            referred: |entities, field| M::referred_arena(field, entities),
            links: |entities, relation| M::link_arena(relation, entities),
            link: |entities, ends| entities.add_link_row::<M>(ends),
        }
    }
}

impl Arena {
    pub(super) fn new<M: Model>() -> Self {
        Self {
            table: M::table(),
            model: M::NAME,
            of: TypeId::of::<M>(),
            heads: Paged::default(),
            records: Box::new(Structs::<M>::default()),
            relations: M::relations(),
            of_relations: OfRelations::of::<M>(),
            is_linked: M::relations().iter().any(|def| matches!(def.kind, RelationKind::Linked(_))),
            number_key: number_key(M::table()),
            by_key: None,
            without_deferred: if M::table().has_deferred() {
                M::select().statement.projection.positions()
            } else {
                None
            },
            cohorts: Cohorts::default(),
            identities: IdentityMap::default(),
            free: Vec::new(),
            retired: Vec::new(),
        }
    }

    pub(super) fn structs<M: Model>(&self) -> Option<&Structs<M>> {
        self.records.any().downcast_ref()
    }

    pub(super) fn structs_mut<M: Model>(&mut self) -> Option<&mut Structs<M>> {
        self.records.any_mut().downcast_mut()
    }

    #[inline]
    pub(super) fn head(&self, slot: u32) -> &Head {
        &self.heads[slot]
    }

    /// The numbers of all slots, free ones included.
    pub(super) fn slots(&self) -> std::ops::Range<u32> {
        0..self.heads.len()
    }

    #[inline]
    pub(super) fn head_mut(&mut self, slot: u32) -> &mut Head {
        &mut self.heads[slot]
    }

    /// A slot to put a struct into: the next one of `records` unless one was freed.
    #[inline]
    pub(super) fn allocate(&mut self, state: State, read_at: u32, identity: Identity) -> u32 {
        if let Some(slot) = self.free.pop() {
            let head = self.head_mut(slot);
            head.state = state;
            head.read_at = read_at;
            head.identity = identity;
            return slot;
        }
        let slot = self.heads.len();
        self.heads.push(Head {
            generation: NonZeroU32::MIN,
            state,
            touched: false,
            doomed: false,
            snapshot: 0,
            read_at,
            identity,
        });
        slot
    }

    /// Frees a slot: handles to it are told so from now on, and it is used again after the transaction.
    pub(super) fn release(&mut self, slot: u32) {
        self.forget_identity(slot);
        let head = self.head_mut(slot);
        head.state = State::Free;
        head.identity = Identity::None;
        head.generation = head.generation.checked_add(1).unwrap_or(NonZeroU32::MIN);
        head.touched = false;
        head.doomed = false;
        self.records.clear(slot);
        self.retired.push(slot);
    }

    /// Nothing names the slots any more that were freed in the transaction that has ended.
    pub(super) fn reuse_retired(&mut self) {
        self.free.append(&mut self.retired);
    }

    /// Frees the slot of a row whose deletion is permanent; its identity left the map before.
    pub(super) fn release_deleted(&mut self, slot: u32) {
        if self.head(slot).state == State::Deleted {
            self.head_mut(slot).identity = Identity::None;
            self.release(slot);
        }
    }

    /// Sets a key field.
    #[inline]
    pub(super) fn set_key(&mut self, slot: u32, column: usize, key: i64) -> Result<()> {
        let field = self.table.columns()[column].field;
        let result = self.records.read_field(slot, field, &mut RowReader::of_int(key));
        result.map_err(|error| self.blame(error, column))
    }

    #[inline]
    pub(super) fn find(&self, identity: &Identity) -> Option<u32> {
        self.identities.find(identity, |slot| self.heads[slot].identity == *identity)
    }

    /// Enters a slot under an identity; returns the slot that was known under it before.
    #[inline]
    pub(super) fn identify(&mut self, slot: u32, identity: Identity) -> Option<u32> {
        let Self { identities, heads, .. } = self;
        let same = |other: u32| heads[other].identity == identity;
        let displaced = identities.insert(slot, &identity, same);
        self.head_mut(slot).identity = identity;
        displaced
    }

    /// Enters a slot under an identity that it had before; whoever was met under it meanwhile has to go.
    pub(super) fn take_identity_back(&mut self, slot: u32, identity: Identity) {
        if let Some(other) = self.identify(slot, identity) {
            self.release(other);
        }
    }

    /// Takes a slot out of the identity map; the head keeps the identity, to come back with.
    pub(super) fn forget_identity(&mut self, slot: u32) {
        let Self { identities, heads, .. } = self;
        identities.remove(slot, &heads[slot].identity);
    }

    /// Takes the statement that reads one row by its key; put it back after use.
    pub(super) fn take_by_key(&mut self, engine: &EngineCore) -> Result<Arc<Statement>> {
        match self.by_key.take() {
            Some(statement) => Ok(statement),
            None => engine.statements().by_key(engine.backend().dialect(), self.table),
        }
    }

    /// The identity that a struct's key fields say.
    pub(super) fn identity_of(&self, slot: u32) -> Result<Identity> {
        let columns = self.table.columns();
        let keys = self.table.primary_key();
        Identity::of(keys.len(), |part| self.records.get(slot, &columns[keys[part]]))
    }

    /// The identity that a reference's key says, if it has one.
    pub(super) fn identity_referred_to(&self, slot: u32, key: &ForeignKey) -> Option<Identity> {
        let column = |part: usize| &self.table.columns()[key.columns[part]];
        Identity::of(key.columns.len(), |part| self.records.get(slot, column(part))).ok()
    }

    /// The entity that a reference was made from, and its key.
    pub(super) fn entity_referred_to(&self, slot: u32, key: &ForeignKey) -> Option<(Token, Identity)> {
        let entity = self.records.reference(slot, key.field)?.entity()?;
        Some((entity, self.identity_referred_to(slot, key)?))
    }

    /// Takes in a row whose key is not known.
    #[inline]
    pub(super) fn take_row(&mut self, row: &dyn Row, identity: Identity, now: u32) -> Result<u32> {
        let slot = self.allocate(State::Persistent, now, Identity::None);
        if let Err(error) = self.read(slot, row, &identity) {
            self.release_unread(slot);
            return Err(error);
        }
        self.identify(slot, identity);
        Ok(slot)
    }

    /// The entities that an entity's references know, by foreign key.
    pub(super) fn known_references(&self, slot: u32) -> Vec<(&'static ForeignKey, Token, Identity)> {
        let known = |key: &'static ForeignKey| {
            self.entity_referred_to(slot, key).map(|(entity, identity)| (key, entity, identity))
        };
        let is_there = self.records.is_there(slot);
        self.table.foreign_keys().iter().filter(|_| is_there).filter_map(known).collect()
    }

    /// Lets references that still have the same keys know their entities again.
    pub(super) fn know_again(&mut self, slot: u32, known: Vec<(&'static ForeignKey, Token, Identity)>) {
        for (key, entity, identity) in known {
            if self.identity_referred_to(slot, key).is_some_and(|now| now == identity)
                && let Some(reference) = self.records.reference_mut(slot, key.field)
            {
                reference.belongs_to(entity);
            }
        }
    }

    /// The states of an entity's relations, as they are.
    pub(super) fn collections(&self, slot: u32) -> impl Iterator<Item = Collection> {
        (0..self.relations.len()).filter_map(move |relation| self.records.collection(slot, relation).cloned())
    }

    /// Gives an entity's relations these states; new structs that were put in since are dropped.
    pub(super) fn put_collections(&mut self, slot: u32, collections: &[Collection]) {
        if !collections.is_empty() {
            self.records.drop_new(slot);
        }
        for (relation, before) in collections.iter().enumerate() {
            if let Some(collection) = self.records.collection_mut(slot, relation) {
                *collection = before.clone();
            }
        }
    }

    /// The identity that the key columns of a row say.
    #[inline]
    pub(super) fn identity_of_row(&self, row: &dyn Row) -> Result<Identity> {
        if let Some(key) = self.number_key.and_then(|position| row.int(position)) {
            return Ok(Identity::Int(key));
        }
        let (keys, columns) = (self.table.primary_key(), self.table.columns());
        Identity::of(keys.len(), |part| match row.value(keys[part]) {
            Ok(value) => columns[keys[part]].sql_type.shape(value),
            error => error,
        })
    }

    /// A slot whose struct could not be read is not kept.
    fn release_unread(&mut self, slot: u32) {
        let head = self.head_mut(slot);
        head.state = State::Free;
        if head.generation == NonZeroU32::MIN && slot + 1 == self.heads.len() {
            self.heads.pop();
        } else {
            self.free.push(slot);
        }
    }

    /// Puts a row's values into a slot.
    pub(super) fn read(&mut self, slot: u32, row: &dyn Row, identity: &Identity) -> Result<()> {
        let mut reader = match (identity, self.table.primary_key()) {
            (Identity::Int(key), [0]) => RowReader::after_first(row, *key),
            _ => RowReader::new(row),
        };
        let result = self.records.read(slot, &mut reader);
        result.map_err(|error| self.blame(error, reader.position()))
    }

    /// The columns that the database is to fill in, as the struct has no values for them.
    pub(super) fn unfilled(&self, slot: u32) -> Vec<usize> {
        let is_unset =
            |position: &&usize| self.records.is_unset(slot, self.table.columns()[**position].field);
        self.table.filled().iter().filter(is_unset).copied().collect()
    }

    /// Whether a deferred column is not loaded.
    pub(super) fn lacks(&self, slot: u32, position: usize) -> bool {
        let value = self.records.get(slot, &self.table.columns()[position]);
        matches!(value, Err(error) if error.kind() == ErrorKind::NotLoaded)
    }

    /// Adds to an error which model and column it is about.
    pub(super) fn blame(&self, error: Error, column: usize) -> Error {
        crate::model::blame(self.model, self.table, error, column)
    }
}
