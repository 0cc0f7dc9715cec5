//! A place in the order of a query, as values and as text.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};
use crate::query::Bind;
use crate::value::{Packed, Unpacked};
use crate::{Result, Value};

/// A place in the order of a query: the values that a row has in the keys which the query is sorted by.
///
/// It is made by [`Select::cursor`](crate::query::Select::cursor) from a struct, or from a tuple of values. As text it can be handed to a
/// client and come back: `cursor.to_string()`, `text.parse::<Cursor>()?`. The text is neither secret nor signed; one that was
/// changed is another place, or an error.
#[derive(Clone, Debug, PartialEq)]
pub struct Cursor {
    pub(crate) values: Vec<Value<'static>>,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        pack(&self.values).as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn pack(values: &[Value<'_>]) -> Packed {
    let mut packed = Packed::default();
    values.iter().for_each(|value| packed.push(value));
    packed
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bytes = bytes(text).ok_or_else(unreadable)?;
        let (mut unpacked, mut values) = (Unpacked::of(&bytes), Vec::new());
        while !unpacked.is_done() {
            match unpacked.next() {
                Value::Array(_) => return Err(unreadable()),
                value => values.push(value.into_owned()),
            }
        }
        // What is not as it would have been written was not written by this.
        if pack(&values).as_bytes() == bytes { Ok(Self { values }) } else { Err(unreadable()) }
    }
}

fn unreadable() -> Error {
    Error::new(ErrorKind::Decode, "the text is no cursor")
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

/// What a query can begin after or end before: a [`Cursor`], or a tuple with the value of each key.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no place in the order of a query",
    label = "neither a `Cursor` nor a tuple of values",
    note = "one value stands in a tuple as well: `.after((7,))`"
)]
pub trait IntoCursor {
    #[doc(hidden)]
    fn into_cursor(self) -> Result<Cursor>;
}

impl IntoCursor for Cursor {
    fn into_cursor(self) -> Result<Cursor> {
        Ok(self)
    }
}

impl IntoCursor for &Cursor {
    fn into_cursor(self) -> Result<Cursor> {
        Ok(self.clone())
    }
}

macro_rules! tuple {
    ($($part:ident $number:tt)+) => {
        impl<$($part: Bind),+> IntoCursor for ($($part,)+) {
            fn into_cursor(self) -> Result<Cursor> {
                Ok(Cursor { values: vec![$(self.$number.value()?),+] })
            }
        }
    };
}

tuple!(A 0);
tuple!(A 0 B 1);
tuple!(A 0 B 1 C 2);
tuple!(A 0 B 1 C 2 D 3);
tuple!(A 0 B 1 C 2 D 3 E 4);
tuple!(A 0 B 1 C 2 D 3 E 4 F 5);
