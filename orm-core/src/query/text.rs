//! SQL that the program writes itself: `text("… WHERE age > :age").bind("age", 28)`.

mod lexer;

use std::borrow::Cow;

use crate::error::{Error, ErrorKind};
use crate::query::{Dialect, Lexis, Rendered, Sql, SqlText, rendered};
use crate::types::DbValue;
use crate::{Result, SqlType, Value};

use lexer::{Piece, is_empty, pieces, returns_rows};
pub(crate) use lexer::{control_word, writes};

/// What a connection or a session executes: [`text`], or a query that was built.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a statement",
    label = "not a statement",
    note = "wrap SQL in `text(\"…\")`, and give it its values by `.bind(\"name\", value)`"
)]
pub trait Executable {
    #[doc(hidden)]
    fn render(&self, sql: &mut Sql<'_>) -> Result<()>;

    /// Whether its SQL is worth finding by its shape: it is built again and again, with other values.
    #[doc(hidden)]
    fn has_shape(&self) -> bool {
        false
    }

    /// Its SQL for a dialect and the values of its parameters, without a database:
    /// `User::select().to_sql(&orm::dialect::Sqlite)?`.
    fn to_sql(&self, dialect: &dyn Dialect) -> Result<SqlText> {
        rendered(self, dialect).map(SqlText::new)
    }
}

#[diagnostic::do_not_recommend]
impl<E: Executable + ?Sized> Executable for &E {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        (**self).render(sql)
    }

    fn has_shape(&self) -> bool {
        (**self).has_shape()
    }
}

/// SQL as it is, with `:name` for each value that [`bind`](Text::bind) gives.
///
/// A value is never put into the text. In strings, quoted names and comments a `:` has no meaning, nor has it in `::` (a
/// cast) or before a digit; elsewhere `\:` is a plain `:`.
///
/// Only text that is part of the program is taken, so that a value cannot get into it by mistake; for SQL that is put
/// together at run time there is [`text_unchecked`].
pub fn text(sql: &'static str) -> Text {
    Text { sql: Cow::Borrowed(sql), values: Vec::new() }
}

/// [`text`] out of SQL that was put together at run time. Whoever calls it vouches that nothing in it came from outside.
pub fn text_unchecked(sql: impl Into<String>) -> Text {
    Text { sql: Cow::Owned(sql.into()), values: Vec::new() }
}

/// SQL with the values of its parameters; see [`text`].
#[derive(Clone, Debug)]
#[must_use = "a statement does nothing until it is executed"]
pub struct Text {
    sql: Cow<'static, str>,
    values: Vec<(Cow<'static, str>, Given)>,
}

/// What was bound to a name.
#[derive(Clone, Debug)]
enum Given {
    One(Bound),
    List(SqlType, Vec<Bound>),
}

type Bound = Result<(SqlType, Value<'static>)>;

/// A value for a parameter: any column type, and text as `&str` and bytes as `&[u8]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a parameter",
    label = "not a column type"
)]
pub trait Bind {
    #[doc(hidden)]
    const TYPE: SqlType;

    #[doc(hidden)]
    fn value(self) -> Result<Value<'static>>;
}

impl<T: DbValue> Bind for T {
    const TYPE: SqlType = T::TYPE;

    fn value(self) -> Result<Value<'static>> {
        self.encode().map(Value::into_owned)
    }
}

macro_rules! borrowed {
    ($($borrowed:ty => $owned:ty),+) => {$(
        impl Bind for $borrowed {
            const TYPE: SqlType = <$owned as DbValue>::TYPE;

            fn value(self) -> Result<Value<'static>> {
                <$owned>::from(self).value()
            }
        }

        impl Bind for Option<$borrowed> {
            const TYPE: SqlType = <$owned as DbValue>::TYPE;

            fn value(self) -> Result<Value<'static>> {
                self.map(<$owned>::from).value()
            }
        }
    )+};
}

borrowed!(&str => String, &String => String, &[u8] => Vec<u8>);

fn bound<B: Bind>(value: B) -> Bound {
    Ok((B::TYPE, value.value()?))
}

