//! The steps of a transaction, as a driver is told to take them.

/// How far a transaction is kept apart from those beside it, from least to most.
///
/// A database may keep it further apart than asked, never less: PostgreSQL takes `ReadUncommitted` for `ReadCommitted`, and
/// every transaction of SQLite is serializable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isolation {
    /// It may see what others have not committed.
    ReadUncommitted,
    /// Each statement sees what was committed before it began.
    ReadCommitted,
    /// All statements see what was committed before the first.
    RepeatableRead,
    /// As if transactions ran one after the other; some fail for it and have to be run again.
    Serializable,
}

impl Isolation {
    /// The level in SQL.
    pub fn sql(self) -> &'static str {
        match self {
            Self::ReadUncommitted => "READ UNCOMMITTED",
            Self::ReadCommitted => "READ COMMITTED",
            Self::RepeatableRead => "REPEATABLE READ",
            Self::Serializable => "SERIALIZABLE",
        }
    }
}

/// How a transaction begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Begin {
    /// Its first statement writes: SQLite takes the write lock at once, so that it waits instead of failing later.
    pub writes: bool,
    /// The level; `None` is the database's own default.
    pub isolation: Option<Isolation>,
    /// Whether the database is to refuse statements that write.
    pub read_only: bool,
}

impl Begin {
    /// A transaction whose first statement reads.
    pub const READ: Self = Self { writes: false, isolation: None, read_only: false };
    /// A transaction whose first statement writes.
    pub const WRITE: Self = Self { writes: true, ..Self::READ };
}

/// A step of a transaction. Savepoints are numbered by the core; the numbers that are open grow from the outside in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Begin; a driver may send it together with the first statement.
    Begin(Begin),
    /// Make everything since the beginning permanent.
    Commit,
    /// Undo everything since the beginning.
    Rollback,
    /// Remember this point.
    Savepoint(u32),
    /// Forget the point, and keep what was done since.
    Release(u32),
    /// Undo what was done since the point, and forget it. A transaction that a failed statement has aborted since then goes on.
    RollbackTo(u32),
}

/// The words of SQL that may open a transaction, wherever they stand.
const OPENING: [&str; 4] = ["BEGIN", "START", "SAVEPOINT", "CHAIN"];

/// Whether a program's own SQL may leave a transaction open. It is `true` too often, which costs a ROLLBACK, but never
/// `false` when it does.
pub(crate) fn may_open_transaction(sql: &str) -> bool {
    sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .any(|word| OPENING.iter().any(|opening| word.eq_ignore_ascii_case(opening)))
}
