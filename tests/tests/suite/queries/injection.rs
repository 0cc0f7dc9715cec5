//! Hostile texts in every place that takes a value or a name: they come back as they are, or are refused before anything is
//! sent. A place is a line in one of the tables below; a text is a line in `VALUES`.

use orm::prelude::*;
use orm_tests::{Backend, both_forms};

/// What breaks out where a text is put into SQL, and what is mistaken for something else.
const VALUES: &[&str] = &[
    "plain",
    "",
    " ",
    "'",
    "''",
    "\"",
    "\"\"",
    "`",
    "[x]",
    "\\",
    "\\'",
    "\\\\",
    "'; DROP TABLE canaries; --",
    "\"; DROP TABLE canaries; --",
    "' OR '1'='1",
    "x' UNION SELECT word FROM canaries --",
    "--",
    "-- \n",
    "/*",
    "*/",
    "/* ' */",
    "#",
    ";",
    "$1",
    "$$",
    "$tag$ x $tag$",
    "?",
    "?1",
    "@v",
    ":v",
    ":name",
    "::text",
    "%",
    "_",
    "%_\\",
    "100%",
    "a_b",
    "E'\\x27'",
    "U&'\\0027'",
    "x'27'",
    "NULL",
    "null",
    "DEFAULT",
    "true",
    "0",
    "\0",
    "a\0b",
    "'\0; DROP TABLE canaries",
    "\n",
    "\r\n",
    "\t",
    "\u{8}",
    "\u{1a}",
    "\u{7f}",
    "\u{02bc}; DROP TABLE canaries --",
    "\u{ff07}; DROP TABLE canaries --",
    "\u{2019}",
    "\u{ff02}",
    "\u{202e}drawkcab",
    "\u{200b}",
    "\u{feff}",
    "e\u{301}",
    "é",
    "ſ",
    "İ",
    "𝄞",
    "👩‍👩‍👧",
    "{\"a\": \"b\"}",
    "{}",
    "{a,b}",
    "[\"a\"]",
    "${HOME}",
    "{{7*7}}",
    "%s%n",
    "\u{fffd}",
    "\u{10ffff}",
];

/// All of them, and large ones.
fn values() -> Vec<String> {
    let mut values: Vec<_> = VALUES.iter().map(|&value| value.to_owned()).collect();
    values.push("x'\"\\".repeat(1 << 18));
    assert_eq!(values.last().map(String::len), Some(1 << 20));
    values
}

/// The values and long names; none differs from another one in case alone.
fn names() -> Vec<String> {
    let mut names: Vec<_> =
        VALUES.iter().filter(|&&name| name != "null").map(|&name| name.to_owned()).collect();
    names.extend([63, 64, 5000].map(|length| "n".repeat(length)));
    names.extend([31, 32].map(|length| "é".repeat(length)));
    names
}

/// Whether a name cannot be one.
fn is_no_name(name: &str, backend: Backend) -> bool {
    let is_long_or_odd = || {
        name.starts_with(|first: char| first.is_ascii_whitespace() || first.is_ascii_control())
            || name.ends_with(|last: char| last.is_ascii_whitespace())
            || name.chars().count() > 64
            || name.chars().any(|letter| u32::from(letter) > 0xFFFF)
    };
    name.is_empty()
        || name.contains('\0')
        || (backend == Backend::Postgres && name.len() > 63)
        || (backend.is_mysql() && is_long_or_odd())
}

#[derive(Model, Debug)]
#[model(table = "hostiles")]
struct Hostile {
    #[model(key, auto)]
    id: i64,
    text: String,
    maybe: Option<String>,
    list: Vec<String>,
    json: serde_json::Value,
}

impl Hostile {
    fn of(text: &str) -> Self {
        let json = serde_json::json!({ "text": text });
        Self { maybe: Some(text.to_owned()), ..Self::new(text, vec![text.to_owned()], json) }
    }
}

/// Its key is a text.
#[derive(Model, Debug)]
#[model(table = "keyed")]
struct Keyed {
    #[model(key)]
    key: String,
    text: String,
}

