//! [ASY-5] The futures of an async session can be spawned on a runtime with several threads.

use orm::AsyncSession;
use orm_tests::prelude::*;

use crate::models::User;

fn sent<F: Future + Send>(_: F) {}

#[test]
fn futures_are_send() {
    fn futures(session: &mut AsyncSession, user: Entity<User>) {
        sent(session.flush());
        sent(session.commit());
        sent(session.rollback());
        sent(session.get::<User>(1));
        sent(session.all(User::select()));
        sent(session.first(User::select()));
        sent(session.one(User::select()));
        sent(session.rows(User::select()));
        sent(session.refresh(user));
        sent(session.load(user));
    }
    let _ = futures;
}

#[test]
fn engines_and_sessions_can_be_moved_between_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    fn moved<T: Send>() {}
    shared::<orm::Engine>();
    shared::<orm::AsyncEngine>();
    moved::<orm::Session>();
    moved::<AsyncSession>();
}
