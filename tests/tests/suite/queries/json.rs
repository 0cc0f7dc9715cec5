//! Paths into JSON.

use orm::dialect::{Postgres, Sqlite};
use orm::{Expr, Json};
use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};
use serde_json::json;

#[derive(Model, Debug)]
#[model(table = "docs")]
struct Doc {
    #[model(key, auto)]
    id: i64,
    data: serde_json::Value,
    maybe: Option<Json<Vec<String>>>,
}

#[test]
fn paths() {
    let query = select(Doc::ID).filter(Doc::DATA.path(("a\"b", 0)).text().eq("x"));
    assert_eq!(
        query.to_sql(&Sqlite).unwrap(),
        r#"SELECT "id" FROM "docs" WHERE CASE json_type("data", ?) WHEN 'text' THEN "data" ->> ? WHEN 'null' THEN NULL ELSE "data" -> ? END = ?"#
    );
    assert_eq!(
        query.to_sql(&Postgres).unwrap(),
        r#"SELECT "id" FROM "docs" WHERE (("data" -> $1 -> $2) #>> '{}') = $3"#
    );
    let query = select(Doc::DATA.path("a.b").json::<serde_json::Value>());
    assert_eq!(query.to_sql(&Sqlite).unwrap(), r#"SELECT ("data" -> ?) FROM "docs""#);
    assert_eq!(query.to_sql(&Postgres).unwrap(), r#"SELECT ("data" -> $1 -> $2) FROM "docs""#);
    assert_says(
        select(Doc::DATA.path(Vec::new()).int()).to_sql(&Postgres).unwrap_err(),
        &["a step at least"],
    );
    assert_says(select(Doc::DATA.path("a\0").int()).to_sql(&Sqlite).unwrap_err(), &["NUL"]);
}

const HOSTILE: [&str; 13] = [
    "",
    "\"",
    "'",
    "\\",
    "\\\"",
    "a'; DROP TABLE docs; --",
    "$",
    "[0]",
    "#-1",
    "a\nb\tc",
    "ключ ☃ 𝄞",
    "\u{1}\u{1f}",
    "{a,b}",
];

#[both_forms]
mod json {
    use super::*;

    async fn docs(db: &Db) -> Session {
        db.create::<Doc>().await;
        let mut session = db.session();
        let data = json!({
            "address": {"city": "Łódź", "zip": null},
            "tags": ["a", "b", 3, [true]],
            "age": 30, "size": 1.5, "whole": 2.0, "large": i64::MAX, "yes": true, "no": false, "0": "zero", "a.b": "dotted"
        });
        session.add(Doc { maybe: Some(Json(vec!["x".into(), "y".into()])), ..Doc::new(data) });
        session.commit().await.unwrap();
        session
    }

    async fn one<T: DbValue>(session: &mut Session, expression: Expr<T>) -> T {
        session.one(select(expression)).await.unwrap()
    }

    /// [QRY-1] What lies at a path is the same value on each database.
    #[case]
    async fn values(db: Db) {
        let mut session = docs(&db).await;
        let s = &mut session;
        let at = |path: &str| Doc::DATA.path(path);
        assert_eq!(one(s, at("address.city").text()).await.unwrap(), "Łódź");
        assert_eq!(one(s, at("address").path("city").text()).await.unwrap(), "Łódź");
        assert_eq!(one(s, Doc::DATA.path(("tags", 0)).text()).await.unwrap(), "a");
        assert_eq!(one(s, Doc::DATA.path(("tags", -3)).text()).await.unwrap(), "b");
        assert_eq!(one(s, Doc::DATA.path(("tags", 3, 0)).bool()).await, Some(true));
        assert_eq!(one(s, Doc::DATA.path(("a.b",)).text()).await.unwrap(), "dotted");
        assert_eq!(one(s, at("a.b").text()).await, None);
        // A number is an index, text is a key.
        assert_eq!(one(s, at("0").text()).await.unwrap(), "zero");
        // MariaDB takes what is no array for one of one element.
        if !db.backend.is_mysql() {
            assert_eq!(one(s, Doc::DATA.path(0).text()).await, None);
        }
        assert_eq!(one(s, at("tags.0").text()).await, None);
        assert_eq!(one(s, Doc::DATA.path(("tags", 9)).text()).await, None);
        assert_eq!(one(s, at("address.zip").text()).await, None);
        assert_eq!(one(s, at("nothing").text()).await, None);
        assert_eq!(one(s, at("age.nothing").text()).await, None);
        assert_eq!(one(s, Doc::MAYBE.path(1).text()).await.unwrap(), "y");

        for (path, text, int, float, bool) in [
            ("age", Some("30"), Some(30), Some(30.0), None),
            ("size", Some("1.5"), None, Some(1.5), None),
            ("whole", Some("2.0"), Some(2), Some(2.0), None),
            ("large", Some("9223372036854775807"), Some(i64::MAX), Some(9_223_372_036_854_775_807.0), None),
            ("yes", Some("true"), None, None, Some(true)),
            ("no", Some("false"), None, None, Some(false)),
            ("address.city", Some("Łódź"), None, None, None),
            ("address.zip", None, None, None, None),
            ("nothing", None, None, None, None),
        ] {
            assert_eq!(one(s, at(path).text()).await.as_deref(), text, "{path}");
            assert_eq!(one(s, at(path).int()).await, int, "{path}");
            assert_eq!(one(s, at(path).float()).await, float, "{path}");
            assert_eq!(one(s, at(path).bool()).await, bool, "{path}");
        }
        assert_eq!(one(s, at("address").int()).await, None);
        let address = one(s, at("address").json::<serde_json::Value>()).await;
        assert_eq!(address, Some(json!({"city": "Łódź", "zip": null})));
        assert_eq!(one(s, at("address.zip").json::<serde_json::Value>()).await, Some(json!(null)));
        assert_eq!(one(s, at("nothing").json::<serde_json::Value>()).await, None);

        let found = select(Doc::ID).filter(at("age").int().gt(29)).filter(at("yes").bool());
        assert_eq!(s.all(found.order_by(at("size").float().desc())).await.unwrap().len(), 1);
        assert_eq!(one(s, at("age").int() + 1).await, Some(31));
    }

    /// [QRY-4] A key is only a key.
    #[case]
    async fn hostile_keys(db: Db) {
        let mut session = docs(&db).await;
        for key in HOSTILE {
            session.add(Doc::new(json!({key: {"it": key}, "other": 1})));
        }
        session.commit().await.unwrap();
        for key in HOSTILE {
            let found =
                select(Doc::DATA.path((key, "it")).text()).filter(Doc::DATA.path((key, "it")).text().eq(key));
            assert_eq!(session.all(found).await.unwrap(), [Some(key.to_owned())], "{key:?}");
        }
        assert_eq!(session.all(select(Doc::ID)).await.unwrap().len(), HOSTILE.len() + 1);
    }
}
