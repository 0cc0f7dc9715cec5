//! Functions and operators that databases spell differently, or do not have.
//!
//! A spelling is a template: `{0}` to `{9}` stand for arguments, `{t}` for the name of the type that comes out, `{e}` for `{}`, `{d}` for DISTINCT and
//! `{b}` for ORDER BY in the brackets of an aggregate, and `{o}` for what follows the brackets, FILTER and OVER.

use crate::error::{Error, ErrorKind};
use crate::query::aggregate::{Modifiers, Narrowed};
use crate::query::expr::{Expr, Expression, Node, render_beside};
use crate::query::operand::{Bound, Operand};
use crate::query::{Condition, DatePart, Feature, Sql};
use crate::types::DbValue;
use crate::{Result, SqlType, Value};

/// What a [`Dialect`](crate::query::Dialect) spells. But for the operators, which are put in brackets where they need them, a spelling has to be able to stand
/// beside any operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are SQL's")]
pub enum Function {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Negate,
    Concat,
    IsDistinctFrom,
    IsNotDistinctFrom,
    Like,
    /// Like `LIKE`, in upper or lower case.
    ILike,
    Coalesce,
    NullIf,
    /// To the type that comes out.
    Cast,
    Lower,
    Upper,
    Length,
    Trim,
    TrimStart,
    TrimEnd,
    /// From a position that is counted from 1.
    SubstringFrom,
    /// From a position, and how many characters.
    Substring,
    Replace,
    /// Where the second argument begins in the first one, counted from 1; 0 if it does not.
    Position,
    Abs,
    /// To a whole number; halves are rounded to the even one if it is a float, else away from zero.
    Round,
    Floor,
    Ceil,
    Power,
    Sqrt,
    /// In UTC.
    CurrentTimestamp,
    /// In UTC.
    CurrentDate,
    Extract(DatePart),
    Truncate(DatePart),
    CountAll,
    Count,
    Sum,
    Average,
    Min,
    Max,
    StringAggregate,
    StringAggregateDistinct,
    RowNumber,
    Rank,
    DenseRank,
    PercentRank,
    CumeDist,
    NTile,
    Lag,
    Lead,
    /// `LAG` with a default.
    LagOr,
    /// `LEAD` with a default.
    LeadOr,
    FirstValue,
    LastValue,
    NthValue,
    /// The argument is what a path leads to; where the database takes [paths](crate::query::Dialect::has_json_paths), it is the document and the path.
    JsonText,
    JsonInt,
    JsonFloat,
    JsonBool,
    Json,
    /// Whether the first argument has the words of the second one.
    Matches,
    /// By the configuration that is the third one.
    MatchesIn,
    MatchRank,
}

