//! Values to the database and back.

use orm_tests::prelude::*;
use orm_tests::{Backend, assert_says, both_forms};

use crate::models::{Kinds, User};

#[both_forms]
mod types {
    use super::*;

    /// [R10] [DDL-5] by INSERT, in batches, and by UPDATE.
    #[case]
    async fn every_type_comes_back_as_it_was(db: Db) {
        db.create::<Kinds>().await;
        let mut session = db.session();
        let kinds = session.add_all([Kinds::plain(), Kinds::extreme(), Kinds::plain()]);
        session.commit().await.unwrap();
        session.add(Kinds::extreme());
        session.commit().await.unwrap();
        let fill = Kinds { id: session[kinds[2]].id, ..Kinds::extreme() };
        session[kinds[2]] = fill;
        session.commit().await.unwrap();

        let rows = session.rows(Kinds::select().order_by(Kinds::ID.asc())).await.unwrap();
        let expected = [Kinds::plain(), Kinds::extreme(), Kinds::extreme(), Kinds::extreme()];
        for (number, (row, expected)) in (1..).zip(rows.iter().zip(expected)) {
            assert_eq!(*row, Kinds { id: number, ..expected });
        }
        assert_eq!(rows.len(), 4);
    }

    /// [R10] in a filter.
    #[case]
    async fn every_type_can_be_compared(db: Db) {
        db.create::<Kinds>().await;
        let mut session = db.session();
        let extreme = session.add(Kinds::extreme());
        session.add(Kinds::plain());
        session.commit().await.unwrap();
        let row = session[extreme].clone();
        let query = Kinds::select()
            .filter(Kinds::TRUTH.eq(true))
            .filter(Kinds::SMALL.eq(row.small))
            .filter(Kinds::MEDIUM.eq(row.medium))
            .filter(Kinds::LARGE.eq(row.large))
            .filter(Kinds::SINGLE.eq(row.single))
            .filter(Kinds::DOUBLE.eq(row.double))
            .filter(Kinds::TEXT.eq(row.text))
            .filter(Kinds::BYTES.eq(row.bytes))
            .filter(Kinds::MAYBE_TRUTH.eq(true))
            .filter(Kinds::MAYBE_SMALL.in_([i16::MIN, 7]))
            .filter(Kinds::MAYBE_MEDIUM.eq(row.maybe_medium))
            .filter(Kinds::MAYBE_LARGE.between(i64::MIN, 0))
            .filter(Kinds::MAYBE_SINGLE.eq(row.maybe_single))
            .filter(Kinds::MAYBE_DOUBLE.eq(row.maybe_double))
            .filter(Kinds::MAYBE_TEXT.eq(row.maybe_text))
            .filter(Kinds::MAYBE_BYTES.eq(row.maybe_bytes));
        assert_eq!(session.all(query).await.unwrap(), [extreme]);
    }

    /// [DDL-9] What cannot be stored everywhere is refused by name.
    #[case]
    async fn unstorable_values_are_refused(db: Db) {
        db.create::<Kinds>().await;
        let mut session = db.session();
        session.add(Kinds { double: f64::NAN, ..Kinds::plain() });
        let error = session.commit().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Encode);
        assert_says(error, &["Kinds", "column double", "NaN"]);
        session.rollback().await.unwrap();

        session.add(Kinds { maybe_text: Some("a\0b".to_owned()), ..Kinds::plain() });
        let error = session.commit().await.unwrap_err();
        assert_says(error, &["Kinds", "column maybe_text", "NUL"]);
        session.rollback().await.unwrap();
        assert!(session.rows(Kinds::select()).await.unwrap().is_empty());
        let error = session.rows(Kinds::select().filter(Kinds::TEXT.eq("\0"))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Encode);
    }

    async fn odd_users(db: &Db, age: &str, name: &str, row: &str) {
        db.script(&format!("CREATE TABLE users (id INTEGER, name {name}, age {age})")).await;
        db.script(&format!("INSERT INTO users (id, name, age) VALUES {row}")).await;
    }

    /// A value of another type than the field's.
    #[case]
    async fn a_value_of_another_type_is_refused_by_name(db: Db) {
        odd_users(&db, "TEXT", "TEXT", "(1, 'Alice', '12x')").await;
        let mut session = db.session();
        let error = session.all(User::select()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert_says(&error, &["User", "column age", "i32", "text"]);
        assert!(!error.to_string().contains("12x"), "{error}");
        assert_eq!(session.get::<User>(1).await.unwrap_err().kind(), ErrorKind::Decode);
        session.rollback().await.unwrap();
        db.script("DELETE FROM users").await;
        assert!(session.all(User::select()).await.unwrap().is_empty());
    }

    /// NULL in a field that is not an Option.
    #[case]
    async fn null_in_a_field_that_is_no_option_is_refused_by_name(db: Db) {
        odd_users(&db, "INTEGER", "TEXT", "(1, 'Alice', NULL), (2, NULL, NULL)").await;
        let mut session = db.session();
        let error = session.all(User::select()).await.unwrap_err();
        assert_says(error, &["User", "column name", "NULL", "Option"]);
        assert!(
            session.get::<User>(1).await.unwrap().is_some(),
            "the rows before it are loaded, the session goes on"
        );
        assert_eq!(session.get::<User>(2).await.unwrap_err().kind(), ErrorKind::Decode);
    }

    /// An integer that is too large for the field.
    #[case]
    async fn an_integer_that_does_not_fit_is_refused_by_name(db: Db) {
        odd_users(&db, "BIGINT", "TEXT", "(1, 'Alice', 5000000000)").await;
        let mut session = db.session();
        let error = session.rows(User::select()).await.unwrap_err();
        assert_says(error, &["User", "column age", "does not fit an i32"]);
        assert_eq!(session.get::<User>(1).await.unwrap_err().kind(), ErrorKind::Decode);
        session.rollback().await.unwrap();
        db.script("UPDATE users SET age = 50").await;
        let alice = session.get::<User>(1).await.unwrap().unwrap();
        assert_eq!(session[alice].age, Some(50));
    }

    /// A column type that the library cannot read.
    #[case(postgres, mariadb, mysql)]
    async fn an_unreadable_column_type_is_named(db: Db) {
        let (point, says) = match db.backend {
            Backend::MariaDb | Backend::MySql => ("(1, ST_GeomFromText('POINT(1 2)'), 1)", "bytes"),
            Backend::Sqlite | Backend::Postgres => ("(1, '(1, 2)', 1)", "point"),
        };
        odd_users(&db, "INTEGER", "point", point).await;
        let error = db.session().rows(User::select()).await.unwrap_err();
        assert_says(error, &["User", "column name", says]);
    }
}
