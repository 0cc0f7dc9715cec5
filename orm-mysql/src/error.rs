//! The server's errors as ours: what a code means, and what of the text may be shown. The driver's own error, which shows all,
//! is the source.

use mysql_async::{DriverError, ServerError};
use orm_core::{Error, ErrorKind};

/// The error of a connection that was open.
pub(crate) fn from(error: mysql_async::Error) -> Error {
    let (kind, message) = match &error {
        mysql_async::Error::Server(server) => (kind(server.code), message(server)),
        mysql_async::Error::Driver(
            DriverError::StmtParamsMismatch { .. }
            | DriverError::StmtParamsNumberExceedsLimit { .. }
            | DriverError::MixedParams,
        ) => (ErrorKind::InvalidQuery, error.to_string()),
        // All others mean that the connection has ended, or that the driver no longer understands the server.
        other => (ErrorKind::ConnectionLost, other.to_string()),
    };
    let built = Error::new(kind, message);
    let built = match &error {
        mysql_async::Error::Server(server) => describe(built, server),
        _ => built,
    };
    built.with_source(error)
}

/// The error of a connection that did not come about, and what may help. A server that takes none but encrypted ones says of others
/// no more than that they may not.
pub(crate) fn connecting(error: mysql_async::Error, address: &str, encrypted: bool) -> Error {
    let advice = match &error {
        mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            "; the server does not support TLS: add ?sslmode=disable if nobody can listen on the way to it"
        }
        mysql_async::Error::Server(ServerError { code: 3159, .. }) if !encrypted => {
            "; it wants TLS: add ?sslmode=verify-full"
        }
        mysql_async::Error::Server(ServerError { code: 1045, .. }) if !encrypted => {
            "; the password is wrong, or it wants TLS: add ?sslmode=verify-full"
        }
        _ => "",
    };
    let error = from(error);
    let kind = match error.kind() {
        ErrorKind::Authentication => ErrorKind::Authentication,
        _ => ErrorKind::Connect,
    };
    let message = error.to_string();
    Error::new(kind, format!("{address}: {message}{advice}")).with_source(error)
}

/// Whether a statement was prepared for tables that have changed since, or is no longer known to the server. Both are found out
/// before anything is executed.
pub(crate) fn is_stale_plan(error: &mysql_async::Error) -> bool {
    matches!(error, mysql_async::Error::Server(ServerError { code: 1243 | 1615, .. }))
}

/// Whether somebody has stopped the statement.
pub(crate) fn is_interruption(error: &mysql_async::Error) -> bool {
    matches!(error, mysql_async::Error::Server(ServerError { code: 1317, .. }))
}

/// Whether the server has rolled back the whole transaction with the statement.
pub(crate) fn ends_transaction(error: &mysql_async::Error) -> bool {
    matches!(error, mysql_async::Error::Server(ServerError { code: 1020 | 1180 | 1213 | 1614, .. }))
}

fn describe(error: Error, server: &ServerError) -> Error {
    let error = error.with_sqlstate(&server.state);
    match (error.kind(), constraint(server)) {
        (ErrorKind::NotNullViolation, Some(column)) => error.with_column(column),
        (_, Some(name)) => error.with_constraint(name),
        (_, None) => error,
    }
}

fn kind(code: u16) -> ErrorKind {
    match code {
        1022 | 1062 | 1169 | 1557 | 1586 | 1761 | 1762 => ErrorKind::UniqueViolation,
        1216 | 1217 | 1451 | 1452 => ErrorKind::ForeignKeyViolation,
        1048 | 1263 | 1364 => ErrorKind::NotNullViolation,
        3819 | 4025 => ErrorKind::CheckViolation,
        1020 | 1213 | 1614 => ErrorKind::SerializationFailure,
        1205 | 3572 => ErrorKind::LockTimeout,
        1290 | 1792 | 1836 => ErrorKind::ReadOnly,
        1969 | 3024 => ErrorKind::Timeout,
        1049 | 1146 => ErrorKind::MissingTable,
        1044 | 1045 | 1698 => ErrorKind::Authentication,
        1040 | 1203 | 1226 => ErrorKind::Connect,
        1053 | 1077 | 1078 | 1079 | 1152 | 1158 | 1159 | 1160 | 1161 | 1184 | 1927 | 2006 | 2013 | 3169
        | 4031 => ErrorKind::ConnectionLost,
        1054 | 1052 | 1055 | 1056 | 1060 | 1064 | 1066 | 1109 | 1136 | 1149 | 1222 | 1235 | 1241 | 1242
        | 1247 | 1248 | 1305 | 1370 | 1582 | 1630 | 4078 => ErrorKind::Statement,
        _ => ErrorKind::Database,
    }
}

