//! Hooks: functions of the program around what a session writes.

use std::sync::{Arc, Mutex};

use orm::Entities;
use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

use crate::models::{Address, Node, User};

/// Who did what to whom.
#[derive(Model, Debug)]
#[model(table = "audits")]
struct Audit {
    #[model(key, auto)]
    id: i64,
    what: String,
    user: Option<BelongsTo<User>>,
}

/// What hooks have noted.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[both_forms]
mod hooks {
    use super::*;
    use orm::SessionMaker;

    fn logged(engine: &Engine, log: &Log) -> SessionMaker<Engine> {
        let log = || log.clone();
        let (a, b, c, d, e, f, g, h) = (log(), log(), log(), log(), log(), log(), log(), log());
        SessionMaker::new(engine)
            .before_insert(move |session: &mut Entities, user: Entity<User>| {
                a.note(format!("before insert {} {}", session[user].name, session[user].id));
                Ok(())
            })
            .after_insert(move |session: &mut Entities, user: Entity<User>| {
                b.note(format!("after insert {} {}", session[user].name, session[user].id));
                Ok(())
            })
            .before_update(move |session: &mut Entities, user: Entity<User>| {
                c.note(format!("before update {}", session.history(user)?));
                Ok(())
            })
            .after_update(move |session: &mut Entities, user: Entity<User>| {
                d.note(format!("after update {}", session[user].name));
                Ok(())
            })
            .before_delete(move |session: &mut Entities, user: Entity<User>| {
                e.note(format!("before delete {}", session[user].name));
                Ok(())
            })
            .after_delete(move |session: &mut Entities, user: Entity<User>| {
                f.note(format!("after delete, still there: {}", session.contains(user)));
                Ok(())
            })
            .before_commit(move |session: &mut Entities| {
                g.note(format!("before commit, changes: {}", session.has_changes()));
                Ok(())
            })
            .after_commit(move |session: &mut Entities| {
                h.note(format!("after commit, changes: {}", session.has_changes()));
            })
    }

    /// Each runs once for each entity, in the order of what happens; nothing runs where nothing is written.
    #[case]
    async fn hooks_run_around_what_is_written(db: Db) {
        db.create::<(User, Address)>().await;
        let log = Log::default();
        let mut session = logged(&db.engine, &log).session();
        let alice = session.add(User::new("Alice"));
        session.add(Address::new("a@example.org"));
        session.commit().await.unwrap();
        let expected = [
            "before commit, changes: true",
            "before insert Alice 0",
            "after insert Alice 1",
            "after commit, changes: false",
        ];
        assert_eq!(log.take(), expected);
        session[alice].name = "Alice".to_owned();
        session.flush().await.unwrap();
        assert!(log.take().is_empty());
        session[alice].age = Some(31);
        session.flush().await.unwrap();
        let lines = log.take();
        assert_eq!(lines.len(), 2);
        assert_says(&lines[0], &["before update", "age", "31"]);
        assert_eq!(lines[1], "after update Alice");
        session[alice].age = None;
        session.delete(alice).unwrap();
        session.commit().await.unwrap();
        let expected = [
            "before commit, changes: true",
            "before delete Alice",
            "after delete, still there: false",
            "after commit, changes: false",
        ];
        assert_eq!(log.take(), expected);
        session.commit().await.unwrap();
        assert_eq!(log.take(), ["before commit, changes: false"], "there was nothing to commit");
        let mut plain = db.session();
        plain.add(User::new("Bob"));
        plain.commit().await.unwrap();
        assert!(log.take().is_empty());
    }

