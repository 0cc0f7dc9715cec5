//! Hooks: functions of the program that a session runs around what it writes. They are plain functions without I/O: they get the
//! session's memory, and what they change there is flushed.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;

use foldhash::{HashMap, HashSet};

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::model::{Entity, Model, Token};
use crate::query::WriteKind;
use crate::session::arena::{Place, State};
use crate::session::entities::Entities;
use crate::session::maker::SessionMaker;
use crate::session::plan::Step;

/// How often what hooks have changed leads to further hooks before that is taken for a mistake.
pub(super) const ROUNDS: usize = 100;

type EntityHook = Arc<dyn Fn(&mut Entities, Token) -> Result<()> + Send + Sync>;
type BeforeCommit = Arc<dyn Fn(&mut Entities) -> Result<()> + Send + Sync>;
type AfterCommit = Arc<dyn Fn(&mut Entities) + Send + Sync>;

/// The hooks of a session maker.
#[derive(Clone, Default)]
pub(super) struct Hooks {
    models: HashMap<TypeId, OfModel>,
    before_commit: Vec<BeforeCommit>,
    after_commit: Vec<AfterCommit>,
}

#[derive(Clone, Default)]
struct OfModel {
    before: OfDeeds,
    after: OfDeeds,
}

#[derive(Clone, Default)]
struct OfDeeds {
    insert: Vec<EntityHook>,
    update: Vec<EntityHook>,
    delete: Vec<EntityHook>,
}

/// What a flush does to an entity.
pub(super) type Deed = (WriteKind, Token);

impl OfDeeds {
    fn of(&self, kind: WriteKind) -> &[EntityHook] {
        match kind {
            WriteKind::Insert => &self.insert,
            WriteKind::Update => &self.update,
            WriteKind::Delete => &self.delete,
        }
    }
}

impl Hooks {
    /// Runs those before a flush, also for what they add, change and delete themselves; each once for an entity.
    pub(super) fn before_flush(&self, entities: &mut Entities) -> Result<()> {
        let mut done = HashSet::default();
        for _ in 0..ROUNDS {
            let due = self.due(entities, &done);
            if due.is_empty() {
                return Ok(());
            }
            for (kind, token) in due {
                // One that ran meanwhile may have taken it out again.
                if is_due(entities, kind, Place::of(token), token) {
                    done.insert((kind, token));
                    self.run(entities, (kind, token), |hooks| &hooks.before)?;
                }
            }
        }
        let next = self.due(entities, &done);
        next.first().map_or(Ok(()), |(_, token)| Err(endless(entities.arenas[token.arena() as usize].model)))
    }

    /// What is to be flushed, has a hook before that, and was not seen yet.
    fn due(&self, entities: &Entities, done: &HashSet<Deed>) -> Vec<Deed> {
        let new = entities.new.iter().map(|&place| (WriteKind::Insert, place));
        let set = entities.assigned_unloaded();
        let touched = entities.touched.iter().chain(&set).map(|&place| (WriteKind::Update, place));
        let doomed = entities.doomed.iter().map(|&place| (WriteKind::Delete, place));
        new.chain(touched)
            .chain(doomed)
            .map(|(kind, place)| (kind, place, entities.handle(place)))
            .filter(|&(kind, place, token)| {
                let hooks = self.models.get(&entities.arena(place).of);
                hooks.is_some_and(|hooks| !hooks.before.of(kind).is_empty())
                    && !done.contains(&(kind, token))
                    && is_due(entities, kind, place, token)
            })
            .map(|(kind, _, token)| (kind, token))
            .collect()
    }

    /// What these steps do that has a hook after it.
    pub(super) fn deeds(&self, entities: &Entities, steps: &[Step]) -> Vec<Deed> {
        let (mut deeds, mut inserted) = (Vec::new(), HashSet::default());
        for step in steps.iter().filter(|step| !step.clear) {
            let takes_over = !step.replaces.is_empty();
            let kind = if takes_over { WriteKind::Insert } else { step.kind };
            let Some(hooks) = self.models.get(&entities.arenas[step.arena as usize].of) else { continue };
            let places = |slots: &[u32]| slots.iter().map(|&slot| step.place(slot)).collect::<Vec<_>>();
            for place in places(&step.slots) {
                // The row of a circle that is completed afterwards is a new one all the same.
                let is_news = match kind {
                    WriteKind::Insert => inserted.insert(place),
                    WriteKind::Update => !inserted.contains(&place),
                    WriteKind::Delete => true,
                };
                if is_news && !hooks.after.of(kind).is_empty() {
                    deeds.push((kind, entities.handle(place)));
                }
            }
            if !hooks.after.delete.is_empty() {
                let gone = places(&step.replaces).into_iter();
                deeds.extend(gone.map(|place| (WriteKind::Delete, entities.handle(place))));
            }
        }
        deeds
    }

    /// Runs those after a flush, for what it has done.
    pub(super) fn after_flush(&self, entities: &mut Entities, deeds: &[Deed]) -> Result<()> {
        deeds.iter().try_for_each(|&deed| self.run(entities, deed, |hooks| &hooks.after))
    }

    fn run(
        &self,
        entities: &mut Entities,
        (kind, token): Deed,
        side: impl Fn(&OfModel) -> &OfDeeds,
    ) -> Result<()> {
        let Some(hooks) = self.models.get(&entities.arenas[token.arena() as usize].of) else { return Ok(()) };
        side(hooks).of(kind).iter().try_for_each(|hook| hook(entities, token))
    }

