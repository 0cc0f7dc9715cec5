//! Reading whole trees: a relation, and that of what it leads to, and so on, with one recursive statement.

use foldhash::{HashSet, HashSetExt};

use super::linked::{Linked, RelationOf};
use super::{CHUNK, Reading, Unit};
use crate::Result;
use crate::driver::Row;
use crate::metadata::{ForeignKey, Table};
use crate::model::{RelationDef, RelationKind, Token, reference_link};
use crate::query::{
    AsSource, Cte, Loads, Projection, Referred, RefersTo, Select, SelectStatement, Source, column_of,
    recursive_distinct,
};
use crate::session::arena::{Place, State};
use crate::session::entities::Entities;
use crate::session::identity::Identity;
use crate::session::relations::{Mirror, RelationPlace};

/// The name of the rows whose relation is read.
const TREE: &str = "tree_of_rows";

/// An entity that was found, and in whose relation, if the row itself does not say that.
type Member = (Token, Option<Identity>);

/// The table whose rows say what belongs to what, and by which foreign key.
#[derive(Clone, Copy)]
struct Edges {
    table: &'static Table,
    key: &'static ForeignKey,
}

impl Edges {
    fn of(def: &RelationDef) -> Option<Self> {
        match def.kind {
            RelationKind::Linked(join) => Some(Self { table: join.table(), key: join.own_key()? }),
            RelationKind::Many { .. } | RelationKind::One { .. } => {
                Some(Self { table: (def.table)(), key: def.reference()? })
            }
        }
    }
}

impl Unit {
    /// Loads a relation of entities that leads to entities of the same model, and of those, and so on.
    pub(in crate::session::unit) async fn load_tree(
        &mut self,
        arena: u32,
        relation: usize,
        slots: &[u32],
        then: &Loads,
        since: u32,
    ) -> Result<()> {
        if !self.entities.tree(arena, relation, slots, since).1 {
            self.entities.met.clear();
            for chunk in slots.chunks(CHUNK) {
                self.read_tree(arena, relation, chunk, since).await?;
            }
            self.entities.settle_met();
        }
        let (members, _) = self.entities.tree(arena, relation, slots, since);
        self.load_all(arena, &members, then, since).await
    }

    async fn read_tree(&mut self, arena: u32, relation: usize, slots: &[u32], since: u32) -> Result<()> {
        let def = &self.entities.arenas[arena as usize].relations[relation];
        let Some(edges) = Edges::of(def) else { return Ok(()) };
        let mut query = self.select_tree(arena, def, edges, slots);
        let is_linked = matches!(def.kind, RelationKind::Linked(_));
        let mut rows = self.entities.rows_with(arena, None, &mut query.statement);
        self.entities.refills = since > self.entities.stale_before;
        let mut members: Vec<Member> = Vec::new();
        let take = |entities: &mut Entities, row: &dyn Row| {
            let (token, _) = rows.meet(entities, row)?;
            let owner = is_linked.then(|| rows.key_behind(row, edges.table, edges.key)).transpose()?;
            members.push((token, owner));
            Ok(())
        };
        self.read_now(&query, take).await?;
        self.entities.fill_tree(arena, relation, slots, &members, since);
        Ok(())
    }

