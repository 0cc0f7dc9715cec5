//! What a program wants in scope: `use orm::prelude::*;`

pub use crate::{AsyncEngine, AsyncSession, Engine, Session};
pub use crate::{BelongsTo, Entity, Metadata, Model};
pub use crate::{Condition, Order, Select};
pub use crate::{ExpressionMethods as _, Open as _, TextMethods as _};
