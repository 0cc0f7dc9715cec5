//! A session's memory as the keeper of what a query finds, and of the keys that it asks for.

use std::fmt;

use crate::driver::Row;
use crate::error::{Error, ErrorKind};
use crate::metadata::Table;
use crate::model::{Keeper, Model, Token};
use crate::query::{EntityWords, Keys};
use crate::session::arena::State;
use crate::session::entities::{Entities, gone};
use crate::{Result, Value};

impl Keeper for Entities {
    fn arena<M: Model>(&mut self) -> u32 {
        self.arena_index::<M>()
    }

    fn add<M: Model>(&mut self, record: M) -> Token {
        self.add(record).token
    }

    #[inline]
    fn meet(&mut self, arena: u32, row: &dyn Row) -> Result<Token> {
        let token = self.meet(arena, row, self.refills)?;
        self.note_met(arena, token.slot());
        Ok(token)
    }
}

impl Keys for Entities {
    fn knows(&self, table: &Table) -> bool {
        self.arenas.iter().any(|arena| arena.table == table && !arena.heads.is_empty())
    }

    fn key(&self, entity: EntityWords, model: &'static str) -> Result<Option<Vec<Value<'static>>>> {
        let token = Token::from_words(entity).ok_or_else(|| gone(model, "is none"))?;
        let (place, head) = self.look_up(token, model)?;
        match head.state {
            State::Pending => Ok(None),
            // What was changed is the key.
            State::Persistent if head.touched && self.identity_after_flush(place)? != head.identity => {
                Ok(None)
            }
            State::Persistent => Ok(Some(head.identity.values(self.arena(place).table.primary_key().len()))),
            State::Transient | State::Deleted | State::Free => {
                let message = format!("a query names an entity that has no row: {}", head.state.problem());
                Err(Error::new(ErrorKind::NotPersistent, message).with_model(model))
            }
        }
    }
}

impl fmt::Debug for Entities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { new, touched, doomed, .. } = self;
        write!(f, "{} new, {} touched, {} to be deleted", new.len(), touched.len(), doomed.len())
    }
}
