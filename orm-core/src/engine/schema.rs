//! Creating and dropping the tables of a [`Metadata`].

mod enums;

use std::collections::HashSet;

use crate::Result;
use crate::driver::{Begin, Row, Statement};
use crate::engine::Lease;
use crate::engine::inspect::{flag, text};
use crate::metadata::{Metadata, TableName};
use crate::query::{Dialect, creations, removals};

/// Creates what is missing, in the transaction that is open.
pub(crate) async fn create_all(lease: &mut Lease, dialect: &dyn Dialect, metadata: &Metadata) -> Result<()> {
    let existing = Existing::read(lease, dialect).await?;
    let statements = creations(dialect, metadata, |table| existing.has(table))?;
    enums::create_missing(lease, dialect, metadata).await?;
    run(lease, statements).await
}

/// Drops what is there, in the transaction that is open.
pub(crate) async fn drop_all(lease: &mut Lease, dialect: &dyn Dialect, metadata: &Metadata) -> Result<()> {
    let existing = Existing::read(lease, dialect).await?;
    run(lease, removals(dialect, metadata, |table| existing.has(table))?).await?;
    enums::drop_unused(lease, dialect, metadata).await
}

/// [`create_all`] in a transaction of its own.
pub(super) async fn create_all_at_once(
    lease: &mut Lease,
    dialect: &dyn Dialect,
    metadata: &Metadata,
) -> Result<()> {
    metadata.check()?;
    lease.begin(Begin::WRITE).await?;
    create_all(lease, dialect, metadata).await?;
    lease.commit().await
}

/// [`drop_all`] in a transaction of its own.
pub(super) async fn drop_all_at_once(
    lease: &mut Lease,
    dialect: &dyn Dialect,
    metadata: &Metadata,
) -> Result<()> {
    metadata.check()?;
    lease.begin(Begin::WRITE).await?;
    drop_all(lease, dialect, metadata).await?;
    lease.commit().await
}

async fn run(lease: &mut Lease, statements: Vec<String>) -> Result<()> {
    for statement in statements {
        lease.script(&statement).await?;
    }
    Ok(())
}

/// The names that a query gives, one in each row.
async fn names_of(lease: &mut Lease, query: &str) -> Result<HashSet<String>> {
    let mut names = HashSet::new();
    let statement = Statement::text(query, &[]);
    let mut sink = |row: &dyn Row| {
        names.insert(text(row, 0)?);
        Ok(())
    };
    lease.run(&statement, &[], &mut sink).await?;
    Ok(names)
}

/// The tables that are there.
struct Existing {
    names: HashSet<TableName>,
    ignores_case: bool,
}

impl Existing {
    async fn read(lease: &mut Lease, dialect: &dyn Dialect) -> Result<Self> {
        let mut existing = Self { names: HashSet::new(), ignores_case: dialect.ignores_case() };
        let statement = Statement::text(dialect.catalogue().names(), &[]);
        let mut sink = |row: &dyn Row| {
            let (schema, name) = (text(row, 0)?, text(row, 1)?);
            if flag(row, 2)? {
                existing.names.insert(existing.folded(&TableName::from(name.as_str())));
            }
            existing.names.insert(existing.folded(&TableName::from((schema, name))));
            Ok(())
        };
        lease.run(&statement, &[], &mut sink).await?;
        Ok(existing)
    }

    fn has(&self, table: &TableName) -> bool {
        self.names.contains(&self.folded(table))
    }

    fn folded(&self, name: &TableName) -> TableName {
        let fold = |name: &str| if self.ignores_case { name.to_ascii_lowercase() } else { name.to_owned() };
        match name.schema() {
            Some(schema) => (fold(schema), fold(name.name())).into(),
            None => fold(name.name()).into(),
        }
    }
}