impl Function {
    /// As it is called in messages.
    pub fn name(self) -> &'static str {
        let standard = self.standard();
        let call = standard.split_once('(').map_or(standard, |(name, _)| name);
        match self {
            Self::Add | Self::Subtract | Self::Multiply | Self::Divide | Self::Remainder | Self::Concat => {
                standard.trim_start_matches("{0} ").trim_end_matches(" {1}")
            }
            Self::Negate => "-",
            Self::Extract(part) => part.extract_name(),
            Self::IsDistinctFrom => "IS DISTINCT FROM",
            Self::IsNotDistinctFrom => "IS NOT DISTINCT FROM",
            Self::Like => "LIKE",
            Self::ILike => "ILIKE",
            Self::StringAggregateDistinct => "string_agg(DISTINCT …)",
            Self::JsonText | Self::JsonInt | Self::JsonFloat | Self::JsonBool | Self::Json => {
                "path into JSON"
            }
            Self::Matches | Self::MatchesIn => "text search",
            Self::MatchRank => "rank of a text search",
            _ => call,
        }
    }

    /// Standard SQL's spelling.
    pub fn standard(self) -> &'static str {
        match self {
            Self::Add => "{0} + {1}",
            Self::Subtract => "{0} - {1}",
            Self::Multiply => "{0} * {1}",
            Self::Divide => "{0} / {1}",
            Self::Remainder => "{0} % {1}",
            Self::Negate => "-{0}",
            Self::Concat => "{0} || {1}",
            Self::IsDistinctFrom => "{0} IS DISTINCT FROM {1}",
            Self::IsNotDistinctFrom => "{0} IS NOT DISTINCT FROM {1}",
            Self::Like => r"{0} LIKE {1} ESCAPE '\'",
            Self::ILike => r"{0} ILIKE {1} ESCAPE '\'",
            Self::Coalesce => "coalesce({0}, {1})",
            Self::NullIf => "nullif({0}, {1})",
            Self::Cast => "CAST({0} AS {t})",
            Self::Lower => "lower({0})",
            Self::Upper => "upper({0})",
            Self::Length => "length({0})",
            Self::Trim => "trim({0})",
            Self::TrimStart => "ltrim({0})",
            Self::TrimEnd => "rtrim({0})",
            Self::SubstringFrom => "substr({0}, {1})",
            Self::Substring => "substr({0}, {1}, {2})",
            Self::Replace => "replace({0}, {1}, {2})",
            Self::Position => "strpos({0}, {1})",
            Self::Abs => "abs({0})",
            Self::Round => "round({0})",
            Self::Floor => "floor({0})",
            Self::Ceil => "ceil({0})",
            Self::Power => "power({0}, {1})",
            Self::Sqrt => "sqrt({0})",
            Self::CurrentTimestamp => "CURRENT_TIMESTAMP",
            Self::CurrentDate => "CURRENT_DATE",
            Self::Extract(part) => part.standard(),
            Self::Truncate(part) => part.truncation(),
            Self::CountAll => "count(*){o}",
            Self::Count => "count({d}{0}){o}",
            Self::Sum => "sum({d}{0}){o}",
            Self::Average => "avg({d}{0}){o}",
            Self::Min => "min({d}{0}){o}",
            Self::Max => "max({d}{0}){o}",
            Self::StringAggregate | Self::StringAggregateDistinct => "string_agg({d}{0}, {1}{b}){o}",
            Self::RowNumber => "row_number(){o}",
            Self::Rank => "rank(){o}",
            Self::DenseRank => "dense_rank(){o}",
            Self::PercentRank => "percent_rank(){o}",
            Self::CumeDist => "cume_dist(){o}",
            Self::NTile => "ntile({0}){o}",
            Self::Lag => "lag({0}, {1}){o}",
            Self::Lead => "lead({0}, {1}){o}",
            Self::LagOr => "lag({0}, {1}, {2}){o}",
            Self::LeadOr => "lead({0}, {1}, {2}){o}",
            Self::FirstValue => "first_value({0}){o}",
            Self::LastValue => "last_value({0}){o}",
            Self::NthValue => "nth_value({0}, {1}){o}",
            Self::JsonText => "({0} #>> '{e}')",
            Self::JsonInt => {
                "CASE WHEN jsonb_typeof({0}) = 'number' THEN \
                 CASE WHEN CAST({0} AS numeric) % 1 = 0 THEN CAST({0} AS bigint) END END"
            }
            Self::JsonFloat => {
                "CASE WHEN jsonb_typeof({0}) = 'number' THEN CAST({0} AS double precision) END"
            }
            Self::JsonBool => "CASE WHEN jsonb_typeof({0}) = 'boolean' THEN CAST({0} AS boolean) END",
            Self::Json => "({0})",
            Self::Matches => "to_tsvector({0}) @@ plainto_tsquery({1})",
            Self::MatchesIn => "to_tsvector({2}, {0}) @@ plainto_tsquery({2}, {1})",
            Self::MatchRank => "CAST(ts_rank(to_tsvector({2}, {0}), plainto_tsquery({2}, {1})) AS {t})",
        }
    }

    fn is_operator(self) -> bool {
        matches!(
            self,
            Self::Add
                | Self::Subtract
                | Self::Multiply
                | Self::Divide
                | Self::Remainder
                | Self::Negate
                | Self::Concat
                | Self::IsDistinctFrom
                | Self::IsNotDistinctFrom
                | Self::Like
                | Self::ILike
                | Self::Matches
                | Self::MatchesIn
        )
    }
}

/// A function with its arguments.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) function: Function,
    /// The type of its first argument.
    pub(crate) of: SqlType,
    pub(crate) yields: SqlType,
    pub(crate) arguments: Vec<Result<Bound>>,
    pub(crate) modifiers: Option<Box<Modifiers>>,
}

impl Call {
    /// A call without arguments.
    pub(crate) fn nullary<T: DbValue>(function: Function) -> Self {
        Self { function, of: T::TYPE, yields: T::TYPE, arguments: Vec::new(), modifiers: None }
    }

    /// A call whose first argument is this.
    pub(crate) fn of<E: Expression, T: DbValue>(function: Function, first: E) -> Self {
        let first = Ok(Bound::Node(first.into_expr().into_node()));
        Self {
            function,
            of: <E::Type as DbValue>::TYPE,
            yields: T::TYPE,
            arguments: vec![first],
            modifiers: None,
        }
    }

    /// With this as the next argument.
    pub(crate) fn with<T>(mut self, argument: impl Operand<T>) -> Self {
        self.arguments.push(argument.bound());
        self
    }

    pub(crate) fn expr<T>(self) -> Expr<T> {
        Expr::new(self)
    }

