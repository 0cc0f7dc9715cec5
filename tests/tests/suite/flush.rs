//! What a flush writes, in which order, in how many statements.

use orm_tests::prelude::*;
use orm_tests::{Backend, assert_says, assert_statements, both_forms};

use crate::models::{Account, Address, Post, User};

#[both_forms]
mod flush {
    use super::*;

    /// [FLU-1]
    #[case]
    async fn nothing_to_write_sends_nothing(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        session.flush().await.unwrap();
        session.commit().await.unwrap();
        assert!(db.trace.take().is_empty());
    }

    /// [FLU-2]
    #[case]
    async fn an_update_names_the_changed_column_alone(db: Db) {
        db.create::<User>().await;
        db.script("INSERT INTO users (name, age) VALUES ('Alice', 30), ('Bob', 25)").await;
        let mut session = db.session();
        let users = session.all(User::select().order_by(User::ID.asc())).await.unwrap();
        db.trace.take();
        session[users[0]].age = Some(31);
        session.commit().await.unwrap();
        let statements = db.trace.take();
        assert_statements(&statements, &["UPDATE users SET age = ? WHERE id = ?", "COMMIT"]);
        let rows = session.rows(User::select().order_by(User::ID.asc())).await.unwrap();
        assert_eq!((rows[0].age, rows[1].age), (Some(31), Some(25)));
    }

