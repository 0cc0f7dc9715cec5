//! The SQL of queries, dialect beside dialect.

use orm::Select;
use orm::dialect::{Dialect, Postgres, Sqlite};
use orm_tests::prelude::*;

use crate::models::{Kinds, User};

#[track_caller]
fn check<M: Model>(query: Select<M>, sqlite: &str, postgres: &str) {
    let dialects: [(&dyn Dialect, &str); 2] = [(&Sqlite, sqlite), (&Postgres, postgres)];
    for (dialect, expected) in dialects {
        let sql = query.to_sql(dialect).unwrap();
        let (_, clauses) = sql.split_once(" FROM ").unwrap();
        assert_eq!(clauses, expected, "{}", dialect.name());
    }
}

#[test]
fn select_lists_every_column() {
    let sql = User::select().to_sql(&Sqlite).unwrap();
    assert_eq!(sql, r#"SELECT "id", "name", "age" FROM "users""#);
    assert_eq!(User::select().to_sql(&Postgres).unwrap(), sql);
}

#[test]
fn comparisons() {
    check(
        User::select().filter(User::AGE.gt(28)).filter(User::NAME.ne("x")),
        r#""users" WHERE "age" > ? AND "name" <> ?"#,
        r#""users" WHERE "age" > $1 AND "name" <> $2"#,
    );
    check(
        User::select().filter(User::AGE.le(User::AGE).or(User::AGE.is_null()).and(!User::ID.between(1, 9))),
        r#""users" WHERE (("age" <= "age" OR "age" IS NULL) AND NOT ("id" BETWEEN ? AND ?))"#,
        r#""users" WHERE (("age" <= "age" OR "age" IS NULL) AND NOT ("id" BETWEEN $1 AND $2))"#,
    );
}

#[test]
fn null_is_compared_with_is() {
    check(
        User::select().filter(User::AGE.eq(None)).filter(User::AGE.ne(None)),
        r#""users" WHERE "age" IS NULL AND "age" IS NOT NULL"#,
        r#""users" WHERE "age" IS NULL AND "age" IS NOT NULL"#,
    );
}

#[test]
fn lists() {
    check(
        User::select().filter(User::ID.in_([1, 2])).filter(User::ID.not_in([3])),
        r#""users" WHERE "id" IN (?, ?) AND "id" NOT IN (?)"#,
        r#""users" WHERE "id" IN ($1, $2) AND "id" NOT IN ($3)"#,
    );
    check(
        User::select().filter(User::ID.in_([0i64; 0])).filter(User::ID.not_in([0i64; 0])),
        r#""users" WHERE 1 = 0 AND 1 = 1"#,
        r#""users" WHERE 1 = 0 AND 1 = 1"#,
    );
}

/// A list of any length is one statement where the database takes arrays.
#[test]
fn long_lists() {
    check(
        User::select().filter(User::ID.in_(1..10)).filter(User::ID.not_in(1..10)),
        &format!(r#""users" WHERE "id" IN ({0}) AND "id" NOT IN ({0})"#, ["?"; 9].join(", ")),
        r#""users" WHERE "id" = ANY($1) AND "id" <> ALL($2)"#,
    );
}

#[test]
fn text_searches() {
    check(
        User::select().filter(User::NAME.contains("50%")),
        r#""users" WHERE "name" LIKE ? ESCAPE '\'"#,
        r#""users" WHERE "name" LIKE $1 ESCAPE '\'"#,
    );
}

#[test]
fn order_and_slice() {
    check(
        User::select().order_by(User::AGE.desc()).order_by(User::ID.asc()).limit(5).offset(10),
        r#""users" ORDER BY "age" DESC, "id" ASC LIMIT ? + 0 OFFSET ?"#,
        r#""users" ORDER BY "age" DESC, "id" ASC LIMIT $1 OFFSET $2"#,
    );
    check(User::select().offset(10), r#""users" LIMIT -1 OFFSET ?"#, r#""users" OFFSET $1"#);
}

#[test]
fn names_are_quoted() {
    check(
        Kinds::select().filter(Kinds::TEXT.eq("x")).filter(Kinds::MEDIUM.eq(1)),
        r#""all kinds of ""values""" WHERE "naïve; DROP TABLE users --" = ? AND "order" = ?"#,
        r#""all kinds of ""values""" WHERE "naïve; DROP TABLE users --" = $1 AND "order" = $2"#,
    );
}
