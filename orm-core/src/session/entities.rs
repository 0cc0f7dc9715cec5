//! The memory of a session: its entities, what was done to them, and how to undo it. Nothing here does I/O.

use std::any::TypeId;
use std::ops::{Index, IndexMut};
use std::sync::atomic::{AtomicU32, Ordering};

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::metadata::Table;
use crate::model::{BelongsTo, Entity, Model, Token};
use crate::session::arena::{Arena, Head, Place, State};
use crate::session::assigned::Cell;
use crate::session::cohorts::Run;
use crate::session::identity::Identity;
use crate::session::journal::Journal;
use crate::session::places::Places;
use crate::session::relations::Aligned;

/// The entities of a session, and all that can be done with them without a database: both forms of a session are one of
/// these with a connection.
///
/// `session[entity]` reads an entity's struct and `session[entity].field = value` changes it; the next flush writes the
/// columns that differ. Indexing panics where there is nothing to show: on a handle of another session, and on an entity
/// that is expired, deleted or detached. [`try_get`](Self::try_get) gives an error instead.
pub struct Entities {
    /// Messages show no keys.
    pub(super) hidden: bool,
    pub(super) session: u32,
    pub(super) arenas: Vec<Arena>,
    /// Where the entities of each model are, by its type: few, so that a sorted list is found through faster than a map.
    arena_of: Vec<(TypeId, u32)>,
    pub(super) new: Places,
    pub(super) touched: Places,
    pub(super) doomed: Places,
    /// What was set beside the structs.
    pub(super) assigned: HashMap<Place, Vec<Cell>>,
    pub(super) journal: Journal,
    /// What was detached in this transaction, which may have written it.
    pub(super) left: HashSet<(u32, Identity)>,
    /// Who has left since collections were last looked at.
    pub(super) departed: HashSet<Token>,
    /// The end of a transaction throws values away.
    pub(super) expires: bool,
    /// Goes on by two at each end of a transaction and each `expire_all`.
    pub(super) clock: u32,
    /// Values read before this are last known values: served, and read again by the next query that meets them.
    pub(super) stale_before: u32,
    /// Values read before this are thrown away. Always less than `stale_before`, so that a single entity can be stale.
    pub(super) expired_before: u32,
    /// The query that is being read has its rows put over the values of entities that are known.
    pub(super) refills: bool,
    /// Entities that were changed are left out of that: what is read are the further rows of a stream.
    pub(super) keeps_changes: bool,
    /// Rows were written in this transaction other than by a flush: what is read from now on may be undone with them.
    pub(super) wrote_rows: bool,
    /// Rows that refer to themselves stop doing so before they are deleted.
    pub(super) lets_go_of_itself: bool,
    /// There is a model with relation fields.
    pub(super) has_relations: bool,
    /// There is a model of which each query loads relations.
    pub(super) loads_by_default: bool,
    /// What the query has found that is being read.
    pub(super) met: Vec<Run>,
    /// What references and collections were, while a flush that may not be sent brings them into line.
    pub(super) aligned: Option<Aligned>,
}

impl Entities {
    pub(super) fn empty(hidden: bool, expires: bool) -> Self {
        static SESSIONS: AtomicU32 = AtomicU32::new(0);
        Self {
            session: SESSIONS.fetch_add(1, Ordering::Relaxed),
            hidden,
            arenas: Vec::new(),
            arena_of: Vec::new(),
            new: Places::default(),
            touched: Places::default(),
            doomed: Places::default(),
            assigned: HashMap::new(),
            journal: Journal::default(),
            left: HashSet::new(),
            departed: HashSet::new(),
            expires,
            clock: 2,
            stale_before: 2,
            expired_before: 1,
            refills: false,
            keeps_changes: false,
            wrote_rows: false,
            lets_go_of_itself: false,
            has_relations: false,
            loads_by_default: false,
            met: Vec::new(),
            aligned: None,
        }
    }

