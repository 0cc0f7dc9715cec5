//! SQLite's errors, told apart by their extended result codes.

use orm_core::{Error, ErrorKind};
use rusqlite::ffi;

/// The error of a connection that could not be opened.
pub(crate) fn connect_error(error: rusqlite::Error, what: &str) -> Error {
    Error::new(ErrorKind::Connect, format!("cannot open {what}: {error}")).with_source(error)
}

/// The error of a statement.
pub(crate) fn statement_error(error: rusqlite::Error) -> Error {
    let (code, message) = match &error {
        rusqlite::Error::SqliteFailure(code, message) => (code.extended_code, message.clone()),
        rusqlite::Error::SqlInputError { error, msg, .. } => (error.extended_code, Some(msg.clone())),
        rusqlite::Error::MultipleStatement => {
            return Error::new(ErrorKind::Statement, "there is more than one statement").with_source(error);
        }
        _ => return Error::new(ErrorKind::Database, error.to_string()).with_source(error),
    };
    let message = message.unwrap_or_else(|| error.to_string());
    let constraint = message.split_once("constraint failed: ").map(|(_, name)| name.to_owned());
    let typed = Error::new(kind(code, &message), message).with_sqlstate(&code.to_string()).with_source(error);
    match constraint {
        Some(name) => typed.with_constraint(&name),
        None => typed,
    }
}

fn kind(code: i32, message: &str) -> ErrorKind {
    match code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            ErrorKind::UniqueViolation
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => ErrorKind::ForeignKeyViolation,
        // RESTRICT is a trigger inside SQLite, which a program's own triggers share the code with.
        ffi::SQLITE_CONSTRAINT_TRIGGER if message.starts_with("FOREIGN KEY constraint") => {
            ErrorKind::ForeignKeyViolation
        }
        ffi::SQLITE_CONSTRAINT_NOTNULL => ErrorKind::NotNullViolation,
        ffi::SQLITE_CONSTRAINT_CHECK => ErrorKind::CheckViolation,
        // A transaction that has read wants to write, and another one has written meanwhile: waiting cannot help.
        ffi::SQLITE_BUSY_SNAPSHOT => ErrorKind::SerializationFailure,
        // Nobody else interrupts.
        ffi::SQLITE_INTERRUPT => ErrorKind::Timeout,
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_BUSY_TIMEOUT => ErrorKind::LockTimeout,
        ffi::SQLITE_READONLY => ErrorKind::ReadOnly,
        ffi::SQLITE_ERROR if message.contains("no such table") => ErrorKind::MissingTable,
        ffi::SQLITE_ERROR => ErrorKind::Statement,
        _ => ErrorKind::Database,
    }
}
