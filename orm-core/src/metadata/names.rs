//! Names: of tables with their schema, and those that constraints and indexes get.

use std::fmt;

use crate::metadata::{Index, Table};

/// The longest name that every database keeps whole, in bytes. PostgreSQL cuts off what is longer, without an error.
const LONGEST: usize = 63;

/// A table's name, perhaps with its schema.
///
/// It is made of a name, `"users"`, or of a schema and a name, `("logs", "users")`; a dot is a letter like any other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableName {
    pub(super) schema: Option<String>,
    pub(super) name: String,
}

impl TableName {
    /// The schema, if one was given.
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// The name without the schema.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl From<&str> for TableName {
    fn from(name: &str) -> Self {
        name.to_owned().into()
    }
}

impl From<String> for TableName {
    fn from(name: String) -> Self {
        Self { schema: None, name }
    }
}

impl From<&TableName> for TableName {
    fn from(name: &TableName) -> Self {
        name.clone()
    }
}

impl<S: Into<String>, N: Into<String>> From<(S, N)> for TableName {
    fn from((schema, name): (S, N)) -> Self {
        Self { schema: Some(schema.into()), name: name.into() }
    }
}

impl Table {
    /// A name that says what a constraint or an index is about, and that no other one of this table has.
    pub(super) fn name_for(&self, columns: &[usize], what: &str) -> String {
        let mut stem = self.name().to_owned();
        for column in self.names_of(columns) {
            stem.push('_');
            stem.push_str(column);
        }
        let name = |count: usize| match count {
            0 => shortened(&stem, what),
            count => shortened(&stem, &format!("{what}{count}")),
        };
        let mut count = 0;
        while self.has_named(&name(count)) {
            count += 1;
        }
        name(count)
    }

    /// Whether a constraint or an index has this name.
    pub(super) fn has_named(&self, name: &str) -> bool {
        self.foreign_keys.iter().any(|key| key.name == name)
            || self.uniques.iter().any(|unique| unique.name == name)
            || self.checks.iter().any(|check| check.name == name)
            || self.indexes.iter().any(|index| index.name == name)
    }
}

impl Index {
    /// What a column is called that stands for its filter, where a database has no other way.
    pub(crate) fn filter_column(&self) -> String {
        shortened(&self.name, "filter")
    }
}

/// `stem_what`. One that is too long is cut, and a hash of the whole keeps it apart from others with the same beginning.
fn shortened(stem: &str, what: &str) -> String {
    let name = format!("{stem}_{what}");
    if name.len() <= LONGEST {
        return name;
    }
    let ending = format!("_{:08x}_{what}", hash(&name));
    let mut end = LONGEST - ending.len();
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &stem[..end])
}

/// FNV-1a: the same in every version of this library, as the names are in databases.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_and_told_apart() {
        assert_eq!(shortened("users_name", "key"), "users_name_key");
        let (one, other) = (format!("{}a", "x".repeat(70)), format!("{}b", "x".repeat(70)));
        let (one, other) = (shortened(&one, "fkey"), shortened(&other, "fkey"));
        assert_ne!(one, other);
        assert_eq!((one.len(), other.len()), (LONGEST, LONGEST));
        assert!(one.ends_with("_fkey"));
        assert!(shortened(&"☃".repeat(40), "idx").len() <= LONGEST);
        assert_eq!(shortened(&"x".repeat(59), "key").len(), LONGEST);
    }
}
