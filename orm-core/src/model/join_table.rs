//! Join tables: whose rows link rows of two other tables, made by the library or those of a model.

use crate::metadata::{Action, FieldOptions, FieldPart, ForeignKey, IndexOptions, Table};
use crate::model::{Model, ToOne};

/// A join table, and which of its foreign keys lead to both sides.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct JoinTable {
    pub(crate) table: fn() -> &'static Table,
    /// The field of it that refers to the model whose relation it is.
    pub(crate) own: FieldPart,
    /// The field of it that refers to the other side.
    pub(crate) other: FieldPart,
    pub(crate) made: MadeBy,
}

/// Where a join table comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MadeBy {
    /// The library makes it.
    Library {
        /// Under a name that the program gives.
        named: bool,
        /// It is another relation's, seen from the other side.
        reversed: bool,
    },
    /// It is that of a model.
    Model,
}

impl JoinTable {
    /// One that the library makes, from what [`build_join_table`] builds.
    pub const fn plain(table: fn() -> &'static Table, named: bool) -> Self {
        Self {
            table,
            own: FieldPart::first(0),
            other: FieldPart::first(1),
            made: MadeBy::Library { named, reversed: false },
        }
    }

    /// That of the model `P`, by its references to both sides.
    pub const fn of_model<P, M, T>(own: ToOne<P, M>, other: ToOne<P, T>) -> Self {
        Self { table: own.table(), own: own.field(), other: other.field(), made: MadeBy::Model }
    }

    /// The same from the other side.
    pub const fn reversed(self) -> Self {
        let made = match self.made {
            MadeBy::Library { named, .. } => MadeBy::Library { named, reversed: true },
            MadeBy::Model => MadeBy::Model,
        };
        Self { table: self.table, own: self.other, other: self.own, made }
    }

    /// Its table.
    pub fn table(&self) -> &'static Table {
        (self.table)()
    }

    /// Whether its rows are those of a model, and may have more columns.
    pub(crate) fn is_model(&self) -> bool {
        self.made == MadeBy::Model
    }

    /// If the library makes it for this relation, whether under a name that the program gave.
    pub(crate) fn named_by_program(&self) -> Option<bool> {
        match self.made {
            MadeBy::Library { named, reversed: false } => Some(named),
            MadeBy::Library { reversed: true, .. } | MadeBy::Model => None,
        }
    }

    /// Whether it is the same from the other side.
    pub(crate) fn leads_back(&self, other: &Self) -> bool {
        self.own == other.other && self.other == other.own && self.table() == other.table()
    }

    /// The foreign key that refers to the model whose relation it is; only an inconsistent derive has none.
    pub(crate) fn own_key(&self) -> Option<&'static ForeignKey> {
        self.key(self.own)
    }

    /// The foreign key that refers to the other side.
    pub(crate) fn other_key(&self) -> Option<&'static ForeignKey> {
        self.key(self.other)
    }

    fn key(&self, field: FieldPart) -> Option<&'static ForeignKey> {
        self.table().foreign_keys().iter().find(|key| key.field == field)
    }
}

/// The join table of two models: the keys of both, which together are its own, and which are deleted and changed with the rows that
/// they refer to. Its columns begin with these words.
#[doc(hidden)]
pub fn build_join_table<M: Model, T: Model>(name: &'static str, words: [&str; 2]) -> Table {
    let [own, other] = words;
    let mut table = Table::build(name);
    if let Some(schema) = M::table().schema() {
        table.schema(schema);
    }
    for (word, of) in [(own, M::table as fn() -> &'static Table), (other, T::table)] {
        let options = FieldOptions {
            key: true,
            on_delete: Action::Cascade,
            on_update: Action::Cascade,
            ..FieldOptions::default()
        };
        let mut columns = table.field(options);
        for &position in of().primary_key() {
            let column = &of().columns()[position];
            columns.column(&format!("{word}_{}", column.name), column.sql_type, false);
        }
        columns.references(of);
    }
    // The key finds rows by the first side.
    table.index(IndexOptions { fields: &[(1, false)], ..IndexOptions::default() });
    table.finish()
}