/// What must be as it was at the end.
#[derive(Model, Debug)]
#[model(table = "canaries")]
struct Canary {
    #[model(key, auto)]
    id: i64,
    word: String,
}

#[derive(FromRow, Debug, PartialEq)]
struct Named {
    #[row(column = "'\"; DROP TABLE canaries; --")]
    word: String,
}

#[both_forms]
mod injection {
    use std::fmt::Debug;

    use super::{Canary, Hostile, Keyed, Named, is_no_name, names, values};
    use orm::Condition;
    use orm::schema::{ColumnDef, Index, References, Table, TableDef};
    use orm_tests::Backend;
    use orm_tests::prelude::*;

    async fn canary(db: &Db) -> Session {
        db.create::<(Hostile, Keyed, Canary)>().await;
        let mut session = db.session();
        session.add(Canary::new("sings"));
        session.commit().await.unwrap();
        db.trace.take();
        session
    }

    /// Nothing happened to what nobody spoke of.
    async fn assert_intact(db: &Db, tables: usize) {
        let mut session = db.session();
        assert_eq!(session.all(select(Canary::WORD)).await.unwrap(), ["sings"]);
        assert_eq!(db.engine.inspect().await.unwrap().tables().len(), tables);
    }

    /// What came back is what was given; or it was refused by us.
    #[track_caller]
    fn check<T: PartialEq + Debug>(db: &Db, place: &str, given: &str, back: orm::Result<T>, expected: &T) {
        let short: String = given.chars().take(40).collect();
        let error = match back {
            Ok(back) => return assert!(back == *expected, "{place}: {short:?} came back as another one"),
            Err(error) => error,
        };
        // Not every database has texts with a NUL, so none is given one; the patterns of SQLite have a length.
        let is_search = ["starts_with", "ends_with", "contains"].contains(&place);
        let is_long = given.len() > 50_000 && is_search && db.backend == Backend::Sqlite;
        assert!(given.contains('\0') || is_long, "{place}: {short:?} was refused: {error}");
        assert!(error.kind() == ErrorKind::Encode || is_long, "{place}: {short:?} was sent: {error}");
    }

