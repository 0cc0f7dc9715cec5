//! Where a session is easily wrong: entities that leave in the middle of a transaction, keys that change hands, rows that
//! somebody else took away. Each case was a bug once, here or elsewhere.

use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

use crate::models::{Account, Entry, Flag, Head, Node, Post, Tail, User};

#[both_forms]
mod edges {
    use super::*;

    /// What a detached entity did is not undone on whoever comes after it.
    #[case]
    async fn a_detached_entity_leaves_nothing_to_undo(db: Db) {
        db.create::<(User, Account)>().await;
        db.script("INSERT INTO users (name, age) VALUES ('Alice', 30), ('Bob', 25)").await;
        db.script("INSERT INTO accounts (code, balance) VALUES ('a', 1), ('b', 2)").await;
        let mut session = db.session();
        let alice = session.get::<User>(1).await.unwrap().unwrap();
        session[alice].age = Some(31);
        session.detach(alice).unwrap();
        let bob = session.get::<User>(2).await.unwrap().unwrap();
        let a = session.get::<Account>("a").await.unwrap().unwrap();
        session[a].code = "a2".to_owned();
        session.flush().await.unwrap();
        session.detach(a).unwrap();
        let b = session.get::<Account>("b").await.unwrap().unwrap();
        session.rollback().await.unwrap();

        assert_eq!(session[bob].name, "Bob");
        session[b].balance = 99;
        session.commit().await.unwrap();
        let accounts = session.rows(Account::select().order_by(Account::CODE.asc())).await.unwrap();
        let accounts: Vec<_> = accounts.iter().map(|row| (row.code.as_str(), row.balance)).collect();
        assert_eq!(accounts, [("a", 1), ("b", 99)]);
        let again = session.get::<Account>("a").await.unwrap().unwrap();
        assert_eq!(session[again].balance, 1);
    }

    /// A row of this transaction that was detached and met again is gone after the rollback.
    #[case]
    async fn a_row_met_again_does_not_survive_the_rollback(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let user = session.add(User::new("tmp"));
        session.flush().await.unwrap();
        session.detach(user).unwrap();
        let again = session.get::<User>(1).await.unwrap().unwrap();
        session.rollback().await.unwrap();
        assert_eq!(session.try_get(again).unwrap_err().kind(), ErrorKind::Expired);
        assert_eq!(session.load(again).await.unwrap_err().kind(), ErrorKind::RowGone);
        assert_eq!(session.get::<User>(1).await.unwrap(), None);
    }

    /// What refers to a row whose entity has left keeps the row's key, whatever is rolled back.
    #[case]
    async fn a_key_outlives_the_entity_that_had_it(db: Db) {
        db.create::<(User, Post)>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        let first = session.add(Post::new("first", alice));
        session.commit().await.unwrap();
        session.load(first).await.unwrap();
        let mut copy = session.detach(first).unwrap();
        copy.id = 0;
        let second = session.add(copy);
        session.detach(alice).unwrap();
        session.rollback().await.unwrap();
        assert_eq!(session[second].author.get(), Some(&1));
    }

    /// A row that cannot be read takes no slot, and no handle comes back to life.
    #[case]
    async fn an_unreadable_row_leaves_no_trace(db: Db) {
        db.script("CREATE TABLE users (id BIGINT, name TEXT, age BIGINT)").await;
        db.script("INSERT INTO users (id, name, age) VALUES (1, 'Alice', 1), (2, 'Bob', 4000000000), (3, 'Carol', 3)").await;
        let mut session = db.session();
        let alice = session.get::<User>(1).await.unwrap().unwrap();
        session[alice].age = Some(5);
        session.detach(alice).unwrap();
        assert_eq!(session.get::<User>(2).await.unwrap_err().kind(), ErrorKind::Decode);
        let carol = session.get::<User>(3).await.unwrap().unwrap();
        assert_ne!(alice, carol);
        assert!(session.try_get(alice).is_err());
        session.rollback().await.unwrap();
        assert_eq!(session[carol].name, "Carol");
    }

