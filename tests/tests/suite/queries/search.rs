//! Full-text search.

use orm::dialect::{Postgres, Sqlite};
use orm::functions::{match_rank, matches, matches_in};
use orm_tests::prelude::*;
use orm_tests::{Backend, assert_says, both_forms};

#[derive(Model, Debug)]
#[model(table = "notes")]
struct Note {
    #[model(key, auto, column = "rowid")]
    id: i64,
    title: String,
    body: String,
}

#[test]
fn searches() {
    let query = select(Note::ID).filter(matches(Note::BODY, "two words"));
    assert_eq!(query.to_sql(&Sqlite).unwrap(), r#"SELECT "rowid" FROM "notes" WHERE "body" MATCH ?"#);
    assert_eq!(
        query.to_sql(&Postgres).unwrap(),
        r#"SELECT "rowid" FROM "notes" WHERE to_tsvector("body") @@ plainto_tsquery($1)"#
    );
    let query = select(match_rank("english", Note::BODY, "x")).filter(matches_in("english", Note::BODY, "x"));
    assert_eq!(
        query.to_sql(&Postgres).unwrap(),
        r#"SELECT CAST(ts_rank(to_tsvector('english', "body"), plainto_tsquery('english', $1)) AS double precision) FROM "notes" WHERE to_tsvector('english', "body") @@ plainto_tsquery('english', $2)"#
    );
    let error = query.to_sql(&Sqlite).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_says(error, &["sqlite has no configurations for text search"]);
    let hostile = select(Note::ID).filter(matches_in("x'", Note::BODY, "x"));
    assert_says(hostile.to_sql(&Postgres).unwrap_err(), &["not the name of a configuration"]);
}

#[both_forms]
mod search {
    use super::*;

    /// [QRY-4] All words have to be there, and nothing is special in them.
    #[case]
    async fn words_are_found(db: Db) {
        match db.backend {
            Backend::Sqlite => db.script("CREATE VIRTUAL TABLE notes USING fts5(title, body)").await,
            Backend::Postgres => db.create::<Note>().await,
            Backend::MariaDb | Backend::MySql => {
                db.create::<Note>().await;
                db.script("CREATE FULLTEXT INDEX by_title ON notes (title); CREATE FULLTEXT INDEX by_body ON notes (body)")
                    .await;
            }
        }
        let mut session = db.session();
        session.add(Note::new("first", "The quick brown fox"));
        session.add(Note::new("brown", "A lazy dog, quick to sleep OR not"));
        session.commit().await.unwrap();
        let mut found = async |words: &str| {
            let query = select(Note::TITLE).filter(matches(Note::BODY, words)).order_by(Note::ID.asc());
            session.all(query).await.unwrap()
        };
        assert_eq!(found("quick").await, ["first", "brown"]);
        // MariaDB tells letters apart as the column's collation does.
        let words = if db.backend.is_mysql() { "brown quick" } else { "brown QUICK" };
        assert_eq!(found(words).await, ["first"]);
        assert_eq!(found("dog fox").await, [""; 0]);
        assert_eq!(found("").await, [""; 0]);
        assert_eq!(found("nothing").await, [""; 0]);
        for hostile in ["\"", "'", "fox*\" OR \"dog", "title:brown", "fox & !", "quick -fox ("] {
            found(hostile).await;
        }
        assert_eq!(found("body:fox").await, [""; 0]);
        if db.backend == Backend::Postgres {
            let ranked = select(Note::TITLE)
                .filter(matches_in("simple", Note::BODY, "quick"))
                .order_by(match_rank("simple", Note::BODY, "brown").desc());
            assert_eq!(session.all(ranked).await.unwrap(), ["first", "brown"]);
        }
    }
}