    /// A column that holds a text: how it gets there, and how it is found.
    type Column = (&'static str, fn(&mut Hostile, &str), fn(&Hostile) -> Option<&str>);

    const COLUMNS: &[Column] = &[
        ("text", |row, value| row.text = value.into(), |row| Some(&row.text)),
        ("Option", |row, value| row.maybe = Some(value.into()), |row| row.maybe.as_deref()),
        ("list", |row, value| row.list = vec![value.into()], |row| row.list.first().map(String::as_str)),
        ("JSON", |row, value| row.json = serde_json::json!([value]), |row| row.json[0].as_str()),
        (
            "JSON key",
            |row, value| row.json = serde_json::json!({ value: 1 }),
            |row| row.json.as_object().and_then(|object| object.keys().next()).map(String::as_str),
        ),
    ];

    /// [QRY-3] Each place that stores a value: inserts and updates of each kind of column.
    #[case]
    async fn values_are_stored_as_they_are(db: Db) {
        let mut session = canary(&db).await;
        for value in values() {
            for (place, set, get) in COLUMNS {
                if *place == "JSON key" && db.backend == Backend::MySql && value.len() > 0xFFFF {
                    continue;
                }
                let mut row = Hostile::of("x");
                set(&mut row, &value);
                let inserted = session.add(row);
                let stored = session.flush().await;
                let back = match stored {
                    Ok(()) => {
                        session.refresh(inserted).await.unwrap();
                        Ok(get(&session[inserted]).map(str::to_owned))
                    }
                    Err(error) => Err(error),
                };
                check(&db, place, &value, back, &Some(value.clone()));
                session.rollback().await.unwrap();

                let updated = session.add(Hostile::of("y"));
                session.flush().await.unwrap();
                set(&mut session[updated], &value);
                let stored = session.flush().await;
                let back = match stored {
                    Ok(()) => {
                        session.refresh(updated).await.unwrap();
                        Ok(get(&session[updated]).map(str::to_owned))
                    }
                    Err(error) => Err(error),
                };
                check(&db, place, &value, back, &Some(value.clone()));
                session.rollback().await.unwrap();
            }
        }
        assert_intact(&db, 3).await;
    }

    /// [QRY-3] A key is found, written by and deleted by.
    #[case]
    async fn keys_are_as_they_are(db: Db) {
        let mut session = canary(&db).await;
        // The largest is too large for an index.
        for value in values().into_iter().filter(|value| value.len() < 1000) {
            let keyed = session.add(Keyed::new(value.clone(), "x"));
            let stored = session.commit().await;
            let is_stored = stored.is_ok();
            check(&db, "key", &value, stored, &());
            if !is_stored {
                session.rollback().await.unwrap();
                assert!(session.get::<Keyed>(value.clone()).await.is_err());
                session.rollback().await.unwrap();
                continue;
            }
            let mut other = db.session();
            let found = other.get::<Keyed>(value.clone()).await.unwrap().unwrap();
            assert_eq!(other[found].key, value);
            drop(other);
            session[keyed].text = value.clone();
            session.flush().await.unwrap();
            session.delete(keyed).unwrap();
            session.commit().await.unwrap();
        }
        assert!(session.all(Keyed::select()).await.unwrap().is_empty());
        assert_intact(&db, 3).await;
    }

    /// A condition that takes a text, and which texts it is true of.
    type Place = (&'static str, fn(&str) -> Condition, fn(&str, &str) -> bool);

    /// [QRY-3] [QRY-4] Each place of a condition that takes a value.
    const CONDITIONS: &[Place] = &[
        ("eq", |value| Hostile::TEXT.eq(value), |text, value| text == value),
        ("eq of a String", |value| Hostile::TEXT.eq(value.to_owned()), |text, value| text == value),
        ("eq of an Option", |value| Hostile::MAYBE.eq(Some(value.to_owned())), |text, value| text == value),
        ("ne", |value| Hostile::TEXT.ne(value), |text, value| text != value),
        ("in", |value| Hostile::TEXT.in_([value, "plain"]), |text, value| text == value || text == "plain"),
        ("not in", |value| Hostile::TEXT.not_in([value]), |text, value| text != value),
        ("between", |value| Hostile::TEXT.between(value, value), |text, value| text == value),
        ("starts_with", |value| Hostile::TEXT.starts_with(value), |text, value| text.starts_with(value)),
        ("ends_with", |value| Hostile::TEXT.ends_with(value), |text, value| text.ends_with(value)),
        ("contains", |value| Hostile::MAYBE.contains(value), |text, value| text.contains(value)),
        ("and, or", |value| !Hostile::TEXT.eq(value) & Hostile::MAYBE.ne(value), |text, value| text != value),
        (
            "subquery",
            |value| Hostile::ID.in_(select(Hostile::ID).filter(Hostile::MAYBE.eq(value))),
            |text, value| text == value,
        ),
        (
            "exists",
            |value| exists(select(Canary::ID).filter(Hostile::TEXT.eq(value))),
            |text, value| text == value,
        ),
        (
            "case",
            |value| case().when(Hostile::TEXT.eq(value), value.to_owned()).otherwise("").eq(value),
            |text, value| text == value || value.is_empty(),
        ),
        ("coalesce", |value| coalesce(Hostile::MAYBE, value).eq(value), |text, value| text == value),
        (
            "concat",
            |value| Hostile::TEXT.concat(value).eq(format!("{value}{value}")),
            |text, value| text == value,
        ),
        ("value", |given| value(given.to_owned()).eq(Hostile::TEXT), |text, value| text == value),
        ("JSON path", |value| Hostile::JSON.path(("text",)).text().eq(value), |text, value| text == value),
        ("list", |value| Hostile::LIST.eq(vec![value.to_owned()]), |text, value| text == value),
    ];

    #[case]
    async fn conditions_compare_with_the_value(db: Db) {
        let mut session = canary(&db).await;
        let stored: Vec<_> = values().into_iter().filter(|value| !value.contains('\0')).collect();
        session.add_all(stored.iter().map(|value| Hostile::of(value)));
        session.commit().await.unwrap();
        db.trace.take();
        for value in values() {
            for (place, condition, is_found) in CONDITIONS {
                let query = select(Hostile::TEXT).filter(condition(&value)).order_by(Hostile::ID.asc());
                let expected: Vec<_> = stored.iter().filter(|text| is_found(text, &value)).cloned().collect();
                let found = session.all(query).await;
                check(&db, place, &value, found, &expected);
            }
            session.rollback().await.unwrap();
            db.trace.take();
        }
        assert_intact(&db, 3).await;
    }

    /// Statements that write take values in each of their places, and hand them back.
    #[case(sqlite, postgres, mariadb)]
    async fn statements_write_the_value(db: Db) {
        let mut session = canary(&db).await;
        let canaries = Table::new("canaries")
            .column(ColumnDef::of::<i64>("id").auto_key())
            .column(ColumnDef::of::<String>("word"))
            .build()
            .unwrap();
        let word = canaries.column::<String>("word");
        for value in values() {
            let given = value.as_str();
            let one = Canary::insert().set(Canary::WORD, given).returning(Canary::WORD);
            check(&db, "insert", &value, session.one(one).await, &value);
            let several = Canary::insert().values([Canary::new(given), Canary::new("x")]);
            let found = session.all(several.returning(Canary::WORD)).await;
            check(&db, "insert of structs", &value, found, &vec![value.clone(), "x".to_owned()]);
            let one = orm::insert_into(&canaries).set(word.clone(), given).returning(word.clone());
            check(&db, "insert into a run-time table", &value, session.one(one).await, &value);
            let all = Canary::update().set(Canary::WORD, given).filter(Canary::WORD.eq("sings"));
            let found = session.all(all.returning(Canary::WORD)).await;
            check(&db, "update", &value, found, &vec![value.clone()]);
            let gone = Canary::delete().filter(Canary::WORD.eq(given)).returning(Canary::WORD);
            let found = session.all(gone).await.map(|found| found.iter().all(|word| *word == value));
            check(&db, "delete", &value, found, &true);
            session.rollback().await.unwrap();

            session.execute(Keyed::insert().values([Keyed::new("k", "old")])).await.unwrap();
            let upsert = Keyed::insert().values([Keyed::new("k", "new")]).on_conflict_key();
            let set = upsert.do_update().set(Keyed::TEXT, given).returning(Keyed::TEXT);
            check(&db, "upsert", &value, session.one(set).await, &value);
            session.rollback().await.unwrap();
            db.trace.take();
        }
        assert_intact(&db, 3).await;
    }

    /// Keys of a path into JSON are keys, whatever is in them.
    #[case]
    async fn json_paths_have_the_key(db: Db) {
        let mut session = canary(&db).await;
        // MariaDB finds no key that begins with a minus.
        let is_found = |key: &str| !db.backend.is_mysql() || !key.starts_with('-');
        for key in names().into_iter().filter(|key| !key.contains('\0') && is_found(key)) {
            let mut row = Hostile::of("x");
            row.json = serde_json::json!({ "in": { key.clone(): "found" }, "out": "other" });
            session.add(row);
            let path = Hostile::JSON.path(("in", key.clone())).text();
            let found = session.all(select(Hostile::ID).filter(path.eq("found"))).await.unwrap();
            assert_eq!(found.len(), 1, "{key:?}");
            session.rollback().await.unwrap();
        }
        assert_intact(&db, 3).await;
    }

    /// The name of a function is one, or nothing is sent.
    #[case]
    async fn names_of_functions_are_checked(db: Db) {
        let mut session = canary(&db).await;
        for name in names() {
            let is_one = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let error = session.all(select(func::<String>(&name, (Canary::WORD,)))).await;
            let sent = db.trace.take_statements();
            if !is_one || name.starts_with(|first: char| first.is_ascii_digit()) {
                assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidQuery, "{name:?}");
                assert!(sent.is_empty(), "{name:?}: {sent:?}");
            }
            session.rollback().await.unwrap();
            db.trace.take();
        }
        assert_intact(&db, 3).await;
    }

    /// Text of the program's own takes values by its parameters.
    #[case]
    async fn text_binds_the_value(db: Db) {
        canary(&db).await;
        db.script(if db.backend.is_mysql() {
            "CREATE TABLE words (word longtext, other longtext)"
        } else {
            "CREATE TABLE words (word text, other text)"
        })
        .await;
        let mut connection = db.engine.connect().await.unwrap();
        for value in values() {
            let one = text("SELECT :v, ':v', \":v\" FROM (SELECT 1 AS \":v\") AS one /* :v */ -- :v");
            let found = connection.execute(one.bind("v", value.as_str())).await;
            let found = found.and_then(|result| result.rows().next().unwrap().get::<String>(0));
            check(&db, "bind", &value, found, &value);
            let list = text("SELECT word FROM canaries WHERE word IN (:v)").bind_list("v", [&value, "sings"]);
            let found = connection.execute(list).await.and_then(|mut result| result.scalars::<String>());
            check(&db, "bind_list", &value, found, &vec!["sings".to_owned()]);
            let insert = text("INSERT INTO words (word, other) VALUES (:v, :w)");
            let sets = [Params::new().bind("w", "x").bind("v", value.as_str())];
            let inserted = connection.execute_many(insert, sets).await;
            check(&db, "execute_many", &value, inserted, &1);
            let mut found = connection.execute(text("SELECT word, other FROM words")).await.unwrap();
            let found = found.next::<(String, String)>().unwrap();
            assert!(found.is_none_or(|(word, other)| word == value && other == "x"));
            connection.rollback().await.unwrap();
        }
        assert_intact(&db, 4).await;
    }

    /// The name works as it is, or is refused and nothing is sent.
    #[track_caller]
    fn check_name<T>(db: &Db, place: &str, name: &str, result: orm::Result<T>) -> Option<T> {
        let sent = db.trace.take_statements();
        if !is_no_name(name, db.backend) {
            return Some(result.map_err(|error| format!("{place}: {name:?} was refused: {error}")).unwrap());
        }
        let error = result.err().ok_or_else(|| format!("{place}: {name:?} was not refused")).unwrap();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidQuery | ErrorKind::InvalidSchema),
            "{place}: {error}"
        );
        assert!(sent.iter().all(|sql| sql.starts_with("SELECT")), "{place}: {name:?}: {sent:?}");
        None
    }

    /// Names that a query gives: of aliases and of its columns.
    #[case]
    async fn names_in_queries_are_only_names(db: Db) {
        let mut session = canary(&db).await;
        let mut connection = db.engine.connect().await.unwrap();
        let canaries = Table::new("canaries")
            .column(ColumnDef::of::<i64>("id").auto_key())
            .column(ColumnDef::of::<String>("word"))
            .build()
            .unwrap();
        for name in names() {
            let alias = canaries.alias(name.clone());
            let query = select(alias.column::<String>("word")).filter(alias.column::<i64>("id").gt(0));
            let found = session.all(query).await;
            let found = check_name(&db, "alias", &name, found);
            assert!(found.is_none_or(|words| words == ["sings"]), "{name:?}");

            let label = Canary::WORD.label(name.clone());
            let query = select((Canary::ID, label.clone())).order_by(label.asc());
            let result = connection.execute(query).await;
            if let Some(result) = check_name(&db, "label", &name, result) {
                assert_eq!(result.columns(), ["id", &name]);
                let row = result.rows().next().unwrap();
                assert_eq!(row.get::<String>(name.as_str()).unwrap(), "sings");
            }

            // SQLite gives columns of subqueries that are called like this another name, and then finds none.
            let label = Canary::WORD.label(if name == "true" { "word".to_owned() } else { name.clone() });
            let inner = select((Canary::ID, label.clone()));
            let subquery = inner.clone().subquery(name.clone());
            let query = select(label.of(&subquery)).filter(Canary::ID.of(&subquery).gt(0));
            let found = check_name(&db, "subquery", &name, session.all(query).await);
            assert!(found.is_none_or(|words| words == ["sings"]), "{name:?}");
            let named = cte(name.clone(), inner);
            let found = session.all(select(label.of(&named))).await;
            let found = check_name(&db, "cte", &name, found);
            assert!(found.is_none_or(|words| words == ["sings"]), "{name:?}");

            for mistake in
                [select(canaries.column::<String>(name.clone())), select(alias.column(name.clone()))]
            {
                let error = session.all(mistake).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidQuery);
                assert!(db.trace.take_statements().is_empty());
            }
            let unknown = text("SELECT :a").bind(name.clone(), 1_i64);
            assert_eq!(connection.execute(unknown).await.unwrap_err().kind(), ErrorKind::InvalidQuery);
            assert!(db.trace.take_statements().is_empty());
        }
        let label = "'\"; DROP TABLE canaries; --";
        let mut result = connection.execute(select(Canary::WORD.label(label))).await.unwrap();
        assert_eq!(result.all::<Named>().unwrap(), [Named { word: "sings".to_owned() }]);
        connection.rollback().await.unwrap();
        assert_intact(&db, 3).await;
    }

    /// On SQLite tables and indexes share their names.
    fn index_of(name: &str) -> String {
        format!("{name}i").chars().take(60).collect()
    }

    fn table_of(name: &str) -> TableDef {
        Table::new(name)
            .comment(if name.contains('\0') { "" } else { name })
            .column(ColumnDef::of::<i64>("id").auto_key())
            .column(ColumnDef::of::<String>(name))
            .column(ColumnDef::of::<Option<i64>>("parent").references(References::to(name, ["id"])))
            .unique([name])
            .check(name, "parent > 0")
            .index(Index::on([name]).named(index_of(name)))
    }

    /// Names of run-time tables, of their columns and of all that is about them; their comments.
    #[case]
    async fn names_in_schemas_are_only_names(db: Db) {
        canary(&db).await;
        for name in names() {
            let mut metadata = Metadata::default();
            let added = metadata.add(table_of(&name)).map(drop);
            let created = match added {
                Ok(()) => db.engine.create_all(&metadata).await,
                refused => refused,
            };
            if check_name(&db, "create_all", &name, created).is_none() {
                continue;
            }
            let table = table_of(&name).build().unwrap();
            let column = table.column::<String>(name.clone());
            let query = select((table.column::<i64>("id"), column.clone())).filter(column.eq(name.as_str()));
            let mut connection = db.engine.connect().await.unwrap();
            assert!(connection.all(query).await.unwrap().is_empty());
            connection.commit().await.unwrap();
            let found = db.engine.inspect().await.unwrap();
            let found = found.table(name.as_str()).unwrap();
            assert_eq!(found.columns[1].name, name);
            assert_eq!(found.indexes[0].name, index_of(&name));
            assert_eq!(found.checks[0].name.as_deref(), Some(name.as_str()));
            if db.backend != Backend::Sqlite {
                assert_eq!(found.comment.as_deref().unwrap_or_default(), name);
            }
            db.engine.drop_all(&metadata).await.unwrap();
            db.trace.take();
        }
        assert_intact(&db, 3).await;
    }

    /// A schema that is not there is not found, whatever it is called.
    #[case]
    async fn names_of_schemas_are_only_names(db: Db) {
        let mut session = canary(&db).await;
        for name in names() {
            let table = Table::new((name.clone(), "canaries")).column(ColumnDef::of::<i64>("id").auto_key());
            let found = match table.build() {
                Ok(table) => session.all(select(table.column::<i64>("id"))).await.map(drop),
                Err(refused) => Err(refused),
            };
            let error = found.unwrap_err();
            if is_no_name(&name, db.backend) {
                let kinds = [ErrorKind::InvalidQuery, ErrorKind::InvalidSchema];
                assert!(kinds.contains(&error.kind()), "{name:?}: {error}");
                assert!(db.trace.take_statements().is_empty(), "{name:?}");
            } else {
                assert_eq!(error.kind(), ErrorKind::MissingTable, "{name:?}: {error}");
                session.rollback().await.unwrap();
                db.trace.take();
            }
        }
        assert_intact(&db, 3).await;
    }
}
