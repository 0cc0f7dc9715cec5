//! Columns that are read only when they are asked for.

use orm::prelude::*;
use orm_tests::both_forms;

#[derive(Model, Debug, PartialEq)]
#[model(table = "docs")]
pub(crate) struct Doc {
    #[model(key, auto)]
    id: i64,
    pub(crate) body: Deferred<String>,
    pub(crate) title: String,
    #[model(deferred = "scans")]
    front: Deferred<Option<Vec<u8>>>,
    #[model(deferred = "scans", default = vec![7])]
    back: Deferred<Vec<u8>>,
    pub(crate) pages: i32,
}

/// Its key has two columns, and its first column is deferred.
#[derive(Model, Debug)]
#[model(table = "leaves")]
pub(crate) struct Leaf {
    text: Deferred<String>,
    #[model(key)]
    tree: String,
    #[model(key)]
    number: i32,
    #[model(generated = "length(text)")]
    pub(crate) size: Deferred<Option<i32>>,
}

#[test]
fn new_takes_the_value_itself() {
    let doc = Doc::new("text", "A", 3);
    assert_eq!(doc.body, Deferred::new("text".to_owned()));
    assert_eq!((doc.front.get(), doc.back.get()), (Some(&None), Some(&vec![7])));
    assert!(!Leaf::new("x", "oak", 1).size.is_loaded());
    let mut body = Deferred::not_loaded();
    assert_eq!(format!("{body:?}"), "(not loaded)");
    assert_eq!(body.try_get().unwrap_err().kind(), ErrorKind::NotLoaded);
    assert_eq!((body.get(), body.is_loaded(), body.clone().into_inner()), (None::<&String>, false, None));
    body.set("x");
    assert_eq!((body.try_get().unwrap().as_str(), format!("{body:?}")), ("x", "\"x\"".to_owned()));
}

#[both_forms]
mod composed {
    use super::{Doc, Leaf};
    use orm_tests::assert_says;
    use orm_tests::prelude::*;

    #[derive(FromRow, Debug, PartialEq)]
    struct Titled {
        title: String,
    }

    /// [QRY-14] In subqueries, unions and rows of structs as well, deferred columns are there if they were asked for.
    #[case]
    async fn composed_queries(db: Db) {
        db.create::<(Doc, Leaf)>().await;
        let mut session = db.session();
        session.add(Doc::new("first", "A", 1));
        session.add(Doc::new("second", "B", 2));
        session.commit().await.unwrap();

        let mut session = db.session();
        let union = Doc::select().filter(Doc::PAGES.eq(1)).union(Doc::select().filter(Doc::PAGES.eq(2)));
        let found = session.all(union.order_by(Doc::TITLE.desc())).await.unwrap();
        assert_eq!((session[found[0]].title.as_str(), session[found[0]].body.is_loaded()), ("B", false));
        let mixed = Doc::select().union(Doc::select().undefer(Doc::BODY));
        assert_says(session.all(mixed).await.unwrap_err(), &["different deferred columns"]);
        let both = Doc::select().undefer(Doc::BODY).union(Doc::select().undefer(Doc::BODY));
        let behind = Doc::select().union(Doc::select()).undefer(Doc::BODY);
        assert_says(session.all(behind).await.unwrap_err(), &["stands behind a union"]);
        let rows = session.rows(both.clone().order_by(Doc::ID.asc())).await.unwrap();
        assert_eq!(rows[1].body.get().map(String::as_str), Some("second"));
        assert_eq!((rows[1].pages, rows[1].back.is_loaded()), (2, false));

        let late = both.clone().undefer(Doc::BACK);
        assert_says(session.all(late).await.unwrap_err(), &["undefer stands behind a union"]);

        let plain = Doc::select().subquery("plain");
        let missing = select(Doc::BODY.of(&plain));
        assert_says(session.all(missing).await.unwrap_err(), &["plain has no column body"]);
        let with = cte("with_body", Doc::select().undefer(Doc::BODY));
        let bodies = session.all(select(Doc::BODY.of(&with)).order_by(Doc::ID.of(&with).asc())).await;
        assert_eq!(bodies.unwrap(), ["first", "second"]);
        let rows = session.rows(select((Doc::TITLE.of(&plain), plain.entity::<Doc>()))).await.unwrap();
        assert_eq!((rows[0].1.title.as_str(), rows[0].1.body.is_loaded()), ("A", false));
        let whole = both.subquery("whole");
        let query = select(whole.entity::<Doc>()).undefer(Doc::BODY).order_by(Doc::ID.of(&whole).asc());
        let rows = session.rows(query).await.unwrap();
        assert_eq!(rows[0].body.get().map(String::as_str), Some("first"));

        let titled = Doc::select().order_by(Doc::ID.asc()).into::<Titled>();
        assert_eq!(session.first(titled).await.unwrap(), Some(Titled { title: "A".into() }));
        let docs = Doc::select().order_by(Doc::ID.asc()).into::<Doc>().undefer(Doc::BODY);
        let docs = session.all(docs).await.unwrap();
        assert_eq!(docs[1].body.get().map(String::as_str), Some("second"));
        assert_eq!(session.count(Doc::select().undefer(Doc::BODY).limit(1)).await.unwrap(), 1);
    }
}

