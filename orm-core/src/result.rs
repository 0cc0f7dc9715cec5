//! Results: rows that were read, handed out as the types that the program asks for.

mod from_row;
mod index;
mod intaking;
mod plan;
mod reader;
mod set;
mod shape;
mod target;

pub use from_row::{Columns, FromRow};
pub use index::ColumnIndex;
pub use plan::Plan;
pub use reader::RowReader;
pub use set::{ResultSet, Row};
pub use shape::{Optionable, Query, Shape};
pub use target::As;

pub(crate) use from_row::{Mapped, Mapping};
pub(crate) use intaking::{Intaking, Once};
