//! Identities: the primary key under which a session knows a row, and the map from identities to slots.

use std::cmp::Ordering;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::driver::Row;
use crate::error::{Error, ErrorKind};
use crate::value::{Packed, Unpacked};
use crate::{Result, Value};

/// The primary key of a row as the database knows it, whatever the struct's fields say by now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Identity {
    #[default]
    None,
    /// The common case: one integer.
    Int(i64),
    /// Any other key, packed; one pointer wide, because every entity has an identity and few have this one.
    Packed(Box<Box<[u8]>>),
}

impl Identity {
    /// The identity with these key values; a key with a NULL in it identifies nothing.
    #[inline]
    pub(super) fn of<'v>(parts: usize, mut value: impl FnMut(usize) -> Result<Value<'v>>) -> Result<Self> {
        if parts == 1
            && let Value::Int(key) = value(0)?
        {
            return Ok(Self::Int(key));
        }
        Self::pack((0..parts).map(value))
    }

    fn pack<'v>(values: impl Iterator<Item = Result<Value<'v>>>) -> Result<Self> {
        let mut packed = Packed::default();
        for value in values {
            let value = value?;
            if value.is_null() {
                return Err(Error::new(ErrorKind::Misuse, "a primary key is NULL"));
            }
            packed.push(&value);
        }
        Ok(Self::Packed(Box::new(packed.as_bytes().into())))
    }

    /// One value of the key.
    pub(super) fn value(&self, part: usize) -> Value<'_> {
        match self {
            Self::None => Value::Null,
            Self::Int(key) => Value::Int(*key),
            Self::Packed(bytes) => {
                let mut values = Unpacked::of(bytes);
                for _ in 0..part {
                    values.next();
                }
                values.next()
            }
        }
    }

    /// The order of keys in a flush: as the database sorts them.
    pub(super) fn order(&self, other: &Self, parts: usize) -> Ordering {
        let compare = |part| match (self.value(part), other.value(part)) {
            (Value::Int(a), Value::Int(b)) => a.cmp(&b),
            (Value::Text(a), Value::Text(b)) => a.cmp(&b),
            (Value::Bytes(a), Value::Bytes(b)) => a.cmp(&b),
            (Value::Bool(a), Value::Bool(b)) => a.cmp(&b),
            (Value::Float(a), Value::Float(b)) => a.total_cmp(&b),
            _ => Ordering::Equal,
        };
        (0..parts).map(compare).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

/// Says which key values are meant, in messages.
impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("without a key"),
            Self::Int(key) => write!(f, "with key {key}"),
            Self::Packed(_) => f.write_str("with a key of its own"),
        }
    }
}

/// An identity's values as a row, to read a reference's key from.
impl Row for Identity {
    fn width(&self) -> usize {
        // A reader takes as many parts as its key has.
        usize::MAX
    }

    fn value(&self, index: usize) -> Result<Value<'_>> {
        Ok(self.value(index))
    }
}

/// From identities to slots. An entry holds what it is hashed by, so that a lookup touches one place in memory, and a
/// growing map none of the entities.
#[derive(Default)]
pub(super) struct IdentityMap {
    entries: HashTable<Entry>,
    hasher: RandomState,
}

struct Entry {
    /// The key itself if it is one integer, else a hash of it.
    tag: u64,
    slot: u32,
}

impl IdentityMap {
    fn tag(&self, identity: &Identity) -> u64 {
        match identity {
            Identity::None => 0,
            Identity::Int(key) => key.cast_unsigned(),
            Identity::Packed(bytes) => self.hasher.hash_one(bytes),
        }
    }

    /// The slot of an identity; `same` compares it with that of a slot, for keys whose tags may be equal by chance.
    pub(super) fn find(&self, wanted: &Identity, same: impl Fn(u32) -> bool) -> Option<u32> {
        let tag = self.tag(wanted);
        let by_tag = matches!(wanted, Identity::Int(_));
        let entry = self
            .entries
            .find(self.hasher.hash_one(tag), |entry| entry.tag == tag && (by_tag || same(entry.slot)));
        entry.map(|entry| entry.slot)
    }

    /// Adds a slot whose identity is not in the map.
    pub(super) fn insert(&mut self, slot: u32, identity: &Identity) {
        let tag = self.tag(identity);
        let Self { entries, hasher } = self;
        entries.insert_unique(hasher.hash_one(tag), Entry { tag, slot }, |entry| hasher.hash_one(entry.tag));
    }

    pub(super) fn remove(&mut self, slot: u32, identity: &Identity) {
        let tag = self.tag(identity);
        if let Ok(entry) = self.entries.find_entry(self.hasher.hash_one(tag), |entry| entry.slot == slot) {
            entry.remove();
        }
    }

    /// Makes room for this many more.
    pub(super) fn reserve(&mut self, more: usize) {
        let Self { entries, hasher } = self;
        entries.reserve(more, |entry| hasher.hash_one(entry.tag));
    }
}
