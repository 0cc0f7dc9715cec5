//! What a session hands out for a row: for values the values, for a model its entity.

use crate::Result;
use crate::driver::Row;
use crate::model::{Entity, Model, Token};
use crate::query::Maybe;
use crate::result::{As, FromRow, Optionable, RowReader, Shape};
use crate::types::DbValue;

/// A shape whose rows a session reads.
pub trait Found: Shape {
    /// What it hands out: `Entity<User>` for the model `User`, a value for a column type, a tuple for a tuple.
    type Found: Send;

    /// Where a session keeps its models.
    #[doc(hidden)]
    type Place: Send + Sync;

    #[doc(hidden)]
    fn place<K: Keeper>(keeper: &mut K) -> Self::Place;

    #[doc(hidden)]
    fn meet<K: Keeper>(place: &Self::Place, keeper: &mut K, row: &mut RowReader<'_>) -> Result<Self::Found>;
}

/// Who keeps entities: a session.
#[doc(hidden)]
pub trait Keeper {
    /// Where the entities of a model are.
    fn arena<M: Model>(&mut self) -> u32;

    /// Takes a new struct in, to be inserted.
    fn add<M: Model>(&mut self, record: M) -> Token;

    /// The entity of a row.
    fn meet(&mut self, arena: u32, row: &dyn Row) -> Result<Token>;
}

impl<T: DbValue> Found for T {
    type Found = T;
    type Place = ();

    fn place<K: Keeper>(_keeper: &mut K) {}

    fn meet<K: Keeper>(_place: &(), _keeper: &mut K, row: &mut RowReader<'_>) -> Result<T> {
        row.value()
    }
}

impl<R: FromRow + Send + 'static> Found for As<R> {
    type Found = R;
    type Place = ();

    fn place<K: Keeper>(_keeper: &mut K) {}

    fn meet<K: Keeper>(_place: &(), _keeper: &mut K, row: &mut RowReader<'_>) -> Result<R> {
        R::read(row)
    }
}

/// The entity of a row that begins where the reader is; what a derive calls.
#[doc(hidden)]
#[inline]
pub fn meet_entity<M: Model, K: Keeper>(
    arena: u32,
    keeper: &mut K,
    row: &mut RowReader<'_>,
) -> Result<Entity<M>> {
    let token = row.with_rest(M::table().columns().len(), |row| keeper.meet(arena, row))?;
    Ok(Entity::new(token))
}

impl<M: Found + Optionable> Found for Maybe<M> {
    type Found = Option<M::Found>;
    type Place = M::Place;

    fn place<K: Keeper>(keeper: &mut K) -> M::Place {
        M::place(keeper)
    }

    fn meet<K: Keeper>(place: &M::Place, keeper: &mut K, row: &mut RowReader<'_>) -> Result<Self::Found> {
        if row.skip_missing(M::key(), M::width())? { Ok(None) } else { M::meet(place, keeper, row).map(Some) }
    }
}

macro_rules! tuple {
    ($($part:ident $number:tt)+) => {
        impl<$($part: Found),+> Found for ($($part,)+) {
            type Found = ($($part::Found,)+);
            type Place = ($($part::Place,)+);

            fn place<K: Keeper>(keeper: &mut K) -> Self::Place {
                ($($part::place(keeper),)+)
            }

            fn meet<K: Keeper>(place: &Self::Place, keeper: &mut K, row: &mut RowReader<'_>) -> Result<Self::Found> {
                Ok(($($part::meet(&place.$number, keeper, row)?,)+))
            }
        }
    };
}

each_tuple!(tuple);
