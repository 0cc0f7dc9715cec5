//! Text: joining, cutting, searching.

use crate::query::expr::{Expr, Expression};
use crate::query::function::{Call, Function};
use crate::query::{Condition, Operand, Term};
use crate::types::{DbValue, Textual};

/// What only text can do.
pub trait TextMethods: Expression {
    /// `LIKE`: `%` stands for any characters, `_` for one, `\` takes either literally.
    fn like(self, pattern: impl Operand<Self::Type>) -> Condition {
        Call::of::<_, bool>(Function::Like, self).with(pattern).condition()
    }

    /// `NOT LIKE`
    fn not_like(self, pattern: impl Operand<Self::Type>) -> Condition {
        !self.like(pattern)
    }

    /// `LIKE` that does not tell upper from lower case. Letters are compared one by one, by their lower case in Unicode on SQLite, and by the
    /// database's locale on PostgreSQL.
    fn ilike(self, pattern: impl Operand<Self::Type>) -> Condition {
        Call::of::<_, bool>(Function::ILike, self).with(pattern).condition()
    }

    /// Begins with this text, in which nothing is special.
    fn starts_with(self, text: &str) -> Condition {
        like(self, format!("{}%", escape_like(text)))
    }

    /// Ends with this text, in which nothing is special.
    fn ends_with(self, text: &str) -> Condition {
        like(self, format!("%{}", escape_like(text)))
    }

    /// Holds this text, in which nothing is special.
    fn contains(self, text: &str) -> Condition {
        like(self, format!("%{}%", escape_like(text)))
    }

    /// `||`: this text and that one behind it; NULL if one of them is.
    fn concat<R: Term<Self::Type>>(self, other: R) -> Expr<R::Type> {
        Call::of::<_, R::Type>(Function::Concat, self).with(other).expr()
    }
}

impl<E: Expression> TextMethods for E where <E::Type as DbValue>::Plain: Textual {}

fn like<E: Expression>(subject: E, pattern: String) -> Condition {
    Call::of::<_, bool>(Function::Like, subject).with::<String>(pattern).condition()
}

fn escape_like(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

macro_rules! same_type {
    ($($(#[$doc:meta])* $name:ident $function:ident;)+) => {$(
        $(#[$doc])*
        pub fn $name<E: Expression>(text: E) -> Expr<E::Type>
        where
            <E::Type as DbValue>::Plain: Textual,
        {
            Call::of::<_, E::Type>(Function::$function, text).expr()
        }
    )+};
}

same_type! {
    /// In lower case, letter by letter: of all of Unicode on SQLite, by the database's locale on PostgreSQL.
    lower Lower;
    /// In upper case, letter by letter: of all of Unicode on SQLite, by the database's locale on PostgreSQL. `ß` stays as it is.
    upper Upper;
    /// Without spaces at both ends.
    trim Trim;
    /// Without spaces at its beginning.
    ltrim TrimStart;
    /// Without spaces at its end.
    rtrim TrimEnd;
}

/// How many characters a text has.
pub fn length<E: Expression>(text: E) -> Expr<<E::Type as DbValue>::Nulled<i32>>
where
    <E::Type as DbValue>::Plain: Textual,
{
    Call::of::<_, i32>(Function::Length, text).expr()
}

/// The text from this position on, which is counted from 1.
pub fn substring_from<E: Expression>(text: E, start: impl Operand<i32>) -> Expr<E::Type>
where
    <E::Type as DbValue>::Plain: Textual,
{
    Call::of::<_, E::Type>(Function::SubstringFrom, text).with(start).expr()
}

/// This many characters of a text from this position on, which is counted from 1; what lies before the first one is not there. A
/// negative length is an error on PostgreSQL and none on SQLite, where nothing is that long.
pub fn substring<E: Expression>(text: E, start: impl Operand<i32>, length: impl Operand<i32>) -> Expr<E::Type>
where
    <E::Type as DbValue>::Plain: Textual,
{
    Call::of::<_, E::Type>(Function::Substring, text).with(start).with(length).expr()
}

/// The text with this part replaced wherever it is.
pub fn replace<E: Expression>(
    text: E,
    part: impl Operand<E::Type>,
    by: impl Operand<E::Type>,
) -> Expr<E::Type>
where
    <E::Type as DbValue>::Plain: Textual,
{
    Call::of::<_, E::Type>(Function::Replace, text).with(part).with(by).expr()
}

/// Where this part begins in a text, counted from 1; 0 if it is not in it.
pub fn position<E: Expression>(
    part: impl Operand<E::Type>,
    text: E,
) -> Expr<<E::Type as DbValue>::Nulled<i32>>
where
    <E::Type as DbValue>::Plain: Textual,
{
    Call::of::<_, i32>(Function::Position, text).with(part).expr()
}