    /// [FLU-3]
    #[case]
    async fn equal_values_are_no_change(db: Db) {
        db.create::<User>().await;
        db.script("INSERT INTO users (name, age) VALUES ('Alice', 30)").await;
        let mut session = db.session();
        let alice = session.get::<User>(1).await.unwrap().unwrap();
        db.trace.take();
        session[alice].name = "Alice".to_owned();
        session[alice].age = Some(31);
        session[alice].age = Some(30);
        session.flush().await.unwrap();
        assert!(db.trace.take().is_empty());
        session[alice].age = None;
        session.flush().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 1);
    }

    /// [FLU-4]
    #[case]
    async fn parents_come_first_and_children_carry_their_keys(db: Db) {
        db.create::<Post>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        let bob = session.add(User::new("Bob"));
        let posts = session.add_all([Post::new("b", bob), Post::new("a", alice), Post::new("bb", bob)]);
        session.commit().await.unwrap();
        assert_eq!(session[posts[1]].author.get(), Some(&session[alice].id));
        let statements = db.trace.take();
        match db.backend {
            Backend::Sqlite | Backend::MySql => assert_statements(
                &statements,
                &[
                    "BEGIN",
                    "INSERT INTO users (name, age) VALUES (?, ?) -- 2 rows",
                    "INSERT INTO posts (title, author_id) VALUES (?, ?) -- 3 rows",
                    "COMMIT",
                ],
            ),
            Backend::MariaDb => assert_statements(
                &statements,
                &[
                    "BEGIN",
                    "INSERT INTO users (name, age) VALUES (?, ?) RETURNING id -- 2 rows",
                    "INSERT INTO posts (title, author_id) VALUES (?, ?) RETURNING id -- 3 rows",
                    "COMMIT",
                ],
            ),
            Backend::Postgres => assert_statements(
                &statements,
                &[
                    "BEGIN",
                    "INSERT INTO users (name, age) SELECT v.c0, v.c1 FROM unnest(?::text[], ?::integer[]) WITH ORDINALITY AS v(c0, c1, n) ORDER BY v.n RETURNING id -- 2 rows",
                    "INSERT INTO posts (title, author_id) SELECT v.c0, v.c1 FROM unnest(?::text[], ?::bigint[]) WITH ORDINALITY AS v(c0, c1, n) ORDER BY v.n RETURNING id -- 3 rows",
                    "COMMIT",
                ],
            ),
        }
        let rows = session.rows(Post::select().order_by(Post::ID.asc())).await.unwrap();
        let authors: Vec<_> = rows.iter().map(|post| *post.author.get().unwrap()).collect();
        assert_eq!(authors, [session[bob].id, session[alice].id, session[bob].id]);
    }

    /// [FLU-5]
    #[case]
    async fn rows_with_keys_of_their_own_are_one_batch(db: Db) {
        db.create::<Account>().await;
        let mut session = db.session();
        session.add_all((0..100).map(|number| Account::new(format!("{number:03}"), number)));
        session.commit().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 1);
        assert_eq!(session.rows(Account::select()).await.unwrap().len(), 100);
    }

    /// [FLU-6]
    #[case]
    async fn each_new_row_gets_its_own_key(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        // Names in an order that no index and no sort would give.
        let name = |number: i64| format!("{:05}", (number * 7919) % 5003);
        let users = session.add_all((0..5000).map(|number| User::new(name(number))));
        session.commit().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 1);
        let rows = session.rows(User::select().order_by(User::ID.asc())).await.unwrap();
        assert_eq!(rows.len(), 5000);
        for row in rows {
            let entity = users[usize::try_from(row.id - 1).unwrap()];
            assert_eq!((session[entity].id, &session[entity].name), (row.id, &row.name));
        }
    }

    /// A sequence that counts down, or a trigger that makes up keys, hands out keys that could not be told apart from those in another order.
    #[case(postgres, mariadb, mysql)]
    async fn keys_that_do_not_grow_are_refused(db: Db) {
        db.create::<User>().await;
        db.script(match db.backend {
            Backend::MariaDb | Backend::MySql => {
                "CREATE TRIGGER down BEFORE INSERT ON users FOR EACH ROW SET NEW.id = 101 - length(NEW.name)"
            }
            _ => "ALTER TABLE users ALTER COLUMN id SET INCREMENT BY -1 SET MINVALUE -1000 RESTART WITH 100",
        })
        .await;
        let mut session = db.session();
        let one = session.add(User::new("1"));
        session.commit().await.unwrap();
        assert_eq!(session[one].id, 100, "a row on its own is certain");
        session.add_all(["22", "333", "4444"].map(User::new));
        let error = session.commit().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_says(error, &["User", "do not grow"]);
        session.rollback().await.unwrap();
        assert_eq!(session.rows(User::select()).await.unwrap().len(), 1);
    }

    /// [R3] The observer sees text, sets and values, and steps that were taken.
    #[case]
    async fn the_observer_sees_what_was_sent(db: Db) {
        db.create::<User>().await;
        let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let events = seen.clone();
        let observe = move |event: &orm::Event<'_>| {
            let line = match event {
                orm::Event::Statement(sent) => {
                    let last = sent.sets().checked_sub(1).and_then(|set| sent.value(set, 0));
                    assert_eq!(sent.value(sent.sets(), 0), None);
                    format!("{} sets of {}, {:?}", sent.sets(), sent.width(), last)
                }
                orm::Event::Connect(_) => return,
                step => step.to_string(),
            };
            events.lock().unwrap().push(line);
        };
        let engine = Engine::builder(&db.database.url).unwrap().observe(observe).open();
        let mut session = engine.session();
        session.add_all(["Alice", "Bob"].map(User::new));
        session.commit().await.unwrap();
        session.all(User::select().filter(User::NAME.eq("Bob"))).await.unwrap();
        session.rollback().await.unwrap();
        let expected = [
            "BEGIN",
            "2 sets of 2, Some(Text(\"Bob\"))",
            "COMMIT",
            "BEGIN",
            "1 sets of 1, Some(Text(\"Bob\"))",
            "ROLLBACK",
        ];
        assert_eq!(*seen.lock().unwrap(), expected);
    }

    /// Keys that the program gives go beside keys that the database gives.
    #[case]
    async fn a_given_key_is_kept(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let free = session.add(User::new("Alice"));
        let given = session.add(User { id: 1000, ..User::new("Bob") });
        session.commit().await.unwrap();
        assert_eq!((session[free].id, session[given].id), (1, 1000));
        assert_eq!(db.trace.take_statements().len(), 2);
        assert_eq!(session.get::<User>(1000).await.unwrap(), Some(given));
    }

    /// [FLU-7]
    #[case]
    async fn updates_of_the_same_columns_are_one_batch(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let users = session.add_all((0..50).map(|number| User::new(format!("u{number}"))));
        session.commit().await.unwrap();
        db.trace.take();
        for (number, &user) in users.iter().enumerate().rev() {
            session[user].age = Some(i32::try_from(number).unwrap());
            if number % 10 == 0 {
                session[user].name.push('!');
            }
        }
        session.commit().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 2);
        for (number, row) in
            session.rows(User::select().order_by(User::ID.asc())).await.unwrap().iter().enumerate()
        {
            assert_eq!(row.age, Some(i32::try_from(number).unwrap()));
            assert_eq!(row.name.ends_with('!'), number % 10 == 0);
        }
    }

    /// [FLU-7]
    #[case]
    async fn deletes_go_in_few_statements(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let users = session.add_all((0..600).map(|number| User::new(format!("u{number}"))));
        session.commit().await.unwrap();
        db.trace.take();
        for &user in &users[..599] {
            session.delete(user).unwrap();
        }
        session.commit().await.unwrap();
        let most = if db.backend == Backend::Sqlite { 5 } else { 1 };
        assert!(db.trace.take_statements().len() <= most);
        assert_eq!(session.rows(User::select()).await.unwrap().len(), 1);
        assert!(session.contains(users[599]));
    }

    /// [FLU-8]
    #[case]
    async fn a_value_freed_by_an_update_can_be_taken_by_a_new_row(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        session.add(User::new("Alice"));
        session[alice].name = "Alicia".to_owned();
        session.commit().await.unwrap();

        session.delete(alice).unwrap();
        session.add(User::new("Alicia"));
        assert!(session.commit().await.unwrap_err().is_unique_violation(), "saves run before deletes");
    }

    /// [CAS-1] [R7] Deletes come last, children before parents, and what was deleted is found no more.
    #[case]
    async fn children_are_deleted_before_parents(db: Db) {
        db.create::<Post>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        let post = session.add(Post::new("Hello", alice));
        session.commit().await.unwrap();
        db.trace.take();
        session.delete(alice).unwrap();
        session.delete(post).unwrap();
        session.commit().await.unwrap();
        let statements = db.trace.take();
        assert_statements(
            &statements,
            &["BEGIN", "DELETE FROM posts WHERE id = ?", "DELETE FROM users WHERE id = ?", "COMMIT"],
        );
        assert!(session.all(User::select()).await.unwrap().is_empty());
        assert!(session.all(Post::select()).await.unwrap().is_empty());
    }

    /// [FLU-12]
    #[case]
    async fn a_query_finds_what_was_only_added(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        assert_eq!(session.all(User::select()).await.unwrap(), [alice]);
    }

    /// [FLU-13]
    #[case]
    async fn a_get_that_misses_and_a_refresh_flush_first(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        assert_eq!(session.get::<User>(1).await.unwrap(), Some(alice));
        let bob = session.add(User::new("Bob"));
        session.refresh(alice).await.unwrap();
        assert_eq!(session[bob].id, 2);
    }

    /// [FLU-14]
    #[case]
    async fn a_change_of_a_row_that_is_gone_is_stale_data(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let users = session.add_all([User::new("Alice"), User::new("Bob")]);
        session.commit().await.unwrap();
        db.script("DELETE FROM users WHERE id = 1").await;
        for &user in &users {
            session[user].age = Some(1);
        }
        let error = session.commit().await.unwrap_err();
        assert!(error.is_stale());
        assert_says(error, &["users", "2 rows were to be updated and 1 was"]);
        session.rollback().await.unwrap();
        assert_eq!(session.rows(User::select()).await.unwrap()[0].age, None);
    }

    /// [FLU-14]
    #[case]
    async fn a_deletion_of_a_row_that_is_gone_is_a_warning(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        db.script("DELETE FROM users").await;
        db.trace.take();
        session.delete(alice).unwrap();
        session.commit().await.unwrap();
        assert!(db.trace.take().iter().any(|line| line.starts_with("WARNING: table users")));
        assert!(!session.contains(alice));
    }

    /// [FLU-16]
    #[case]
    async fn a_flush_is_seen_by_others_only_after_the_commit(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        session.add(User::new("Alice"));
        session.flush().await.unwrap();
        let other = db.other();
        assert!(other.session().rows(User::select()).await.unwrap().is_empty());
        session.commit().await.unwrap();
        assert_eq!(other.session().rows(User::select()).await.unwrap().len(), 1);
    }

    /// A reference may be changed to a row that is only being inserted.
    #[case]
    async fn a_reference_is_moved_to_a_new_row(db: Db) {
        db.create::<(User, Address)>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        let address = session.add(Address { user: alice.into(), ..Address::new("a@b") });
        let homeless = session.add(Address::new("c@d"));
        session.commit().await.unwrap();
        assert!(session[homeless].user.is_none());

        let bob = session.add(User::new("Bob"));
        session[address].user = bob.into();
        session[homeless].user = alice.into();
        session.commit().await.unwrap();
        let rows = session.rows(Address::select().order_by(Address::ID.asc())).await.unwrap();
        let users: Vec<_> =
            rows.iter().map(|row| row.user.as_ref().and_then(|user| user.get()).copied()).collect();
        assert_eq!(users, [Some(session[bob].id), Some(session[alice].id)]);

        session[address].user = None;
        session.commit().await.unwrap();
        let left = session.rows(Address::select().filter(Address::USER_ID.is_null())).await.unwrap();
        assert_eq!(left.len(), 1);
    }

    /// A reference to an entity that will never have a row is refused before anything is sent.
    #[case]
    async fn a_reference_to_an_entity_that_left_is_refused(db: Db) {
        db.create::<Post>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        let post = session.add(Post::new("Hello", alice));
        session.detach(alice).unwrap();
        let error = session.flush().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Detached);
        assert_says(error, &["Post", "author_id", "not in this session"]);
        assert!(db.trace.take().is_empty());

        let bob = session.add(User::new("Bob"));
        session[post].author = bob.into();
        session.commit().await.unwrap();
    }

    /// Many columns of many rows at once: more values than one statement may have parameters.
    #[case]
    async fn more_rows_than_a_statement_has_parameters(db: Db) {
        db.create::<Account>().await;
        let mut session = db.session();
        let accounts = session.add_all((0..70_000).map(|number| Account::new(number.to_string(), number)));
        session.commit().await.unwrap();
        for &account in &accounts {
            session[account].balance += 1;
        }
        session.commit().await.unwrap();
        let rows = session.rows(Account::select().filter(Account::CODE.eq("69999"))).await.unwrap();
        assert_eq!(rows[0].balance, 70_000);
        for &account in &accounts {
            session.delete(account).unwrap();
        }
        session.commit().await.unwrap();
        assert!(session.rows(Account::select()).await.unwrap().is_empty());
    }

    /// [FLU-2] Deleted are the rows that were meant and none that lies between them, whatever their keys are, in whatever order.
    #[case]
    async fn neighbours_of_deleted_rows_stay(db: Db) {
        db.create::<User>().await;
        let keys = [i64::MIN, i64::MIN + 1, -2, -1, 1, 2, 3, 4, 5, 6, 7, 8, i64::MAX - 1, i64::MAX];
        let kept = [-2, 4, 6, 8];
        let mut session = db.session();
        let user = |id: i64| User { id, ..User::new(id.to_string()) };
        let users = session.add_all(keys.map(user));
        session.commit().await.unwrap();
        for &user in users.iter().rev().cycle().skip(5).take(users.len()) {
            if !kept.contains(&session[user].id) {
                session.delete(user).unwrap();
            }
        }
        session.commit().await.unwrap();
        let left = session.rows(select(User::ID).order_by(User::ID.asc())).await.unwrap();
        assert_eq!(left, kept);
    }
}
