//! Rows that others may not change before the transaction ends.

use orm::dialect::{Postgres, Sqlite};
use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

use crate::models::{Post, User};

/// [QRY-13] PostgreSQL has the clause, SQLite drops it.
#[test]
fn the_clause_is_dropped_where_rows_are_not_locked() {
    let all = User::select().limit(1);
    let plain = all.to_sql(&Postgres).unwrap();
    let of_users = || User::select().join(Post::AUTHOR.reverse()).for_update().of(User::entity());
    let cases = [
        (all.clone().for_update(), " FOR UPDATE"),
        (all.clone().for_no_key_update(), " FOR NO KEY UPDATE"),
        (all.clone().for_share().nowait(), " FOR SHARE NOWAIT"),
        (all.clone().for_key_share().skip_locked(), " FOR KEY SHARE SKIP LOCKED"),
    ];
    for (query, clause) in cases {
        assert_eq!(query.to_sql(&Postgres).unwrap(), format!("{plain}{clause}"));
        assert_eq!(query.to_sql(&Sqlite).unwrap(), all.to_sql(&Sqlite).unwrap());
    }
    assert!(of_users().to_sql(&Postgres).unwrap().ends_with(r#""id" FOR UPDATE OF "users""#));
    let other = of_users().of(User::alias("other"));
    for error in [other.to_sql(&Postgres).unwrap_err(), other.to_sql(&Sqlite).unwrap_err()] {
        assert_says(error, &["other", "join other first"]);
    }
    for query in [all.clone().nowait(), all.clone().skip_locked(), all.of(User::entity())] {
        assert_says(query.to_sql(&Sqlite).unwrap_err(), &["for_update()"]);
    }
}

#[both_forms]
mod locks {
    use crate::models::User;
    use orm_tests::Backend;
    use orm_tests::prelude::*;

    async fn people(db: &Db) -> (Session, [Entity<User>; 2]) {
        db.create::<User>().await;
        let mut session = db.session();
        let users = ["Alice", "Bob"].map(|name| session.add(User { age: Some(30), ..User::new(name) }));
        session.commit().await.unwrap();
        session.all(User::select()).await.unwrap();
        db.trace.take();
        (session, users)
    }

    /// [QRY-13] A load for update sends its statement though the identity is loaded, and refreshes its attributes.
    #[case]
    async fn a_load_for_update_reads_what_is_loaded(db: Db) {
        let (mut session, [alice, bob]) = people(&db).await;
        session.rollback().await.unwrap();
        session.all(User::select()).await.unwrap();
        let age = "UPDATE users SET age = age + 1";
        session.execute(text(age)).await.unwrap();
        db.trace.take();
        assert_eq!(session.get_for_update::<User>(1).await.unwrap(), Some(alice));
        let sent = db.trace.take_statements();
        let clause = if db.backend == Backend::Sqlite { "" } else { " FOR UPDATE" };
        let parameter = if db.backend == Backend::Postgres { "$1" } else { "?" };
        let select = r#"SELECT "id", "name", "age" FROM "users" WHERE "id" = "#;
        assert_eq!(sent, [format!("{select}{parameter}{clause}")]);
        assert_eq!((session[alice].age, session[bob].age), (Some(31), Some(30)));

        session.execute(text(age)).await.unwrap();
        assert_eq!(session.all(User::select().for_share().order_by(User::ID)).await.unwrap(), [alice, bob]);
        assert_eq!((session[alice].age, session[bob].age), (Some(32), Some(32)));

        session.execute(text(age)).await.unwrap();
        session[bob].age = Some(99);
        session.refresh_for_update(bob).await.unwrap();
        assert_eq!(session[bob].age, Some(33));
        assert_eq!(session.get_for_update::<User>(9).await.unwrap(), None);

        session.execute(text("DELETE FROM users WHERE id = 2")).await.unwrap();
        assert_eq!(session.refresh_for_update(bob).await.unwrap_err().kind(), ErrorKind::RowGone);
        assert_eq!(session.get_for_update::<User>(2).await.unwrap(), None);
        assert_eq!(session.get::<User>(2).await.unwrap(), None);
        // SQLite numbers on from the highest key there is.
        let next = if db.backend == Backend::Sqlite { 2 } else { 3 };
        let added = session.add(User::new("Carol"));
        assert_eq!(session.get_for_update::<User>(next).await.unwrap(), Some(added));
    }

    /// [QRY-13] [R4] A locked row is waited for, skipped or reported. SQLite locks the database where a transaction begins so.
    #[case]
    async fn a_locked_row_is_skipped_or_reported(db: Db) {
        let (mut session, [alice, _]) = people(&db).await;
        session.rollback().await.unwrap();
        session.one(User::select().filter(User::ID.eq(1)).for_update()).await.unwrap();
        if db.backend == Backend::Sqlite {
            assert_eq!(db.trace.take().iter().filter(|line| line.starts_with("BEGIN")).count(), 1);
            let busy = if db.database.url.contains('?') { "&" } else { "?" };
            let other = Engine::open(&format!("{}{busy}statement_timeout=0.1", db.database.url)).unwrap();
            let mut other = other.session();
            let error = other.all(User::select().for_update()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::LockTimeout, "{error}");
            session.commit().await.unwrap();
            other.rollback().await.unwrap();
            assert_eq!(other.all(User::select().for_update().nowait()).await.unwrap().len(), 2);
            return;
        }
        let mut other = db.session();
        let free = other.rows(User::select().for_update().skip_locked()).await.unwrap();
        assert_eq!(free.iter().map(|user| user.id).collect::<Vec<_>>(), [2]);
        let error = other.all(User::select().for_update().nowait()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LockTimeout, "{error}");
        other.rollback().await.unwrap();
        assert_eq!(other.all(User::select()).await.unwrap().len(), 2);
        session[alice].age = Some(31);
        session.commit().await.unwrap();
        let mut locked = other.stream(User::select().order_by(User::ID).for_update(), 1).await.unwrap();
        let first = locked.next().await.unwrap().unwrap()[0];
        assert_eq!(locked[first].age, Some(31));
    }
}
