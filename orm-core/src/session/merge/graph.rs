//! A struct to be merged with the structs in its relation fields: all are taken apart, their rows are read, and then each is put over the
//! entity of its row.

use std::num::NonZeroU32;

use foldhash::{HashMap, HashSet};

use crate::Result;
use crate::driver::Row;
use crate::error::{Error, ErrorKind};
use crate::model::{Collection, Entity, Keeper, Model, RelationKind, Token};
use crate::query::Edge;
use crate::session::arena::{Place, State};
use crate::session::entities::Entities;
use crate::session::identity::Identity;
use crate::session::leave::given_identity;
use crate::session::relations::RelationPlace;
use crate::session::unit::Unit;

/// What a relation, by its number, is to have: all of it, or what was put in and taken out where the struct does not know the rest.
struct List<T> {
    relation: usize,
    members: Vec<T>,
    taken_out: Vec<Token>,
    are_all: bool,
}

impl<T> List<T> {
    fn map<U>(self, member: impl Fn(T) -> U) -> List<U> {
        let Self { relation, members, taken_out, are_all } = self;
        List { relation, members: members.into_iter().map(member).collect(), taken_out, are_all }
    }
}

/// A struct to be merged, whatever its model.
trait Given: Send + Sync {
    fn arena(&self, entities: &mut Entities) -> u32;
    fn identity(&self) -> Result<Option<Identity>>;
    /// Takes out what was put into its relations: structs, and what each relation is to have. Relations in which nothing was put are
    /// left out; of those that are not loaded or hold entities of another session, only what was done to them counts.
    fn take_members(&mut self, session: u32) -> (Vec<Box<dyn Given>>, Vec<List<Token>>);
    /// Puts it over the entity of its row, or adds it.
    fn put(self: Box<Self>, entities: &mut Entities, known: Option<Token>) -> Result<Token>;
}

impl<M: Model> Given for M {
    fn arena(&self, entities: &mut Entities) -> u32 {
        entities.arena_index::<M>()
    }

    fn identity(&self) -> Result<Option<Identity>> {
        given_identity(self)
    }

    fn take_members(&mut self, session: u32) -> (Vec<Box<dyn Given>>, Vec<List<Token>>) {
        let mut taken = Taken::default();
        self.hand_over(&mut taken);
        let mut lists = Vec::new();
        for relation in 0..M::relations().len() {
            let Some(collection) = self.collection_mut(relation) else { continue };
            let given = std::mem::take(collection);
            let is_here = |token: &Token| token.session() == session || number_of(*token).is_some();
            let here = |tokens: &mut dyn Iterator<Item = Token>| tokens.filter(is_here).collect::<Vec<_>>();
            let are_all = (given.is_given() || given.replaces()) && given.tokens().iter().all(is_here);
            if are_all {
                let (members, taken_out) = (given.tokens().to_vec(), Vec::new());
                lists.push(List { relation, members, taken_out, are_all });
                continue;
            }
            let (members, taken_out) = (here(&mut given.additions()), here(&mut given.removals()));
            if !members.is_empty() || !taken_out.is_empty() {
                lists.push(List { relation, members, taken_out, are_all });
            }
        }
        (taken.0, lists)
    }

    fn put(self: Box<Self>, entities: &mut Entities, known: Option<Token>) -> Result<Token> {
        let Some(token) = known else { return Ok(entities.add(*self).token) };
        entities.put_over(Entity::<M>::new(token), *self)?;
        Ok(token)
    }
}

/// Structs that are taken out of relation fields; a number stands in the place of each.
#[derive(Default)]
struct Taken(Vec<Box<dyn Given>>);

/// No session has this number.
const NOBODY: u32 = u32::MAX;

impl Keeper for Taken {
    fn arena<M: Model>(&mut self) -> u32 {
        NOBODY
    }

    fn add<M: Model>(&mut self, record: M) -> Token {
        #[expect(clippy::cast_possible_truncation, reason = "memory ends before four billion structs do")]
        let number = self.0.len() as u32;
        self.0.push(Box::new(record));
        Token::new(NOBODY, NOBODY, number, NonZeroU32::MIN)
    }

    fn meet(&mut self, _: u32, _: &dyn Row) -> Result<Token> {
        Err(Error::new(ErrorKind::Misuse, "a struct that is taken apart meets no rows"))
    }
}

fn number_of(token: Token) -> Option<usize> {
    (token.session() == NOBODY).then(|| token.slot() as usize)
}

/// One struct of the graph.
struct Node {
    given: Option<Box<dyn Given>>,
    arena: u32,
    identity: Option<Identity>,
    lists: Vec<List<Member>>,
}

enum Member {
    Known(Token),
    Node(usize),
}

/// All structs, those that contain others before these; the numbers where each level begins.
struct Graph {
    nodes: Vec<Node>,
    levels: Vec<usize>,
}

impl Graph {
    fn of(entities: &mut Entities, root: Box<dyn Given>) -> Result<Self> {
        let mut graph = Self { nodes: Vec::new(), levels: Vec::new() };
        graph.add(entities, root)?;
        let mut next = 0;
        while next < graph.nodes.len() {
            let end = graph.nodes.len();
            graph.levels.push(next);
            for number in next..end {
                let Some(mut given) = graph.nodes[number].given.take() else { continue };
                let (children, lists) = given.take_members(entities.session);
                graph.nodes[number].given = Some(given);
                let first = graph.nodes.len();
                for child in children {
                    graph.add(entities, child)?;
                }
                let member = |token: Token| match number_of(token) {
                    Some(number) => Member::Node(first + number),
                    None => Member::Known(token),
                };
                let lists = lists.into_iter().map(|list| list.map(member));
                graph.nodes[number].lists = lists.collect();
            }
            next = end;
        }
        Ok(graph)
    }