    pub(crate) fn condition(self) -> Condition {
        Expr::new(self)
    }

    fn write(&self, sql: &mut Sql<'_>) -> Result<()> {
        let function = match self.function {
            // What is counted then is what is not NULL.
            Function::CountAll if self.is_narrowed(sql) => Function::Count,
            function => function,
        };
        let Some(template) = sql.dialect().function(function, self.of, self.yields) else {
            return Err(self.unsupported(sql));
        };
        sql.needs_transaction |= matches!(self.function, Function::CurrentTimestamp | Function::CurrentDate);
        if self.function == Function::CountAll {
            sql.require_source("COUNT(*)")?;
        }
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            sql.push(before);
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            self.write_part(name, stands_alone(before, after), sql)?;
            rest = after;
        }
        sql.push(rest);
        Ok(())
    }

    fn write_part(&self, name: &str, alone: bool, sql: &mut Sql<'_>) -> Result<()> {
        match name {
            "e" => sql.push("{}"),
            "t" => sql.push_type(self.yields),
            "d" => sql.push(if self.modifiers().distinct { "DISTINCT " } else { "" }),
            "b" => return self.modifiers().order_by.render(false, sql),
            "o" => return self.modifiers().render(sql),
            "l1" => return self.literal(1, sql),
            number => return self.argument(number, alone, sql),
        };
        Ok(())
    }

    fn modifiers(&self) -> &Modifiers {
        self.modifiers.as_deref().unwrap_or(Modifiers::none())
    }

    /// A text that cannot be a parameter there.
    fn literal(&self, index: usize, sql: &mut Sql<'_>) -> Result<()> {
        match self.arguments.get(index) {
            Some(Ok(Bound::Value(_, Value::Text(text)))) => drop(sql.literal(text)),
            _ => return Err(self.unsupported(sql)),
        }
        Ok(())
    }

    /// Whether rows are left out by the argument, because the database has no other way.
    fn is_narrowed(&self, sql: &Sql<'_>) -> bool {
        !self.modifiers().filter.is_empty() && !sql.dialect().supports(Feature::AggregateFilter)
    }

    fn argument(&self, number: &str, alone: bool, sql: &mut Sql<'_>) -> Result<()> {
        if number == "0" && self.is_narrowed(sql) {
            let filter = &self.modifiers().filter;
            return Narrowed { filter, argument: self.arguments.first() }.render(sql);
        }
        let argument = number.parse().ok().and_then(|index: usize| self.arguments.get(index));
        match argument {
            Some(Err(error)) => Err(self.blame(error)),
            Some(argument) => render_argument(argument, alone, sql),
            None => Ok(()),
        }
    }

    /// A value that cannot be encoded is one for the column beside it.
    #[cold]
    fn blame(&self, error: &Error) -> Error {
        let column = self.arguments.iter().find_map(|argument| match argument {
            Ok(Bound::Node(node)) => node.column(),
            _ => None,
        });
        column.into_iter().fold(error.clone(), Error::with_column)
    }

    #[cold]
    fn unsupported(&self, sql: &Sql<'_>) -> Error {
        let (database, function) = (sql.dialect().name(), self.function.name());
        let message = match self.function {
            Function::Cast => {
                format!(
                    "{database} has no exact CAST of {:?} to {:?}; do it in the program",
                    self.of, self.yields
                )
            }
            _ => format!("{database} has no exact {function} of {:?}; do it in the program", self.of),
        };
        Error::new(ErrorKind::Unsupported, message)
    }
}

/// An argument; one that does not stand alone gets brackets if it needs them.
pub(crate) fn render_argument(argument: &Result<Bound>, alone: bool, sql: &mut Sql<'_>) -> Result<()> {
    match argument {
        Ok(Bound::Value(sql_type, value)) => sql.bind(*sql_type, value.clone()),
        Ok(Bound::Null) => sql.push("NULL"),
        Ok(Bound::Node(node)) if alone => return node.render(sql),
        Ok(Bound::Node(node)) => return render_beside(&**node, sql),
        Err(error) => return Err(error.clone()),
    };
    Ok(())
}

/// Whether an argument needs no brackets, because it stands in the brackets of a call or between commas.
fn stands_alone(before: &str, after: &str) -> bool {
    (before.is_empty() || before.ends_with('(') || before.ends_with(", "))
        && (after.starts_with(')') || after.starts_with(',') || after.starts_with("{b}"))
}

impl Node for Call {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.write(sql)?;
        if let Some(collation) = sql.dialect().collation(self.yields) {
            sql.push(" COLLATE ").push(collation);
        }
        Ok(())
    }

    fn render_item(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.write(sql)
    }

    fn is_atom(&self) -> bool {
        !self.function.is_operator()
    }
}
