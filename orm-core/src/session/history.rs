//! What differs in an entity from its row: found where it lies for `is_modified` and `dirty`, and written down for `history`.

use std::fmt;
use std::marker::PhantomData;

use crate::engine::write_value;
use crate::error::{Error, ErrorKind};
use crate::model::{Entity, Model, Reference};
use crate::query::{Bound, Column};
use crate::session::arena::{Place, State};
use crate::session::assigned::Cell;
use crate::session::entities::{Entities, gone};
use crate::session::identity::Identity;
use crate::value::Unpacked;
use crate::{DbValue, Result, Value};

/// What was changed in an entity since the last flush: for each column the old and the new value. Made by [`Entities::history`].
///
/// It is a copy, so it can be kept beyond the flush. `Display` is one line for logs; it names the columns and, unless the engine hides
/// parameters, shows the values.
pub struct History<M> {
    subject: String,
    hidden: bool,
    changes: Vec<Change>,
    of: PhantomData<fn() -> M>,
}

/// One column of a [`History`].
#[derive(Clone, PartialEq)]
pub struct Change {
    /// The column's name in the database.
    pub column: &'static str,
    /// What the row has; `None` for a new row, and for a deferred column that was set without being loaded.
    pub old: Option<Value<'static>>,
    /// What it will have; `None` for the key of a row that is not inserted yet, for an expression, and for a value that cannot be
    /// stored.
    pub new: Option<Value<'static>>,
    position: usize,
}

impl<M> History<M> {
    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The columns that differ, in the order of the model's fields.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The old and the new value of a column, or `None` if it does not differ: `history.of(User::NAME)` is
    /// `Some((Some("Al".into()), Some("Alice".into())))`. A side that [`Change`] does not know is `None`.
    pub fn of<T: DbValue>(&self, column: Column<M, T>) -> Option<(Option<T>, Option<T>)> {
        let position = column.position();
        let Change { old, new, .. } = self.changes.iter().find(|change| change.position == position)?;
        let typed = |value: &Option<Value<'static>>| value.as_ref().and_then(|value| T::decode(value).ok());
        Some((typed(old), typed(new)))
    }
}

impl Entities {
    /// What was changed in an entity since the last flush. Of a new one it is all that will be inserted, of an unchanged one nothing.
    /// No I/O; it costs a comparison of the columns, and a copy of what differs.
    pub fn history<M: Model>(&self, entity: Entity<M>) -> Result<History<M>> {
        let (place, head) = self.look_up(entity.token, M::NAME)?;
        let differences = match head.state {
            State::Pending | State::Persistent => self.differences(place),
            State::Transient => return Err(not_saved(M::NAME)),
            State::Deleted | State::Free => return Err(gone(M::NAME, "was deleted")),
        };
        let columns = M::table().columns();
        let change = |Difference { position, old, new }| Change {
            column: &columns[position].name,
            old: old.map(Value::into_owned),
            new: new.map(Value::into_owned),
            position,
        };
        let subject = match head.state {
            State::Pending => format!("new {}", M::NAME),
            _ => format!("{} {}", M::NAME, self.shown(head)),
        };
        let mut changes: Vec<_> = differences.map(change).collect();
        let counts = |cell: &&Cell| !self.head(place).touched || self.is_as_before(place, cell);
        for cell in self.assigned(place).iter().filter(counts) {
            let (position, column) = (cell.position, &columns[cell.position].name);
            let old = (self.has_values(place))
                .then(|| self.arena(place).records.get(place.slot, &columns[position]));
            let old = old.and_then(Result::ok).map(Value::into_owned);
            let new = match &cell.value {
                Bound::Value(_, value) => Some(value.clone()),
                Bound::Null => Some(Value::Null),
                Bound::Node(_) => None,
            };
            let at = changes.partition_point(|change: &Change| change.position < position);
            match changes.get_mut(at).filter(|change| change.position == position) {
                Some(change) => change.new = new,
                None => changes.insert(at, Change { column, old, new, position }),
            }
        }
        Ok(History { subject, hidden: self.hidden, changes, of: PhantomData })
    }

