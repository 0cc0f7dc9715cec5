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

    /// All values of the key.
    pub(super) fn values(&self, parts: usize) -> Vec<Value<'static>> {
        (0..parts).map(|part| self.value(part).into_owned()).collect()
    }

    /// The order of keys in a flush: as the database sorts them.
    #[inline]
    pub(super) fn order(&self, other: &Self, parts: usize) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            _ => self.order_of_values(other, parts),
        }
    }

    fn order_of_values(&self, other: &Self, parts: usize) -> Ordering {
        let compare = |part| match (self.value(part), other.value(part)) {
            (Value::Int(a), Value::Int(b)) => a.cmp(&b),
            (Value::UInt(a), Value::UInt(b)) => a.cmp(&b),
            (Value::Int(_), Value::UInt(_)) => Ordering::Less,
            (Value::UInt(_), Value::Int(_)) => Ordering::Greater,
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
/// Keys that a database numbers lie close together, so eight neighbours share a page: who goes through them in their order
/// finds the next one where the last one was, mostly without hashing.
#[derive(Default)]
pub(super) struct IdentityMap {
    pages: Vec<Page>,
    /// Where the page of each number is.
    by_number: HashTable<u32>,
    /// Where pages are that nobody is on.
    empty: Vec<u32>,
    /// Where the page is that was written last.
    last: usize,
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

/// The number of a page that nobody is on; no key is on a page of this number.
const NO_PAGE: i64 = i64::MAX;

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
                Some(self.pages[self.page(number)?].slots[place]).filter(|&slot| slot != FREE)
            }
            Identity::Packed(bytes) => self.find_packed(bytes, same),
        }
    }

    /// Apart, so that what is left above is small enough to become a part of the loop over a query's rows.
    #[inline(never)]
    fn find_packed(&self, wanted: &[u8], same: impl Fn(u32) -> bool) -> Option<u32> {
        let hash = self.hasher.hash_one(wanted);
        let is_wanted = |entry: &Hashed| entry.hash == hash && same(entry.slot);
        self.packed.find(hash, is_wanted).map(|entry| entry.slot)
    }

    /// Enters a slot under its identity; returns the slot that was known under it before. `same` is that of `find`.
    #[inline]
    pub(super) fn insert(
        &mut self,
        slot: u32,
        identity: &Identity,
        same: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let Self { packed, hasher, .. } = self;
        match identity {
            Identity::None => None,
            Identity::Int(key) => {
                let (number, place) = locate(*key);
                self.last = self.page(number).unwrap_or_else(|| self.add_page(number));
                let before = std::mem::replace(&mut self.pages[self.last].slots[place], slot);
                Some(before).filter(|&before| before != FREE)
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

    /// Where the page of this number is.
    #[inline]
    fn page(&self, number: i64) -> Option<usize> {
        if self.pages.get(self.last).is_some_and(|page| page.number == number) {
            return Some(self.last);
        }
        let is_it = |&index: &u32| self.pages[index as usize].number == number;
        self.by_number.find(self.hasher.hash_one(number), is_it).map(|&index| index as usize)
    }

    fn add_page(&mut self, number: i64) -> usize {
        let Self { pages, by_number, empty, hasher, .. } = self;
        let page = Page { number, slots: [FREE; 8] };
        let index = match empty.pop() {
            Some(index) => {
                pages[index as usize] = page;
                index
            }
            None => {
                pages.push(page);
                #[expect(clippy::cast_possible_truncation, reason = "there are fewer pages than slots")]
                let index = (pages.len() - 1) as u32;
                index
            }
        };
        let hash_of = |&index: &u32| hasher.hash_one(pages[index as usize].number);
        by_number.insert_unique(hasher.hash_one(number), index, hash_of);
        index as usize
    }

    fn remove_page(&mut self, index: usize) {
        let Self { pages, by_number, empty, hasher, .. } = self;
        let number = std::mem::replace(&mut pages[index].number, NO_PAGE);
        if let Ok(entry) = by_number.find_entry(hasher.hash_one(number), |&other| other as usize == index) {
            empty.push(*entry.get());
            entry.remove();
        }
    }

    pub(super) fn remove(&mut self, slot: u32, identity: &Identity) {
        match identity {
            Identity::None => {}
            Identity::Int(key) => {
                let (number, place) = locate(*key);
                let Some(index) = self.page(number) else { return };
                let slots = &mut self.pages[index].slots;
                if slots[place] == slot {
                    slots[place] = FREE;
                }
                if *slots == [FREE; 8] {
                    self.remove_page(index);
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
