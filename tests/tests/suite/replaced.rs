//! An entity is deleted and another one with its key is added, before the flush: its row is updated.

use orm_tests::prelude::*;
use orm_tests::{assert_says, assert_statements, both_forms};

use crate::models::{Account, Address, Entry, Node, Pair, Post, User};

fn user(id: i64, name: &str, age: i32) -> User {
    User { id, name: name.to_owned(), age: Some(age) }
}

/// Has a reference in its key.
#[derive(Model, Debug)]
#[model(table = "order_lines")]
struct Line {
    #[model(key)]
    account: BelongsTo<Account>,
    #[model(key)]
    number: i32,
    quantity: i32,
}

#[both_forms]
mod replaced {
    use super::*;

    /// [FLU-15]
    #[case]
    async fn the_row_is_updated_where_it_differs(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let old = session.add(user(0, "Alice", 30));
        session.commit().await.unwrap();
        db.trace.take();

        session.delete(old).unwrap();
        let new = session.add(user(1, "Alice", 31));
        session.flush().await.unwrap();
        assert_statements(&db.trace.take_statements(), &["UPDATE users SET age = ? WHERE id = ?"]);
        assert!(session.contains(new) && !session.contains(old));
        assert_eq!(session.get::<User>(1).await.unwrap(), Some(new));

        session.commit().await.unwrap();
        assert_eq!(session.try_get(old).unwrap_err().kind(), ErrorKind::Detached);
        assert_eq!(session.rows(User::select()).await.unwrap(), [user(1, "Alice", 31)]);
        session[new].age = None;
        session.commit().await.unwrap();
        assert_eq!(session.rows(User::select()).await.unwrap()[0].age, None);
    }

    /// [FLU-15] In whatever order it was asked for.
    #[case]
    async fn the_new_one_may_be_added_first(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let old = session.add(user(0, "Alice", 30));
        session.flush().await.unwrap();
        db.trace.take();
        let new = session.add(user(1, "Al", 30));
        session.delete(old).unwrap();
        session.commit().await.unwrap();
        assert_statements(&db.trace.take_statements(), &["UPDATE users SET name = ? WHERE id = ?"]);
        assert_eq!(session[new].name, "Al");
    }

    /// [FLU-15]
    #[case]
    async fn an_equal_row_is_not_written(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let old = session.add(user(0, "Alice", 30));
        session.flush().await.unwrap();
        db.trace.take();
        session.delete(old).unwrap();
        let new = session.add(user(1, "Alice", 30));
        session.flush().await.unwrap();
        assert!(db.trace.take_statements().is_empty());
        assert_eq!(session.get::<User>(1).await.unwrap(), Some(new));
        session.delete(new).unwrap();
        session.commit().await.unwrap();
        assert!(session.rows(User::select()).await.unwrap().is_empty());
    }

    /// [FLU-15] Compared with the row, not with what was changed and not flushed.
    #[case]
    async fn changes_of_the_old_one_are_not_compared_with(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let old = session.add(user(0, "Alice", 30));
        session.flush().await.unwrap();
        db.trace.take();
        session[old].name = "Al".to_owned();
        session.delete(old).unwrap();
        let new = session.add(user(1, "Al", 30));
        session.flush().await.unwrap();
        assert_statements(&db.trace.take_statements(), &["UPDATE users SET name = ? WHERE id = ?"]);
        session.rollback().await.unwrap();
        assert!(!session.contains(old) && !session.contains(new), "neither was committed");
    }

