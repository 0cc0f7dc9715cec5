//! Bad URLs, absent servers, wrong passwords: each its own error, before or instead of harm.

use orm::Engine as BlockingEngine;
use orm_tests::prelude::*;
use orm_tests::{Backend, assert_says, both_forms};

use crate::models::User;

#[both_forms]
mod errors {
    use super::*;

    /// [ENG-2]
    #[case(sqlite)]
    async fn a_bad_url_is_refused_without_repeating_it(db: Db) {
        let bad = [
            ("hunter2", "no scheme"),
            (
                "oracle://u:hunter2@h/db",
                "unknown scheme \"oracle\"; the schemes are sqlite, postgres, postgresql",
            ),
            ("sqlite://x.db?hunter2", "`=`"),
            ("sqlite://x.db?pool=hunter2", "unknown option \"pool\"; those of sqlite are mode, pool_size"),
            ("sqlite://x.db?mode=hunter2", "ro, rw, rwc"),
            ("postgres://u:hunter2@h:port/db", "port"),
            ("postgres://u:hunter2@h/db?sslmode=allow", "sslmode is one of disable"),
            (
                "postgres://u:hunter2@h/db?sslmode=require&sslrootcert=/no/such.pem",
                "sslrootcert: /no/such.pem",
            ),
            ("postgres://u:hunter2@h/db?color=blue", "unknown option \"color\""),
        ];
        for (url, words) in bad {
            let error = Engine::open(url).err().unwrap();
            assert_says(&error, &[words]);
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
        assert!(db.trace.take().is_empty());
    }

    /// [ENG-3] Opening an engine connects to nothing; the first statement does, and says where it could not.
    #[case(postgres, mariadb, mysql)]
    async fn a_server_that_is_down_is_named(db: Db) {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (scheme, _) = db.database.url.split_once(':').unwrap();
        let engine = Engine::open(&format!("{scheme}://u:hunter2@127.0.0.1:{closed}/db")).unwrap();
        let mut session = engine.session();
        for _ in 0..20 {
            // [ENG-6] More often than the pool has room.
            let error = session.all(User::select()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Connect);
            assert_says(&error, &[&format!("127.0.0.1:{closed}")]);
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
        session.add(User::new("Alice"));
        assert_eq!(session.commit().await.unwrap_err().kind(), ErrorKind::Connect);
        session.rollback().await.unwrap();
    }

    /// The password is wrong, and shown nowhere.
    #[case(postgres, mariadb, mysql)]
    async fn a_wrong_password_is_told_and_not_shown(db: Db) {
        let (login, address) = db.database.url.rsplit_once('@').unwrap();
        let (user, _) = login.rsplit_once(':').unwrap();
        let engine = Engine::open(&format!("{user}:hunter2@{address}")).unwrap();
        let error = engine.session().all(User::select()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }

    /// `sqlite:app.db` is a file beside the program, as `sqlite://app.db` is.
    #[case(sqlite)]
    async fn a_relative_file_is_relative(db: Db) {
        let folder = format!("target/relative-{}-{}", std::process::id(), std::any::type_name::<Db>().len());
        std::fs::create_dir_all(&folder).unwrap();
        for (number, scheme) in ["sqlite:", "sqlite://"].into_iter().enumerate() {
            let engine = Engine::open(&format!("{scheme}{folder}/{number}.db")).unwrap();
            engine.create_all(&Metadata::of::<User>()).await.unwrap();
            assert!(std::path::Path::new(&format!("{folder}/{number}.db")).exists());
        }
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(db.trace.take().is_empty());
    }

    #[case(sqlite)]
    async fn a_file_that_cannot_be_opened_is_named(db: Db) {
        assert_eq!(db.backend, Backend::Sqlite);
        let engine = Engine::open("sqlite:///no/such/folder/app.db").unwrap();
        let error = engine.session().all(User::select()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert_says(error, &["/no/such/folder/app.db"]);
        let missing = db.database.url.replace("case.db", "missing.db?mode=rw");
        assert_eq!(
            Engine::open(&missing).unwrap().session().all(User::select()).await.unwrap_err().kind(),
            ErrorKind::Connect
        );
    }

    /// [ERR-1] A table that does not exist.
    #[case]
    async fn a_missing_table_is_named_and_the_session_goes_on(db: Db) {
        let mut session = db.session();
        let error = session.all(User::select()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MissingTable);
        assert_says(&error, &["users"]);
        assert!(error.sql().is_some_and(|sql| sql.starts_with("SELECT")));
        session.rollback().await.unwrap();
        db.create::<User>().await;
        assert!(session.all(User::select()).await.unwrap().is_empty());
        session.add(User::new("Alice"));
        session.commit().await.unwrap();
    }

    /// The connection is killed under an open transaction.
    #[case(postgres, mariadb, mysql)]
    async fn a_lost_connection_is_told_and_replaced_after_the_rollback(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        session.add(User::new("Alice"));
        session.flush().await.unwrap();
        db.end_connections().await;
        let error = session.all(User::select()).await.unwrap_err();
        assert!(error.is_connection_lost(), "{error:?}");
        assert_eq!(session.all(User::select()).await.unwrap_err().kind(), ErrorKind::PendingRollback);
        session.rollback().await.unwrap();
        assert!(session.all(User::select()).await.unwrap().is_empty());
    }

    /// A connection that breaks during COMMIT leaves the outcome unknown, and that is said.
    #[case(postgres, mariadb, mysql)]
    async fn a_commit_without_an_answer_is_unknown(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.flush().await.unwrap();
        db.end_connections().await;
        let error = session.commit().await.unwrap_err();
        assert!(error.is_commit_unknown(), "{error:?}");
        session.rollback().await.unwrap();
        assert!(!session.contains(alice));
    }

    /// [R9] Two writers of SQLite wait for each other instead of failing.
    #[case(sqlite)]
    async fn two_writers_wait_for_each_other(db: Db) {
        db.create::<User>().await;
        let url = db.database.url.clone();
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let engine = BlockingEngine::open(&url).unwrap();
                std::thread::spawn(move || {
                    for number in 0..20 {
                        let mut session = engine.session();
                        session.add(User::new(format!("{writer}.{number}")));
                        session.commit().unwrap();
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        assert_eq!(db.session().rows(User::select()).await.unwrap().len(), 80);
    }

    /// A transaction that has read something old cannot write any more.
    #[case(sqlite)]
    async fn a_reader_that_turns_writer_too_late_may_try_again(db: Db) {
        db.create::<User>().await;
        let mut one = db.session();
        let mut two = db.session();
        one.all(User::select()).await.unwrap();
        two.add(User::new("Bob"));
        two.commit().await.unwrap();
        one.add(User::new("Alice"));
        let error = one.commit().await.unwrap_err();
        assert!(error.is_serialization_failure(), "{error:?}");
        one.rollback().await.unwrap();
        one.add(User::new("Alice"));
        one.commit().await.unwrap();
    }
}
