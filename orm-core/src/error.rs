//! One opaque error, a pointer wide: what went wrong is asked with questions, where it went wrong (SQL, model,
//! column) is carried along, and a bound value never is.

use std::fmt;
use std::sync::Arc;

use crate::Value;

/// The result of everything in this library that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, to be matched on. [`Error`] also answers the common questions directly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The database URL cannot be understood.
    #[error("invalid database URL")]
    Url,
    /// The backend that the URL names is not compiled into this program.
    #[error("backend not available")]
    BackendMissing,
    /// The database cannot do what was asked.
    #[error("not supported")]
    Unsupported,
    /// No connection could be opened.
    #[error("cannot connect")]
    Connect,
    /// The server refused the user or the password.
    #[error("authentication failed")]
    Authentication,
    /// An open connection broke.
    #[error("connection lost")]
    ConnectionLost,
    /// No connection of the pool became free in time.
    #[error("pool timeout")]
    PoolTimeout,
    /// A unique or primary key constraint refused the row.
    #[error("unique constraint violated")]
    UniqueViolation,
    /// A foreign key constraint refused the row.
    #[error("foreign key constraint violated")]
    ForeignKeyViolation,
    /// A NOT NULL constraint refused the row.
    #[error("not-null constraint violated")]
    NotNullViolation,
    /// A CHECK constraint refused the row.
    #[error("check constraint violated")]
    CheckViolation,
    /// Two transactions got in each other's way; the whole unit of work may be tried again.
    #[error("serialization failure")]
    SerializationFailure,
    /// A lock was not granted in time.
    #[error("lock not available")]
    LockTimeout,
    /// The statement writes, and the transaction or the database may only be read.
    #[error("read-only transaction")]
    ReadOnly,
    /// A statement ran longer than `statement_timeout`; it did nothing, and the connection goes on.
    #[error("statement timeout")]
    Timeout,
    /// A table that the statement names does not exist.
    #[error("no such table")]
    MissingTable,
    /// The database does not understand the statement.
    #[error("statement refused")]
    Statement,
    /// The statement was not sent because it cannot be right.
    #[error("invalid query")]
    InvalidQuery,
    /// The tables do not fit together as they are described; nothing was sent.
    #[error("invalid schema")]
    InvalidSchema,
    /// A value of the database does not fit the field it is read into.
    #[error("unreadable value")]
    Decode,
    /// A value of the program cannot be stored exactly.
    #[error("unstorable value")]
    Encode,
    /// One row was asked for and there is none.
    #[error("no row found")]
    NoResult,
    /// One row was asked for and there are more.
    #[error("more than one row found")]
    MultipleResults,
    /// A row that was to be changed or deleted is no longer as it was when it was loaded.
    #[error("stale data")]
    StaleData,
    /// The handle belongs to another session, or its entity has left this one.
    #[error("not in this session")]
    Detached,
    /// The entity has no row yet, or no longer.
    #[error("not persistent")]
    NotPersistent,
    /// The session already holds another entity for this row.
    #[error("identity conflict")]
    IdentityConflict,
    /// The row of an entity has disappeared from the database.
    #[error("row gone")]
    RowGone,
    /// The entity is expired: its values were thrown away and have not been read again.
    #[error("expired")]
    Expired,
    /// A deferred column, or an entity that is known by its key alone, has no values: they were not loaded.
    #[error("not loaded")]
    NotLoaded,
    /// An earlier statement failed; the session does nothing until it is rolled back.
    #[error("the transaction has failed, roll back first")]
    PendingRollback,
    /// New rows need each other's keys.
    #[error("circular dependency")]
    CircularDependency,
    /// The answer to a COMMIT never came: the work is stored or it is not.
    #[error("commit outcome unknown")]
    CommitUnknown,
    /// A session has sent more or fewer statements than `expect_statements` was told to expect; the message lists them.
    #[error("wrong number of statements")]
    StatementCount,
    /// A call that makes no sense here; nothing was sent.
    #[error("misuse")]
    Misuse,
    /// The migrations of the program are not those that the database has been through.
    #[error("migrations do not fit the database")]
    Migration,
    /// Any other error of the database.
    #[error("database error")]
    Database,
    /// An error of the program itself, passed on by [`Error::other`].
    #[error("error of the program")]
    Other,
}

