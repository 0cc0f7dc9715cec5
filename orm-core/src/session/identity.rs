//! Identities: the primary key under which a session knows a row, and the map from identities to slots.

use std::cmp::Ordering;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::driver::Row;
use crate::engine::write_value;
use crate::error::{Error, ErrorKind};
use crate::value::{Packed, Unpacked, civil};
use crate::{Result, Value};

/// The primary key of a row as the database knows it, whatever the struct's fields say by now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
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
            && let Ok(Value::Int(key)) = &value(0)
        {
            return Ok(Self::Int(*key));
        }
        Self::pack((0..parts).map(value))
    }

    fn pack<'v>(values: impl Iterator<Item = Result<Value<'v>>>) -> Result<Self> {
        let mut packed = Packed::default();
        for value in values {
            let value = value?;
            if value.is_null() {
                return Err(Error::new(
                    ErrorKind::Misuse,
                    "a primary key is NULL; where a join may find no row, select the entity as User::entity().optional()",
                ));
            }
            packed.push(&value);
        }
        Ok(Self::Packed(Box::new(packed.as_bytes().into())))
    }

    /// One value of the key.
    #[inline]
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
            (Value::Date(a), Value::Date(b)) => a.cmp(&b),
            (Value::Time(a), Value::Time(b)) | (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(&b),
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
            Self::Packed(bytes) => {
                let mut values = Unpacked::of(bytes);
                let mut separator = "with key ";
                while !values.is_done() {
                    f.write_str(std::mem::replace(&mut separator, ", "))?;
                    match values.next() {
                        Value::Text(text) => write!(f, "{text:?}")?,
                        Value::Int(number) => write!(f, "{number}")?,
                        Value::Bool(value) => write!(f, "{value}")?,
                        Value::Date(days) => f.write_str(&civil::date_text(days).unwrap_or_default())?,
                        Value::Timestamp(micros) => {
                            f.write_str(&civil::timestamp_text(micros).unwrap_or_default())?
                        }
                        other => write_value(f, &other)?,
                    }
                }
                Ok(())
            }
        }
    }
}

/// An identity's values as a row, to read a reference's key from.
impl Row for Identity {
    fn width(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Int(_) => 1,
            Self::Packed(bytes) => Unpacked::of(bytes).count(),
        }
    }

    fn value(&self, index: usize) -> Result<Value<'_>> {
        Ok(self.value(index))
    }
}

/// From identities to slots.
///
/// Keys that a database numbers lie close together, so eight neighbours share an entry: who goes through them in their
/// order finds the next one where the last one was.
#[derive(Default)]
pub(super) struct IdentityMap {
    pages: HashTable<Page>,
    packed: HashTable<Hashed>,
    hasher: RandomState,
}

/// The slots of eight integer keys.
struct Page {
    number: i64,
    slots: [u32; 8],
}

/// The slot of any other key, with its hash: a map that grows need not look at the entities.
struct Hashed {
    hash: u64,
    slot: u32,
}

const FREE: u32 = u32::MAX;

/// The number of a key's page, and the key's place on it.
fn locate(key: i64) -> (i64, usize) {
    (key >> 3, usize::from(key.to_le_bytes()[0] & 7))
}

impl IdentityMap {
    /// The slot of an identity; `same` compares it with that of a slot, for keys whose hashes are equal by chance.
    #[inline]
    pub(super) fn find(&self, wanted: &Identity, same: impl Fn(u32) -> bool) -> Option<u32> {
        match wanted {
            Identity::None => None,
            Identity::Int(key) => {
                let (number, place) = locate(*key);
                let page = self.pages.find(self.hasher.hash_one(number), |page| page.number == number)?;
                Some(page.slots[place]).filter(|&slot| slot != FREE)
            }
            Identity::Packed(bytes) => {
                let hash = self.hasher.hash_one(bytes);
                let is_wanted = |entry: &Hashed| entry.hash == hash && same(entry.slot);
                self.packed.find(hash, is_wanted).map(|entry| entry.slot)
            }
        }
    }

    /// Enters a slot under its identity; returns the slot that was known under it before. `same` is that of `find`.
    #[inline]
    pub(super) fn insert(
        &mut self,
        slot: u32,
        identity: &Identity,
        same: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let Self { pages, packed, hasher } = self;
        match identity {
            Identity::None => None,
            Identity::Int(key) => {
                let (number, place) = locate(*key);
                let (hash, is_it) = (hasher.hash_one(number), |page: &Page| page.number == number);
                let page = pages.entry(hash, is_it, |page| hasher.hash_one(page.number));
                let slots = &mut page.or_insert(Page { number, slots: [FREE; 8] }).into_mut().slots;
                Some(std::mem::replace(&mut slots[place], slot)).filter(|&before| before != FREE)
            }
            Identity::Packed(bytes) => {
                let hash = hasher.hash_one(bytes);
                let is_it = |entry: &Hashed| entry.hash == hash && same(entry.slot);
                match packed.find_mut(hash, is_it) {
                    Some(entry) => Some(std::mem::replace(&mut entry.slot, slot)),
                    None => {
                        packed.insert_unique(hash, Hashed { hash, slot }, |entry| entry.hash);
                        None
                    }
                }
            }
        }
    }

    pub(super) fn remove(&mut self, slot: u32, identity: &Identity) {
        match identity {
            Identity::None => {}
            Identity::Int(key) => {
                let (number, place) = locate(*key);
                let hash = self.hasher.hash_one(number);
                let Ok(mut page) = self.pages.find_entry(hash, |page| page.number == number) else { return };
                let slots = &mut page.get_mut().slots;
                if slots[place] == slot {
                    slots[place] = FREE;
                }
                if *slots == [FREE; 8] {
                    page.remove();
                }
            }
            Identity::Packed(bytes) => {
                let hash = self.hasher.hash_one(bytes);
                if let Ok(entry) = self.packed.find_entry(hash, |entry| entry.slot == slot) {
                    entry.remove();
                }
            }
        }
    }
}
