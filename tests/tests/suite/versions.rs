//! Versions: who has read an older row than there is does not overwrite the newer one.

use orm_tests::prelude::*;
use orm_tests::{Backend, assert_says, assert_statements, both_forms};

#[derive(Model, Debug, PartialEq)]
#[model(table = "docs")]
struct Doc {
    #[model(key, auto)]
    id: i64,
    title: String,
    body: Option<String>,
    #[model(version)]
    version: i32,
}

/// Its version stands before its key, has the smallest type, and its key may change.
#[derive(Model, Debug)]
#[model(table = "labels")]
struct Label {
    #[model(version)]
    revision: i16,
    #[model(key)]
    group: String,
    #[model(key)]
    name: String,
    doc: Option<BelongsTo<Doc>>,
}

/// Refers to itself.
#[derive(Model, Debug)]
#[model(table = "branches")]
struct Branch {
    #[model(key, auto)]
    id: i64,
    name: String,
    next: Option<BelongsTo<Branch>>,
    #[model(version)]
    version: i64,
}

/// The database computes a column.
#[derive(Model, Debug)]
#[model(table = "prices")]
struct Price {
    #[model(version)]
    version: i64,
    net: i64,
    #[model(generated = "net * 2")]
    gross: i64,
    #[model(key, auto)]
    id: i64,
}

#[both_forms]
mod versions {
    use super::*;

    async fn docs(db: &Db, session: &mut Session, count: i32) -> Vec<Entity<Doc>> {
        db.create::<(Doc, Label)>().await;
        let docs = session.add_all((0..count).map(|number| Doc::new(format!("doc {number}"))));
        session.commit().await.unwrap();
        db.trace.take();
        docs
    }