impl Text {
    /// Gives the parameter `:name` its value.
    pub fn bind(mut self, name: impl Into<Cow<'static, str>>, value: impl Bind) -> Self {
        self.values.push((name.into(), Given::One(bound(value))));
        self
    }

    /// Gives `:name` a list of values, for `… IN (:name)`. An empty list is one that holds nothing.
    pub fn bind_list<B: Bind>(
        mut self,
        name: impl Into<Cow<'static, str>>,
        values: impl IntoIterator<Item = B>,
    ) -> Self {
        let values = values.into_iter().map(bound).collect();
        self.values.push((name.into(), Given::List(B::TYPE, values)));
        self
    }

    /// The names of its parameters, in the order and as often as they stand in it.
    fn names(&self, lexis: Lexis) -> Result<Vec<&str>> {
        let name = |piece| match piece {
            Piece::Name(name) => Some(name),
            Piece::Sql(_) => None,
        };
        Ok(pieces(&self.sql, lexis)?.into_iter().filter_map(name).collect())
    }

    fn given(&self, name: &str) -> Option<&Given> {
        self.values.iter().find(|(given, _)| given == name).map(|(_, value)| value)
    }

    fn check_names(&self, names: &[&str]) -> Result<()> {
        for (number, (name, _)) in self.values.iter().enumerate() {
            if !names.contains(&&**name) {
                let advice = if name.starts_with(':') { "; leave out the colon" } else { "" };
                return Err(invalid(format!(
                    "a value was bound to `{name}`, but there is no `:{name}` in the text{advice}"
                )));
            }
            if self.values[..number].iter().any(|(before, _)| before == name) {
                return Err(invalid(format!("`{name}` was bound twice")));
            }
        }
        Ok(())
    }

    /// Refuses what is no statement, and what would change the transaction.
    fn check_kind(&self, lexis: Lexis) -> Result<()> {
        if is_empty(&self.sql, lexis) {
            return Err(invalid("the text holds no statement".to_owned()));
        }
        let Some(word) = control_word(&self.sql, lexis) else { return Ok(()) };
        let message = format!(
            "{word} as text would end or begin a transaction behind the connection's back; use commit, rollback, \
             begin or begin_nested"
        );
        Err(Error::new(ErrorKind::Misuse, message))
    }

    /// The statement for many sets of values, and the rows that they are.
    pub(crate) fn many<'s>(&self, dialect: &dyn Dialect, sets: &'s [Params]) -> Result<(Rendered, Sets<'s>)> {
        if let Some((name, _)) = self.values.first() {
            return Err(invalid(format!(
                "`{name}` is bound in the text; here each set binds its own values"
            )));
        }
        let lexis = dialect.lexis();
        self.check_kind(lexis)?;
        if returns_rows(&self.sql, lexis) {
            let message = "execute_many gives no rows back; execute a statement that returns rows set by set";
            return Err(invalid(message.to_owned()));
        }
        let names = self.names(lexis)?;
        let first = sets.first().ok_or_else(|| invalid("there are no sets of values".to_owned()))?;
        let types: Vec<_> = names.iter().map(|name| first.type_of(name, 0)).collect::<Result<_>>()?;
        let order = sets.iter().enumerate().map(|(number, set)| set.order(number, &names, &types));
        let order = order.collect::<Result<_>>()?;
        let mut sql = Sql::new(dialect);
        let mut types = types.into_iter();
        for piece in pieces(&self.sql, lexis)? {
            match piece {
                Piece::Sql(text) => {
                    sql.push(&text);
                }
                Piece::Name(_) => types.by_ref().take(1).for_each(|sql_type| {
                    sql.parameter(sql_type);
                }),
            }
        }
        if writes(&self.sql, lexis) {
            sql.mark_writes();
        }
        Ok((sql.finish()?, Sets { sets, order, width: names.len() }))
    }
}

