//! What the numbers of a step mean where it is played: entities, rows, keys and values, out of those that there are.

use super::kinds::{Cell, Key, Kind, Role, Row};
use super::memory::State;
use super::world::World;

/// The key of no row. No database numbers so many.
const NOBODY: Key = [990_099, 0];

impl World {
    /// An entity: seldom one that is gone.
    pub(super) fn pick(&self, session: usize, number: u8) -> Option<usize> {
        let known = &self.memories[session].known;
        let is_here = |&entity: &usize| number % 16 == 15 || known[entity].state != State::Gone;
        let here: Vec<_> = (0..known.len()).filter(is_here).collect();
        here.get(usize::from(number) % here.len().max(1)).copied()
    }

    pub(super) fn new_row(&mut self, session: usize, kind: Kind, value: u8, reference: u8) -> Option<Row> {
        let mut row = [Cell::Null; 5];
        for (column, &role) in kind.columns().iter().enumerate() {
            row[column] = match role {
                Role::AutoKey | Role::Key => Cell::Is(key_part(role, column, value)),
                Role::Unique => self.name(value),
                Role::Plain | Role::Deferred => Cell::Is((value % 6).into()),
                Role::Version => Cell::Is(0),
                Role::MayRefer(target) => self.reference(session, target, reference).unwrap_or(Cell::Null),
                Role::Refers(target) => self.reference(session, target, reference | 1)?,
            };
        }
        Some(row)
    }

    /// Most are new, some are not.
    pub(super) fn name(&mut self, value: u8) -> Cell {
        Cell::Is(if value % 8 == 5 { (value / 8 % 4).into() } else { self.new_name() })
    }

    /// A reference to an entity, or to a row by its key.
    pub(super) fn reference(&self, session: usize, kind: Kind, number: u8) -> Option<Cell> {
        let known = &self.memories[session].known;
        let is_likely =
            |&entity: &usize| known[entity].kind == kind && (number > 240 || known[entity].is_contained());
        let entities: Vec<_> = (0..known.len()).filter(is_likely).collect();
        let rows: Vec<_> = self.view(session).keys().filter(|(other, _)| *other == kind).collect();
        let which = usize::from(number / 4);
        match number % 4 {
            0 => None,
            3 if !rows.is_empty() => Some(Cell::Key(rows[which % rows.len()].1)),
            _ => entities.get(which % entities.len().max(1)).map(|&entity| Cell::To(entity, None)),
        }
    }

    /// A key: of an entity, of a row, or of nothing.
    pub(super) fn key(&self, session: usize, kind: Kind, number: u8) -> Key {
        let memory = &self.memories[session];
        let shown = memory.known.iter().filter(|known| known.kind == kind && known.is_contained());
        let rows = self.view(session).keys().filter(|(other, _)| *other == kind).map(|(_, key)| *key);
        let keys = shown.flat_map(|known| [known.key, known.key_shown()]).chain(rows).chain([NOBODY]);
        let keys: Vec<_> = keys.collect::<std::collections::BTreeSet<_>>().into_iter().collect();
        keys[usize::from(number) % keys.len()]
    }

    /// A struct that was made by hand, with a key that may be that of a row.
    pub(super) fn struct_with_key(
        &mut self,
        session: usize,
        kind: Kind,
        number: u8,
        value: u8,
    ) -> Option<(Key, Row)> {
        let key = self.key(session, kind, number);
        let mut row = self.new_row(session, kind, value, number)?;
        for part in 0..kind.key_width() {
            row[part] = Cell::Is(key[part]);
        }
        if let Some(version) = kind.version() {
            row[version] = Cell::Is((value % 3).into());
        }
        Some((key, row))
    }

    /// Those of these keys that have to be read, each once.
    pub(super) fn not_current(&self, session: usize, kind: Kind, keys: &[Key]) -> Vec<Key> {
        let memory = &self.memories[session];
        let is_current =
            |key: &Key| memory.find(kind, *key).is_some_and(|entity| memory.known[entity].is_current());
        let mut keys: Vec<_> = keys.iter().copied().filter(|key| !is_current(key)).collect();
        keys.dedup();
        keys
    }

    /// The keys of rows with at least this value, as the session's transaction sees them.
    pub(super) fn rows_with(&self, session: usize, kind: Kind, least: u8) -> Vec<Key> {
        let rows = self.view(session).iter().filter(|((other, _), _)| *other == kind);
        let is_found = |row: &Row| matches!(row[kind.val()], Cell::Is(value) if value >= least.into());
        rows.filter(|(_, row)| is_found(row)).map(|((_, key), _)| *key).collect()
    }
}

/// A part of a key. Those of numbered rows are far from the database's own, and most are left to it.
pub(super) fn key_part(role: Role, column: usize, value: u8) -> i64 {
    match (role, column) {
        (Role::AutoKey, _) if value % 8 == 7 => 1_000_000 + i64::from(value / 8),
        (Role::AutoKey, _) => 0,
        (_, 0) => (value % 12).into(),
        (_, _) => (value / 12 % 3).into(),
    }
}