    fn add(&mut self, entities: &mut Entities, given: Box<dyn Given>) -> Result<()> {
        let (arena, identity) = (given.arena(entities), given.identity()?);
        self.nodes.push(Node { given: Some(given), arena, identity, lists: Vec::new() });
        Ok(())
    }

    fn level(&self, number: usize) -> &[Node] {
        let end = self.levels.get(number + 1).copied().unwrap_or(self.nodes.len());
        &self.nodes[self.levels[number]..end]
    }
}

impl Unit {
    /// Puts a struct, and those in its relations, over the entities of their rows.
    pub(super) async fn merge_graph<M: Model>(&mut self, record: M) -> Result<Entity<M>> {
        let graph = Graph::of(&mut self.entities, Box::new(record))?;
        for level in 0..graph.levels.len() {
            self.read_level(graph.level(level)).await?;
        }
        self.entities.put_graph(graph).map(Entity::new)
    }

    /// Reads what is not current of the rows of some structs, and the relations that they say something about.
    async fn read_level(&mut self, nodes: &[Node]) -> Result<()> {
        let mut arenas: Vec<_> = nodes.iter().map(|node| node.arena).collect();
        arenas.sort_unstable();
        arenas.dedup();
        for arena in arenas {
            let of_arena = || nodes.iter().filter(|node| node.arena == arena);
            let identities: Vec<_> = of_arena().filter_map(|node| node.identity.clone()).collect();
            self.read_identities(arena, &identities).await?;
            for relation in 0..self.entities.arenas[arena as usize].relations.len() {
                let says =
                    |node: &&Node| node.lists.iter().any(|list| list.relation == relation && list.are_all);
                let known = &self.entities.arenas[arena as usize];
                let slot = |node: &Node| known.find(node.identity.as_ref()?);
                let slots: Vec<_> = of_arena().filter(says).filter_map(slot).collect();
                let since = self.entities.stale_before;
                let lacking = self.entities.lacking(arena, Edge::Field(relation), &slots, since);
                if !lacking.is_empty() {
                    self.autoflush().await?;
                    let lacking = self.entities.lacking(arena, Edge::Field(relation), &slots, since);
                    self.read_relation(arena, relation, &lacking).await?;
                }
            }
        }
        Ok(())
    }
}

impl Entities {
    /// Everything is read: each struct becomes what its entity has, the first one last.
    fn put_graph(&mut self, mut graph: Graph) -> Result<Token> {
        let mut tokens: Vec<Option<Token>> = graph.nodes.iter().map(|_| None).collect();
        let mut added: HashMap<(u32, Identity), Token> = HashMap::default();
        for (number, node) in graph.nodes.iter_mut().enumerate() {
            let Some(given) = node.given.take() else { continue };
            let known = node.identity.clone().and_then(|identity| {
                let slot = self.arenas[node.arena as usize].find(&identity);
                let known = slot.map(|slot| self.handle(Place { arena: node.arena, slot }));
                known.or_else(|| added.get(&(node.arena, identity)).copied())
            });
            let token = given.put(self, known)?;
            if let (None, Some(identity)) = (known, node.identity.clone()) {
                added.insert((node.arena, identity), token);
            }
            tokens[number] = Some(token);
        }
        for (number, node) in graph.nodes.into_iter().enumerate() {
            let Some(owner) = tokens[number].and_then(|token| self.place_of(token)) else { continue };
            for List { relation, members, taken_out, are_all } in node.lists {
                let member = |member| match member {
                    Member::Known(token) => Some(token),
                    Member::Node(number) => tokens[number],
                };
                let members = members.into_iter().filter_map(member).collect();
                let place = RelationPlace { owner, relation };
                if are_all {
                    self.put_members(place, members)?;
                } else {
                    self.put_more(place, &members, &taken_out);
                }
            }
        }
        let root = tokens.first().copied().flatten();
        root.ok_or_else(|| Error::new(ErrorKind::Misuse, "there was nothing to merge"))
    }

    /// These are what a relation has, in this order unless they are the same as before.
    fn put_members(&mut self, place: RelationPlace, mut members: Vec<Token>) -> Result<()> {
        let mut seen = HashSet::default();
        members.retain(|token| seen.insert(*token));
        let is_same = self.collection(place).is_some_and(|known| {
            let tokens = known.tokens();
            known.is_loaded() && tokens.len() == seen.len() && tokens.iter().all(|token| seen.contains(token))
        });
        if !is_same {
            self.touch(place.owner);
            if let Some(collection) = self.collection_mut(place) {
                collection.set(members.clone());
            }
        }
        if matches!(self.relation_def(place).kind, RelationKind::Linked(_)) {
            return Ok(());
        }
        for child in members {
            if let Some(child) = self.place_of(child).filter(|&child| !self.refers_to(child, place)) {
                self.refer(child, place, true)?;
            }
        }
        Ok(())
    }

    /// These were put into a relation and taken out of it, of which nothing more is known.
    fn put_more(&mut self, place: RelationPlace, put_in: &[Token], taken_out: &[Token]) {
        self.touch(place.owner);
        if let Some(collection) = self.collection_mut(place) {
            for &token in taken_out {
                collection.remove(token);
            }
            for &token in put_in {
                collection.push(token);
            }
        }
    }

    /// Gives an entity's struct back the relations that it had.
    pub(super) fn keep_collections(&mut self, place: Place, before: &[Collection]) {
        if matches!(self.head(place).state, State::Pending | State::Persistent) {
            self.arena_mut(place).put_collections(place.slot, before);
        }
    }
}