/// Why a call failed.
///
/// It is cheap to clone and to move, says which statement, model and column were involved, and shows no bound value but
/// the key of an entity that it is about. Its [`source`](std::error::Error::source) is the driver's own error, whose
/// text may quote values; `hide_parameters` of the engine leaves it out.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    sql: Option<String>,
    model: Option<&'static str>,
    column: Option<String>,
    constraint: Option<String>,
    sqlstate: Option<String>,
    conflict: bool,
    parameters: Option<Vec<Vec<Value<'static>>>>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this kind; the message is what the user reads after the kind's own words.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            sql: None,
            model: None,
            column: None,
            constraint: None,
            sqlstate: None,
            conflict: false,
            parameters: None,
            source: None,
        }))
    }

    /// An error of your own, to end a block of this library by: `.map_err(Error::other)?`. [`other_ref`](Self::other_ref) gives it back.
    pub fn other(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::new(ErrorKind::Other, error.to_string()).with_source(error)
    }

    /// The error that [`other`](Self::other) was made from, if it is an `E`.
    pub fn other_ref<E: std::error::Error + 'static>(&self) -> Option<&E> {
        let source = self.0.source.as_deref().filter(|_| self.kind() == ErrorKind::Other);
        source.and_then(|source| (source as &(dyn std::error::Error + 'static)).downcast_ref())
    }

    /// The same error, after a word on what was being done.
    pub(crate) fn within(self, doing: &str) -> Self {
        self.edit(|inner| inner.message = format!("{doing}: {}", inner.message))
    }

    /// The error of whoever goes on after this one: it says what this one says, and has it as its source.
    pub(crate) fn pending(&self) -> Self {
        let first = self.clone();
        let message = format!("an earlier call failed: {}: {}", self.0.kind, self.0.message);
        self.clone().edit(|inner| {
            inner.kind = ErrorKind::PendingRollback;
            inner.message = message;
            inner.source = Some(Arc::new(first));
        })
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Adds the statement, unless one is named already: the innermost knows best.
    #[must_use]
    pub fn with_sql(self, sql: &str) -> Self {
        self.edit(|inner| {
            inner.sql.get_or_insert_with(|| sql.to_owned());
        })
    }

    /// Adds the model, unless one is named already.
    #[must_use]
    pub fn with_model(self, model: &'static str) -> Self {
        self.edit(|inner| {
            inner.model.get_or_insert(model);
        })
    }

    /// Adds the column, unless one is named already.
    #[must_use]
    pub fn with_column(self, column: &str) -> Self {
        self.edit(|inner| {
            inner.column.get_or_insert_with(|| column.to_owned());
        })
    }

    /// Adds the name of the violated constraint.
    #[must_use]
    pub fn with_constraint(self, name: &str) -> Self {
        self.edit(|inner| inner.constraint = Some(name.to_owned()))
    }

    /// Adds the database's own error code.
    #[must_use]
    pub fn with_sqlstate(self, code: &str) -> Self {
        self.edit(|inner| inner.sqlstate = Some(code.to_owned()))
    }

    /// Says that it is about another transaction, whatever its kind: a lock that was waited for in vain.
    #[must_use]
    pub fn as_conflict(self) -> Self {
        self.edit(|inner| inner.conflict = true)
    }

    /// Adds the error that caused this one.
    #[must_use]
    pub fn with_source(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.edit(|inner| inner.source = Some(Arc::new(source)))
    }

    /// Adds the first sets of parameters, unless some are there already.
    #[must_use]
    pub(crate) fn with_parameters(self, sets: Vec<Vec<Value<'static>>>) -> Self {
        self.edit(|inner| {
            inner.parameters.get_or_insert(sets);
        })
    }

    /// Without anything that may hold bound values: the parameters, and the source, whose text is not ours.
    #[must_use]
    pub(crate) fn without_values(self) -> Self {
        self.edit(|inner| (inner.parameters, inner.source) = (None, None))
    }

    /// What went wrong, to be matched on.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The statement that failed, with placeholders for its values.
    pub fn sql(&self) -> Option<&str> {
        self.0.sql.as_deref()
    }

    /// The parameters of the statement that failed: one list for each set, of a batch the first three. They are shown by
    /// no `Display` and no `Debug`. `None` if the engine hides them, or if no statement was involved.
    pub fn parameters(&self) -> Option<&[Vec<Value<'static>>]> {
        self.0.parameters.as_deref()
    }

    /// The model that was being read or written.
    pub fn model(&self) -> Option<&str> {
        self.0.model
    }

    /// The column that was being read or written.
    pub fn column(&self) -> Option<&str> {
        self.0.column.as_deref()
    }

    /// What was violated, where the database tells: the constraint's name, or on SQLite the columns as `table.column`.
    pub fn constraint(&self) -> Option<&str> {
        self.0.constraint.as_deref()
    }

    /// The database's own code: an SQLSTATE, or SQLite's extended result code.
    pub fn sqlstate(&self) -> Option<&str> {
        self.0.sqlstate.as_deref()
    }

    /// A unique or primary key constraint was violated.
    pub fn is_unique_violation(&self) -> bool {
        self.kind() == ErrorKind::UniqueViolation
    }

    /// A foreign key constraint was violated.
    pub fn is_foreign_key_violation(&self) -> bool {
        self.kind() == ErrorKind::ForeignKeyViolation
    }

    /// Any constraint was violated: unique, foreign key, not null or check.
    pub fn is_constraint_violation(&self) -> bool {
        use ErrorKind::{CheckViolation, ForeignKeyViolation, NotNullViolation, UniqueViolation};
        matches!(self.kind(), UniqueViolation | ForeignKeyViolation | NotNullViolation | CheckViolation)
    }

    /// The row was changed or removed by somebody else since it was loaded.
    pub fn is_stale(&self) -> bool {
        self.kind() == ErrorKind::StaleData
    }

    /// The connection broke; a new one may work.
    pub fn is_connection_lost(&self) -> bool {
        self.kind() == ErrorKind::ConnectionLost
    }

    /// Two transactions got in each other's way; running the whole unit of work again may succeed.
    pub fn is_serialization_failure(&self) -> bool {
        self.kind() == ErrorKind::SerializationFailure
    }

    /// Running the whole unit of work again may succeed, and nothing of it is stored: two transactions got in each other's way, or
    /// the connection was lost before a COMMIT was sent.
    pub fn is_replayable(&self) -> bool {
        self.is_serialization_failure() || self.is_connection_lost() || self.0.conflict
    }

    /// The connection broke while a COMMIT was under way, so nobody here knows whether the work is stored.
    pub fn is_commit_unknown(&self) -> bool {
        self.kind() == ErrorKind::CommitUnknown
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        let kind = inner.kind.to_string();
        f.write_str(&kind)?;
        match (inner.model, &inner.column) {
            (Some(model), Some(column)) => write!(f, " ({model}, column {column})")?,
            (Some(model), None) => write!(f, " ({model})")?,
            (None, Some(column)) => write!(f, " (column {column})")?,
            (None, None) => {}
        }
        // A database's message may begin with the very words of the kind.
        let message = inner.message.strip_prefix(&kind).unwrap_or(&inner.message).trim_start_matches(": ");
        if !message.is_empty() {
            write!(f, ": {message}")?;
        }
        if let Some(sql) = &inner.sql {
            write!(f, " [in: {sql}]")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?}: {self})", self.0.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