    /// Runs those before a commit.
    pub(super) fn before_commit(&self, entities: &mut Entities) -> Result<()> {
        self.before_commit.iter().try_for_each(|hook| hook(entities))
    }

    /// Runs those after a commit.
    pub(super) fn after_commit(&self, entities: &mut Entities) {
        self.after_commit.iter().for_each(|hook| hook(entities));
    }

    fn of<M: Model>(&mut self) -> &mut OfModel {
        self.models.entry(TypeId::of::<M>()).or_default()
    }
}

/// Whether a flush would do this to an entity as things are.
fn is_due(entities: &Entities, kind: WriteKind, place: Place, token: Token) -> bool {
    let Some(head) = entities.find_token(token) else { return false };
    match kind {
        WriteKind::Insert => head.state == State::Pending,
        WriteKind::Update => head.state == State::Persistent && !head.doomed && entities.differs(place),
        WriteKind::Delete => head.doomed,
    }
}

#[cold]
pub(super) fn endless(model: &'static str) -> Error {
    let message = format!(
        "hooks have led to further changes {ROUNDS} times; a hook that adds or changes entities which have hooks has to come to \
         an end"
    );
    let error = Error::new(ErrorKind::Misuse, message);
    if model.is_empty() { error } else { error.with_model(model) }
}

/// How many there are; functions have no more to show.
impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { models, before_commit, after_commit } = self;
        write!(f, "of {} models, {} of commits", models.len(), before_commit.len() + after_commit.len())
    }
}

fn entity_hook<M: Model>(
    hook: impl Fn(&mut Entities, Entity<M>) -> Result<()> + Send + Sync + 'static,
) -> EntityHook {
    Arc::new(move |entities, token| hook(entities, Entity::new(token)))
}

/// # Hooks
///
/// Functions that the sessions of a maker run around what they write; the model is inferred from the function. They do no I/O:
/// they read and change what the session has in memory, and a flush writes it. A session of a maker without hooks does not pay for
/// them.
///
/// ```text
/// let sessions = SessionMaker::new(&engine).before_update(|session: &mut Entities, user: Entity<User>| {
///     let what = session.history(user)?.to_string();
///     session.add(Audit::new(what));
///     Ok(())
/// });
/// ```
///
/// Those *before* run at the beginning of a flush, for what it is about to write, then for what they have added, changed and
/// deleted themselves: each once for an entity in a flush. An error of one is the error of the flush; nothing was sent and
/// nothing is lost, and the next flush runs them all again. Those *after* run when the flush has written everything, before COMMIT; what they change waits for the next
/// flush, and `commit` flushes until nothing is left. An error of one undoes the flush, as that of a statement does. Changes
/// that lead to changes without end are an error. Statements, as `User::update()`, run no hooks.
impl<E> SessionMaker<E> {
    fn hook(mut self, add: impl FnOnce(&mut Hooks)) -> Self {
        add(Arc::make_mut(self.options.hooks.get_or_insert_default()));
        self
    }

    /// Runs a function before the row of a new entity is inserted.
    pub fn before_insert<M: Model>(
        self,
        hook: impl Fn(&mut Entities, Entity<M>) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.hook(|hooks| hooks.of::<M>().before.insert.push(entity_hook(hook)))
    }

    /// Runs a function after the row of a new entity was inserted: it has its key.
    pub fn after_insert<M: Model>(
        self,
        hook: impl Fn(&mut Entities, Entity<M>) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.hook(|hooks| hooks.of::<M>().after.insert.push(entity_hook(hook)))
    }

    /// Runs a function before the row of an entity is updated: not for one whose columns are what they were.
    pub fn before_update<M: Model>(
        self,
        hook: impl Fn(&mut Entities, Entity<M>) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.hook(|hooks| hooks.of::<M>().before.update.push(entity_hook(hook)))
    }

    /// Runs a function after the row of an entity was updated.
    pub fn after_update<M: Model>(
        self,
        hook: impl Fn(&mut Entities, Entity<M>) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.hook(|hooks| hooks.of::<M>().after.update.push(entity_hook(hook)))
    }

    /// Runs a function before the row of an entity is deleted; the entity can still be read, if it is loaded.
    pub fn before_delete<M: Model>(
        self,
        hook: impl Fn(&mut Entities, Entity<M>) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.hook(|hooks| hooks.of::<M>().before.delete.push(entity_hook(hook)))
    }

    /// Runs a function after the row of an entity was deleted. The entity cannot be read any more; before it could.
    pub fn after_delete<M: Model>(
        self,
        hook: impl Fn(&mut Entities, Entity<M>) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.hook(|hooks| hooks.of::<M>().after.delete.push(entity_hook(hook)))
    }

    /// Runs a function at the beginning of each `commit`, before its flush. An error is the error of the commit; the
    /// transaction goes on.
    pub fn before_commit(self, hook: impl Fn(&mut Entities) -> Result<()> + Send + Sync + 'static) -> Self {
        self.hook(|hooks| hooks.before_commit.push(Arc::new(hook)))
    }

    /// Runs a function after each COMMIT that the database has acknowledged, which it cannot undo. A `commit` that had nothing to
    /// commit runs none.
    pub fn after_commit(self, hook: impl Fn(&mut Entities) + Send + Sync + 'static) -> Self {
        self.hook(|hooks| hooks.after_commit.push(Arc::new(hook)))
    }
}