#[both_forms]
mod deferred {
    use super::{Doc, Leaf};
    use orm::dialect::{Postgres, Sqlite};
    use orm_tests::prelude::*;
    use orm_tests::{assert_says, assert_statements};

    async fn docs(db: &Db) -> Session {
        db.create::<(Doc, Leaf)>().await;
        let mut session = db.session();
        session.add(Doc { front: Some(vec![1]).into(), ..Doc::new("first", "A", 1) });
        session.add(Doc::new("second", "B", 2));
        session.commit().await.unwrap();
        let session = db.session();
        db.trace.take();
        session
    }

    fn bodies(session: &Session, docs: &[Entity<Doc>]) -> Vec<Option<String>> {
        docs.iter().map(|&doc| session[doc].body.get().cloned()).collect()
    }

    const PLAIN: &str = "SELECT id, title, pages FROM docs";

    /// [QRY-14] No query for entities selects it, nor does `get` or `refresh`.
    #[case]
    async fn entities_come_without_it(db: Db) {
        let mut session = docs(&db).await;
        let found = session.all(Doc::select().order_by(Doc::ID.asc())).await.unwrap();
        assert_eq!(bodies(&session, &found), [None, None]);
        assert_eq!((session[found[1]].title.as_str(), session[found[1]].pages), ("B", 2));
        assert!(!session[found[0]].front.is_loaded() && !session[found[0]].back.is_loaded());
        session.refresh(found[0]).await.unwrap();
        let mut other = db.session();
        let doc = other.get::<Doc>(1).await.unwrap().unwrap();
        assert_eq!((other[doc].title.as_str(), other[doc].body.get()), ("A", None));
        let one = format!("{PLAIN} WHERE id = ?");
        let all = format!("{PLAIN} ORDER BY id ASC");
        assert_statements(&db.trace.take_statements(), &[&all, &one, &one]);
    }

    /// [QRY-14] It is loaded by a SELECT of that column alone, once.
    #[case]
    async fn it_is_loaded_alone(db: Db) {
        let mut session = docs(&db).await;
        let doc = session.get::<Doc>(1).await.unwrap().unwrap();
        db.trace.take();
        assert_eq!(session.load_deferred(doc, Doc::BODY).await.unwrap().body.get().unwrap(), "first");
        assert_eq!(session.load_deferred(doc, Doc::BODY).await.unwrap().title, "A");
        assert!(!session[doc].front.is_loaded());
        assert_statements(&db.trace.take_statements(), &["SELECT body FROM docs WHERE id = ?"]);
        session.commit().await.unwrap();
        assert!(db.trace.take_statements().is_empty(), "what was loaded is not written");
    }

    /// [QRY-14] A group is loaded by one SELECT of its columns.
    #[case]
    async fn a_group_is_loaded_together(db: Db) {
        let mut session = docs(&db).await;
        let doc = session.get::<Doc>(1).await.unwrap().unwrap();
        db.trace.take();
        let back = session.load_deferred(doc, Doc::BACK).await.unwrap().back.try_get().unwrap();
        assert_eq!(*back, [7]);
        assert_eq!(session[doc].front.get(), Some(&Some(vec![1])));
        session.load_deferred(doc, Doc::FRONT).await.unwrap();
        assert_statements(&db.trace.take_statements(), &["SELECT front, back FROM docs WHERE id = ?"]);
        assert!(!session[doc].body.is_loaded());
    }