    /// What a hook changes is in the same flush, and has its hooks too.
    #[case]
    async fn hooks_change_what_is_written(db: Db) {
        db.create::<(User, Address, Audit)>().await;
        let log = Log::default();
        let note = log.clone();
        let sessions = SessionMaker::new(&db.engine)
            .before_insert(|session: &mut Entities, user: Entity<User>| {
                session[user].name = session[user].name.trim().to_lowercase();
                session.add(Address { user: user.into(), ..Address::new("new@example.org") });
                Ok(())
            })
            .before_insert(move |session: &mut Entities, address: Entity<Address>| {
                note.note(format!("address {}", session[address].email));
                Ok(())
            })
            .before_update(|session: &mut Entities, user: Entity<User>| {
                let what = session.history(user)?.to_string();
                session.add(Audit { user: user.into(), ..Audit::new(what) });
                session[user].age = session[user].age.map(|age| age.min(150));
                Ok(())
            })
            .before_delete(|session: &mut Entities, user: Entity<User>| {
                let name = session[user].name.clone();
                session.add(Audit::new(format!("{name} is gone")));
                Ok(())
            });
        let mut session = sessions.session();
        let alice = session.add(User::new("  Alice "));
        session.flush().await.unwrap();
        assert_eq!(session[alice].name, "alice");
        assert_eq!(log.take(), ["address new@example.org"]);
        let addresses = session.all(Address::select()).await.unwrap();
        assert_eq!(session[addresses[0]].user.as_ref().unwrap().get(), Some(&session[alice].id));
        db.trace.take();
        session[alice].age = Some(999);
        session.flush().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 2);
        assert_eq!(session.rows(User::select()).await.unwrap()[0].age, Some(150));
        let audits = session.rows(Audit::select()).await.unwrap();
        assert_says(&audits[0].what, &["999"]);
        for address in addresses {
            session.delete(address).unwrap();
        }
        session.execute(Audit::delete().every_row()).await.unwrap();
        session.delete(alice).unwrap();
        session.commit().await.unwrap();
        assert_eq!(session.rows(Audit::select()).await.unwrap()[0].what, "alice is gone");
    }

    /// An error of a hook before sends nothing, loses nothing, and is the flush's error.
    #[case]
    async fn an_error_before_leaves_all_as_it_was(db: Db) {
        db.create::<User>().await;
        let sessions =
            SessionMaker::new(&db.engine).before_insert(|session: &mut Entities, user: Entity<User>| {
                match session[user].name.is_empty() {
                    true => Err(orm::Error::other(std::io::Error::other("a name is needed"))),
                    false => Ok(()),
                }
            });
        let mut session = sessions.session();
        let users = session.add_all([User::new("Alice"), User::new("")]);
        assert_says(session.commit().await.unwrap_err(), &["a name is needed"]);
        assert!(db.trace.take().is_empty());
        assert!(users.iter().all(|&user| session.contains(user)));
        session[users[1]].name = "Bob".to_owned();
        session.commit().await.unwrap();
        assert_eq!(session.count(User::select()).await.unwrap(), 2);
    }

    /// An error of a hook after undoes the flush, or what was done since the savepoint.
    #[case]
    async fn an_error_after_undoes_the_flush(db: Db) {
        db.create::<User>().await;
        let sessions =
            SessionMaker::new(&db.engine).after_insert(|session: &mut Entities, user: Entity<User>| {
                match session[user].age {
                    None => Err(orm::Error::other(std::io::Error::other("an age is needed"))),
                    Some(_) => Ok(()),
                }
            });
        let mut session = sessions.session();
        let alice = session.add(User { age: Some(30), ..User::new("Alice") });
        let mut nested = session.begin_nested().await.unwrap();
        let bob = nested.add(User::new("Bob"));
        assert_says(nested.flush().await.unwrap_err(), &["an age is needed"]);
        assert_eq!(nested.flush().await.unwrap_err().kind(), ErrorKind::PendingRollback);
        nested.rollback().await.unwrap();
        assert_eq!((session.contains(alice), session.contains(bob)), (true, false));
        session.commit().await.unwrap();
        session.add(User::new("Carol"));
        session[alice].age = None;
        assert!(session.commit().await.is_err());
        session.rollback().await.unwrap();
        assert_eq!(session[alice].age, Some(30));
        assert_eq!(session.rows(User::select()).await.unwrap().len(), 1);
    }

    /// What a hook after changes waits for the next flush, which a commit or a savepoint is.
    #[case]
    async fn changes_after_are_flushed_before_the_commit(db: Db) {
        db.create::<(User, Audit)>().await;
        let sessions =
            SessionMaker::new(&db.engine).after_insert(|session: &mut Entities, user: Entity<User>| {
                let what = format!("{} has the key {}", session[user].name, session[user].id);
                session.add(Audit { user: user.into(), ..Audit::new(what) });
                Ok(())
            });
        let mut session = sessions.session();
        session.add(User::new("Alice"));
        session.flush().await.unwrap();
        assert!(session.has_changes());
        session.commit().await.unwrap();
        session.add(User::new("Bob"));
        let nested = session.begin_nested().await.unwrap();
        assert!(!nested.has_changes());
        nested.rollback().await.unwrap();
        session.commit().await.unwrap();
        let mut audits = session.rows(Audit::select().order_by(Audit::ID.asc())).await.unwrap();
        assert_eq!(audits.pop().unwrap().what, "Bob has the key 2");
        assert_eq!(audits.pop().unwrap().what, "Alice has the key 1");
    }

    /// Hooks that never come to an end are told so.
    #[case]
    async fn endless_hooks_are_an_error(db: Db) {
        db.create::<User>().await;
        let another = |session: &mut Entities, user: Entity<User>| {
            let name = format!("{}'", session[user].name);
            session.add(User::new(name));
            Ok(())
        };
        for sessions in [
            SessionMaker::new(&db.engine).before_insert(another),
            SessionMaker::new(&db.engine).after_insert(another),
        ] {
            let mut session = sessions.session();
            session.add(User::new("Alice"));
            let error = session.commit().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Misuse);
            assert_says(&error, &["hooks", "100"]);
            session.rollback().await.unwrap();
            assert_eq!(session.count(User::select()).await.unwrap(), 0);
        }
    }

    /// A new row that is completed afterwards is inserted, not updated; one that takes over a row is new, and the other gone.
    #[case]
    async fn a_row_is_one_thing_in_a_flush(db: Db) {
        db.create::<Node>().await;
        let log = Log::default();
        let (a, b, c) = (log.clone(), log.clone(), log.clone());
        let sessions = SessionMaker::new(&db.engine)
            .after_insert(move |session: &mut Entities, node: Entity<Node>| {
                a.note(format!("insert {}", session[node].data));
                Ok(())
            })
            .after_update(move |session: &mut Entities, node: Entity<Node>| {
                b.note(format!("update {}", session[node].data));
                Ok(())
            })
            .after_delete(move |_: &mut Entities, _: Entity<Node>| {
                c.note("delete");
                Ok(())
            });
        let mut session = sessions.session();
        let one = session.add(Node::new("one"));
        let two = session.add(Node { parent: one.into(), ..Node::new("two") });
        session[one].parent = two.into();
        session.commit().await.unwrap();
        let mut lines = log.take();
        lines.sort();
        assert_eq!(lines, ["insert one", "insert two"]);
        session[one].parent = None;
        session.commit().await.unwrap();
        assert_eq!(log.take(), ["update one"]);
        let id = session[two].id;
        session.delete(two).unwrap();
        session.add(Node { id, ..Node::new("three") });
        session.commit().await.unwrap();
        let mut lines = log.take();
        lines.sort();
        assert_eq!(lines, ["delete", "insert three"]);
    }

    /// An error before a commit leaves the transaction open.
    #[case]
    async fn a_commit_can_be_refused(db: Db) {
        db.create::<User>().await;
        let sessions = SessionMaker::new(&db.engine).before_commit(|session: &mut Entities| {
            match session.new::<User>().len() > 1 {
                true => Err(orm::Error::other(std::io::Error::other("one at a time"))),
                false => Ok(()),
            }
        });
        let mut session = sessions.session();
        let users = session.add_all([User::new("Alice"), User::new("Bob")]);
        assert_says(session.commit().await.unwrap_err(), &["one at a time"]);
        session.expunge(users[0]).unwrap();
        session.commit().await.unwrap();
        assert_eq!(session.count(User::select()).await.unwrap(), 1);
    }
}

/// A hook that panics after a flush has the flush undone, as one that fails.
#[test]
#[expect(clippy::panic, reason = "the hook is to panic")]
fn a_panic_of_a_hook_commits_nothing() {
    for backend in orm_tests::Backend::ALL {
        orm_tests::sync_form::run(backend, |db| {
            db.create::<User>();
            let sessions = SessionMaker::new(&db.engine).after_insert(
                |_: &mut Entities, _: Entity<User>| -> orm::Result<()> { panic!("a hook's mistake") },
            );
            let mut session = sessions.session();
            session.add(User::new("Alice"));
            let flush = std::panic::AssertUnwindSafe(|| session.flush());
            assert!(std::panic::catch_unwind(flush).is_err());
            assert_says(session.commit().unwrap_err(), &["roll back", "code of the program panicked"]);
            session.rollback().unwrap();
            assert_eq!(session.count(User::select()).unwrap(), 0);
        });
    }
}
