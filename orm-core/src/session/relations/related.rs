//! Some of the rows of a relation for each of several entities, as a result of its own.

use std::fmt;
use std::ops::Index;

use foldhash::{HashMap, HashMapExt};

use crate::Result;
use crate::engine::wait;
use crate::error::{Error, ErrorKind};
use crate::model::{Entity, Model, RelatedQuery, Token, refuse};
use crate::session::{AsyncSession, Session};

/// What `session.related(…)` has found: a list for each entity that was asked for, each once, in the order in which they were.
///
/// `for (user, posts) in &latest`, or `latest[user]`.
pub struct Related<M, T> {
    lists: Vec<(Entity<M>, Vec<Entity<T>>)>,
    places: HashMap<Token, usize>,
}

impl<M: Model, T: Model> Related<M, T> {
    pub(in crate::session) fn new(owners: &[Entity<M>], mut found: HashMap<Token, Vec<Token>>) -> Self {
        let mut related = Self { lists: Vec::new(), places: HashMap::with_capacity(owners.len()) };
        for &owner in owners {
            if !related.places.contains_key(&owner.token) {
                related.places.insert(owner.token, related.lists.len());
                let tokens = found.remove(&owner.token).unwrap_or_default();
                related.lists.push((owner, tokens.into_iter().map(Entity::new).collect()));
            }
        }
        related
    }

    /// What was found for an entity; `None` if it was not asked for.
    pub fn get(&self, owner: Entity<M>) -> Option<&[Entity<T>]> {
        let &place = self.places.get(&owner.token)?;
        self.lists.get(place).map(|(_, list)| &list[..])
    }

    /// The entities that were asked for, each with what was found for it.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Entity<M>, &[Entity<T>])> {
        self.lists.iter().map(|(owner, list)| (*owner, &list[..]))
    }

    /// How many entities were asked for.
    pub fn len(&self) -> usize {
        self.lists.len()
    }

    /// Whether none was asked for.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }
}

/// What was found for an entity. It panics if it was not asked for: [`get`](Related::get) does not.
impl<M: Model, T: Model> Index<Entity<M>> for Related<M, T> {
    type Output = [Entity<T>];

    #[track_caller]
    fn index(&self, owner: Entity<M>) -> &[Entity<T>] {
        match self.get(owner) {
            Some(list) => list,
            None => {
                let message = "it was not asked what is related to this entity: it is not in the list that session.related(…) got";
                refuse(&Error::new(ErrorKind::Misuse, message).with_model(M::NAME))
            }
        }
    }
}

impl<M, T> IntoIterator for Related<M, T> {
    type Item = (Entity<M>, Vec<Entity<T>>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.lists.into_iter()
    }
}

impl<M: Model, T: Model> fmt::Debug for Related<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Session {
    /// Reads some of the rows of a relation for each of these entities, into a result of its own:
    /// `session.related(&users, User::POSTS.order_by(Post::ID.desc()).limit(3))` has the last three posts of each.
    ///
    /// 1 SELECT for each 500 entities. Relation fields stay as they are, as what is read need not be all. Unflushed changes are written first.
    #[track_caller]
    pub fn related<M: Model, T: Model>(
        &mut self,
        entities: &[Entity<M>],
        query: impl Into<RelatedQuery<M, T>>,
    ) -> Result<Related<M, T>> {
        wait(self.unit.called().related(entities, query.into()))
    }
}

impl AsyncSession {
    /// Reads some of the rows of a relation for each of these entities, into a result of its own:
    /// `session.related(&users, User::POSTS.order_by(Post::ID.desc()).limit(3))` has the last three posts of each.
    ///
    /// 1 SELECT for each 500 entities. Relation fields stay as they are, as what is read need not be all. Unflushed changes are written first.
    #[track_caller]
    pub fn related<M: Model, T: Model, Q: Into<RelatedQuery<M, T>>>(
        &mut self,
        entities: &[Entity<M>],
        query: Q,
    ) -> impl Future<Output = Result<Related<M, T>>> {
        self.unit.called().related(entities, query.into())
    }
}
