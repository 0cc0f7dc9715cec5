//! A session's memory as the keeper of what a query finds.

use crate::Result;
use crate::driver::Row;
use crate::model::{Keeper, Model, Token};
use crate::session::entities::Entities;

impl Keeper for Entities {
    fn arena<M: Model>(&mut self) -> u32 {
        self.arena_index::<M>()
    }

    #[inline]
    fn meet(&mut self, arena: u32, row: &dyn Row) -> Result<Token> {
        self.meet(arena, row, false)
    }
}
