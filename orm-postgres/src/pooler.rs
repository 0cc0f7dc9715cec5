//! Behind a pooler that gives each transaction to another of its connections, as PgBouncer does in transaction mode.
//!
//! A prepared statement lives on the connection of the server that it was made on, so ours last for one transaction:
//! they are closed ahead of its COMMIT or ROLLBACK, on the same connection. (Unnamed statements, the other way, are not
//! safe with this driver: it hangs when such a statement's result has a type that it has not looked up.)
//!
//! What the driver prepares for itself, to look up the database's own types, it never closes. So the types are looked up
//! at once, when a connection is opened, and these statements removed by name; a type that is created later costs the
//! connection.

use orm_core::{Error, ErrorKind};
use tokio_postgres::{Client, SimpleQueryMessage};

/// The names of the types of this database that a result may have.
const TYPES: &str = "SELECT format_type(t.oid, NULL) FROM pg_type t LEFT JOIN pg_type e ON e.oid = t.typelem \
     LEFT JOIN pg_class c ON c.oid = t.typrelid \
     WHERE t.oid >= 16384 AND t.typtype IN ('b', 'c', 'e', 'm', 'r') AND coalesce(c.relkind, 'c') = 'c' \
     AND coalesce(e.typtype, 'b') <> 'c' AND has_type_privilege(t.oid, 'USAGE') \
     AND has_schema_privilege(t.typnamespace, 'USAGE')";

/// Removes the statements that the driver has left; they are called `s` and a number, and nobody else has any at the
/// end of a transaction.
const SWEEP: &str = "DO $$ DECLARE n text; BEGIN FOR n IN SELECT name FROM pg_prepared_statements \
     WHERE name ~ '^s[0-9]+$' LOOP EXECUTE 'DEALLOCATE ' || quote_ident(n); END LOOP; END $$";

/// A result can have 1,664 columns.
const COLUMNS: usize = 1_000;

/// Has the driver look up the types, in the transaction that is open; whether there are any.
pub(crate) async fn look_up_types(client: &Client) -> Result<bool, tokio_postgres::Error> {
    let mut columns = Vec::new();
    for message in client.simple_query(TYPES).await? {
        if let SimpleQueryMessage::Row(row) = message {
            columns.extend(row.try_get(0)?.map(|name| format!("NULL::{name}")));
        }
    }
    for columns in columns.chunks(COLUMNS) {
        client.prepare(&format!("SELECT {}", columns.join(", "))).await?;
    }
    Ok(!columns.is_empty())
}

/// The end of a transaction with the sweep in the same request: between two of them the server's connection may change.
pub(crate) fn swept(end: &str) -> String {
    match end {
        // A transaction that has failed takes nothing but its end.
        "ROLLBACK" => format!("ROLLBACK; {SWEEP}"),
        _ => format!("{SWEEP}; {end}"),
    }
}

/// The error for a type that the connection does not know and cannot look up any more.
pub(crate) fn new_type(source: tokio_postgres::Error) -> Error {
    let message = "the result has a type that was created after this connection was opened, or is the row of a table, \
                   which cannot be read through a pooler; a new connection knows the new types";
    Error::new(ErrorKind::SerializationFailure, message).with_source(source)
}