/// What the message of a violation names: a constraint, or a column that may not be NULL.
fn constraint(server: &ServerError) -> Option<&str> {
    let message = server.message.as_str();
    match kind(server.code) {
        // "Duplicate entry '…' for key 'name'"; MySQL says `table.name`.
        ErrorKind::UniqueViolation => {
            let name = message.rsplit_once("for key '")?.1.strip_suffix('\'')?;
            Some(name.rsplit_once('.').map_or(name, |(_, name)| name))
        }
        ErrorKind::ForeignKeyViolation => message.split_once("CONSTRAINT `")?.1.split('`').next(),
        // MariaDB: "CONSTRAINT `name` failed for …"; MySQL: "Check constraint 'name' is violated."
        ErrorKind::CheckViolation => match message.split_once("CONSTRAINT `") {
            Some((_, rest)) => rest.split('`').next().map(|name| name.rsplit('.').next().unwrap_or(name)),
            None => message.split('\'').nth(1),
        },
        ErrorKind::NotNullViolation => message.split('\'').nth(1),
        _ => None,
    }
}

/// The server's message without values, which are quoted in those about rows.
fn message(server: &ServerError) -> String {
    match kind(server.code) {
        ErrorKind::UniqueViolation => match server.message.rsplit_once(" for key ") {
            Some((_, key)) => format!("Duplicate entry for key {key}"),
            None => "Duplicate entry".to_owned(),
        },
        ErrorKind::Database => without_quoted(&server.message),
        _ => server.message.clone(),
    }
}

/// The message without what stands in the first quotes, as in `Incorrect integer value: '…' for column …`.
fn without_quoted(message: &str) -> String {
    let Some((before, rest)) = message.split_once(": '") else { return message.to_owned() };
    match rest.rsplit_once("' for column ") {
        Some((_, column)) => format!("{before}: '…' for column {column}"),
        None => format!("{before}: '…'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(code: u16, message: &str) -> Error {
        from(mysql_async::Error::Server(ServerError {
            code,
            message: message.to_owned(),
            state: "23000".to_owned(),
        }))
    }

    #[test]
    fn violations_name_what_was_violated_and_no_value() {
        let error = server(1062, "Duplicate entry 'it's for key 'a' for key 'users_email_key'");
        assert_eq!((error.kind(), error.constraint()), (ErrorKind::UniqueViolation, Some("users_email_key")));
        assert!(!error.to_string().contains("it's"), "{error}");
        let error = server(1062, "Duplicate entry 'x' for key 'users.users_email_key'");
        assert_eq!(error.constraint(), Some("users_email_key"));
        let error = server(
            1452,
            "Cannot add or update a child row: a foreign key constraint fails (`d`.`posts`, CONSTRAINT `posts_author_fkey` FOREIGN KEY (`author`) REFERENCES `users` (`id`))",
        );
        assert_eq!(error.constraint(), Some("posts_author_fkey"));
        let error = server(4025, "CONSTRAINT `positive` failed for `d`.`t`");
        assert_eq!((error.kind(), error.constraint()), (ErrorKind::CheckViolation, Some("positive")));
        let error = server(3819, "Check constraint 'positive' is violated.");
        assert_eq!(error.constraint(), Some("positive"));
        let error = server(1048, "Column 'name' cannot be null");
        assert_eq!((error.kind(), error.column()), (ErrorKind::NotNullViolation, Some("name")));
    }

    #[test]
    fn values_are_left_out() {
        let error = server(1366, "Incorrect integer value: 'secret' for column `d`.`t`.`a` at row 1");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
