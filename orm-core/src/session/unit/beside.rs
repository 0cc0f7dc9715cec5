//! Relations that are loaded by a join: what is put beside the rows of a query, and what is made of the rows that come.

mod reading;

use crate::model::{RelationDef, RelationKind, reference_link};
use crate::query::{Edge, Load, Loads, SelectStatement, Source, Strategy};
use crate::session::arena::Arena;
use crate::session::entities::Entities;

use reading::Node;
pub(super) use reading::{Joining, Rows};

/// A relation that is to be joined.
struct Planned {
    /// The one that it is behind; the query itself if there is none.
    behind: Option<usize>,
    owner: u32,
    target: u32,
    load: Load,
}

impl Entities {
    /// Puts related rows beside those of a query that a program makes, where that is how they are to be loaded.
    pub(super) fn joins_of(&mut self, statement: &mut SelectStatement) -> Option<Joining> {
        if statement.loads.is_empty() && !self.loads_by_default {
            return None;
        }
        let (root, table) = statement.root()?;
        let arena = self.arena_of_table(table)?;
        let loads = statement.loads.of(self.arenas[arena as usize].table);
        self.join_loads(arena, root, &loads, statement)
    }

    /// Takes the rows of a query of the session's own, with what is to be loaded behind them.
    pub(super) fn rows_with(
        &mut self,
        target: u32,
        loads: Option<&Loads>,
        statement: &mut SelectStatement,
    ) -> Rows {
        let table = self.arenas[target as usize].table;
        let root = Source::table(table);
        let joining = loads.and_then(|loads| self.join_loads(target, root, loads, statement));
        let positions = match &joining {
            None => self.arenas[target as usize].without_deferred.clone(),
            Some(_) => statement.positions(),
        };
        let width = table.columns().iter().filter(|column| column.deferred.is_none()).count();
        Rows { target, width, positions, joining }
    }

    fn join_loads(
        &mut self,
        arena: u32,
        mut root: Source,
        loads: &Loads,
        statement: &mut SelectStatement,
    ) -> Option<Joining> {
        let mut planned = self.plan_joins(arena, loads);
        if planned.is_empty() {
            return None;
        }
        let is_own = |planned: &Planned| matches!(planned.load.strategy, Some(Strategy::Own(_)));
        let has_many = planned.iter().any(|planned| self.leads_to_many(planned.owner, planned.load.edge));
        let mut joining = Joining::new(arena, loads.clone(), statement.is_read_backwards());
        joining.once = has_many || planned.iter().any(is_own);
        if has_many && statement.counts_rows() {
            if planned.iter().any(is_own) {
                // The query counts the rows of its own join, so that no other is put beside.
                planned.retain(|planned| is_own(planned) && planned.behind.is_none());
            } else if statement.can_be_wrapped() {
                root = statement.wrap(self.arenas[arena as usize].table)?;
            } else {
                return None;
            }
        }
        let mut sources: Vec<Source> = Vec::with_capacity(planned.len());
        for Planned { behind, owner, target, load } in planned {
            let from = behind.map_or(&root, |behind| &sources[behind]);
            let rows = self.put_beside(owner, from, &load, target, statement)?;
            sources.push(rows);
            let node = Node::new(self, behind, owner, target, &load)?;
            joining.add(node, load);
        }
        (!sources.is_empty()).then_some(joining)
    }

    /// What of all that is to be loaded is to be joined, because that is said or the mapping says so; what is behind something comes
    /// after that.
    fn plan_joins(&mut self, arena: u32, loads: &Loads) -> Vec<Planned> {
        let mut planned: Vec<Planned> = Vec::new();
        let mut next = vec![(None, arena, loads.clone())];
        while let Some((behind, owner, loads)) = next.pop() {
            for load in self.arenas[owner as usize].due(&loads) {
                if !self.is_joined(owner, &load, behind, &planned) {
                    continue;
                }
                let Some(target) = self.arena_behind(owner, load.edge) else { continue };
                next.push((Some(planned.len()), target, load.then.clone()));
                planned.push(Planned { behind, owner, target, load });
            }
        }
        planned
    }

    fn is_joined(&self, owner: u32, load: &Load, behind: Option<usize>, planned: &[Planned]) -> bool {
        let arena = &self.arenas[owner as usize];
        let by_default = match load.edge {
            Edge::Field(number) => match arena.relations.get(number) {
                Some(relation) => relation.load == Some(true),
                None => return false,
            },
            Edge::Reference(_) => false,
        };
        match load.strategy {
            Some(Strategy::Joined | Strategy::Own(_)) => true,
            Some(Strategy::SelectIn) => false,
            // A mapping that leads back to where it came from ends there.
            None => by_default && !is_behind_itself(owner, load.edge, behind, planned),
        }
    }

    fn leads_to_many(&self, owner: u32, edge: Edge) -> bool {
        match edge {
            Edge::Field(number) => {
                !matches!(self.arenas[owner as usize].relations[number].kind, RelationKind::One { .. })
            }
            Edge::Reference(_) => false,
        }
    }

    /// Adds a join and the columns of what is joined; the name that it goes by.
    fn put_beside(
        &self,
        owner: u32,
        from: &Source,
        load: &Load,
        target: u32,
        statement: &mut SelectStatement,
    ) -> Option<Source> {
        let (owner, table) = (&self.arenas[owner as usize], self.arenas[target as usize].table);
        if let Some(Strategy::Own(name)) = load.strategy {
            let rows = Source::table(table);
            let rows = match name {
                Some(name) => rows.named(name),
                None => rows,
            };
            statement.select_related(rows.clone());
            return Some(rows);
        }
        let relation = owner.relation(load.edge);
        let order = relation.map_or(&[][..], |relation| &relation.order);
        let from = from.clone();
        Some(match (load.edge, relation) {
            (Edge::Field(_), None) => return None,
            (Edge::Field(_), Some(relation)) => {
                statement.join_related(table, order, |rows| relation.link(from, rows))
            }
            (Edge::Reference(field), _) => {
                let key = owner.table.foreign_keys().iter().find(|key| key.field == field);
                statement.join_related(table, order, |rows| reference_link(owner.table, key, from, rows))
            }
        })
    }
}

/// Whether a relation stands somewhere before itself.
fn is_behind_itself(owner: u32, edge: Edge, mut behind: Option<usize>, planned: &[Planned]) -> bool {
    while let Some(before) = behind.and_then(|number| planned.get(number)) {
        if before.owner == owner && before.load.edge == edge {
            return true;
        }
        behind = before.behind;
    }
    false
}

impl Arena {
    /// The relations that the mapping joins to each query.
    pub(super) fn joined_by_default(&self) -> Vec<Edge> {
        let joined = self.relations.iter().enumerate().filter(|(_, relation)| relation.load == Some(true));
        joined.map(|(number, _)| Edge::Field(number)).collect()
    }

    /// What is known of a relation field.
    fn relation(&self, edge: Edge) -> Option<&'static RelationDef> {
        match edge {
            Edge::Field(number) => self.relations.get(number),
            Edge::Reference(_) => None,
        }
    }
}
