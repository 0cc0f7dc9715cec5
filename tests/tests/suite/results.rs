//! Text statements and results.

use orm_tests::prelude::*;
use orm_tests::{Backend, assert_says, both_forms};

use crate::models::User;

#[derive(FromRow, Debug, PartialEq)]
struct Named {
    name: String,
    #[row(column = "how old")]
    age: Option<i32>,
}

/// Some columns of a table, by name.
#[derive(FromRow)]
struct User2 {
    b: i64,
}

#[both_forms]
mod results {
    use super::*;

    /// Ann 30, Bob without an age, Cid 20, Dan 20.
    async fn connected(db: &Db) -> Connection {
        db.create::<User>().await;
        db.script(
            "INSERT INTO users (name, age) VALUES ('Ann', 30), ('Bob', NULL), ('Cid', 20), ('Dan', 20)",
        )
        .await;
        db.engine.connect().await.unwrap()
    }

    /// [RES-2] Values are bound, never put into the text.
    #[case]
    async fn values_are_bound(db: Db) {
        let mut connection = connected(&db).await;
        let evil = "'; DROP TABLE users; --";
        let insert = text("INSERT INTO users (name, age) VALUES (:name, :age)");
        connection.execute(insert.bind("name", evil).bind("age", None::<i32>)).await.unwrap();
        let found = text("SELECT name FROM users WHERE name = :name AND :name <> 'x'").bind("name", evil);
        let found: Vec<String> = connection.execute(found).await.unwrap().all().unwrap();
        assert_eq!(found, [evil], "one name that stands twice takes one value");
        let some = text("SELECT count(*) FROM users WHERE id IN (:ids)");
        let count = connection.execute(some.clone().bind_list("ids", [1_i64, 3, 9])).await.unwrap();
        assert_eq!(count.scalar_one::<i64>().unwrap(), 2);
        let count = connection.execute(some.bind_list("ids", [0_i64; 0])).await.unwrap();
        assert_eq!(count.scalar_one::<i64>().unwrap(), 0, "[RES-9] an empty list holds nothing");
        let others = text("SELECT count(*) FROM users WHERE id NOT IN (:ids)").bind_list("ids", [0_i64; 0]);
        assert_eq!(connection.execute(others).await.unwrap().scalar_one::<i64>().unwrap(), 5);
    }

