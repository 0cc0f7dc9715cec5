//! What a program wants in scope: `use orm::prelude::*;`

pub use crate::{AsyncConnection, AsyncEngine, AsyncSession, Connection, Engine, Session};
pub use crate::{BelongsTo, DbEnum, DbValue, Embedded, Entity, Metadata, Migration, Model};
pub use crate::{Condition, FromRow, Order, Params, Select, text};
pub use crate::{ErrorKind, Isolation};
pub use crate::{ExpressionMethods as _, Open as _, TextMethods as _};
