//! The server's errors as ours: what an SQLSTATE means, and what of the text may be shown. The driver's own error, which
//! shows all, is the source.

use std::error::Error as _;

use orm_core::{Error, ErrorKind};
use tokio_postgres::error::{DbError, Severity};

/// The error of a connection that was open.
pub(crate) fn from(error: tokio_postgres::Error) -> Error {
    build(kind(&error), message(&error), error)
}

/// The error of a connection that did not come about.
pub(crate) fn connecting(error: tokio_postgres::Error, address: &str) -> Error {
    let kind = match kind(&error) {
        ErrorKind::Authentication => ErrorKind::Authentication,
        _ => ErrorKind::Connect,
    };
    let message = message(&error);
    let advice = advice(&message).map(|advice| format!("; {advice}")).unwrap_or_default();
    build(kind, format!("{address}: {message}{advice}"), error)
}

/// What to write in the URL instead, where that may be all that is wrong.
fn advice(message: &str) -> Option<&'static str> {
    let advice = [
        (
            "does not support TLS",
            "if nobody can listen on the way to it, add ?sslmode=disable to the URL, or ?sslmode=prefer to take what it has",
        ),
        ("no encryption", "it wants TLS: add ?sslmode=verify-full to the URL, with the feature tls"),
        ("SSL off", "it wants TLS: add ?sslmode=verify-full to the URL, with the feature tls"),
        (
            "UnknownIssuer",
            "nobody that is trusted here has signed the server's certificate: name a PEM file with its authority by \
             ?sslrootcert=, or accept any certificate by ?sslmode=require",
        ),
        ("not valid for name", "to accept a certificate for another name, add ?sslmode=verify-ca to the URL"),
    ];
    advice.into_iter().find(|(words, _)| message.contains(words)).map(|(_, advice)| advice)
}

/// Whether a statement was prepared for tables that have changed since, or is no longer known to the server. Both are
/// found out before anything is executed.
pub(crate) fn is_stale_plan(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|db| match db.code().code() {
        "26000" => true,
        "0A000" => db.routine() == Some("RevalidateCachedQuery"),
        _ => false,
    })
}

/// The error for a statement whose plan went stale inside a transaction, which has failed by that.
pub(crate) fn stale_plan(error: tokio_postgres::Error) -> Error {
    build(ErrorKind::SerializationFailure, message(&error), error)
}

fn build(kind: ErrorKind, message: String, error: tokio_postgres::Error) -> Error {
    let result = Error::new(kind, message);
    let result = match error.as_db_error() {
        Some(db) => describe(result, db),
        None => result,
    };
    result.with_source(error)
}

fn describe(mut error: Error, db: &DbError) -> Error {
    error = error.with_sqlstate(db.code().code());
    if let Some(constraint) = db.constraint() {
        error = error.with_constraint(constraint);
    }
    if let (ErrorKind::NotNullViolation, Some(column)) = (error.kind(), db.column()) {
        error = error.with_column(column);
    }
    error
}

fn kind(error: &tokio_postgres::Error) -> ErrorKind {
    match error.as_db_error() {
        Some(db) => server_kind(db),
        // The driver tells no kinds of its own apart but by text. All others mean that its connection has ended, or
        // that it no longer understands the server; values that it could refuse were checked before.
        None if error.to_string() == "authentication error" => ErrorKind::Authentication,
        // Found out before anything is sent: another number of parameters, or a NUL in the text.
        None if error.to_string().starts_with("expected ") => ErrorKind::InvalidQuery,
        None if error.to_string() == "error encoding message" => ErrorKind::InvalidQuery,
        None if reason(error).as_deref() == Some("password missing") => ErrorKind::Authentication,
        None => ErrorKind::ConnectionLost,
    }
}

fn server_kind(db: &DbError) -> ErrorKind {
    let fatal = matches!(db.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
    match db.code().code() {
        "23505" => ErrorKind::UniqueViolation,
        "23503" | "23001" => ErrorKind::ForeignKeyViolation,
        "23502" => ErrorKind::NotNullViolation,
        "23514" => ErrorKind::CheckViolation,
        "40001" | "40P01" => ErrorKind::SerializationFailure,
        "55P03" => ErrorKind::LockTimeout,
        "25006" => ErrorKind::ReadOnly,
        // The code of every cancelled statement; only the text, which may be translated, tells why.
        "57014" if !db.message().contains("user request") => ErrorKind::Timeout,
        "42P01" => ErrorKind::MissingTable,
        "25P02" => ErrorKind::PendingRollback,
        "28000" | "28P01" => ErrorKind::Authentication,
        "3D000" | "53300" => ErrorKind::Connect,
        "57P01" | "57P02" | "57P03" => ErrorKind::ConnectionLost,
        code if fatal || code.starts_with("08") => ErrorKind::ConnectionLost,
        code if code.starts_with("42") => ErrorKind::Statement,
        _ => ErrorKind::Database,
    }
}

fn message(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), reason(error)) {
        (Some(db), _) => server_message(db),
        (None, Some(reason)) => format!("{error}: {reason}"),
        (None, None) => error.to_string(),
    }
}

fn reason(error: &tokio_postgres::Error) -> Option<String> {
    error.source().map(ToString::to_string)
}

/// The server's message, with its detail and hint only for errors that are about statements, locks and the server:
/// those about rows quote their values.
fn server_message(db: &DbError) -> String {
    match db.code().code().get(..2) {
        Some("40" | "42" | "53" | "55" | "57") => {
            [Some(db.message()), db.detail(), db.hint()].into_iter().flatten().collect::<Vec<_>>().join(" – ")
        }
        Some("22") => without_quoted(db.message()),
        _ => db.message().to_owned(),
    }
}

/// The message without what stands in quotes, as in `invalid input syntax for type integer: "…"`.
fn without_quoted(message: &str) -> String {
    match (message.split_once('"'), message.rsplit_once('"')) {
        (Some((before, _)), Some((_, after))) => format!("{before}\"…\"{after}"),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_quoted;

    #[test]
    fn quoted_values_are_left_out() {
        assert_eq!(without_quoted("bad integer: \"a \"b\" c\", sorry"), "bad integer: \"…\", sorry");
        assert_eq!(without_quoted("division by zero"), "division by zero");
    }
}
