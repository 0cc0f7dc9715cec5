//! Enum types of the database's own: created before the tables that have columns of them, dropped after the last one.

use crate::Result;
use crate::engine::Lease;
use crate::metadata::Metadata;
use crate::query::{Dialect, Sql, create_enum, enums};

/// Creates the enum types of the tables' columns that are not there yet. One that is there is left alone, whatever its words are.
pub(super) async fn create_missing(
    lease: &mut Lease,
    dialect: &dyn Dialect,
    metadata: &Metadata,
) -> Result<()> {
    let (enums, Some([all, _])) = (enums(metadata), dialect.enum_names()) else { return Ok(()) };
    if enums.is_empty() {
        return Ok(());
    }
    let existing = super::names_of(lease, all).await?;
    for missing in enums.into_iter().filter(|found| !existing.contains(found.name)) {
        lease.script(&create_enum(dialect, missing)).await?;
    }
    Ok(())
}

/// Drops those of the tables' enum types that no column has any more.
pub(super) async fn drop_unused(lease: &mut Lease, dialect: &dyn Dialect, metadata: &Metadata) -> Result<()> {
    let (enums, Some([_, unused])) = (enums(metadata), dialect.enum_names()) else { return Ok(()) };
    if enums.is_empty() {
        return Ok(());
    }
    let unused = super::names_of(lease, unused).await?;
    for found in enums.into_iter().filter(|found| unused.contains(found.name)) {
        let mut sql = Sql::new(dialect);
        sql.push("DROP TYPE ").name(found.name);
        lease.script(&sql.into_text()).await?;
    }
    Ok(())
}