    /// Adds a new struct; the next flush inserts its row.
    pub fn add<M: Model>(&mut self, record: M) -> Entity<M> {
        let arena = self.arena_index::<M>();
        self.add_to(arena, record)
    }

    #[inline]
    fn add_to<M: Model>(&mut self, arena: u32, record: M) -> Entity<M> {
        let place = self.take_in(arena, record, State::Pending);
        self.new.push(place);
        if !M::relations().is_empty() {
            self.hand_over::<M>(place);
        }
        Entity::new(self.handle(place))
    }

    /// Puts a struct into a slot of its own.
    #[inline]
    pub(super) fn take_in<M: Model>(&mut self, arena: u32, record: M, state: State) -> Place {
        let clock = self.clock;
        let home = &mut self.arenas[arena as usize];
        let slot = home.allocate(state, clock, Identity::None);
        if let Some(structs) = home.structs_mut::<M>() {
            match structs.get_mut(slot) {
                Some(place) => *place = Some(record),
                None => structs.push(Some(record)),
            }
        }
        Place { arena, slot }
    }

    /// Adds new structs of one model.
    pub fn add_all<M: Model>(&mut self, records: impl IntoIterator<Item = M>) -> Vec<Entity<M>> {
        let arena = self.arena_index::<M>();
        records.into_iter().map(|record| self.add_to(arena, record)).collect()
    }

    /// Marks an entity for deletion; the next flush deletes its row.
    pub fn delete<M: Model>(&mut self, entity: Entity<M>) -> Result<()> {
        let place = self.persistent(entity)?;
        let head = self.head_mut(place);
        if !std::mem::replace(&mut head.doomed, true) {
            self.doomed.push(place);
        }
        Ok(())
    }

    /// Throws away an entity's values and what was loaded in its relations, with the changes that were not flushed: they have to be
    /// read again. A deletion that was asked for stands.
    pub fn expire<M: Model>(&mut self, entity: Entity<M>) -> Result<()> {
        let place = self.persistent(entity)?;
        self.forget_changes(place);
        self.head_mut(place).read_at = 0;
        self.relations_known_since(place, 0);
        Ok(())
    }

    /// Expires every entity that has a row. New ones are left alone, and deletions that were asked for stand.
    pub fn expire_all(&mut self) {
        for place in std::mem::take(&mut self.touched).into_vec() {
            self.put_back(place);
        }
        self.assigned.clear();
        self.expire_known();
    }

    /// Whether the session would save this entity: it is new, or it has its row.
    pub fn contains<M: Model>(&self, entity: Entity<M>) -> bool {
        matches!(self.look_up(entity.token, M::NAME), Ok((_, head)) if matches!(head.state, State::Pending | State::Persistent))
    }

    /// The struct of an entity, or the error that says why it cannot be shown.
    pub fn try_get<M: Model>(&self, entity: Entity<M>) -> Result<&M> {
        let slot = self.readable(entity)?;
        let record =
            self.arenas[entity.token.arena() as usize].structs::<M>().and_then(|all| all[slot].as_ref());
        record.ok_or_else(|| gone(M::NAME, LEFT))
    }

    /// The struct of an entity, to be changed.
    pub fn try_get_mut<M: Model>(&mut self, entity: Entity<M>) -> Result<&mut M> {
        let place = self.writable(entity)?;
        self.touch(place);
        let record = self.arena_mut(place).structs_mut::<M>().and_then(|all| all[place.slot].as_mut());
        record.ok_or_else(|| gone(M::NAME, LEFT))
    }

    /// The entity that a reference leads to, if the session knows it: it was loaded along the relation, or its row was met otherwise.
    pub fn referred<M: Model>(&self, reference: &BelongsTo<M>) -> Result<Entity<M>> {
        reference.try_entity().or_else(|unknown| {
            let known = reference.get().and_then(|key| self.peek::<M>(key.clone()));
            known.ok_or(unknown)
        })
    }

