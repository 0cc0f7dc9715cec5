//! Tables that refer to themselves or to each other: here the order is found row by row.

use foldhash::{HashMap, HashMapExt, HashSet};

use crate::error::{Error, ErrorKind};
use crate::metadata::{Action, ForeignKey};
use crate::query::WriteKind;
use crate::session::arena::Place;
use crate::session::entities::Entities;
use crate::session::identity::Identity;
use crate::session::order::{components, layers};
use crate::session::plan::changes::{Group, Waiting};
use crate::session::plan::{Part, Step};
use crate::{Result, Value};

/// The updates and inserts of tables that form a circle.
pub(super) fn saves(
    entities: &Entities,
    parts: &mut [Part],
    group: &[usize],
    waiting: &[Waiting],
    steps: &mut Vec<Step>,
) -> Result<()> {
    let rows = NewRows::take(parts, group);
    let needs_new_row = |reference: &&Waiting| rows.numbers.contains_key(&reference.target);
    let late: HashSet<Place> =
        waiting.iter().filter(needs_new_row).map(|reference| reference.place).collect();
    let mut later = Vec::new();
    for &part in group {
        let arena = parts[part].arena;
        for update in parts[part].changes.updates.drain(..) {
            let [after, before] = update.split(|slot| late.contains(&Place { arena, slot }));
            push_group(steps, arena, before);
            push_group(&mut later, arena, after);
        }
    }
    rows.insert(entities, waiting, steps)?;
    steps.append(&mut later);
    Ok(())
}

/// The deletes of tables that form a circle: rows that refer to others before those others. Rows that refer to each other
/// let go of each other first, where they may.
pub(super) fn deletes(
    entities: &Entities,
    parts: &mut [Part],
    group: &[usize],
    steps: &mut Vec<Step>,
) -> Result<()> {
    let rows: Vec<Place> = group.iter().flat_map(|&part| parts[part].take_deletes()).collect();
    let numbers: HashMap<Place, usize> =
        rows.iter().enumerate().map(|(number, &place)| (place, number)).collect();
    let mut edges = Vec::new();
    for (from, &place) in rows.iter().enumerate() {
        for (foreign_key, target) in references(entities, place)? {
            match numbers.get(&target) {
                Some(&to) if to != from => edges.push((from, to, foreign_key)),
                Some(_) if entities.lets_go_of_itself => {
                    let_go_of_itself(entities, place, foreign_key, steps)
                }
                Some(_) | None => {}
            }
        }
    }
    let mut depends_on = vec![Vec::new(); rows.len()];
    edges.iter().for_each(|&(from, to, _)| depends_on[to].push(from));
    let circle_of = circles(&depends_on);
    for (from, to, foreign_key) in edges {
        let table = entities.arena(rows[from]).table;
        let key = &table.foreign_keys()[foreign_key];
        if circle_of[from] == circle_of[to] && key.is_nullable(table) {
            depends_on[to].retain(|&row| row != from);
            let_go(rows[from], key, steps);
        }
    }
    let (layers, left) = layers(&depends_on);
    // What is left cannot let go; perhaps the database looks at the references only at the end of a statement.
    for layer in layers.into_iter().chain([left]) {
        for &part in group {
            let arena = parts[part].arena;
            let slots = layer.iter().map(|&row| rows[row]).filter(|place| place.arena == arena);
            push(steps, arena, WriteKind::Delete, &[], slots.map(|place| place.slot).collect());
        }
    }
    Ok(())
}

/// A row gives up a reference before it is deleted.
fn let_go(Place { arena, slot }: Place, key: &ForeignKey, steps: &mut Vec<Step>) {
    let same = |step: &&mut Step| step.clear && step.arena == arena && step.columns == key.columns;
    match steps.iter_mut().find(same) {
        Some(step) => step.slots.push(slot),
        None => {
            let group = Group::of(key.columns.clone(), vec![slot]);
            steps.push(Step { clear: true, ..Step::new(arena, WriteKind::Update, group) });
        }
    }
}

fn let_go_of_itself(entities: &Entities, place: Place, foreign_key: usize, steps: &mut Vec<Step>) {
    let table = entities.arena(place).table;
    let key = &table.foreign_keys()[foreign_key];
    if key.is_nullable(table) && matches!(key.on_delete, Action::NoAction | Action::Restrict) {
        let_go(place, key, steps);
    }
}

/// For each node the number of the circle that it is in; nodes in none have one of their own.
fn circles(depends_on: &[Vec<usize>]) -> Vec<usize> {
    let mut circle_of = vec![0; depends_on.len()];
    for (number, nodes) in components(depends_on).into_iter().enumerate() {
        nodes.into_iter().for_each(|node| circle_of[node] = number);
    }
    circle_of
}