    /// [FLU-15]
    #[case]
    async fn all_columns_are_written_over_a_row_that_is_not_known(db: Db) {
        db.create::<(User, Pair)>().await;
        db.script("INSERT INTO users (name, age) VALUES ('Alice', 30), ('Bob', 40)").await;
        db.script("INSERT INTO pairs (a, b) VALUES (1, 'b')").await;
        let mut session = db.session();
        let expired = session.get_one::<User>(1).await.unwrap();
        session.expire(expired).unwrap();
        let stand_in = session.reference::<User>(2).unwrap();
        let pair = session.reference::<Pair>((1, "b".to_owned())).unwrap();
        db.trace.take();
        session.delete(stand_in).unwrap();
        session.delete(expired).unwrap();
        session.delete(pair).unwrap();
        let new = [user(2, "B", 4), user(1, "A", 3)].map(|user| session.add(user));
        session.add(Pair { data: Some("d".to_owned()), ..Pair::new(1, "b") });
        session.commit().await.unwrap();
        let statements = db.trace.take_statements();
        let expected = match db.backend {
            orm_tests::Backend::Sqlite | orm_tests::Backend::MariaDb | orm_tests::Backend::MySql => {
                "UPDATE users SET name = ?, age = ? WHERE id = ? -- 2 rows"
            }
            orm_tests::Backend::Postgres => {
                "UPDATE users AS t SET name = v.c0, age = v.c1 FROM unnest(?::text[], ?::integer[], ?::bigint[]) AS v(c0, c1, k0) WHERE t.id = v.k0 -- 2 rows"
            }
        };
        assert_statements(&statements, &[expected, "UPDATE pairs SET data = ? WHERE a = ? AND b = ?"]);
        assert_eq!((session[new[0]].id, session[new[1]].id), (2, 1));
        let rows = session.rows(User::select().order_by(User::ID.asc())).await.unwrap();
        assert_eq!(rows, [user(1, "A", 3), user(2, "B", 4)]);
    }

    /// [FLU-15, COM-3]
    #[case]
    async fn a_rollback_brings_the_old_one_back(db: Db) {
        db.create::<(User, Account)>().await;
        let mut session = db.session();
        let old = session.add(user(0, "Alice", 30));
        let old_account = session.add(Account::new("x", 1));
        session.commit().await.unwrap();

        session.delete(old).unwrap();
        session.delete(old_account).unwrap();
        let new = session.add(user(1, "Bob", 31));
        let same = session.add(Account::new("x", 1));
        session.flush().await.unwrap();
        assert_says(session.try_get(old).unwrap_err(), &["with key 1", "deleted"]);
        session.rollback().await.unwrap();
        assert!(session.contains(old) && session.contains(old_account));
        assert!(!session.contains(new) && !session.contains(same));
        assert_eq!(session[old].name, "Alice");
        assert_eq!(session.get::<User>(1).await.unwrap(), Some(old));
        assert_eq!((session[new].id, session[new].name.as_str()), (1, "Bob"));

        // The transient one can be added again.
        session.delete(old).unwrap();
        let bob = session.detach(new).unwrap();
        let bob = session.add(bob);
        session.commit().await.unwrap();
        assert_eq!(session.get::<User>(1).await.unwrap(), Some(bob));
        assert_eq!(session.rows(User::select()).await.unwrap(), [user(1, "Bob", 31)]);
    }

    /// [FLU-15, COM-5]
    #[case]
    async fn a_savepoint_brings_the_old_one_back(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let old = session.add(user(0, "Alice", 30));
        let mut nested = session.begin_nested().await.unwrap();
        nested.delete(old).unwrap();
        let new = nested.add(user(1, "Bob", 31));
        nested.flush().await.unwrap();
        assert!(nested.contains(new) && !nested.contains(old));
        nested.rollback().await.unwrap();
        assert!(session.contains(old) && !session.contains(new));
        session[old].age = Some(32);
        session.commit().await.unwrap();
        assert_eq!(session.rows(User::select()).await.unwrap(), [user(1, "Alice", 32)]);

        let mut nested = session.begin_nested().await.unwrap();
        nested.delete(old).unwrap();
        let new = nested.add(user(1, "Bob", 31));
        nested.commit().await.unwrap();
        session.rollback().await.unwrap();
        assert!(session.contains(old) && !session.contains(new));
    }

    /// [FLU-15] References to either are references to the row.
    #[case]
    async fn references_follow_the_row(db: Db) {
        db.create::<(Post, Address, Entry)>().await;
        let mut session = db.session();
        let old = session.add(user(0, "Alice", 30));
        let account = session.add(Account::new("x", 1));
        session.commit().await.unwrap();
        db.trace.take();
        session.delete(old).unwrap();
        session.delete(account).unwrap();
        let to_old = session.add(Post::new("a", old));
        let new = session.add(user(1, "Bob", 30));
        let to_new = session.add(Post::new("b", new));
        let account = session.add(Account::new("x", 2));
        let entry = session.add(Entry::new(account, 5));
        session.commit().await.unwrap();
        let statements = db.trace.take_statements();
        assert_eq!(statements.iter().filter(|sql| sql.starts_with("UPDATE")).count(), 2, "{statements:?}");
        assert_eq!(statements.len(), 4, "{statements:?}");
        assert_eq!(session[to_old].author.get(), Some(&1));
        assert_eq!(session[to_new].author.get(), Some(&1));
        assert_eq!(session[entry].account.get().map(String::as_str), Some("x"));
    }