    /// [QRY-14] Those of many entities are one SELECT, for those that lack them.
    #[case]
    async fn many_are_loaded_at_once(db: Db) {
        let mut session = docs(&db).await;
        let mut found = session.all(Doc::select().order_by(Doc::ID.asc())).await.unwrap();
        found.push(found[0]);
        found.push(session.add(Doc::new("new", "C", 3)));
        db.trace.take();
        session.load_deferred_all(&found, Doc::BODY).await.unwrap();
        session.load_deferred_all(&found, Doc::BODY).await.unwrap();
        let texts = ["first", "second", "first", "new"].map(|text| Some(text.to_owned()));
        assert_eq!(bodies(&session, &found), texts);
        let statements = db.trace.take_statements();
        assert_statements(&statements[1..], &["SELECT id, body FROM docs WHERE id IN (?, ?)"]);
        assert!(statements[0].starts_with("INSERT"), "the new one is flushed first: {statements:?}");

        session.add_all([Leaf::new("one", "oak", 1), Leaf::new("three", "oak", 2)]);
        session.add(Leaf::new("other", "elm", 1));
        session.commit().await.unwrap();
        let mut session = db.session();
        let oaks = Leaf::select().filter(Leaf::TREE.eq("oak")).order_by(Leaf::NUMBER.desc());
        let leaves = session.all(oaks).await.unwrap();
        db.trace.take();
        session.load_deferred_all(&leaves, Leaf::TEXT).await.unwrap();
        assert_eq!(session[leaves[0]].text.get().unwrap(), "three");
        assert_eq!(session[leaves[1]].text.get().unwrap(), "one");
        let pairs = "SELECT text, tree, number FROM leaves \
                     WHERE (tree = ? AND number = ?) OR (tree = ? AND number = ?)";
        assert_statements(&db.trace.take_statements(), &[pairs]);
        session.load_deferred(leaves[0], Leaf::SIZE).await.unwrap();
        assert_eq!(session[leaves[0]].size.get(), Some(&Some(5)));
        let one = "SELECT size FROM leaves WHERE tree = ? AND number = ?";
        assert_statements(&db.trace.take_statements(), &[one]);
    }

    /// [QRY-14] A query can ask for it, for a session and outside of one; beside other columns, too.
    #[case]
    async fn a_query_can_select_it(db: Db) {
        let mut session = docs(&db).await;
        let query = Doc::select().undefer(Doc::BODY).undefer(Doc::FRONT).order_by(Doc::ID.asc());
        let all = "SELECT \"id\", \"body\", \"title\", \"front\", \"back\", \"pages\" FROM \"docs\" ORDER BY \"id\" ASC";
        assert_eq!(query.to_sql(&Sqlite).unwrap(), all);
        assert_eq!(query.to_sql(&Postgres).unwrap(), all);
        let found = session.all(query.clone()).await.unwrap();
        assert_eq!(bodies(&session, &found), [Some("first".to_owned()), Some("second".to_owned())]);
        assert_eq!(session[found[1]].back.get(), Some(&vec![7]));

        let other = Doc::alias("other");
        let pairs = select((Doc::PAGES, Doc::entity(), other.optional(), Doc::TITLE))
            .undefer(Doc::BODY)
            .left_join(other.on(Doc::ID.lt(Doc::ID.of(other))))
            .order_by(Doc::ID.asc());
        let rows = session.rows(pairs.clone()).await.unwrap();
        let shown: Vec<_> = rows
            .iter()
            .map(|(pages, doc, other, title)| {
                let other = other.as_ref().and_then(|other| other.body.get().cloned());
                assert_eq!((*pages, title.as_str()), (doc.pages, doc.title.as_str()));
                (doc.body.get().unwrap().as_str(), other, doc.front.is_loaded())
            })
            .collect();
        assert_eq!(shown, [("first", Some("second".to_owned()), false), ("second", None, false)]);
        let mut connection = db.engine.connect().await.unwrap();
        assert_eq!(connection.all(pairs).await.unwrap(), rows);
        let bare = connection.all(Doc::select().order_by(Doc::ID.asc())).await.unwrap();
        assert_eq!((bare[0].title.as_str(), bare[0].body.get()), ("A", None));
        assert!(connection.first(query.clone()).await.unwrap().unwrap().body.is_loaded());
        assert_eq!(
            connection.all(select(Doc::BODY).order_by(Doc::ID.asc())).await.unwrap(),
            ["first", "second"]
        );
        let long = select(Doc::TITLE).filter(Doc::BODY.eq("second"));
        assert_eq!(connection.one(long).await.unwrap(), "B");
        db.trace.take();
        let nowhere = select(Doc::TITLE).undefer(Doc::BODY);
        assert_says(connection.all(nowhere).await.unwrap_err(), &["undefer", "body"]);
        assert!(db.trace.take().is_empty());
    }