    /// A deletion does not hit the new row that was given the deleted row's number.
    #[case(sqlite)]
    async fn a_deletion_spares_a_new_row_of_the_same_number(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        db.script("DELETE FROM users").await;
        session.delete(alice).unwrap();
        let bob = session.add(User::new("Bob"));
        session.commit().await.unwrap();
        assert!(session.contains(bob) && !session.contains(alice));
        assert_eq!(session.rows(User::select()).await.unwrap()[0].name, "Bob");
    }

    /// Nor a row that took over its key, nor is that one's change lost.
    #[case]
    async fn a_key_taken_over_from_a_row_that_is_gone(db: Db) {
        db.create::<Account>().await;
        db.script("INSERT INTO accounts (code, balance) VALUES ('a', 1), ('b', 2), ('c', 3)").await;
        let mut session = db.session();
        let accounts = session.all(Account::select().order_by(Account::CODE.asc())).await.unwrap();
        let (a, b, c) = (accounts[0], accounts[1], accounts[2]);
        session.commit().await.unwrap();
        db.script("DELETE FROM accounts WHERE code IN ('b', 'c')").await;
        session.delete(b).unwrap();
        session[a].code = "b".to_owned();
        session.flush().await.unwrap();
        assert_eq!(session.get::<Account>("b").await.unwrap(), Some(a));
        session[a].code = "c".to_owned();
        session.flush().await.unwrap();
        assert_eq!(session.get::<Account>("c").await.unwrap(), Some(a));
        assert!(!session.contains(b) && !session.contains(c));
        session.rollback().await.unwrap();
        assert!([a, b, c].into_iter().all(|account| session.contains(account)));
        assert_eq!(session.get::<Account>("a").await.unwrap(), Some(a));
    }

    /// A row refers to the key that its target gets in the same flush.
    #[case]
    async fn a_reference_follows_a_key_that_changes_in_the_same_flush(db: Db) {
        db.create::<Entry>().await;
        db.script("INSERT INTO accounts (code, balance) VALUES ('a', 1), ('c', 2)").await;
        let mut session = db.session();
        let first = session.get::<Account>("a").await.unwrap().unwrap();
        let second = session.get::<Account>("c").await.unwrap().unwrap();
        session[first].code = "b".to_owned();
        session[second].code = "z".to_owned();
        let entry = session.add(Entry::new(first, 5));
        session.commit().await.unwrap();
        assert_eq!(session[entry].account.get().unwrap(), "b");
        assert_eq!(session.rows(Entry::select()).await.unwrap()[0].account.get().unwrap(), "b");
    }

    /// Keys are handed on along a row of entities in one batch, and handed back by the rollback.
    #[case]
    async fn keys_are_handed_on_and_back(db: Db) {
        db.create::<Account>().await;
        let mut session = db.session();
        let accounts = session.add_all((1..=3).map(|number| Account::new(format!("{number}"), number)));
        session.commit().await.unwrap();
        for (&account, code) in accounts.iter().zip(["0", "1", "2"]) {
            session[account].code = code.to_owned();
        }
        session.flush().await.unwrap();
        assert_eq!(session.get::<Account>("1").await.unwrap(), Some(accounts[1]));
        session.rollback().await.unwrap();
        for (&account, code) in accounts.iter().zip(["1", "2", "3"]) {
            assert_eq!(session.get::<Account>(code).await.unwrap(), Some(account));
        }
    }

