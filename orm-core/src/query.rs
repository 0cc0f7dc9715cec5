//! Statements as data. A statement is a value that is cloned, stored and extended; each of its nodes renders itself,
//! and a [`Dialect`] says only where a database differs from standard SQL.

mod aggregate;
mod arithmetic;
mod case;
mod catalogue;
mod column;
mod compare;
mod condition;
mod count;
mod cte;
mod cursor;
mod ddl;
mod dialect;
mod distinct;
mod entity_of;
mod explain;
mod expr;
mod feature;
mod filter;
mod from;
mod function;
mod group;
mod intake;
mod join;
mod json;
mod keys;
mod keyset;
mod limit;
mod lock;
mod moment;
mod named;
mod nulls;
mod number;
mod operand;
mod order;
mod projection;
mod related;
mod search;
mod select;
mod set;
mod source;
mod sql;
mod sql_text;
mod strings;
mod subquery;
mod text;
mod undefer;
mod value_list;
mod window;
mod write;

pub use aggregate::{Aggregate, avg, count, count_all, count_distinct, max, min, string_agg, sum};
pub use arithmetic::Term;
pub use case::{Branches, Case, case};
pub use catalogue::Catalogue;
pub use column::{Column, Part};
pub use compare::ExpressionMethods;
pub use condition::{Condition, IntoCondition, all_of, any_of};
pub use cte::{Cte, CteBody, cte, recursive, recursive_distinct};
pub use cursor::{Cursor, IntoCursor};
pub use dialect::{Dialect, Lexis};
pub use entity_of::{EntityOf, OptionalOf};
pub use explain::Explaining;
pub use expr::{Expr, Expression};
pub use feature::Feature;
pub use function::Function;
pub use join::{JoinKind, JoinList, Joinable, Link, On};
pub use json::{JsonAt, JsonMethods, JsonPath, Step};
pub use moment::{DatePart, current_date, current_timestamp, date_trunc, extract};
pub use named::{Argument, Arguments, cast, func, value};
pub use nulls::{coalesce, nullif};
pub use number::{abs, ceil, floor, power, round, sqrt};
pub use operand::Operand;
pub use order::{Order, OrderKeys};
pub use projection::{Label, LabelMethods, Maybe, Optional, Selection, select};
pub use search::{match_rank, matches, matches_in};
pub use select::Select;
pub use source::{Alias, AsSource, Source};
pub use sql::Sql;
pub use sql_text::SqlText;
pub use strings::{
    TextMethods, length, lower, ltrim, position, replace, rtrim, substring, substring_from, trim, upper,
};
pub use subquery::{InList, Quantified, all, any, exists, scalar, scalar_one};
pub use text::{Bind, Executable, Params, Text, text, text_unchecked};
pub use value_list::{ValueRow, values};
pub use window::{
    Distance, Exclude, FrameBound, FrameRange, Window, WindowFunction, cume_dist, current_row, dense_rank,
    first_value, following, lag, lag_or, last_value, lead, lead_or, nth_value, ntile, percent_rank,
    preceding, rank, row_number, unbounded_following, unbounded_preceding, window,
};
pub use write::{Layout, WriteKind, WriteShape};

pub(crate) use count::{Count, Existence};
pub(crate) use ddl::{create_enum, creations, enums, removals};
pub(crate) use explain::Explain;
pub(crate) use intake::Intake;
pub(crate) use keys::{EntityWords, Keys};
pub(crate) use projection::Projection;
pub(crate) use related::{KeyIs, Referred, RefersTo, RelatedExist};
pub(crate) use select::select_by_key;
pub use sql::Rendered;
pub(crate) use sql::{check_name, rendered, rendered_with};
pub(crate) use text::{Sets, control_word};
pub(crate) use undefer::Positions;