    /// [QRY-12] [QRY-14] A query that selects it fills it in where it is missing, and nowhere else.
    #[case]
    async fn a_query_fills_in_what_is_missing(db: Db) {
        let mut session = docs(&db).await;
        let found = session.all(Doc::select().order_by(Doc::ID.asc())).await.unwrap();
        session.load_deferred(found[1], Doc::BODY).await.unwrap();
        session.execute(text("UPDATE docs SET body = body || '!', title = title || '!'")).await.unwrap();
        let query = Doc::select().undefer(Doc::BODY).order_by(Doc::ID.asc());
        assert_eq!(session.all(query).await.unwrap(), found);
        assert_eq!(bodies(&session, &found), [Some("first!".to_owned()), Some("second".to_owned())]);
        assert_eq!(session[found[0]].title, "A");
        db.trace.take();
        session.commit().await.unwrap();
        assert!(db.trace.take_statements().is_empty());
    }

    /// [QRY-14] A stream selects it as well; what it fills in while the entity is being changed is no change.
    #[case]
    async fn a_stream_fills_it_in(db: Db) {
        let mut session = docs(&db).await;
        let found = session.all(Doc::select().order_by(Doc::ID.asc())).await.unwrap();
        let query = Doc::select().undefer(Doc::BODY).order_by(Doc::ID.asc());
        let mut stream = session.stream(query, 1).await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap(), [found[0]]);
        stream[found[1]].pages = 9;
        stream[found[1]].back = vec![8].into();
        while stream.next().await.unwrap().is_some() {}
        drop(stream);
        assert_eq!(bodies(&session, &found), [Some("first".to_owned()), Some("second".to_owned())]);
        db.trace.take();
        session.flush().await.unwrap();
        assert_statements(&db.trace.take_statements(), &["UPDATE docs SET back = ?, pages = ? WHERE id = ?"]);
        session.rollback().await.unwrap();
        assert_eq!((session[found[1]].pages, session[found[1]].back.get()), (2, None));
    }

    /// [QRY-14] It is written if it was set, whether it was loaded or not, and never otherwise.
    #[case]
    async fn it_is_written_only_if_it_was_set(db: Db) {
        let mut session = docs(&db).await;
        let found = session.all(Doc::select().order_by(Doc::ID.asc())).await.unwrap();
        db.trace.take();
        session[found[0]].title = "Z".into();
        session.flush().await.unwrap();
        session[found[0]].body = "set".into();
        session[found[1]].front = None.into();
        session.flush().await.unwrap();
        session[found[0]].body.set("set");
        session[found[1]].body = Deferred::not_loaded();
        session.flush().await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &[
                "UPDATE docs SET title = ? WHERE id = ?",
                "UPDATE docs SET body = ? WHERE id = ?",
                "UPDATE docs SET front = ? WHERE id = ?",
            ],
        );
        session.commit().await.unwrap();
        let mut other = db.session();
        let rows =
            other.rows(Doc::select().undefer(Doc::BODY).undefer(Doc::BACK).order_by(Doc::ID.asc())).await;
        let rows = rows.unwrap();
        assert_eq!((rows[0].title.as_str(), rows[0].body.get().unwrap().as_str()), ("Z", "set"));
        assert_eq!((rows[1].body.get().unwrap().as_str(), rows[1].front.get()), ("second", Some(&None)));
    }

    /// [QRY-14] A rollback forgets what was set; an expired entity forgets what was loaded.
    #[case]
    async fn rollback_and_expiry_forget_it(db: Db) {
        let mut session = docs(&db).await;
        let doc = session.get::<Doc>(1).await.unwrap().unwrap();
        session[doc].body = "set".into();
        session.flush().await.unwrap();
        session[doc].body = "again".into();
        session.rollback().await.unwrap();
        assert_eq!(session[doc].body.get(), None);
        assert_eq!(session.load_deferred(doc, Doc::BODY).await.unwrap().body.get().unwrap(), "first");
        session[doc].body = "set".into();
        session.rollback().await.unwrap();
        assert_eq!(session[doc].body.get().unwrap(), "first");

        session.load(doc).await.unwrap();
        session.load_deferred(doc, Doc::BODY).await.unwrap();
        session.expire(doc).unwrap();
        assert!(session.try_get(doc).is_err());
        session.load(doc).await.unwrap();
        assert_eq!(session[doc].body.get(), None);
        session.load_deferred(doc, Doc::BODY).await.unwrap();
        session.refresh(doc).await.unwrap();
        assert_eq!(session[doc].body.get(), None);
    }

    /// [QRY-14] Of an entity that has to be read again, the row and the column come with one SELECT.
    #[case]
    async fn a_stale_row_is_read_with_it(db: Db) {
        let mut session = docs(&db).await;
        let doc = session.get::<Doc>(1).await.unwrap().unwrap();
        session.commit().await.unwrap();
        db.script("UPDATE docs SET title = 'new', body = 'new'").await;
        db.trace.take();
        let read = session.load_deferred(doc, Doc::BODY).await.unwrap();
        assert_eq!((read.title.as_str(), read.body.get().unwrap().as_str()), ("new", "new"));
        let row = "SELECT id, body, title, pages FROM docs WHERE id = ?";
        assert_statements(&db.trace.take_statements(), &[row]);
        session.expire(doc).unwrap();
        session.load_deferred_all(&[doc], Doc::BODY).await.unwrap();
        assert_eq!(session[doc].body.get().unwrap(), "new");
        assert_statements(&db.trace.take_statements(), &[row]);
    }

    /// [QRY-14] A change that waits is flushed first, so that the row is found under its new key and shows what it now has.
    #[case]
    async fn changes_are_flushed_first(db: Db) {
        let mut session = docs(&db).await;
        session.add(Leaf::new("text", "oak", 1));
        session.commit().await.unwrap();
        let mut session = db.session();
        let leaf = session.get::<Leaf>(("oak".to_owned(), 1)).await.unwrap().unwrap();
        session[leaf].number = 5;
        assert_eq!(session.load_deferred(leaf, Leaf::TEXT).await.unwrap().text.get().unwrap(), "text");
        session[leaf].text = "longer".into();
        session.load_deferred(leaf, Leaf::SIZE).await.unwrap();
        assert_eq!(session[leaf].size.get(), Some(&Some(6)));
    }

    /// [RES-11] Text may have the column or not.
    #[case]
    async fn text_need_not_have_it(db: Db) {
        let mut session = docs(&db).await;
        let without = text("SELECT pages, title, id FROM docs ORDER BY id").entities::<Doc>();
        let found = session.all(without).await.unwrap();
        assert_eq!(bodies(&session, &found), [None, None]);
        let with = text("SELECT body, pages, title, id FROM docs WHERE id = 2").entities::<Doc>();
        session.all(with.clone()).await.unwrap();
        assert_eq!(bodies(&session, &found), [None, Some("second".to_owned())]);
        let mut connection = db.engine.connect().await.unwrap();
        let docs: Vec<Doc> = connection.execute(with).await.unwrap().all().unwrap();
        assert_eq!((docs[0].body.get().unwrap().as_str(), docs[0].back.get()), ("second", None));
        let short = text("SELECT body, id, pages FROM docs").entities::<Doc>();
        assert_says(session.all(short).await.unwrap_err(), &["no column title;"]);
        db.trace.take();
        session.load_deferred(found[0], Doc::BODY).await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 1);
    }

    /// What cannot be is an error that says so, and nothing is sent.
    #[case]
    async fn misuse_is_told(db: Db) {
        let mut session = docs(&db).await;
        let doc = session.get::<Doc>(1).await.unwrap().unwrap();
        let copy = session.detach(doc).unwrap();
        db.trace.take();
        assert!(session.load_deferred(doc, Doc::BODY).await.is_err());
        session.add(Doc { id: 0, ..copy });
        let error = session.flush().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotLoaded);
        assert_says(error, &["Doc", "body"]);
        assert!(db.trace.take().is_empty());
    }

    /// A row that somebody deleted is an error, of one entity and of several.
    #[case]
    async fn a_row_may_be_gone(db: Db) {
        let mut session = docs(&db).await;
        let found = session.all(Doc::select()).await.unwrap();
        session.commit().await.unwrap();
        session.load(found[0]).await.unwrap();
        session.load(found[1]).await.unwrap();
        session.execute(text("DELETE FROM docs WHERE id = 2")).await.unwrap();
        let error = session.load_deferred_all(&found, Doc::BODY).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RowGone);
        assert_eq!(bodies(&session, &found), [Some("first".to_owned()), None]);
        let gone = session.load_deferred(found[1], Doc::BODY).await.unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::RowGone);
    }

    /// More entities than one statement takes.
    #[case]
    async fn a_thousand_are_a_few_statements(db: Db) {
        let mut session = docs(&db).await;
        session.add_all((0..1000).map(|number| Doc::new(number.to_string(), "T", number)));
        session.commit().await.unwrap();
        let mut session = db.session();
        let found = session.all(Doc::select().filter(Doc::TITLE.eq("T"))).await.unwrap();
        db.trace.take();
        session.load_deferred_all(&found, Doc::BODY).await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 2);
        assert!(found.iter().all(|&doc| session[doc].body.get() == Some(&session[doc].pages.to_string())));
    }
}