    /// [FLU-8] for keys: an update frees the key that a new row takes.
    #[case]
    async fn a_new_row_takes_a_key_that_an_update_frees(db: Db) {
        db.create::<Account>().await;
        db.script("INSERT INTO accounts (code, balance) VALUES ('a', 1)").await;
        let mut session = db.session();
        let old = session.get::<Account>("a").await.unwrap().unwrap();
        session[old].code = "b".to_owned();
        let new = session.add(Account::new("a", 7));
        session.commit().await.unwrap();
        assert_eq!(session.get::<Account>("a").await.unwrap(), Some(new));
        assert_eq!(session.get::<Account>("b").await.unwrap(), Some(old));

        session.add(Account::new("a", 8));
        let error = session.flush().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IdentityConflict);
        assert_says(error, &["change that one instead"]);
    }

    /// [A2] Writing one column of a stale entity does not make the others fresh.
    #[case]
    async fn a_written_entity_stays_stale(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        db.script("UPDATE users SET name = 'Alicia'").await;
        session[alice].age = Some(31);
        session.all(User::select()).await.unwrap();
        assert_eq!((session[alice].name.as_str(), session[alice].age), ("Alicia", Some(31)));
    }

    /// A refresh that fails before it reads does not show dropped changes as clean.
    #[case]
    async fn a_failed_refresh_drops_the_changes_it_was_to_drop(db: Db) {
        db.create::<(User, Account)>().await;
        db.script("INSERT INTO users (name, age) VALUES ('Alice', 30), ('Bob', 1)").await;
        db.script("INSERT INTO accounts (code, balance) VALUES ('a', 1)").await;
        let mut session = db.session();
        let alice = session.get::<User>(1).await.unwrap().unwrap();
        let bob = session.get::<User>(2).await.unwrap().unwrap();
        session.get::<Account>("a").await.unwrap().unwrap();
        session[alice].name = "nul\0".to_owned();
        session[alice].age = Some(99);
        let twin = session.add(Account::new("a", 2));
        assert_eq!(session.refresh(alice).await.unwrap_err().kind(), ErrorKind::IdentityConflict);
        session.detach(twin).unwrap();
        assert_eq!((session[alice].name.as_str(), session[alice].age), ("Alice", Some(30)));
        session[bob].age = Some(50);
        session[alice].age = Some(1);
        session.rollback().await.unwrap();
        assert_eq!((session[alice].age, session[bob].age), (Some(30), Some(1)));
    }

    /// A key of several columns with a bool in it, which SQLite keeps as a number.
    #[case]
    async fn a_bool_in_a_key(db: Db) {
        db.create::<Flag>().await;
        let mut session = db.session();
        let flag = session.add(Flag::new(1, true, "x"));
        session.commit().await.unwrap();
        assert_eq!(session.all(Flag::select()).await.unwrap(), [flag]);
        assert_eq!(session.get::<Flag>((1, true)).await.unwrap(), Some(flag));
        session[flag].text = "y".to_owned();
        session.commit().await.unwrap();
    }

    /// Deletes go by what the rows refer to, not by what was changed and never written.
    #[case]
    async fn deletes_follow_the_rows(db: Db) {
        db.create::<Node>().await;
        let mut session = db.session();
        let root = session.add(Node::new("root"));
        let leaf = session.add(Node { parent: root.into(), ..Node::new("leaf") });
        session.commit().await.unwrap();
        session[leaf].parent = None;
        session[root].parent = leaf.into();
        session.delete(root).unwrap();
        session.delete(leaf).unwrap();
        session.commit().await.unwrap();
        assert!(session.rows(Node::select()).await.unwrap().is_empty());
    }

    /// [CYC-3] Rows that refer to each other let go of each other before they are deleted.
    #[case]
    async fn circles_are_deleted(db: Db) {
        db.create::<(Node, Head, Tail)>().await;
        let mut session = db.session();
        let a = session.add(Node::new("a"));
        let b = session.add(Node { parent: a.into(), ..Node::new("b") });
        session[a].parent = b.into();
        let head = session.add(Head::new("h"));
        let tail = session.add(Tail::new(head));
        session[head].tail = tail.into();
        session.commit().await.unwrap();
        session.delete(a).unwrap();
        session.delete(b).unwrap();
        session.delete(head).unwrap();
        session.delete(tail).unwrap();
        session.commit().await.unwrap();
        assert!(session.rows(Node::select()).await.unwrap().is_empty());
        assert!(session.rows(Head::select()).await.unwrap().is_empty());
    }

    /// A node that refers to itself costs its children nothing.
    #[case]
    async fn only_what_is_in_a_circle_is_cut(db: Db) {
        db.create::<Node>().await;
        let mut session = db.session();
        let own = session.add(Node::new("own"));
        session[own].parent = own.into();
        session.add_all((0..3).map(|number| Node { parent: own.into(), ..Node::new(format!("{number}")) }));
        session.commit().await.unwrap();
        let updates = db.trace.take_statements().iter().filter(|line| line.starts_with("UPDATE")).count();
        assert_eq!(updates, 1);
    }

    /// [IDM-3] `expire_all` does not call off a deletion.
    #[case]
    async fn a_deletion_stands_when_its_entity_is_expired(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let users = session.add_all([User::new("Alice"), User::new("Bob")]);
        session.commit().await.unwrap();
        for &user in &users {
            session.delete(user).unwrap();
        }
        session.expire(users[0]).unwrap();
        session.expire_all();
        session.commit().await.unwrap();
        assert!(session.rows(User::select()).await.unwrap().is_empty());
    }

    /// A child that was rolled back with its parent does not keep the parent's number, which is another's by now.
    #[case]
    async fn a_child_added_again_does_not_keep_a_key_that_never_was(db: Db) {
        db.create::<Post>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        let post = session.add(Post::new("by Alice", alice));
        session.flush().await.unwrap();
        session.rollback().await.unwrap();
        db.script("INSERT INTO users (id, name) VALUES (1, 'Mallory')").await;
        assert_eq!(session[post].author.get(), None);
        let post = session.detach(post).unwrap();
        session.add(post);
        assert_eq!(session.commit().await.unwrap_err().kind(), ErrorKind::Detached);
    }

    /// An entity that is deleted need not have its references in order.
    #[case]
    async fn a_deleted_entity_may_refer_to_nothing(db: Db) {
        db.create::<Post>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        let post = session.add(Post::new("by Alice", alice));
        session.commit().await.unwrap();
        let other = session.add(User::new("Other"));
        session[post].author = other.into();
        session.detach(other).unwrap();
        session.delete(post).unwrap();
        session.commit().await.unwrap();
        assert!(session.rows(Post::select()).await.unwrap().is_empty());
    }

    /// A transaction that has read cannot wait for a writer: it is told at once that it may try again.
    #[case(sqlite)]
    async fn a_reader_beside_a_writer_may_try_again(db: Db) {
        db.create::<User>().await;
        let (mut one, mut two) = (db.session(), db.session());
        one.all(User::select()).await.unwrap();
        two.add(User::new("Carol"));
        two.flush().await.unwrap();
        one.add(User::new("Dave"));
        assert!(one.flush().await.unwrap_err().is_serialization_failure());
        two.commit().await.unwrap();
        one.rollback().await.unwrap();
        one.add(User::new("Dave"));
        one.commit().await.unwrap();
    }

    /// `first` asks for one row, and for none if the query says so.
    #[case]
    async fn first_keeps_a_smaller_limit(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        session.add(User::new("Alice"));
        assert_eq!(session.first(User::select().limit(0)).await.unwrap(), None);
        assert!(session.first(User::select().limit(9)).await.unwrap().is_some());
    }

    /// Options at their limits.
    #[case]
    async fn extreme_options_are_no_trap(db: Db) {
        db.create::<User>().await;
        let builder = Engine::builder(&db.database.url).unwrap();
        let engine = builder.pool_timeout(std::time::Duration::MAX).max_overflow(usize::MAX).open();
        assert!(engine.session().rows(User::select()).await.unwrap().is_empty());
    }

    /// [ENG-7] Idle connections that the server has closed are not lent.
    #[case(postgres, mariadb, mysql)]
    async fn idle_connections_that_are_closed_are_not_lent(db: Db) {
        db.create::<User>().await;
        let mut sessions = [db.session(), db.session(), db.session()];
        for session in &mut sessions {
            session.rows(User::select()).await.unwrap();
        }
        drop(sessions);
        db.end_connections().await;
        let mut failed = 0;
        for _ in 0..4 {
            failed += usize::from(db.session().rows(User::select()).await.is_err());
        }
        // In blocking form nobody looks at an idle connection, so each one fails once.
        assert!(failed <= 3, "{failed} calls failed");
        assert!(db.session().rows(User::select()).await.unwrap().is_empty());
    }
}
