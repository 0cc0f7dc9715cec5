//! The shape of a statement, by which its SQL is found if it was written before.

use super::Sql;
use crate::Result;
use crate::metadata::{Table, TableRef};
use crate::query::source::Source;
use crate::query::{Dialect, Executable, Keys, Rendered};

/// Whether a statement is written as SQL or as its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// As SQL.
    No,
    /// As its shape: what SQL says, but nothing is looked up, checked or quoted. A name, a parameter and the owner of a column
    /// stand behind signs that nothing else has in it.
    Yes,
    /// It has no shape: something in it depends on more than what is written.
    Impossible,
}

pub(super) const NAME: char = '\u{1}';
pub(super) const PARAMETER: char = '\u{2}';
const TABLE: char = '\u{3}';
const ALIAS: char = '\u{4}';
const MODEL: char = '\u{5}';

/// The shape of a statement, in the place of its text, with its parameters. Two statements of one shape are the same SQL, if
/// their parameters have the same types.
pub(crate) fn shape_of(
    statement: &(impl Executable + ?Sized),
    dialect: &dyn Dialect,
    keys: Option<&dyn Keys>,
) -> Result<Option<Rendered>> {
    let mut sql = Sql { keys, runs: true, shape: Shape::Yes, ..Sql::new(dialect) };
    statement.render(&mut sql)?;
    if sql.shape == Shape::Yes { sql.finish().map(Some) } else { Ok(None) }
}

impl Sql<'_> {
    /// Whether the shape is written; it has none if something is looked at that is not in it.
    pub(super) fn is_shape(&self) -> bool {
        self.shape != Shape::No
    }

    /// The statement depends on more than what is written of it.
    pub(in crate::query) fn has_no_shape(&mut self) {
        if self.is_shape() {
            self.shape = Shape::Impossible;
        }
    }

    /// Adds something to the shape that nothing else can be taken for.
    pub(super) fn sign(&mut self, sign: char, text: &str) {
        if text.bytes().any(|byte| byte <= MODEL as u8) {
            self.has_no_shape();
        }
        self.text.reserve(text.len() + 2);
        self.text.push(sign);
        self.text.push_str(text);
        self.text.push(sign);
    }

    /// Adds the table of a model to the shape, as all of its columns; whether that is all there is to say.
    pub(in crate::query) fn signs_all_of(&mut self, table: &TableRef) -> bool {
        let (TableRef::Model(table), true) = (table, self.is_shape()) else { return false };
        // Tables of models stay where they are; two models may have one of the same name.
        let mut address = std::ptr::from_ref::<Table>(table).addr();
        self.text.push(MODEL);
        while address > 0 {
            let digit = u8::try_from(address % 64).unwrap_or_default();
            self.text.push(char::from(b'0' + digit));
            address /= 64;
        }
        self.text.push(MODEL);
        true
    }

    pub(super) fn sign_owner(&mut self, source: &Source) {
        match source.bare_table() {
            None => self.sign(ALIAS, source.name()),
            Some(table) => {
                self.sign(TABLE, table.schema().unwrap_or_default());
                self.sign(TABLE, table.name());
            }
        }
    }
}
