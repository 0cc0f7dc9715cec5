//! What a flush sends, statement by statement, on each database side by side: tables in the order of their foreign keys, updates
//! by key before inserts in the order of adding, deletions last and backwards.

use orm_tests::prelude::*;
use orm_tests::{Backend, assert_statements, both_forms};

use crate::models::{Account, Entry, Node, Pair, Post, User};

#[both_forms]
mod traces {
    use super::*;

    /// Fails unless this was sent since the last look; what both databases get is said once.
    #[track_caller]
    fn assert_sent(db: &Db, expected: &[(&str, &str)]) {
        let mut lines = Vec::new();
        for &(sqlite, postgres) in expected {
            let is_said_once = postgres.is_empty();
            lines.push(if is_said_once || db.backend != Backend::Postgres { sqlite } else { postgres });
        }
        let mut sent = db.trace.take();
        let mut lines: Vec<_> = lines.into_iter().map(str::to_owned).collect();
        if db.backend.is_mysql() {
            // The keys come back with the rows; SQLite is asked for them in another way, and deletes neighbours at once.
            sent.iter_mut().for_each(|line| *line = line.replace(r#" RETURNING "id""#, ""));
            lines.iter_mut().for_each(|line| *line = line.replace(" BETWEEN ? AND ?", " = ?"));
        }
        assert_statements(&sent, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// [R7] [FLU-2] [FLU-4] [FLU-5] [FLU-6] [FLU-7] [FLU-8]
    #[case]
    async fn everything_at_once(db: Db) {
        db.create::<(Post, Pair)>().await;
        let mut session = db.session();
        let users = session.add_all(["Alice", "Bob", "Carol", "Dave", "Erin"].map(User::new));
        let posts: Vec<_> = users.iter().map(|&user| session.add(Post::new("old", user))).collect();
        session.add_all((0..3).map(|a| Pair { a, b: "b".to_owned(), data: None }));
        session.commit().await.unwrap();
        let pairs = session.all(Pair::select().order_by(Pair::A.asc())).await.unwrap();
        session.commit().await.unwrap();
        db.trace.take();

        // Against the order in which it will be written.
        session.delete(users[4]).unwrap();
        session.delete(posts[4]).unwrap();
        session.delete(posts[3]).unwrap();
        let grace = session.add(User::new("Grace"));
        session.add(Post::new("by Grace", grace));
        let frank = session.add(User::new("Frank"));
        session.add(Post::new("by Frank", frank));
        session[posts[2]].title = "new".to_owned();
        session[posts[0]].title = "new".to_owned();
        session[posts[1]].author = grace.into();
        session[users[3]].age = Some(4);
        session[users[1]].age = Some(2);
        session[users[2]].name = "Caroline".to_owned();
        session[pairs[1]].data = Some("changed".to_owned());
        session.delete(pairs[0]).unwrap();
        session.delete(pairs[2]).unwrap();
        session.commit().await.unwrap();
        assert_sent(
            &db,
            &[
                ("BEGIN", ""),
                (
                    "UPDATE users SET age = ? WHERE id = ? -- 2 rows",
                    "UPDATE users AS t SET age = v.c0 FROM unnest(?::integer[], ?::bigint[]) AS v(c0, k0) WHERE t.id = v.k0 -- 2 rows",
                ),
                ("UPDATE users SET name = ? WHERE id = ?", ""),
                (
                    "INSERT INTO users (name, age) VALUES (?, ?) -- 2 rows",
                    "INSERT INTO users (name, age) SELECT v.c0, v.c1 FROM unnest(?::text[], ?::integer[]) WITH ORDINALITY AS v(c0, c1, n) ORDER BY v.n RETURNING id -- 2 rows",
                ),
                (
                    "UPDATE posts SET title = ? WHERE id = ? -- 2 rows",
                    "UPDATE posts AS t SET title = v.c0 FROM unnest(?::text[], ?::bigint[]) AS v(c0, k0) WHERE t.id = v.k0 -- 2 rows",
                ),
                ("UPDATE posts SET author_id = ? WHERE id = ?", ""),
                (
                    "INSERT INTO posts (title, author_id) VALUES (?, ?) -- 2 rows",
                    "INSERT INTO posts (title, author_id) SELECT v.c0, v.c1 FROM unnest(?::text[], ?::bigint[]) WITH ORDINALITY AS v(c0, c1, n) ORDER BY v.n RETURNING id -- 2 rows",
                ),
                ("UPDATE pairs SET data = ? WHERE a = ? AND b = ?", ""),
                (
                    "DELETE FROM pairs WHERE a = ? AND b = ? -- 2 rows",
                    "DELETE FROM pairs AS t USING unnest(?::integer[], ?::text[]) AS v(k0, k1) WHERE t.a = v.k0 AND t.b = v.k1 -- 2 rows",
                ),
                (
                    "DELETE FROM posts WHERE id BETWEEN ? AND ? -- 2 rows",
                    "DELETE FROM posts WHERE id = ANY(?::bigint[]) -- 2 rows",
                ),
                ("DELETE FROM users WHERE id = ?", ""),
                ("COMMIT", ""),
            ],
        );
    }

    /// [CYC-1] Level by level; leaves go first.
    #[case]
    async fn a_tree(db: Db) {
        db.create::<Node>().await;
        let mut session = db.session();
        let root = session.add(Node::new("root"));
        let children =
            ["left", "right"].map(|name| session.add(Node { parent: root.into(), ..Node::new(name) }));
        let leaf = session.add(Node { parent: children[1].into(), ..Node::new("leaf") });
        session.commit().await.unwrap();
        assert_sent(
            &db,
            &[
                ("BEGIN", ""),
                (
                    "INSERT INTO nodes (data, parent_id) VALUES (?, ?)",
                    "INSERT INTO nodes (data, parent_id) VALUES (?, ?) RETURNING id",
                ),
                (
                    "INSERT INTO nodes (data, parent_id) VALUES (?, ?) -- 2 rows",
                    "INSERT INTO nodes (data, parent_id) SELECT v.c0, v.c1 FROM unnest(?::text[], ?::bigint[]) WITH ORDINALITY AS v(c0, c1, n) ORDER BY v.n RETURNING id -- 2 rows",
                ),
                (
                    "INSERT INTO nodes (data, parent_id) VALUES (?, ?)",
                    "INSERT INTO nodes (data, parent_id) VALUES (?, ?) RETURNING id",
                ),
                ("COMMIT", ""),
            ],
        );
        for node in [root, leaf, children[0], children[1]] {
            session.delete(node).unwrap();
        }
        session.commit().await.unwrap();
        assert_sent(
            &db,
            &[
                ("BEGIN", ""),
                (
                    "DELETE FROM nodes WHERE id BETWEEN ? AND ? -- 2 rows",
                    "DELETE FROM nodes WHERE id = ANY(?::bigint[]) -- 2 rows",
                ),
                ("DELETE FROM nodes WHERE id = ?", ""),
                ("DELETE FROM nodes WHERE id = ?", ""),
                ("COMMIT", ""),
            ],
        );
    }

    /// [CYC-3] INSERT, INSERT, UPDATE; a deletion lets go first.
    #[case]
    async fn a_circle(db: Db) {
        db.create::<Node>().await;
        let mut session = db.session();
        let left = session.add(Node::new("left"));
        let right = session.add(Node { parent: left.into(), ..Node::new("right") });
        session[left].parent = right.into();
        session.commit().await.unwrap();
        assert_sent(
            &db,
            &[
                ("BEGIN", ""),
                (
                    "INSERT INTO nodes (data, parent_id) VALUES (?, ?) -- 2 rows",
                    "INSERT INTO nodes (data, parent_id) SELECT v.c0, v.c1 FROM unnest(?::text[], ?::bigint[]) WITH ORDINALITY AS v(c0, c1, n) ORDER BY v.n RETURNING id -- 2 rows",
                ),
                (
                    "UPDATE nodes SET parent_id = ? WHERE id = ? -- 2 rows",
                    "UPDATE nodes AS t SET parent_id = v.c0 FROM unnest(?::bigint[], ?::bigint[]) AS v(c0, k0) WHERE t.id = v.k0 -- 2 rows",
                ),
                ("COMMIT", ""),
            ],
        );
        session.delete(left).unwrap();
        session.delete(right).unwrap();
        session.commit().await.unwrap();
        assert_sent(
            &db,
            &[
                ("BEGIN", ""),
                (
                    "UPDATE nodes SET parent_id = ? WHERE id = ? -- 2 rows",
                    "UPDATE nodes AS t SET parent_id = v.c0 FROM unnest(?::bigint[], ?::bigint[]) AS v(c0, k0) WHERE t.id = v.k0 -- 2 rows",
                ),
                (
                    "DELETE FROM nodes WHERE id BETWEEN ? AND ? -- 2 rows",
                    "DELETE FROM nodes WHERE id = ANY(?::bigint[]) -- 2 rows",
                ),
                ("COMMIT", ""),
            ],
        );
    }

    /// [KEY-1] [KEY-2] [FLU-15] Keys of the program: changed, taken over, and referred to.
    #[case]
    async fn natural_keys(db: Db) {
        db.create::<(Entry, Pair)>().await;
        let mut session = db.session();
        let accounts = ["a", "b", "c"].map(|code| session.add(Account { code: code.to_owned(), balance: 0 }));
        let entry = session.add(Entry::new(accounts[1], 5));
        session.commit().await.unwrap();
        assert_sent(
            &db,
            &[
                ("BEGIN", ""),
                (
                    "INSERT INTO accounts (code, balance) VALUES (?, ?) -- 3 rows",
                    "INSERT INTO accounts (code, balance) SELECT v.c0, v.c1 FROM unnest(?::text[], ?::bigint[]) WITH ORDINALITY AS v(c0, c1, n) ORDER BY v.n -- 3 rows",
                ),
                (
                    "INSERT INTO entries (account_id, amount) VALUES (?, ?)",
                    "INSERT INTO entries (account_id, amount) VALUES (?, ?) RETURNING id",
                ),
                ("COMMIT", ""),
            ],
        );
        session[accounts[0]].code = "z".to_owned();
        session[accounts[1]].balance = 5;
        session.delete(accounts[2]).unwrap();
        session.add(Account { code: "c".to_owned(), balance: 9 });
        session.add(Account { code: "a".to_owned(), balance: 1 });
        session[entry].account = accounts[0].into();
        session.commit().await.unwrap();
        assert_sent(
            &db,
            &[
                ("BEGIN", ""),
                ("UPDATE accounts SET code = ? WHERE code = ?", ""),
                ("UPDATE accounts SET balance = ? WHERE code = ?", ""),
                ("UPDATE accounts SET balance = ? WHERE code = ?", ""),
                ("INSERT INTO accounts (code, balance) VALUES (?, ?)", ""),
                ("UPDATE entries SET account_id = ? WHERE id = ?", ""),
                ("COMMIT", ""),
            ],
        );
    }

    /// [COM-5] [COM-7] Savepoints stand between flushes.
    #[case]
    async fn savepoints(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        let mut outer = session.begin_nested().await.unwrap();
        outer[alice].age = Some(1);
        let mut inner = outer.begin_nested().await.unwrap();
        inner[alice].age = Some(2);
        inner.rollback().await.unwrap();
        outer.commit().await.unwrap();
        session.commit().await.unwrap();
        assert_sent(
            &db,
            &[
                ("BEGIN", ""),
                (
                    "INSERT INTO users (name, age) VALUES (?, ?)",
                    "INSERT INTO users (name, age) VALUES (?, ?) RETURNING id",
                ),
                ("SAVEPOINT orm_1", ""),
                ("UPDATE users SET age = ? WHERE id = ?", ""),
                ("SAVEPOINT orm_2", ""),
                ("ROLLBACK TO orm_2", ""),
                ("RELEASE orm_1", ""),
                ("COMMIT", ""),
            ],
        );
    }
}
