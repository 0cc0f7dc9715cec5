//! The keys of entities that a statement speaks of. Only their session knows them.

use std::fmt::Debug;

use crate::error::{Error, ErrorKind};
use crate::metadata::Table;
use crate::query::Sql;
use crate::{Result, Value};

/// An entity by the two words of its token; what they mean is its session's to say.
pub(crate) type EntityWords = [u64; 2];

/// Who knows the keys of entities: a session.
pub(crate) trait Keys: Debug + Sync {
    /// The values of an entity's key; `None` if they are certain only after a flush, an error if there will be none.
    fn key(&self, entity: EntityWords, model: &'static str) -> Result<Option<Vec<Value<'static>>>>;

    /// Whether any entity of this table is, or will be after a flush, in memory.
    fn knows(&self, table: &Table) -> bool;
}

impl Sql<'_> {
    /// The values of an entity's key. If they are not there yet, the statement has to be written again after a flush, and
    /// NULL stands in for them.
    pub(crate) fn key_of(
        &mut self,
        entity: EntityWords,
        model: &'static str,
        width: usize,
    ) -> Result<Vec<Value<'static>>> {
        let Some(keys) = self.keys else {
            let message = format!(
                "the query names an entity of {model}, whose key only its session knows; run it by that session, \
                 or compare with a key: BelongsTo::key(…)"
            );
            return Err(Error::new(ErrorKind::Misuse, message));
        };
        let key = keys.key(entity, model)?;
        self.waits |= key.is_none();
        Ok(key.unwrap_or_else(|| vec![Value::Null; width]))
    }
}
