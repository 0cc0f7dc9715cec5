//! What a row is read into, and which of its columns go where.

use crate::Result;
use crate::Value;
use crate::driver::{self, no_such_column};
use crate::error::{Error, ErrorKind};
use crate::metadata::Table;
use crate::query::Positions;
use crate::result::{ColumnIndex, RowReader};
use crate::types::DbValue;

/// A type that a row can be read into: a column type for a row of one column, a tuple by position, and by the names of the
/// columns a model or a struct with `#[derive(FromRow)]`.
#[diagnostic::on_unimplemented(
    message = "a row cannot be read into `{Self}`",
    label = "not a row",
    note = "rows are read into column types, tuples of them, models, and structs with `#[derive(FromRow)]`"
)]
pub trait FromRow: Sized {
    /// Which columns it is read from.
    fn columns() -> Columns;

    /// Reads those columns, in their order.
    fn read(row: &mut RowReader<'_>) -> Result<Self>;
}

/// The columns that something is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Columns {
    /// As many as this, by position.
    Count(usize),
    /// Those of these names; what else a row holds is left aside.
    Named(&'static [&'static str]),
    /// Those of a table, of which deferred ones need not be there.
    Of(&'static Table),
    /// All, as they come: the query was built for what is read.
    InOrder,
    /// Those at these positions; `None` is the place of a deferred column that was not selected.
    #[doc(hidden)]
    At(Positions),
}

impl<T: DbValue> FromRow for T {
    fn columns() -> Columns {
        Columns::Count(1)
    }

    fn read(row: &mut RowReader<'_>) -> Result<Self> {
        row.value()
    }
}

macro_rules! tuple {
    ($($part:ident $number:tt)+) => {
        impl<$($part: DbValue),+> FromRow for ($($part,)+) {
            fn columns() -> Columns {
                Columns::Count([$($number),+].len())
            }

            fn read(row: &mut RowReader<'_>) -> Result<Self> {
                Ok(($(row.value::<$part>()?,)+))
            }
        }
    };
}

each_tuple!(tuple);

/// Where in a result the wanted columns are. It is worked out once for a result.
#[derive(Debug)]
pub(crate) struct Mapping {
    pub(crate) of: Columns,
    /// `None`: just as they come.
    positions: Option<Positions>,
}

impl Mapping {
    pub(crate) fn new(of: Columns, found: &[String]) -> Result<Self> {
        let positions = match positions_of(&of, found)? {
            Some(positions) => positions,
            None => return Ok(Self { of, positions: None }),
        };
        let as_they_come = positions.iter().copied().eq((0..positions.len()).map(Some));
        Ok(Self { of, positions: (!as_they_come).then_some(positions) })
    }

    /// Reads a row; an error names its column.
    pub(crate) fn read<T>(
        &self,
        row: &dyn driver::Row,
        names: &[String],
        read: impl FnOnce(&mut RowReader<'_>) -> Result<T>,
    ) -> Result<T> {
        let mapped;
        let row = match &self.positions {
            None => row,
            Some(positions) => {
                mapped = Mapped::new(row, positions);
                &mapped
            }
        };
        let mut reader = RowReader::new(row);
        read(&mut reader).map_err(|error| {
            let position = reader.position();
            let position = self.positions.as_ref().map_or(Some(position), |at| *at.get(position)?);
            match position.and_then(|position| names.get(position)) {
                Some(name) => error.with_column(name),
                None => error,
            }
        })
    }

    /// The row with its columns where they are wanted.
    pub(crate) fn apply<'a>(&'a self, row: &'a dyn driver::Row) -> Option<Mapped<'a>> {
        self.positions.as_ref().map(|positions| Mapped::new(row, positions))
    }
}

/// Where the wanted columns are among these; `None` if they are all that there is, as they come.
pub(crate) fn positions_of(of: &Columns, found: &[String]) -> Result<Option<Positions>> {
    let positions = match of {
        Columns::InOrder => return Ok(None),
        Columns::Count(count) if *count == found.len() => return Ok(None),
        Columns::Count(count) => return Err(wrong_width(*count, found.len())),
        Columns::At(positions) => positions.clone(),
        Columns::Named(names) => positions(names.iter().map(|name| (*name, true)), found)?,
        Columns::Of(table) => {
            let wanted = table.columns().iter();
            positions(wanted.map(|column| (&*column.name, column.deferred.is_none())), found)?
        }
    };
    Ok(Some(positions))
}

/// The positions of names, of which some must be there.
fn positions<'n>(names: impl Iterator<Item = (&'n str, bool)>, found: &[String]) -> Result<Positions> {
    let (mut positions, mut missing) = (Vec::new(), Vec::new());
    for (name, required) in names {
        if found.iter().any(|found| found == name) {
            positions.push(Some(name.position(found)?));
        } else if !required {
            positions.push(None);
        } else {
            missing.push(name);
        }
    }
    if missing.is_empty() {
        return Ok(positions.into());
    }
    let message = format!("the result has no column {}; it has {}", missing.join(", "), found.join(", "));
    Err(Error::new(ErrorKind::InvalidQuery, message))
}

fn wrong_width(wanted: usize, found: usize) -> Error {
    let columns = |count| if count == 1 { "1 column".to_owned() } else { format!("{count} columns") };
    let message = format!("the result has {}, and is to be read into {}", columns(found), columns(wanted));
    Error::new(ErrorKind::InvalidQuery, message)
}

/// A row whose columns are put into another order, or that lacks some.
pub(crate) struct Mapped<'a> {
    row: &'a dyn driver::Row,
    positions: &'a [Option<usize>],
}

impl<'a> Mapped<'a> {
    pub(crate) fn new(row: &'a dyn driver::Row, positions: &'a [Option<usize>]) -> Self {
        Self { row, positions }
    }

    fn at(&self, index: usize) -> Option<usize> {
        *self.positions.get(index)?
    }
}

impl driver::Row for Mapped<'_> {
    fn width(&self) -> usize {
        self.positions.len()
    }

    fn value(&self, index: usize) -> Result<Value<'_>> {
        self.row.value(self.at(index).ok_or_else(no_such_column)?)
    }

    fn int(&self, index: usize) -> Option<i64> {
        self.row.int(self.at(index)?)
    }

    fn text(&self, index: usize) -> Option<&str> {
        self.row.text(self.at(index)?)
    }

    fn has(&self, index: usize) -> bool {
        self.at(index).is_some()
    }
}