    /// A query for all that stands below some rows: each once for each that it stands right below.
    fn select_tree(&self, arena: u32, def: &RelationDef, edges: Edges, slots: &[u32]) -> Select<()> {
        let home = &self.entities.arenas[arena as usize];
        let key = home.table.primary_key();
        let roots = slots.iter().map(|&slot| Referred::Key(Ok(home.head(slot).identity.values(key.len()))));
        let rows = Source::table(home.table);
        let mut base = columns_of(&rows, &home.table.names_of(key));
        base.statement.filter.push(RefersTo::condition(
            rows.clone(),
            home.table.typed(key),
            roots.collect(),
            false,
        ));
        let tree = tree_of(def, edges, base);
        let mut statement =
            SelectStatement { projection: Projection::all(rows.clone()), ..Default::default() };
        statement.order_by.extend(&def.order);
        let says = Source::table(edges.table);
        let below = reference_link(edges.table, Some(edges.key), says.clone(), tree.as_source());
        match def.kind {
            RelationKind::Linked(join) => {
                for name in edges.table.names_of(&edges.key.columns) {
                    statement.projection.add(column_of::<i64>(&says, name.to_owned().into()));
                }
                let far = reference_link(edges.table, join.other_key(), says, rows);
                Select::from_statement(statement).join(far).join(below)
            }
            RelationKind::Many { .. } | RelationKind::One { .. } => {
                Select::from_statement(statement).join(below)
            }
        }
    }
}

/// The keys of some rows and of all below them, each once.
fn tree_of(def: &RelationDef, edges: Edges, base: Select<()>) -> Cte {
    recursive_distinct(TREE, base, |tree| {
        let says = Source::table(edges.table);
        let below = match def.kind {
            RelationKind::Linked(join) => join.other_key().map_or(&[][..], |key| &key.columns),
            RelationKind::Many { .. } | RelationKind::One { .. } => edges.table.primary_key(),
        };
        let link = reference_link(edges.table, Some(edges.key), says.clone(), tree.clone());
        columns_of(&says, &edges.table.names_of(below)).from(&says).join(link)
    })
}

/// A query for some columns.
fn columns_of(rows: &Source, names: &[&str]) -> Select<()> {
    let mut statement = SelectStatement::default();
    for &name in names {
        // Whatever its type, it comes as it is.
        statement.projection.add(column_of::<i64>(rows, name.to_owned().into()));
    }
    Select::from_statement(statement)
}

impl Entities {
    /// The entities of a tree, as far as it is known, roots included; and whether all of it is.
    fn tree(&self, arena: u32, relation: usize, roots: &[u32], since: u32) -> (Vec<u32>, bool) {
        let mut seen = HashSet::with_capacity(roots.len());
        let mut members: Vec<u32> = roots.iter().copied().filter(|&slot| seen.insert(slot)).collect();
        let (mut next, mut is_known) = (0, true);
        while let Some(&slot) = members.get(next) {
            next += 1;
            let place = RelationPlace { owner: Place { arena, slot }, relation };
            is_known &= self.head(place.owner).state != State::Persistent || self.is_current(place, since);
            let tokens = self.collection(place).map_or(&[][..], |known| known.tokens()).iter();
            let there = tokens.filter_map(|&token| self.place_of(token)).filter(|place| place.arena == arena);
            members.extend(there.map(|place| place.slot).filter(|&slot| seen.insert(slot)));
        }
        (members, is_known)
    }

    /// A tree was read: its relations are what was found.
    fn fill_tree(&mut self, arena: u32, relation: usize, roots: &[u32], members: &[Member], since: u32) {
        let all = roots.iter().copied().chain(members.iter().map(|(token, _)| token.slot()));
        let is_read =
            |&slot: &u32| !self.is_current(RelationPlace { owner: Place { arena, slot }, relation }, since);
        let read: Vec<u32> = all.filter(is_read).collect();
        let def = &self.arenas[arena as usize].relations[relation];
        if let RelationKind::Linked(join) = def.kind {
            let mut linked = Linked::new(RelationOf { owners: arena, relation, join }, &read);
            for (token, owner) in members {
                let owner = owner.as_ref().and_then(|owner| self.arenas[arena as usize].find(owner));
                if let Some(owner) = owner {
                    linked.add(self, owner, *token);
                }
            }
            linked.finish(self);
        } else if let Some(key) = def.reference() {
            let mut reading = Reading::new(self, Mirror { key, owner: arena, relation }, arena, &read);
            for (token, _) in members {
                reading.add(self, *token);
            }
            reading.finish(self);
        }
    }
}
