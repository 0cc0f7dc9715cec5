//! `VALUES (…), (…)`: rows that the program has, to read from like a table.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind};
use crate::query::cte::{Body, Cte, named};
use crate::query::source::Name;
use crate::query::{Feature, Sql};
use crate::types::DbValue;
use crate::{Result, SqlType, Value};

/// Rows that the program has, as something to read from under this name: a column type, or tuples of them.
///
/// ```
/// # use orm_core::query::{AsSource, values};
/// let wanted = values("wanted", ["id", "name"], [(1i64, "a".to_owned()), (2, "b".to_owned())]);
/// let id = wanted.column::<i64>("id");
/// ```
///
/// Each value is a parameter, of which PostgreSQL takes 65,535 in a statement and SQLite 32,766.
pub fn values<R: ValueRow, const N: usize>(
    name: impl Into<Cow<'static, str>>,
    columns: [&'static str; N],
    rows: impl IntoIterator<Item = R>,
) -> Cte {
    let types = R::types();
    let rows = rows.into_iter().map(|row| row.values()).collect();
    named(name.into(), ValueList { columns: columns.map(Name::Borrowed).to_vec(), types, rows })
}

/// What a row of [`values`] can be: a column type, or a tuple of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a row of values",
    label = "not a column type or a tuple of them"
)]
pub trait ValueRow {
    #[doc(hidden)]
    fn types() -> Vec<SqlType>;

    #[doc(hidden)]
    fn values(&self) -> Result<Vec<Value<'static>>>;
}

impl<T: DbValue> ValueRow for T {
    fn types() -> Vec<SqlType> {
        vec![T::TYPE]
    }

    fn values(&self) -> Result<Vec<Value<'static>>> {
        Ok(vec![self.encode()?.into_owned()])
    }
}

macro_rules! tuple {
    ($($part:ident $number:tt)+) => {
        impl<$($part: DbValue),+> ValueRow for ($($part,)+) {
            fn types() -> Vec<SqlType> {
                vec![$($part::TYPE),+]
            }

            #[expect(non_snake_case, reason = "the parts are named as their types are")]
            fn values(&self) -> Result<Vec<Value<'static>>> {
                let ($($part,)+) = self;
                Ok(vec![$($part.encode()?.into_owned()),+])
            }
        }
    };
}

each_tuple!(tuple);

#[derive(Debug)]
struct ValueList {
    columns: Vec<Name>,
    types: Vec<SqlType>,
    rows: Vec<Result<Vec<Value<'static>>>>,
}

impl Body for ValueList {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        let Self { columns, types, rows } = self;
        if columns.len() != types.len() {
            let message = format!("values: {} names for {} columns", columns.len(), types.len());
            return Err(Error::new(ErrorKind::InvalidQuery, message));
        }
        if rows.is_empty() {
            sql.push("SELECT ").list(types, |sql, of| {
                sql.push("CAST(NULL AS ").push_type(*of).push(")");
            });
            sql.push(" WHERE 1 = 0");
            return Ok(());
        }
        if !sql.dialect().supports(Feature::ValueLists) {
            return sql.separated(" UNION ALL ", rows, |sql, row| {
                let values = row.as_ref().map_err(Error::clone)?;
                sql.push("SELECT ").list(values.iter().zip(types), |sql, (value, of)| {
                    sql.push("CAST(").bind(*of, value.clone()).push(" AS ").push_type(*of).push(")");
                });
                Ok(())
            });
        }
        sql.push("VALUES ");
        sql.separated(", ", rows, |sql, row| {
            let values = row.as_ref().map_err(Error::clone)?;
            sql.push("(").list(values.iter().zip(types), |sql, (value, of)| {
                sql.bind(*of, value.clone());
            });
            sql.push(")");
            Ok(())
        })
    }

    fn columns(&self) -> Vec<Name> {
        self.columns.clone()
    }

    fn names_its_columns(&self) -> bool {
        false
    }
}