impl Executable for Text {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        let lexis = sql.dialect().lexis();
        self.check_names(&self.names(lexis)?)?;
        self.check_kind(lexis)?;
        for piece in pieces(&self.sql, lexis)? {
            match piece {
                Piece::Sql(text) => {
                    sql.push(&text);
                }
                Piece::Name(name) => match self.given(name) {
                    None => {
                        return Err(invalid(format!(
                            "`:{name}` has no value; give it one: .bind(\"{name}\", …)"
                        )));
                    }
                    Some(Given::One(value)) => {
                        let (sql_type, value) = named(value, name)?;
                        sql.bind(sql_type, value);
                    }
                    Some(Given::List(sql_type, values)) => bind_list(sql, *sql_type, values, name)?,
                },
            }
        }
        if writes(&self.sql, lexis) {
            sql.mark_writes();
        }
        Ok(())
    }
}

fn named(value: &Bound, name: &str) -> Bound {
    value.clone().map_err(|error| error.with_column(name))
}

/// The values of a list; for an empty one a query that finds none, since `IN ()` is not SQL.
fn bind_list(sql: &mut Sql<'_>, sql_type: SqlType, values: &[Bound], name: &str) -> Result<()> {
    if values.is_empty() {
        sql.push("SELECT CAST(NULL AS ").push_type(sql_type).push(") WHERE 1 = 0");
        return Ok(());
    }
    sql.separated(", ", values, |sql, value| {
        let (sql_type, value) = named(value, name)?;
        sql.bind(sql_type, value);
        Ok(())
    })
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidQuery, message)
}

/// One set of values for `execute_many`.
#[derive(Clone, Debug, Default)]
pub struct Params {
    values: Vec<(Cow<'static, str>, Bound)>,
}

impl Params {
    /// No values yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the parameter `:name` its value.
    #[must_use]
    pub fn bind(mut self, name: impl Into<Cow<'static, str>>, value: impl Bind) -> Self {
        self.values.push((name.into(), bound(value)));
        self
    }

    fn type_of(&self, name: &str, set: usize) -> Result<SqlType> {
        Ok(named(self.find(name, set)?.1, name)?.0)
    }

    fn find(&self, name: &str, set: usize) -> Result<(usize, &Bound)> {
        let found = self.values.iter().enumerate().find(|(_, (given, _))| given == name);
        let (index, (_, value)) =
            found.ok_or_else(|| invalid(format!("set {} of the values has none for `:{name}`", set + 1)))?;
        Ok((index, value))
    }

    /// For each parameter the place of its value in this set.
    fn order(&self, set: usize, names: &[&str], types: &[SqlType]) -> Result<Vec<usize>> {
        if let Some((extra, _)) = self.values.iter().find(|(given, _)| !names.contains(&&**given)) {
            return Err(invalid(format!(
                "set {} of the values binds `{extra}`, but there is no `:{extra}` in the text",
                set + 1
            )));
        }
        for (number, (name, _)) in self.values.iter().enumerate() {
            if self.values[..number].iter().any(|(before, _)| before == name) {
                return Err(invalid(format!("set {} of the values binds `{name}` twice", set + 1)));
            }
        }
        let place = |(name, sql_type): (&&str, &SqlType)| {
            let (index, value) = self.find(name, set)?;
            let (found, _) = named(value, name)?;
            if found != *sql_type {
                let message = format!(
                    "set {} of the values gives `:{name}` the type {found:?}, the first set the type {sql_type:?}; \
                     NULL has a type as well, that of its Option",
                    set + 1
                );
                return Err(invalid(message));
            }
            Ok(index)
        };
        names.iter().zip(types).map(place).collect()
    }
}

/// The sets of values of one statement, as rows.
pub(crate) struct Sets<'s> {
    sets: &'s [Params],
    /// For each set the place of each parameter's value.
    order: Vec<Vec<usize>>,
    width: usize,
}

impl Sets<'_> {
    pub(crate) fn len(&self) -> usize {
        self.sets.len()
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn value(&self, set: usize, parameter: usize) -> Option<&Value<'static>> {
        let place = *self.order.get(set)?.get(parameter)?;
        self.sets.get(set)?.values.get(place)?.1.as_ref().ok().map(|(_, value)| value)
    }
}
