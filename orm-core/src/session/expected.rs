//! How many statements a part of a program may send: what a test says so that nobody adds one unseen.

use crate::Result;
use crate::session::unit::Listening;
use crate::session::{AsyncSession, Session};

impl Session {
    /// Runs a block and fails, with `ErrorKind::StatementCount`, if the session has sent another number of statements in it. For
    /// tests: the error lists them, each with the line of the call that sent it.
    ///
    /// ```text
    /// session.expect_statements(2, |session| {
    ///     for user in session.all(User::select().with(User::POSTS))? {
    ///         println!("{}: {} posts", session[user].name, session[user].posts.len());
    ///     }
    ///     Ok(())
    /// })?;
    /// ```
    ///
    /// A batch is one statement. BEGIN, COMMIT, ROLLBACK and savepoints are not counted, and neither is what goes over other
    /// sessions and connections. Blocks inside of blocks count as well. An error of the block itself is returned as it is.
    /// It costs a copy of the SQL of each statement; without a block a session has nothing to do for it.
    #[track_caller]
    pub fn expect_statements<T>(
        &mut self,
        count: usize,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let listening = Listening::new(self);
        let value = work(listening.session)?;
        listening.expect(count).map(|()| value)
    }
}

impl AsyncSession {
    /// Runs a block and fails, with `ErrorKind::StatementCount`, if the session has sent another number of statements in it. For
    /// tests: the error lists them, each with the line of the call that sent it.
    ///
    /// ```text
    /// session.expect_statements(2, async |session| {
    ///     for user in session.all(User::select().with(User::POSTS)).await? {
    ///         println!("{}: {} posts", session[user].name, session[user].posts.len());
    ///     }
    ///     Ok(())
    /// }).await?;
    /// ```
    ///
    /// A batch is one statement. BEGIN, COMMIT, ROLLBACK and savepoints are not counted, and neither is what goes over other
    /// sessions and connections. Blocks inside of blocks count as well. An error of the block itself is returned as it is.
    /// It costs a copy of the SQL of each statement; without a block a session has nothing to do for it.
    #[track_caller]
    pub fn expect_statements<T>(
        &mut self,
        count: usize,
        work: impl AsyncFnOnce(&mut Self) -> Result<T>,
    ) -> impl Future<Output = Result<T>> {
        let listening = Listening::new(self);
        async move {
            let value = work(listening.session).await?;
            listening.expect(count).map(|()| value)
        }
    }
}