    /// Where an entity is that may be changed.
    #[inline]
    pub(super) fn writable<M: Model>(&self, entity: Entity<M>) -> Result<Place> {
        let place = Place { arena: entity.token.arena(), slot: self.readable(entity)? };
        match self.head(place).state {
            // A change of it would be lost: nothing saves it any more.
            State::Transient => self.persistent(entity).and(Err(gone(M::NAME, LEFT))),
            State::Pending | State::Persistent | State::Deleted | State::Free => Ok(place),
        }
    }

    #[inline]
    pub(super) fn arena_index<M: Model>(&mut self) -> u32 {
        match self.find_arena(TypeId::of::<M>()) {
            Ok(found) => self.arena_of[found].1,
            Err(place) => self.add_arena::<M>(place),
        }
    }

    #[cold]
    fn add_arena<M: Model>(&mut self, place: usize) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "a program has fewer models than that")]
        let index = self.arenas.len() as u32;
        self.arenas.push(Arena::new::<M>());
        self.arena_of.insert(place, (TypeId::of::<M>(), index));
        self.has_relations |= !M::relations().is_empty();
        self.loads_by_default |= M::relations().iter().any(|relation| relation.load.is_some());
        index
    }

    #[inline]
    fn find_arena(&self, model: TypeId) -> std::result::Result<usize, usize> {
        self.arena_of.binary_search_by_key(&model, |&(model, _)| model)
    }

    /// Where the entities of a model are, if there ever were any.
    pub(super) fn arena_of<M: Model>(&self) -> Option<u32> {
        self.find_arena(TypeId::of::<M>()).ok().map(|found| self.arena_of[found].1)
    }

    #[inline]
    pub(super) fn arena(&self, place: Place) -> &Arena {
        &self.arenas[place.arena as usize]
    }

    #[inline]
    pub(super) fn arena_mut(&mut self, place: Place) -> &mut Arena {
        &mut self.arenas[place.arena as usize]
    }

    #[inline]
    pub(super) fn head(&self, place: Place) -> &Head {
        self.arena(place).head(place.slot)
    }

    #[inline]
    pub(super) fn head_mut(&mut self, place: Place) -> &mut Head {
        self.arena_mut(place).head_mut(place.slot)
    }

    pub(super) fn handle(&self, place: Place) -> Token {
        let Place { arena, slot } = place;
        Token::new(self.session, arena, slot, self.head(place).generation)
    }

    /// Whether a flush has anything to look at; what was touched need not differ.
    #[inline]
    pub(super) fn may_have_changes(&self) -> bool {
        !(self.new.is_empty()
            && self.touched.is_empty()
            && self.doomed.is_empty()
            && self.assigned.is_empty())
    }

    #[inline]
    pub(super) fn look_up(&self, token: Token, model: &'static str) -> Result<(Place, &Head)> {
        if token.session() != self.session {
            let problem = "belongs to another session; use each handle with the session it came from";
            return Err(gone(model, problem));
        }
        match self.find_token(token) {
            Some(head) => Ok((Place::of(token), head)),
            None => Err(gone(model, "was deleted or detached; it is no longer in this session")),
        }
    }

    /// Where the entities of a table are, if there is a model of it here.
    pub(super) fn arena_of_table(&self, table: &Table) -> Option<u32> {
        (0..).zip(&self.arenas).find(|(_, arena)| arena.table == table).map(|(number, _)| number)
    }

    /// The head of an entity that is still in its slot.
    pub(super) fn find_token(&self, token: Token) -> Option<&Head> {
        let head = self.arenas.get(token.arena() as usize)?.heads.get(token.slot())?;
        let same = token.session() == self.session && head.generation.get() == token.generation();
        (same && head.state != State::Free).then_some(head)
    }

    #[inline]
    pub(super) fn readable<M: Model>(&self, entity: Entity<M>) -> Result<u32> {
        let (place, head) = self.look_up(entity.token, M::NAME)?;
        match head.state {
            State::Pending | State::Transient => Ok(place.slot),
            State::Persistent if head.read_at >= self.expired_before => Ok(place.slot),
            State::Persistent => Err(self.without_values(place, head)),
            State::Deleted | State::Free => Err(gone(
                M::NAME,
                &format!("{} was deleted; after a rollback it can be read again", self.shown(head)),
            )),
        }
    }

    /// The key of an entity for a message, unless the engine hides values.
    pub(super) fn shown(&self, head: &Head) -> String {
        if self.hidden { "with a hidden key".to_owned() } else { head.identity.to_string() }
    }

    pub(super) fn persistent<M: Model>(&self, entity: Entity<M>) -> Result<Place> {
        let (place, head) = self.look_up(entity.token, M::NAME)?;
        if head.state == State::Persistent {
            return Ok(place);
        }
        let message = format!("the entity has no row: {}", head.state.problem());
        Err(Error::new(ErrorKind::NotPersistent, message).with_model(M::NAME))
    }

    /// Remembers an entity's columns before they may change.
    pub(super) fn touch(&mut self, place: Place) {
        let Self { arenas, journal, touched, .. } = self;
        let arena = &mut arenas[place.arena as usize];
        let head = arena.head(place.slot);
        if head.touched || head.state != State::Persistent {
            return;
        }
        let (number, snapshot) = journal.snapshot(place, arena.collections(place.slot));
        arena.records.pack(place.slot, snapshot);
        let head = arena.head_mut(place.slot);
        head.touched = true;
        head.snapshot = number;
        touched.push(place);
    }

    /// Drops what was changed in an entity and not flushed: its columns are as they were.
    pub(super) fn forget_changes(&mut self, place: Place) {
        if self.head(place).touched {
            self.touched.remove(place);
            self.put_back(place);
        }
        if !self.assigned.is_empty() {
            self.assigned.remove(&place);
        }
    }

    fn put_back(&mut self, place: Place) {
        let snapshot = self.head(place).snapshot;
        let Self { arenas, journal, .. } = self;
        arenas[place.arena as usize].put_collections(place.slot, journal.collections_of(snapshot));
        if self.restore(place, snapshot).is_err() {
            // What it was cannot be put back; it has to be read again.
            self.head_mut(place).read_at = 0;
        }
    }
}