/// The loaded entities that a row refers to in the database, and by which foreign key.
pub(super) fn references(entities: &Entities, place: Place) -> Result<Vec<(usize, Place)>> {
    let arena = entities.arena(place);
    let mut values = Vec::new();
    if arena.head(place.slot).touched {
        let mut before = entities.snapshot(place);
        values.extend(arena.table.columns().iter().map(|_| before.next()));
    } else {
        let value = |column| match arena.records.get(place.slot, column) {
            // A deferred column is no part of a reference.
            Err(error) if error.kind() == ErrorKind::NotLoaded => Ok(Value::Null),
            value => value,
        };
        values = arena.table.columns().iter().map(value).collect::<Result<_>>()?;
    }
    let mut targets = Vec::new();
    for (number, key) in arena.table.foreign_keys().iter().enumerate() {
        if key.columns.iter().any(|&column| values[column].is_null()) {
            continue;
        }
        let identity = Identity::of(key.columns.len(), |part| Ok(values[key.columns[part]].borrowed()))?;
        let position = entities.arenas.iter().position(|other| key.is_to(other.table));
        let found =
            position.and_then(|position| Some((position, entities.arenas[position].find(&identity)?)));
        if let Some((position, slot)) = found {
            #[expect(clippy::cast_possible_truncation, reason = "arenas are numbered by u32")]
            targets.push((number, Place { arena: position as u32, slot }));
        }
    }
    Ok(targets)
}

fn push(steps: &mut Vec<Step>, arena: u32, kind: WriteKind, columns: &[usize], slots: Vec<u32>) {
    if !slots.is_empty() {
        steps.push(Step::new(arena, kind, Group::of(columns.to_vec(), slots)));
    }
}

fn push_group(steps: &mut Vec<Step>, arena: u32, updates: Group) {
    if !updates.slots.is_empty() {
        steps.push(Step::new(arena, WriteKind::Update, updates));
    }
}

/// The new rows of some tables, numbered in the order in which they would be inserted if nothing else mattered.
struct NewRows {
    rows: Vec<(Place, Vec<usize>)>,
    numbers: HashMap<Place, usize>,
}

impl NewRows {
    fn take(parts: &mut [Part], group: &[usize]) -> Self {
        let mut new = Self { rows: Vec::new(), numbers: HashMap::new() };
        for &part in group {
            let arena = parts[part].arena;
            for Group { columns, slots, .. } in parts[part].changes.inserts.drain(..) {
                for slot in slots {
                    let place = Place { arena, slot };
                    new.numbers.insert(place, new.rows.len());
                    new.rows.push((place, columns.clone()));
                }
            }
        }
        new
    }

    fn insert(&self, entities: &Entities, waiting: &[Waiting], steps: &mut Vec<Step>) -> Result<()> {
        let edges: Vec<Edge<'_>> =
            waiting.iter().filter_map(|reference| self.edge(entities, reference)).collect();
        let circle_of = circles(&self.depends_on(&edges, |_| false));
        let is_cut = |edge: &Edge<'_>| edge.nullable && circle_of[edge.from] == circle_of[edge.to];
        let (order, left) = layers(&self.depends_on(&edges, is_cut));
        if let Some(&row) = left.first() {
            return Err(self.circular(entities, &edges, row));
        }
        for layer in order {
            self.push_layer(&layer, steps);
        }
        for edge in edges.iter().filter(|edge| is_cut(edge)) {
            let (place, _) = &self.rows[edge.from];
            let columns = &entities.arena(*place).table.foreign_keys()[edge.reference.foreign_key].columns;
            push_joining(steps, place.arena, WriteKind::Update, columns, place.slot);
        }
        Ok(())
    }

    fn edge<'w>(&self, entities: &Entities, reference: &'w Waiting) -> Option<Edge<'w>> {
        let (from, to) = (*self.numbers.get(&reference.place)?, *self.numbers.get(&reference.target)?);
        let table = entities.arena(reference.place).table;
        let nullable = table.foreign_keys()[reference.foreign_key].is_nullable(table);
        Some(Edge { from, to, nullable, reference })
    }

    fn depends_on(&self, edges: &[Edge<'_>], skip: impl Fn(&Edge<'_>) -> bool) -> Vec<Vec<usize>> {
        let mut depends_on = vec![Vec::new(); self.rows.len()];
        for edge in edges.iter().filter(|edge| !skip(edge)) {
            depends_on[edge.from].push(edge.to);
        }
        depends_on
    }

    fn push_layer(&self, layer: &[usize], steps: &mut Vec<Step>) {
        let start = steps.len();
        for &row in layer {
            let (place, columns) = &self.rows[row];
            match steps[start..].iter_mut().find(|step| step.arena == place.arena && step.columns == *columns)
            {
                Some(step) => step.slots.push(place.slot),
                None => push(steps, place.arena, WriteKind::Insert, columns, vec![place.slot]),
            }
        }
    }

    fn circular(&self, entities: &Entities, edges: &[Edge<'_>], row: usize) -> Error {
        let name = |row: usize| entities.arena(self.rows[row].0).model;
        let mut names: Vec<_> =
            edges.iter().filter(|edge| edge.from == row).map(|edge| name(edge.to)).collect();
        names.insert(0, name(row));
        let message = format!(
            "new rows of {} need each other's keys, and none of the references may be NULL for a moment",
            names.join(" and ")
        );
        Error::new(ErrorKind::CircularDependency, message)
    }
}

/// One new row's reference to another.
struct Edge<'w> {
    from: usize,
    to: usize,
    nullable: bool,
    reference: &'w Waiting,
}

/// Adds a row to the last step if that does the same, else a step of its own.
fn push_joining(steps: &mut Vec<Step>, arena: u32, kind: WriteKind, columns: &[usize], slot: u32) {
    match steps.last_mut().filter(|step| step.arena == arena && step.kind == kind && step.columns == columns)
    {
        Some(step) => step.slots.push(slot),
        None => push(steps, arena, kind, columns, vec![slot]),
    }
}
