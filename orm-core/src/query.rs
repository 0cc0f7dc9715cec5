//! Statements as data. A statement is a value that is cloned, stored and extended; each of its nodes renders itself,
//! and a [`Dialect`] says only where a database differs from standard SQL.

mod catalogue;
mod column;
mod compare;
mod condition;
mod ddl;
mod dialect;
mod explain;
mod expr;
mod feature;
mod filter;
mod from;
mod group;
mod join;
mod like;
mod limit;
mod operand;
mod order;
mod projection;
mod select;
mod source;
mod sql;
mod sql_text;
mod text;
mod undefer;
mod write;

pub use catalogue::Catalogue;
pub use column::{Column, Part};
pub use compare::ExpressionMethods;
pub use condition::{Condition, IntoCondition};
pub use dialect::{Dialect, Lexis};
pub use explain::Explaining;
pub use expr::{Expr, Expression};
pub use feature::Feature;
pub use join::{JoinKind, Joinable, Link, On};
pub use like::TextMethods;
pub use operand::Operand;
pub use order::Order;
pub use projection::{Label, LabelMethods, Maybe, Optional, Selection, select};
pub use select::Select;
pub use source::{Alias, AsSource, Source};
pub use sql::Sql;
pub use sql_text::SqlText;
pub use text::{Bind, Executable, Params, Text, text, text_unchecked};
pub use write::{Layout, WriteKind, WriteShape};

pub(crate) use ddl::{create_enum, creations, enums, removals};
pub(crate) use explain::Explain;
pub(crate) use projection::Projection;
pub(crate) use select::select_by_key;
pub use sql::Rendered;
pub(crate) use sql::rendered;
pub(crate) use text::{Sets, control_word};
pub(crate) use undefer::Positions;