pub(super) const LEFT: &str = "is not in this session any more";

#[cold]
pub(super) fn gone(model: &'static str, problem: &str) -> Error {
    Error::new(ErrorKind::Detached, format!("the entity {problem}")).with_model(model)
}

/// The one deliberate panic of this library.
#[cold]
#[track_caller]
fn refuse(error: &Error) -> ! {
    #[expect(
        clippy::panic,
        reason = "indexing has no other way to refuse; try_get is the form that does not panic"
    )]
    {
        panic!("session[entity]: {error}")
    }
}

impl<M: Model> Index<Entity<M>> for Entities {
    type Output = M;

    #[track_caller]
    fn index(&self, entity: Entity<M>) -> &M {
        match self.try_get(entity) {
            Ok(record) => record,
            Err(error) => refuse(&error),
        }
    }
}

/// `session[&post.author]` is the struct of the entity that a reference leads to, if the session knows it: it was loaded along the relation,
/// or its row was met otherwise.
impl<M: Model> Index<&BelongsTo<M>> for Entities {
    type Output = M;

    #[track_caller]
    fn index(&self, reference: &BelongsTo<M>) -> &M {
        let found = self.referred(reference).and_then(|entity| self.try_get(entity));
        match found {
            Ok(record) => record,
            Err(error) => refuse(&error),
        }
    }
}

impl<M: Model> IndexMut<Entity<M>> for Entities {
    #[track_caller]
    fn index_mut(&mut self, entity: Entity<M>) -> &mut M {
        match self.try_get_mut(entity) {
            Ok(record) => record,
            Err(error) => refuse(&error),
        }
    }
}
