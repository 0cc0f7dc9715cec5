//! What a program wants in scope: `use orm::prelude::*;`

pub use crate::JsonMethods as _;
pub use crate::functions::{avg, case, coalesce, count, count_all, func, max, min, sum, value};
pub use crate::{
    AsSource as _, Executable as _, ExpressionMethods as _, LabelMethods as _, Loadable as _, Open as _,
    TextMethods as _,
};
pub use crate::{
    AsyncConnection, AsyncEngine, AsyncSession, Connection, Engine, Entities, EntityState, Session,
    SessionMaker,
};
pub use crate::{
    BelongsTo, BelongsToAny, DbEnum, DbValue, Deferred, Embedded, Entity, Metadata, Migration, Model,
};
pub use crate::{Condition, FromRow, Order, Params, Select, create, cte, excluded, exists, select, text};
pub use crate::{ErrorKind, Isolation};
pub use crate::{HasMany, HasOne, ManyToMany};