    /// The columns in which an entity differs from its row. A new one differs in all that it is inserted with.
    pub(super) fn differences(&self, place: Place) -> Differences<'_> {
        let head = self.head(place);
        let before = match head.state {
            State::Pending => Before::Nothing,
            _ if head.touched => Before::Row(self.snapshot(place)),
            _ => Before::Same,
        };
        Differences { entities: self, place, next: 0, before }
    }

    /// The value of a column as a flush would write it: a reference that waits for a key that is known has it.
    fn value_now(&self, place: Place, position: usize) -> Result<Option<Value<'_>>> {
        let arena = self.arena(place);
        let column = &arena.table.columns()[position];
        if let Some(key) = arena.table.foreign_keys().iter().find(|key| key.columns.contains(&position)) {
            let reference = arena.records.reference(place.slot, key.field);
            if let Some(target) = reference.filter(|found| found.is_waiting()).and_then(Reference::entity) {
                let part = key.columns.iter().position(|&column| column == position).unwrap_or_default();
                let known = self.find_token(target).is_some_and(|head| head.state == State::Persistent);
                let target = Place::of(target);
                return match known {
                    true => Ok(Some(self.identity_after_flush(target)?.value(part).into_owned())),
                    false => Ok(None),
                };
            }
        }
        arena.records.get(place.slot, column).map(Some)
    }

    /// The key that a row will have when those that refer to it are written: if it is being changed, that goes first.
    pub(super) fn identity_after_flush(&self, place: Place) -> Result<Identity> {
        let head = self.head(place);
        if !head.touched || head.doomed {
            return Ok(head.identity.clone());
        }
        let arena = self.arena(place);
        let keys = arena.table.primary_key();
        let value =
            |part: usize| self.value_now(place, keys[part])?.ok_or_else(|| not_known_yet(arena.model));
        // What waits in a key is the exception.
        arena.identity_of(place.slot).or_else(|_| Identity::of(keys.len(), value))
    }
}

#[cold]
fn not_known_yet(model: &'static str) -> Error {
    let message = "its key is made of that of a new entity, and rows that refer to it are to follow: flush the new one first";
    Error::new(ErrorKind::NotPersistent, message).with_model(model)
}

fn not_saved(model: &'static str) -> Error {
    let message = format!("it has no history: {}", State::Transient.problem());
    Error::new(ErrorKind::NotPersistent, message).with_model(model)
}

/// One column that differs; a side is `None` if it is not known.
pub(super) struct Difference<'e> {
    pub(super) position: usize,
    pub(super) old: Option<Value<'e>>,
    pub(super) new: Option<Value<'e>>,
}

/// Goes through the columns of an entity and stops at those that differ.
pub(super) struct Differences<'e> {
    entities: &'e Entities,
    place: Place,
    next: usize,
    before: Before<'e>,
}

enum Before<'e> {
    /// The entity was not touched: there is nothing to compare.
    Same,
    /// There is no row yet.
    Nothing,
    Row(Unpacked<'e>),
}

impl<'e> Iterator for Differences<'e> {
    type Item = Difference<'e>;

    fn next(&mut self) -> Option<Difference<'e>> {
        let Self { entities, place, next, before } = self;
        let table = entities.arena(*place).table;
        if matches!(before, Before::Same) {
            return None;
        }
        while let Some(column) = table.columns().get(*next) {
            let position = *next;
            *next += 1;
            let mut compared = match before {
                Before::Row(row) => Some(row.clone()),
                Before::Same | Before::Nothing => None,
            };
            let old = match before {
                Before::Row(row) => row.next_known(),
                Before::Same | Before::Nothing => None,
            };
            let new = match entities.value_now(*place, position) {
                Ok(new) => new,
                Err(error) if error.kind() == ErrorKind::NotLoaded => continue,
                Err(_) => None,
            };
            let is_same = match (&mut compared, &new) {
                (Some(row), Some(new)) => row.next_is(new),
                (Some(_), None) => false,
                (None, new) => {
                    let is_key = column.auto && matches!(new, Some(Value::Int(0) | Value::Null));
                    let is_filled = || table.filled().contains(&position);
                    is_key
                        || (is_filled() && entities.arena(*place).records.is_unset(place.slot, column.field))
                }
            };
            if !is_same && column.generated.is_none() {
                return Some(Difference { position, old, new });
            }
        }
        None
    }
}

impl<M> fmt::Display for History<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.subject)?;
        if self.changes.is_empty() {
            return f.write_str(": unchanged");
        }
        for (index, change) in self.changes.iter().enumerate() {
            f.write_str(if index == 0 { ": " } else { ", " })?;
            f.write_str(change.column)?;
            if self.hidden {
                continue;
            }
            f.write_str(" ")?;
            if let Some(old) = &change.old {
                write_value(f, old)?;
                f.write_str(" -> ")?;
            }
            match &change.new {
                Some(new) => write_value(f, new)?,
                None => f.write_str("(not known yet)")?,
            }
        }
        Ok(())
    }
}

/// As `Display`: the values may be secrets.
impl<M> fmt::Debug for History<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "History({self})")
    }
}

/// The column alone: the values may be secrets.
impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Change({})", self.column)
    }
}

impl<M> Clone for History<M> {
    fn clone(&self) -> Self {
        let Self { subject, hidden, changes, of } = self;
        Self { subject: subject.clone(), hidden: *hidden, changes: changes.clone(), of: *of }
    }
}

impl<'h, M> IntoIterator for &'h History<M> {
    type Item = &'h Change;
    type IntoIter = std::slice::Iter<'h, Change>;

    fn into_iter(self) -> Self::IntoIter {
        self.changes.iter()
    }
}