    /// [FLU-15] A key that is part of another row's key.
    #[case]
    async fn a_key_with_a_reference_in_it_is_found(db: Db) {
        db.create::<Line>().await;
        let mut session = db.session();
        let account = session.add(Account::new("x", 1));
        let line = session.add(Line::new(account, 1, 10));
        session.commit().await.unwrap();
        db.trace.take();
        session.delete(line).unwrap();
        session.delete(account).unwrap();
        let account = session.add(Account::new("x", 2));
        let line = session.add(Line::new(account, 1, 11));
        session.commit().await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &[
                "UPDATE accounts SET balance = ? WHERE code = ?",
                "UPDATE order_lines SET quantity = ? WHERE account_id = ? AND number = ?",
            ],
        );
        assert_eq!(session[line].quantity, 11);
        assert_eq!(session.rows(Line::select()).await.unwrap().len(), 1);
    }

    /// [FLU-15] A new row that the new one refers to has its key first, also in the same table.
    #[case]
    async fn what_it_waits_for_goes_first(db: Db) {
        db.create::<Node>().await;
        let mut session = db.session();
        let old = session.add(Node { id: 7, data: "old".to_owned(), parent: None });
        session.commit().await.unwrap();
        db.trace.take();
        session.delete(old).unwrap();
        let parent = session.add(Node::new("parent"));
        let new = session.add(Node { id: 7, data: "old".to_owned(), parent: parent.into() });
        let child = session.add(Node { parent: new.into(), ..Node::new("child") });
        session.commit().await.unwrap();
        let statements = db.trace.take_statements();
        assert_statements(&statements[1..], &["UPDATE nodes SET parent_id = ? WHERE id = ?"]);
        assert_eq!(statements.len(), 2, "{statements:?}");
        assert_eq!(session[new].parent.as_ref().unwrap().get(), Some(&session[parent].id));
        assert_eq!(session[child].parent.as_ref().unwrap().get(), Some(&7));
    }

    /// [FLU-15] Others are still deleted, and inserted.
    #[case]
    async fn others_of_the_flush_are_as_ever(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let users = session.add_all([user(0, "a", 1), user(0, "b", 2), user(0, "c", 3)]);
        session.commit().await.unwrap();
        db.trace.take();
        users.iter().for_each(|&user| session.delete(user).unwrap());
        session.add(user(9, "i", 9));
        session.add(user(2, "B", 2));
        session.commit().await.unwrap();
        let statements = db.trace.take_statements();
        let verbs: Vec<_> = statements.iter().map(|sql| sql.split(' ').next().unwrap()).collect();
        assert_eq!(verbs, ["UPDATE", "INSERT", "DELETE"]);
        let rows = session.rows(User::select().order_by(User::ID.asc())).await.unwrap();
        assert_eq!(rows, [user(2, "B", 2), user(9, "i", 9)]);
    }

    /// [FLU-15] One row is one entity's.
    #[case]
    async fn two_new_ones_for_one_row_are_refused(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let old = session.add(user(0, "a", 1));
        session.commit().await.unwrap();
        session.delete(old).unwrap();
        session.add(user(1, "b", 1));
        session.add(user(1, "c", 1));
        let error = session.flush().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IdentityConflict);
        assert_says(error, &["User", "with key 1"]);
    }

    /// [FLU-15, FLU-14] The row may be gone.
    #[case]
    async fn a_row_that_is_gone_is_stale_data(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let old = session.add(user(0, "a", 1));
        session.commit().await.unwrap();
        db.script("DELETE FROM users").await;
        session.delete(old).unwrap();
        session.add(user(1, "b", 1));
        let error = session.flush().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StaleData);
        assert_says(error, &["users", "1 row ", "0"]);
        session.rollback().await.unwrap();
        assert!(session.contains(old));
    }
}