    /// [VER-1] Inserted as 1, raised by each flush with a net change, shown at once with 0 SELECTs.
    #[case]
    async fn a_version_counts_the_changes_of_a_row(db: Db) {
        let mut session = db.session();
        let docs = docs(&db, &mut session, 3).await;
        assert_eq!(docs.iter().map(|&doc| session[doc].version).collect::<Vec<_>>(), [1, 1, 1]);
        session[docs[0]].title = "new".to_owned();
        session[docs[1]].title = "doc 1".to_owned();
        let plan = session.plan().unwrap().to_string();
        assert_says(
            &plan,
            &["UPDATE docs SET title, version: 1 row", "title: 'doc 0' -> 'new', version: 1 -> 2"],
        );
        assert_eq!(session[docs[0]].version, 1, "the plan changes nothing");
        session.flush().await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &["UPDATE docs SET title = ?, version = ? WHERE id = ? AND version = ?"],
        );
        session[docs[0]].body = Some("text".to_owned());
        session[docs[2]].body = Some("text".to_owned());
        session.flush().await.unwrap();
        let sent = db.trace.take_statements();
        match db.backend {
            Backend::Sqlite | Backend::MariaDb | Backend::MySql => assert_statements(
                &sent,
                &["UPDATE docs SET body = ?, version = ? WHERE id = ? AND version = ? -- 2 rows"],
            ),
            Backend::Postgres => assert_statements(
                &sent,
                &[
                    "UPDATE docs AS t SET body = v.c0, version = v.c1 FROM unnest(?::text[], ?::integer[], ?::bigint[], ?::integer[]) AS v(c0, c1, k0, k1) WHERE t.id = v.k0 AND t.version = v.k1 -- 2 rows",
                ],
            ),
        }
        assert_eq!(docs.iter().map(|&doc| session[doc].version).collect::<Vec<_>>(), [3, 1, 2]);
        session.commit().await.unwrap();
        let rows = session.rows(Doc::select().order_by(Doc::ID.asc())).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.version).collect::<Vec<_>>(), [3, 1, 2]);
    }

    /// [VER-1] A number that the program gives a new row is stored as it is.
    #[case]
    async fn a_new_row_may_have_another_first_version(db: Db) {
        db.create::<Doc>().await;
        let mut session = db.session();
        let doc = session.add(Doc { version: 7, ..Doc::new("imported") });
        session.commit().await.unwrap();
        session[doc].title = "changed".to_owned();
        session.commit().await.unwrap();
        assert_eq!(session.rows(Doc::select()).await.unwrap()[0].version, 8);
    }

    /// [VER-2] A change that somebody else has overtaken is refused, with all of its flush.
    #[case]
    async fn an_overtaken_change_is_stale(db: Db) {
        let mut session = db.session();
        let docs = docs(&db, &mut session, 2).await;
        let mut other = db.other().session();
        let theirs = other.get_one::<Doc>(session[docs[0]].id).await.unwrap();
        other[theirs].title = "theirs".to_owned();
        other.commit().await.unwrap();

        session[docs[0]].title = "mine".to_owned();
        session[docs[1]].title = "mine".to_owned();
        session.add(Doc::new("mine"));
        let error = session.flush().await.unwrap_err();
        assert_eq!((error.kind(), error.model()), (ErrorKind::StaleData, Some("Doc")));
        assert_says(&error, &["docs", "2 rows were to be updated and 1 was"]);
        assert_eq!(session.flush().await.unwrap_err().kind(), ErrorKind::PendingRollback);
        session.rollback().await.unwrap();
        assert_eq!((session[docs[0]].version, session[docs[1]].version), (1, 1));
        assert_eq!(session[docs[1]].title, "doc 1");
        session.refresh(docs[0]).await.unwrap();
        assert_eq!((session[docs[0]].title.as_str(), session[docs[0]].version), ("theirs", 2));
        assert_eq!(session.count(Doc::select()).await.unwrap(), 2);
        session[docs[0]].title = "mine, after theirs".to_owned();
        session.commit().await.unwrap();
        assert_eq!(session[docs[0]].version, 3);
    }

    /// [VER-2] The same for a delete; a row that is gone is no less changed by somebody else.
    #[case]
    async fn an_overtaken_delete_is_stale(db: Db) {
        let mut session = db.session();
        let docs = docs(&db, &mut session, 3).await;
        db.script(
            "UPDATE docs SET version = 2 WHERE title = 'doc 0'; DELETE FROM docs WHERE title = 'doc 1'",
        )
        .await;
        for (doc, counts) in [(docs[0], "1 row was to be deleted and 0 were"), (docs[1], "and 0 were")] {
            session.delete(doc).unwrap();
            let error = session.commit().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StaleData);
            assert_says(&error, &["docs", counts]);
            session.rollback().await.unwrap();
            assert!(session.contains(doc));
        }
        session.refresh(docs[0]).await.unwrap();
        db.trace.take();
        session.delete(docs[0]).unwrap();
        session.delete(docs[2]).unwrap();
        session.commit().await.unwrap();
        let sent = db.trace.take_statements();
        match db.backend {
            Backend::Sqlite | Backend::MariaDb | Backend::MySql => {
                assert_statements(&sent, &["DELETE FROM docs WHERE id = ? AND version = ? -- 2 rows"]);
            }
            Backend::Postgres => assert_statements(
                &sent,
                &[
                    "DELETE FROM docs AS t USING unnest(?::bigint[], ?::integer[]) AS v(k0, k1) WHERE t.id = v.k0 AND t.version = v.k1 -- 2 rows",
                ],
            ),
        }
        assert_eq!(session.count(Doc::select()).await.unwrap(), 0);
    }

    /// [VER-3] Rows that refer to it do not change it; the one that holds the reference is changed by it.
    #[case]
    async fn a_reference_changes_the_row_that_holds_it(db: Db) {
        let mut session = db.session();
        let docs = docs(&db, &mut session, 1).await;
        let label = session.add(Label::new("color", "red"));
        session.commit().await.unwrap();
        session[label].doc = docs[0].into();
        session.commit().await.unwrap();
        let versions = (session[docs[0]].version, session[label].revision);
        assert_eq!(versions, (1, 2));
        let rows = session.rows(Label::select()).await.unwrap();
        assert_eq!((rows[0].revision, session.rows(Doc::select()).await.unwrap()[0].version), (2, 1));
    }

    /// [VER-4] What the program sets is stored, and what was loaded is looked for.
    #[case]
    async fn a_version_that_the_program_sets_is_stored(db: Db) {
        let mut session = db.session();
        let docs = docs(&db, &mut session, 2).await;
        session[docs[0]].version = 40;
        session[docs[1]].version = 40;
        session[docs[1]].title = "changed".to_owned();
        session.flush().await.unwrap();
        assert_eq!((session[docs[0]].version, session[docs[1]].version), (40, 40));
        session[docs[0]].version = 3;
        session.delete(docs[0]).unwrap();
        session[docs[1]].title = "again".to_owned();
        session.commit().await.unwrap();
        let rows = session.rows(Doc::select()).await.unwrap();
        assert_eq!((rows.len(), rows[0].version), (1, 41));
    }

    /// [VER-1, KEY-2] A key may change along with the version, whose type's end is an error.
    #[case]
    async fn keys_and_versions_change_together(db: Db) {
        let mut session = db.session();
        docs(&db, &mut session, 0).await;
        let labels = session.add_all([Label::new("color", "red"), Label::new("color", "blue")]);
        session.commit().await.unwrap();
        session[labels[0]].name = "green".to_owned();
        session.flush().await.unwrap();
        session[labels[1]].name = "red".to_owned();
        session.flush().await.unwrap();
        session[labels[1]].group = "paint".to_owned();
        session.commit().await.unwrap();
        let found = session.get::<Label>(("paint".to_owned(), "red".to_owned())).await.unwrap();
        assert_eq!((found, session[labels[1]].revision), (Some(labels[1]), 3));

        session[labels[1]].revision = i16::MAX;
        session.commit().await.unwrap();
        session[labels[1]].doc = None;
        session[labels[1]].name = "last".to_owned();
        let error = session.commit().await.unwrap_err();
        assert_eq!((error.model(), error.column()), (Some("Label"), Some("revision")));
        assert_says(&error, &["highest number"]);
        session.rollback().await.unwrap();
        assert_eq!((session[labels[1]].revision, session[labels[1]].name.as_str()), (i16::MAX, "red"));
        session[labels[1]].revision = 1;
        session.commit().await.unwrap();
    }

    /// [VER-1, CYC-3] A new row that is written in two steps has its first version all the same; rows that let go of each other
    /// are deleted with the version that they had.
    #[case]
    async fn circles_count_once(db: Db) {
        db.create::<Branch>().await;
        let mut session = db.session();
        let one = session.add(Branch::new("one"));
        let two = session.add(Branch { next: one.into(), ..Branch::new("two") });
        session[one].next = two.into();
        session.commit().await.unwrap();
        let sent = db.trace.take_statements();
        let last = sent.last().unwrap();
        assert!(last.starts_with("UPDATE") && last.ends_with("-- 2 rows"), "{last}");
        let set = last.split("WHERE").next().unwrap();
        assert!(!set.contains("version") && last.contains("version"), "{last}");
        assert_eq!((session[one].version, session[two].version), (1, 1));
        let three = session.add(Branch::new("three"));
        session[one].next = three.into();
        session.commit().await.unwrap();
        assert_eq!((session[one].version, session[two].version, session[three].version), (2, 1, 1));
        session[three].next = two.into();
        session.commit().await.unwrap();
        session[one].name = "changed and deleted".to_owned();
        for branch in [one, two, three] {
            session.delete(branch).unwrap();
        }
        session.commit().await.unwrap();
        assert_eq!(session.count(Branch::select()).await.unwrap(), 0);
    }

    /// [VER-1, COM-3] A rollback takes the numbers back, too.
    #[case]
    async fn a_rollback_takes_versions_back(db: Db) {
        let mut session = db.session();
        let docs = docs(&db, &mut session, 1).await;
        for title in ["a", "b"] {
            session[docs[0]].title = title.to_owned();
            session.flush().await.unwrap();
        }
        let new = session.add(Doc::new("new"));
        session.flush().await.unwrap();
        session[new].title = "newer".to_owned();
        session.flush().await.unwrap();
        assert_eq!((session[docs[0]].version, session[new].version), (3, 2));
        session.rollback().await.unwrap();
        assert_eq!((session[docs[0]].version, session[new].version), (1, 0));
        let new = session.detach(new).unwrap();
        session.add(new);
        session[docs[0]].title = "c".to_owned();
        session.commit().await.unwrap();
        let rows = session.rows(Doc::select().order_by(Doc::ID.asc())).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.version).collect::<Vec<_>>(), [2, 1]);
    }

    /// [VER-2] What is not known is not looked at: the version of an entity that was expired, or of which only the key is known.
    #[case]
    async fn a_version_that_is_not_known_is_not_looked_at(db: Db) {
        let mut session = db.session();
        let docs = docs(&db, &mut session, 3).await;
        db.script("UPDATE docs SET version = 5").await;
        session.expire(docs[0]).unwrap();
        let mut other = db.engine.session();
        let stand_in = other.reference::<Doc>(2).unwrap();
        other.delete(stand_in).unwrap();
        other.commit().await.unwrap();
        session.delete(docs[0]).unwrap();
        session.delete(docs[2]).unwrap();
        assert_eq!(session.flush().await.unwrap_err().kind(), ErrorKind::StaleData, "of the third");
        session.rollback().await.unwrap();
        session.expire(docs[0]).unwrap();
        db.trace.take();
        session.delete(docs[0]).unwrap();
        session.commit().await.unwrap();
        assert_statements(&db.trace.take_statements(), &["DELETE FROM docs WHERE id = ?"]);
        assert_eq!(session.count(Doc::select()).await.unwrap(), 1);

        let stand_in = other.reference::<Doc>(3).unwrap();
        other.delete(stand_in).unwrap();
        let new = other.add(Doc { id: 3, ..Doc::new("new") });
        let error = other.flush().await.unwrap_err();
        assert_eq!((error.kind(), error.column()), (ErrorKind::NotLoaded, Some("version")));
        other.no_autoflush().load(stand_in).await.unwrap();
        other.commit().await.unwrap();
        assert_eq!(other[new].version, 6);
    }

    /// [VER-1, VER-2, COM-5, COM-8] The same for a savepoint, whose failure leaves the transaction and its versions as they were.
    #[case]
    async fn a_savepoint_takes_versions_back(db: Db) {
        let mut session = db.session();
        let docs = docs(&db, &mut session, 2).await;
        session[docs[0]].title = "before".to_owned();
        let mut nested = session.begin_nested().await.unwrap();
        nested[docs[0]].title = "inside".to_owned();
        nested.flush().await.unwrap();
        assert_eq!(nested[docs[0]].version, 3);
        nested.execute(text("UPDATE docs SET version = 9 WHERE id = 2")).await.unwrap();
        nested[docs[1]].title = "inside".to_owned();
        assert_eq!(nested.flush().await.unwrap_err().kind(), ErrorKind::StaleData);
        nested.rollback().await.unwrap();
        assert_eq!((session[docs[0]].version, session[docs[1]].version), (2, 1));
        session[docs[0]].title = "after".to_owned();
        session[docs[1]].title = "after".to_owned();
        session.commit().await.unwrap();
        let rows = session.rows(Doc::select().order_by(Doc::ID.asc())).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.version).collect::<Vec<_>>(), [3, 2]);
    }

    /// [VER-1, VER-2, FLU-9] What the database computes comes back with the row, whose version is looked at all the same.
    #[case]
    async fn computed_columns_and_versions_go_together(db: Db) {
        db.create::<Price>().await;
        let mut session = db.session();
        let prices = session.add_all((1..=3).map(Price::new));
        session.commit().await.unwrap();
        prices.iter().for_each(|&price| session[price].net *= 10);
        db.trace.take();
        session.commit().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 1);
        let shown = |session: &Session| {
            prices.iter().map(|&price| (session[price].gross, session[price].version)).collect::<Vec<_>>()
        };
        assert_eq!(shown(&session), [(20, 2), (40, 2), (60, 2)]);
        db.script("UPDATE prices SET version = 7 WHERE id = 2").await;
        prices.iter().for_each(|&price| session[price].net = 1);
        let error = session.flush().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StaleData);
        assert_says(&error, &["prices", "3 rows were to be updated and 2 were"]);
        session.rollback().await.unwrap();
        assert_eq!(shown(&session), [(20, 2), (40, 2), (60, 2)]);
        session[prices[1]].net = 1;
        assert_eq!(session.flush().await.unwrap_err().kind(), ErrorKind::StaleData);
        session.rollback().await.unwrap();
        session.refresh(prices[1]).await.unwrap();
        session[prices[1]].net = 1;
        session.commit().await.unwrap();
        assert_eq!(shown(&session), [(20, 2), (2, 8), (60, 2)]);
    }

    /// [VER-2, STA-5] A struct that comes back says which version it is about.
    #[case]
    async fn an_attached_struct_knows_its_version(db: Db) {
        let mut session = db.session();
        let docs = docs(&db, &mut session, 2).await;
        let mine = session.detach(docs[0]).unwrap();
        let theirs = session.detach(docs[1]).unwrap();
        db.script("UPDATE docs SET version = 2 WHERE id = 2").await;
        let mut session = db.session();
        let (mine, theirs) = (session.attach(mine).unwrap(), session.attach(theirs).unwrap());
        session[mine].title = "mine".to_owned();
        session.commit().await.unwrap();
        assert_eq!(session[mine].version, 2);
        session.delete(theirs).unwrap();
        assert_eq!(session.commit().await.unwrap_err().kind(), ErrorKind::StaleData);
        session.rollback().await.unwrap();
        assert_eq!(session.count(Doc::select()).await.unwrap(), 2);
    }

    /// [VER-6] Rows that are inserted in bulk have version 1, unless they say another one.
    #[case]
    async fn bulk_inserts_begin_with_one(db: Db) {
        db.create::<Doc>().await;
        let mut connection = db.engine.connect().await.unwrap();
        let structs = [Doc::new("a"), Doc { version: 5, ..Doc::new("b") }];
        connection.execute(Doc::insert().values(structs)).await.unwrap();
        let sets = ["c", "d"].map(|title| Doc::values().set(Doc::TITLE, title));
        connection.execute(Doc::insert().values(sets)).await.unwrap();
        connection.execute(Doc::insert().set(Doc::TITLE, "e")).await.unwrap();
        connection.execute(Doc::insert().set(Doc::TITLE, "f").set(Doc::VERSION, 9)).await.unwrap();
        let copies = select(Doc::TITLE).filter(Doc::TITLE.eq("b"));
        connection.execute(Doc::insert().from_select(Doc::TITLE, copies)).await.unwrap();
        connection.commit().await.unwrap();
        let rows = connection.all(select(Doc::VERSION).order_by(Doc::ID.asc())).await.unwrap();
        assert_eq!(rows, [1, 5, 1, 1, 1, 9, 1]);
    }

    /// [VER-6] Updates by key say which version they expect, and store the next one.
    #[case]
    async fn bulk_updates_check_the_version(db: Db) {
        let mut session = db.session();
        let docs = docs(&db, &mut session, 2).await;
        let set = |id: i64, version: i32, title: &str| {
            Doc::values().set(Doc::ID, id).set(Doc::VERSION, version).set(Doc::TITLE, title.to_owned())
        };
        assert_eq!(session.update_many([set(1, 1, "a"), set(2, 1, "b")]).await.unwrap(), 2);
        assert_eq!(db.trace.take_statements().len(), 1);
        assert_eq!((session[docs[0]].version, session[docs[1]].title.as_str()), (2, "b"));
        session[docs[0]].body = Some("text".to_owned());
        session.commit().await.unwrap();
        assert_eq!(session[docs[0]].version, 3);

        let error = session.update_many([set(1, 3, "c"), set(2, 1, "c")]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StaleData);
        assert_says(&error, &["docs", "another version"]);
        session.rollback().await.unwrap();
        assert_eq!(session[docs[0]].title, "a");

        let mut connection = db.engine.connect().await.unwrap();
        assert_eq!(connection.update_many([set(2, 2, "d")]).await.unwrap(), 1);
        connection.commit().await.unwrap();
        assert_eq!(connection.update_many([set(2, 2, "e")]).await.unwrap_err().kind(), ErrorKind::StaleData);
        connection.rollback().await.unwrap();
        let rows = connection.all(select((Doc::VERSION, Doc::TITLE)).order_by(Doc::ID.asc())).await.unwrap();
        assert_eq!(rows, [(3, "a".to_owned()), (3, "d".to_owned())]);

        db.trace.take();
        let unversioned = Doc::values().set(Doc::ID, 1).set(Doc::TITLE, "f");
        let error = session.update_many([unversioned]).await.unwrap_err();
        assert_says(&error, &["set 1", "docs.version", "expects"]);
        let nothing = Doc::values().set(Doc::ID, 1).set(Doc::VERSION, 3);
        assert_says(session.update_many([nothing]).await.unwrap_err(), &["nothing but the key"]);
        assert_says(
            session.update_many([set(1, i32::MAX, "g")]).await.unwrap_err(),
            &["the last docs.version"],
        );
        assert!(db.trace.take().is_empty());
    }

    /// [VER-2, BLK-4] A statement with conditions looks at no version, and raises it: who has loaded the row is told.
    #[case]
    async fn statements_raise_versions(db: Db) {
        let mut session = db.session();
        let docs = docs(&db, &mut session, 2).await;
        let mut other = db.other().session();
        let theirs = other.all(Doc::select().order_by(Doc::ID.asc())).await.unwrap();
        other.commit().await.unwrap();
        session
            .execute(Doc::update().set(Doc::TITLE, "all").filter(Doc::TITLE.starts_with("doc")))
            .await
            .unwrap();
        assert_statements(
            &db.trace.take_statements()[..],
            &[
                "UPDATE docs SET title = ?, version = version + 1 WHERE title LIKE ? ESCAPE '\\' RETURNING id, title, version",
            ],
        );
        assert_eq!((session[docs[0]].version, session[docs[1]].version), (2, 2));
        session[docs[0]].body = Some("mine".to_owned());
        session.execute(Doc::update().set(Doc::VERSION, 9).filter(Doc::ID.eq(2))).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!((session[docs[0]].version, session[docs[1]].version), (3, 9));
        other[theirs[0]].body = Some("theirs".to_owned());
        assert_eq!(other.flush().await.unwrap_err().kind(), ErrorKind::StaleData);
        other.rollback().await.unwrap();
        let upsert = Doc::insert()
            .values([Doc { id: 1, ..Doc::new("upserted") }])
            .on_conflict(Doc::ID)
            .do_update()
            .set_excluded(Doc::TITLE);
        session.execute(upsert).await.unwrap();
        let doc = session.load(docs[0]).await.unwrap();
        assert_eq!((doc.version, doc.title.as_str()), (4, "upserted"));
        let label = session.add(Label { doc: docs[0].into(), ..Label::new("color", "red") });
        session.flush().await.unwrap();
        let beside = Doc::update()
            .set(Doc::TITLE, Label::NAME)
            .from(Label::entity())
            .filter(Label::DOC_ID.eq(Doc::ID));
        session.execute(beside).await.unwrap();
        assert_eq!((session[docs[0]].version, session[docs[0]].title.as_str()), (5, "red"));
        session.delete(label).unwrap();
        session.execute(Doc::delete().filter(Doc::ID.eq(2))).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(session.count(Doc::select()).await.unwrap(), 1);
    }

    /// [VER-2] A statement does not hide what somebody else has written before it.
    #[case]
    async fn a_statement_hides_no_conflict(db: Db) {
        let mut session = db.session();
        let docs = docs(&db, &mut session, 2).await;
        let mut other = db.other().session();
        other.get_one::<Doc>(1).await.unwrap();
        let theirs = other.get_one::<Doc>(1).await.unwrap();
        other[theirs].body = Some("theirs".to_owned());
        other.commit().await.unwrap();
        session.execute(Doc::update().set(Doc::TITLE, "all").every_row()).await.unwrap();
        assert_eq!((session[docs[0]].version, session[docs[1]].version), (1, 2));
        session[docs[1]].body = Some("mine".to_owned());
        session.flush().await.unwrap();
        session[docs[0]].title = "mine".to_owned();
        assert_eq!(session.flush().await.unwrap_err().kind(), ErrorKind::StaleData);
        session.rollback().await.unwrap();
        session.refresh(docs[0]).await.unwrap();
        assert_eq!(session[docs[0]].body.as_deref(), Some("theirs"));
    }

    /// [VER-1] [FLU-12] What a statement sets in an entity with changes that wait is none of these.
    #[case]
    async fn a_statement_beside_changes_that_wait(db: Db) {
        let mut session = db.session();
        let docs = docs(&db, &mut session, 1).await;
        session[docs[0]].body = Some("mine".to_owned());
        {
            let mut quiet = session.no_autoflush();
            quiet.execute(Doc::update().set(Doc::TITLE, "all").every_row()).await.unwrap();
            assert_eq!((&*quiet[docs[0]].title, quiet[docs[0]].version), ("all", 2));
        }
        db.trace.take();
        session.commit().await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &["UPDATE docs SET body = ?, version = ? WHERE id = ? AND version = ?"],
        );
        assert_eq!(session[docs[0]].version, 3);
    }

    /// [FLU-15] [VER-1] A new entity in the place of a deleted one goes on from the version of the row.
    #[case]
    async fn a_row_that_is_taken_over_keeps_counting(db: Db) {
        let mut session = db.session();
        let docs = docs(&db, &mut session, 3).await;
        let mut other = db.other().session();
        let theirs = other.all(Doc::select().order_by(Doc::ID.asc())).await.unwrap();
        other.commit().await.unwrap();
        docs.iter().for_each(|&doc| session.delete(doc).unwrap());
        let new = session.add_all([
            Doc { id: 1, ..Doc::new("other") },
            Doc { id: 2, ..Doc::new("doc 1") },
            Doc { id: 3, version: 7, ..Doc::new("doc 2") },
        ]);
        session.commit().await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &[
                "UPDATE docs SET title = ?, version = ? WHERE id = ? AND version = ?",
                "UPDATE docs SET version = ? WHERE id = ? AND version = ?",
            ],
        );
        assert_eq!(new.iter().map(|&doc| session[doc].version).collect::<Vec<_>>(), [2, 1, 7]);
        session.refresh(new[1]).await.unwrap();
        assert_eq!(session[new[1]].version, 1);
        other[theirs[0]].title = "theirs".to_owned();
        assert_eq!(other.flush().await.unwrap_err().kind(), ErrorKind::StaleData);
    }
}
