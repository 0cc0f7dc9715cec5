//! Statements as data. A statement is a value that is cloned, stored and extended; each of its nodes renders itself,
//! and a [`Dialect`] says only where a database differs from standard SQL.

mod catalogue;
mod column;
mod ddl;
mod dialect;
mod expr;
mod filter;
mod limit;
mod operand;
mod order;
mod select;
mod sql;
mod text;
mod write;

pub use catalogue::Catalogue;
pub use column::{Column, Part};
pub use dialect::{Dialect, Lexis};
pub use expr::{Condition, Expr, Expression, ExpressionMethods, TextMethods};
pub use operand::Operand;
pub use order::Order;
pub use select::SelectStatement;
pub use sql::Sql;
pub use text::{Bind, Executable, Params, Text, text, text_unchecked};
pub use write::{Layout, WriteKind, WriteShape};

pub(crate) use ddl::{create_enum, creations, enums, removals};
pub(crate) use select::select_by_key;
pub use sql::Rendered;
pub(crate) use text::{Sets, control_word};
pub(crate) use write::TableRef;