    /// [RES-2] A name without a value, or a value without a name.
    #[case]
    async fn names_and_values_belong_together(db: Db) {
        let mut connection = connected(&db).await;
        let wrong = [
            (text("SELECT :a, :b").bind("a", 1), ":b"),
            (text("SELECT :a").bind("a", 1).bind("c", 2), "c"),
            (text("SELECT :a").bind("a", 1).bind("a", 2), "twice"),
            (text("SELECT 'oops"), "no end"),
            (text("SELECT :a").bind(":a", 1), "leave out the colon"),
            (text(" -- nothing\n ;"), "no statement"),
        ];
        db.trace.take();
        for (statement, word) in wrong {
            let error = connection.execute(statement).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidQuery);
            assert_says(error, &[word]);
        }
        assert!(db.trace.take().is_empty(), "nothing was sent");
        let error = connection.execute(text("SELECT :a").bind("a", "a\0b")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Encode);
        assert_says(error, &["column a", "NUL"]);
        // A placeholder of the database's own has no value either.
        let raw = if db.backend == Backend::Sqlite { "SELECT ?" } else { "SELECT $1::int" };
        assert!(connection.execute(text_unchecked(raw)).await.is_err());
    }

    /// [RES-3] What only looks like a parameter.
    #[case]
    async fn colons_that_are_no_parameters(db: Db) {
        let mut connection = connected(&db).await;
        let sql = text(r"SELECT '05:06:07', ':x' /* :y */, 'a\:b' -- :z");
        let row: (String, String, String) = connection.execute(sql).await.unwrap().one().unwrap();
        assert_eq!(row, ("05:06:07".to_owned(), ":x".to_owned(), r"a\:b".to_owned()));
    }

    /// [RES-3] A cast with two colons, and an escape.
    #[case(postgres)]
    async fn casts_and_escapes(db: Db) {
        let mut connection = db.engine.connect().await.unwrap();
        let row: (i32, String) =
            connection.execute(text("SELECT '7'::int, $$:word$$")).await.unwrap().one().unwrap();
        assert_eq!(row, (7, ":word".to_owned()));
        let slice: bool = connection
            .execute(text(r"SELECT (ARRAY[1,2,3])[1\:2] = ARRAY[1,2] AND :yes").bind("yes", true))
            .await
            .unwrap()
            .scalar_one()
            .unwrap();
        assert!(slice);
    }

    /// [RES-4] Each row is read once.
    #[case]
    async fn rows_are_read_once(db: Db) {
        let mut connection = connected(&db).await;
        let names = text("SELECT name FROM users ORDER BY id");
        let mut result = connection.execute(names.clone()).await.unwrap();
        assert_eq!(result.all::<String>().unwrap().len(), 4);
        assert!(result.all::<String>().unwrap().is_empty());

        let mut result = connection.execute(names.clone()).await.unwrap();
        for name in ["Ann", "Bob", "Cid"] {
            assert_eq!(result.next::<String>().unwrap().as_deref(), Some(name));
        }
        assert_eq!(result.all::<String>().unwrap(), ["Dan"]);
        assert_eq!(result.next::<String>().unwrap(), None);

        let mut result = connection.execute(names.clone()).await.unwrap();
        assert_eq!(result.partitions::<String>(2).unwrap(), [["Ann", "Bob"], ["Cid", "Dan"]]);
        let mut result = connection.execute(names).await.unwrap();
        assert_eq!(result.partition::<String>(3).unwrap().len(), 3);
        assert_eq!(result.partition::<String>(3).unwrap().len(), 1);
    }

    /// [RES-5, RES-6, ERR-3] One row, or how many there were instead. (`first` and the others consume the result.)
    #[case]
    async fn one_row(db: Db) {
        let mut connection = connected(&db).await;
        for (age, rows) in [(30, 1), (50, 0), (20, 2)] {
            let query = || text("SELECT id, name FROM users WHERE age = :age ORDER BY id").bind("age", age);
            let one = connection.execute(query()).await.unwrap().one::<(i64, String)>();
            let maybe = connection.execute(query()).await.unwrap().one_or_none::<(i64, String)>();
            let first = connection.execute(query()).await.unwrap().first::<(i64, String)>().unwrap();
            let scalar = connection.execute(query()).await.unwrap().scalar::<i64>().unwrap();
            let scalar_one = connection.execute(query()).await.unwrap().scalar_one::<i64>();
            let scalar_maybe = connection.execute(query()).await.unwrap().scalar_one_or_none::<i64>();
            match rows {
                1 => {
                    assert_eq!(one.unwrap(), (1, "Ann".to_owned()));
                    assert_eq!(maybe.unwrap(), first);
                    assert_eq!((scalar, scalar_one.unwrap(), scalar_maybe.unwrap()), (Some(1), 1, Some(1)));
                }
                0 => {
                    assert_eq!(one.unwrap_err().kind(), ErrorKind::NoResult);
                    assert_eq!(scalar_one.unwrap_err().kind(), ErrorKind::NoResult);
                    assert_eq!((maybe.unwrap(), first), (None, None));
                    assert_eq!((scalar, scalar_maybe.unwrap()), (None, None));
                }
                _ => {
                    for kind in [one.unwrap_err().kind(), maybe.unwrap_err().kind()] {
                        assert_eq!(kind, ErrorKind::MultipleResults);
                    }
                    assert_eq!(scalar_one.unwrap_err().kind(), ErrorKind::MultipleResults);
                    assert_eq!(scalar_maybe.unwrap_err().kind(), ErrorKind::MultipleResults);
                    assert_eq!((first, scalar), (Some((3, "Cid".to_owned())), Some(3)));
                }
            }
        }
    }

    /// [RES-6] One column of every row, NULL among them.
    #[case]
    async fn one_column_of_every_row(db: Db) {
        let mut connection = connected(&db).await;
        let ages = text("SELECT age, name FROM users ORDER BY id");
        let mut result = connection.execute(ages.clone()).await.unwrap();
        assert_eq!(result.scalars::<Option<i32>>().unwrap(), [Some(30), None, Some(20), Some(20)]);
        let error = connection.execute(ages).await.unwrap().scalars::<i32>().unwrap_err();
        assert_says(error, &["column age", "NULL", "Option"]);
    }

    /// [RES-7] By position, by name, by a model's column, as a tuple, as a struct: it is the same value.
    #[case]
    async fn ways_to_read_a_row(db: Db) {
        let mut connection = connected(&db).await;
        let query = text("SELECT id, name, age AS \"how old\" FROM users ORDER BY id");
        let mut result = connection.execute(query).await.unwrap();
        assert_eq!(result.columns(), ["id", "name", "how old"]);
        let row = result.rows().next().unwrap();
        assert_eq!(row.get::<String>(1).unwrap(), "Ann");
        assert_eq!(row.get::<String>("name").unwrap(), "Ann");
        assert_eq!(row.get::<String>(User::NAME).unwrap(), "Ann");
        assert_eq!(row.get::<Option<i32>>("how old").unwrap(), Some(30));
        assert_says(row.get::<i64>(3).unwrap_err(), &["no column 3", "id, name, how old"]);
        assert_says(row.get::<i64>("age").unwrap_err(), &["no column \"age\""]);
        assert_says(row.get::<i64>("name").unwrap_err(), &["column name", "i64", "text"]);
        assert!(!format!("{row:?} {result:?}").contains("Ann"), "values may be secrets");
        assert_eq!(result.next::<(i64, String, i32)>().unwrap().unwrap(), (1, "Ann".to_owned(), 30));
        let bob = result.next::<Named>().unwrap().unwrap();
        assert_eq!(bob, Named { name: "Bob".to_owned(), age: None });
        assert_says(result.next::<(i64, String)>().unwrap_err(), &["3 columns", "2 columns"]);
        assert_says(result.next::<User>().unwrap_err(), &["no column age"]);
        assert_eq!(result.len(), 2, "a row that could not be read is not lost");

        let mut twice = connection.execute(text("SELECT id, id FROM users")).await.unwrap();
        assert_says(twice.rows().next().unwrap().get::<i64>("id").unwrap_err(), &["more than one column"]);
        assert_eq!(twice.next::<(i64, i64)>().unwrap(), Some((1, 1)));
        let empty = connection.execute(text("SELECT id, name FROM users WHERE id < 0")).await.unwrap();
        assert_eq!(empty.columns(), ["id", "name"], "also of a result without rows");
    }

    /// Models and queries of models on a connection.
    #[case]
    async fn models_without_a_session(db: Db) {
        let mut connection = connected(&db).await;
        let query = User::select().filter(User::AGE.eq(20)).order_by(User::ID.asc());
        let users: Vec<User> = connection.execute(query).await.unwrap().all().unwrap();
        assert_eq!(users.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["Cid", "Dan"]);
        let text = text("SELECT age, 1 AS one, name, id FROM users WHERE id = 2");
        let bob: User = connection.execute(text).await.unwrap().one().unwrap();
        assert_eq!((bob.id, bob.name.as_str(), bob.age), (2, "Bob", None));
    }

    /// A statement that is kept prepared sees a table as it is, not as it was: names, width and values belong together.
    #[case]
    async fn a_table_that_changes_between_two_readings(db: Db) {
        db.script("CREATE TABLE t (id BIGINT, name TEXT, a BIGINT, b BIGINT)").await;
        db.script("INSERT INTO t (id, name, a, b) VALUES (1, 'x', 10, 20)").await;
        let mut connection = db.engine.connect().await.unwrap();
        let all = || text("SELECT * FROM t");
        let read = |mut result: orm::ResultSet| {
            let names = result.columns().join(" ");
            let row = result.rows().next().unwrap();
            let values = (row.get::<i64>("a").unwrap(), row.get::<i64>("b").unwrap());
            assert_eq!(result.all::<User2>().unwrap()[0].b, values.1);
            (names, values)
        };
        let first = read(connection.execute(all()).await.unwrap());
        assert_eq!(first, ("id name a b".to_owned(), (10, 20)));
        connection.commit().await.unwrap();
        db.script("ALTER TABLE t DROP COLUMN a").await;
        db.script("ALTER TABLE t ADD COLUMN a BIGINT DEFAULT 30").await;
        let second = read(connection.execute(all()).await.unwrap());
        assert_eq!(second, ("id name b a".to_owned(), (30, 20)));
    }

    /// [RES-8] Rows that match count, whether they change or not.
    #[case]
    async fn matched_rows_count(db: Db) {
        let mut connection = connected(&db).await;
        let update = text("UPDATE users SET age = age WHERE id < 4");
        assert_eq!(connection.execute(update).await.unwrap().rows_affected(), 3);
        let delete = text("DELETE FROM users WHERE age = :age").bind("age", 20);
        assert_eq!(connection.execute(delete).await.unwrap().rows_affected(), 2);
        let select = connection.execute(text("SELECT 1")).await.unwrap();
        assert_eq!((select.rows_affected(), select.len()), (1, 1));
        let create = connection.execute(text("CREATE TABLE more (id BIGINT)")).await.unwrap();
        assert_eq!((create.rows_affected(), create.is_empty()), (0, true));
    }

    /// [RES-9] RETURNING gives the rows that were written, or none.
    #[case(sqlite, postgres, mariadb)]
    async fn returning(db: Db) {
        let mut connection = connected(&db).await;
        let insert = text("INSERT INTO users (name) VALUES (:a), (:b) RETURNING id, name");
        let mut rows = connection.execute(insert.bind("a", "Eve").bind("b", "Fay")).await.unwrap();
        assert_eq!(rows.rows_affected(), 2);
        let rows: Vec<(i64, String)> = rows.all().unwrap();
        assert!(rows[0].0 != rows[1].0 && rows[0].1 == "Eve");
        let update = text("UPDATE users SET age = 1 WHERE id = :id RETURNING name");
        let updated = connection.execute(update.clone().bind("id", 1_i64)).await;
        if db.backend.is_mysql() {
            assert_eq!(updated.unwrap_err().kind(), ErrorKind::Statement, "there is no such thing");
        } else {
            assert_eq!(updated.unwrap().all::<String>().unwrap(), ["Ann"]);
            let mut none = connection.execute(update.bind("id", -1_i64)).await.unwrap();
            assert_eq!((none.rows_affected(), none.all::<String>().unwrap().len()), (0, 0));
        }
        let delete = text("DELETE FROM users WHERE age = 20 RETURNING id");
        assert_eq!(connection.execute(delete).await.unwrap().scalars::<i64>().unwrap().len(), 2);
    }

    /// [RES-9] An INSERT without RETURNING gives no rows; a session's gives the new key all the same.
    #[case]
    async fn an_insert_gives_its_key(db: Db) {
        let mut connection = connected(&db).await;
        let insert = text("INSERT INTO users (name) VALUES ('Eve')");
        let result = connection.execute(insert).await.unwrap();
        assert_eq!((result.rows_affected(), result.len(), result.columns().len()), (1, 0, 0));
        connection.rollback().await.unwrap();
        let mut session = db.session();
        db.script("DELETE FROM users").await;
        let eve = session.add(User::new("Eve"));
        session.commit().await.unwrap();
        assert!(session[eve].id > 0);
    }

    /// [RES-11, A5] Entities out of text: columns by name in any order; a missing one is an error that names it.
    #[case]
    async fn entities_out_of_text(db: Db) {
        connected(&db).await;
        let mut session = db.session();
        let ann = session.get::<User>(1).await.unwrap().unwrap();
        let query = text("SELECT name, age, 5 AS five, id FROM users WHERE id <= :id ORDER BY id DESC");
        let found = session.all(query.clone().bind("id", 2_i64).entities::<User>()).await.unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[1], ann, "one row is one entity");
        assert_eq!(session[found[0]].name, "Bob");
        session[found[0]].age = Some(1);
        session.flush().await.unwrap();
        let one = session.one(query.clone().bind("id", 1_i64).entities::<User>()).await.unwrap();
        assert_eq!(one, ann);
        let first = session.first(query.clone().bind("id", 3_i64).entities::<User>()).await.unwrap();
        assert_eq!(session[first.unwrap()].name, "Cid");
        let rows = session.rows(query.bind("id", 2_i64).entities::<User>()).await.unwrap();
        assert_eq!(rows[0].age, Some(1));
        let error = session.all(text("SELECT id FROM users").entities::<User>()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidQuery);
        assert_says(error, &["no column name, age", "it has id"]);
    }
}
