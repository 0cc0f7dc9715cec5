//! Blocks of a session: `begin`, savepoints, scopes without autoflush, and what session makers make.

use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

use crate::models::{Post, User};

/// Its key is the program's, and may change.
#[derive(Model, Debug)]
#[model(table = "houses")]
struct House {
    #[model(key)]
    street: String,
}

/// The database takes its reference along.
#[derive(Model, Debug)]
#[model(table = "tenants")]
struct Tenant {
    #[model(key, auto)]
    id: i64,
    #[model(on_update = "cascade", on_delete = "set_null")]
    house: Option<BelongsTo<House>>,
}

#[both_forms]
mod nested {
    use super::*;

    /// [COM-5] What was read inside may be what a foreign key made of a change that is undone.
    #[case]
    async fn what_was_read_inside_is_read_again(db: Db) {
        db.create::<Tenant>().await;
        let mut first = db.session();
        let house = first.add(House::new("old"));
        first.add(Tenant { id: 0, house: Some(house.into()) });
        first.commit().await.unwrap();

        let mut session = db.session();
        let house = session.get_one::<House>("old").await.unwrap();
        let mut nested = session.begin_nested().await.unwrap();
        nested[house].street = "new".to_owned();
        nested.flush().await.unwrap();
        let tenant = nested.get_one::<Tenant>(1).await.unwrap();
        assert_eq!(nested[tenant].house.as_ref().unwrap().get().unwrap(), "new");
        nested.rollback().await.unwrap();
        let read = session.load(tenant).await.unwrap();
        assert_eq!(read.house.as_ref().unwrap().get().unwrap(), "old");

        let mut nested = session.begin_nested().await.unwrap();
        nested.delete(house).unwrap();
        nested.flush().await.unwrap();
        nested.refresh(tenant).await.unwrap();
        assert!(nested[tenant].house.is_none());
        nested.rollback().await.unwrap();
        assert!(session.load(tenant).await.unwrap().house.is_some());
        session.commit().await.unwrap();
    }

    /// [COM-5]
    #[case]
    async fn what_was_done_inside_is_undone_and_what_was_pending_before_is_kept(db: Db) {
        db.create::<Post>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        session[alice].age = Some(1);
        let bob = session.add(User::new("Bob"));
        db.trace.take();

        let mut nested = session.begin_nested().await.unwrap();
        let trace = db.trace.take();
        assert_eq!(trace.last().unwrap(), "SAVEPOINT orm_1");
        assert_eq!(trace.len(), 4, "the changes of before are flushed: {trace:?}");
        nested[alice].age = Some(2);
        let carol = nested.add(User::new("Carol"));
        let post = nested.add(Post::new("inside", carol));
        nested.flush().await.unwrap();
        nested[bob].name = "unflushed".to_owned();
        let dave = nested.add(User::new("Dave"));
        nested.delete(bob).unwrap();
        nested.rollback().await.unwrap();

        assert_eq!(session[alice].age, Some(1));
        assert_eq!(session[bob].name, "Bob");
        for user in [carol, dave] {
            assert!(!session.contains(user));
            assert_eq!(session[user].id, 0);
        }
        assert!(!session.contains(post));
        session.commit().await.unwrap();
        let mut other = db.other().session();
        let names: Vec<String> = other.all(select(User::NAME).order_by(User::ID.asc())).await.unwrap();
        assert_eq!(names, ["Alice", "Bob"]);
        assert_eq!(other.count(Post::select()).await.unwrap(), 0);
    }

    /// [COM-6] What was changed is a last known value, as after a commit; the next `get` reads it.
    #[case]
    async fn only_what_was_changed_is_read_again(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let users = session.add_all([User::new("Alice"), User::new("Bob")]);
        session.flush().await.unwrap();
        let mut nested = session.begin_nested().await.unwrap();
        nested[users[0]].age = Some(9);
        nested.flush().await.unwrap();
        nested.rollback().await.unwrap();
        assert_eq!(session[users[0]].age, None);
        db.trace.take();
        assert_eq!(session.get::<User>(2).await.unwrap(), Some(users[1]));
        assert!(db.trace.take().is_empty());
        assert_eq!(session.get::<User>(1).await.unwrap(), Some(users[0]));
        assert_eq!(db.trace.take_statements().len(), 1);
        session.get::<User>(1).await.unwrap();
        assert!(db.trace.take().is_empty());
    }

    /// [COM-7]
    #[case]
    async fn a_savepoint_that_is_kept_is_undone_with_the_rest(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let users = session.add_all([User::new("Alice"), User::new("Bob")]);
        session.commit().await.unwrap();

        let mut nested = session.begin_nested().await.unwrap();
        let carol = nested.add(User::new("Carol"));
        nested.delete(users[1]).unwrap();
        nested[users[0]].age = Some(3);
        nested.commit().await.unwrap();
        db.trace.take();
        assert_eq!((session[users[0]].age, session[carol].id), (Some(3), 3));
        assert_eq!(session.get::<User>(3).await.unwrap(), Some(carol));
        assert!(db.trace.take().is_empty(), "nothing was expired");
        assert_eq!(db.other().session().count(User::select()).await.unwrap(), 2, "nobody else sees it");

        session.rollback().await.unwrap();
        assert!(!session.contains(carol) && session.contains(users[1]));
        assert_eq!((session[users[0]].age, session[carol].id), (None, 0));
        assert_eq!(session.all(User::select().order_by(User::ID.asc())).await.unwrap(), users);
    }

    /// [COM-8] Insert or ignore, by a savepoint for each row.
    #[case]
    async fn a_failed_flush_inside_costs_only_its_savepoint(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        session.add(User::new("Bob"));
        session.commit().await.unwrap();
        let mut refused = 0;
        for name in ["Alice", "Bob", "Carol", "Alice"] {
            let mut nested = session.begin_nested().await.unwrap();
            nested.add(User::new(name));
            if let Err(error) = nested.commit().await {
                assert!(error.is_unique_violation(), "{error:?}");
                refused += 1;
            }
        }
        assert_eq!(refused, 2);
        session.commit().await.unwrap();
        assert_eq!(db.other().session().count(User::select()).await.unwrap(), 3);
    }

    /// [COM-8] [COM-4] Inside, everything but a rollback is refused.
    #[case]
    async fn a_failed_flush_inside_asks_for_the_rollback_of_its_savepoint(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        let mut nested = session.begin_nested().await.unwrap();
        nested[alice].age = Some(5);
        nested.add(User::new("Alice"));
        assert!(nested.flush().await.unwrap_err().is_unique_violation());
        assert_eq!(nested[alice].age, None, "memory is as it was");
        for _ in 0..2 {
            let error = nested.get::<User>(99).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PendingRollback);
            assert_says(error, &["unique"]);
        }
        nested.rollback().await.unwrap();
        session[alice].age = Some(6);
        session.commit().await.unwrap();
        assert_eq!(db.other().session().rows(User::select()).await.unwrap()[0].age, Some(6));
    }

    /// [COM-5] [COM-8] An outer savepoint undoes the inner ones, kept or not; a dropped guard is a rollback.
    #[case]
    async fn savepoints_stand_in_each_other(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        {
            let mut outer = session.begin_nested().await.unwrap();
            outer[alice].age = Some(1);
            let mut kept = outer.begin_nested().await.unwrap();
            kept[alice].age = Some(2);
            kept.add(User::new("kept"));
            kept.commit().await.unwrap();
            {
                let mut dropped = outer.begin_nested().await.unwrap();
                dropped[alice].age = Some(3);
                dropped.add(User::new("dropped"));
                dropped.flush().await.unwrap();
            }
            assert_eq!(outer[alice].age, Some(2), "memory is undone with the guard");
            assert_eq!(outer.count(User::select()).await.unwrap(), 2);
        }
        assert_eq!(session[alice].age, None);
        session.commit().await.unwrap();
        let rows = db.other().session().rows(User::select()).await.unwrap();
        assert_eq!(rows, [User { id: 1, name: "Alice".to_owned(), age: None }]);
    }

    /// Neighbours that were inserted before and after a savepoint are told apart.
    #[case]
    async fn new_rows_of_before_stay(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let before = session.add(User::new("before"));
        let mut nested = session.begin_nested().await.unwrap();
        let inside = nested.add(User::new("inside"));
        nested.flush().await.unwrap();
        nested.rollback().await.unwrap();
        assert!(session.contains(before) && !session.contains(inside));
        let again = session.detach(inside).unwrap();
        let again = session.add(again);
        session.commit().await.unwrap();
        assert!(session.contains(before) && session.contains(again));
        assert_eq!(db.other().session().count(User::select()).await.unwrap(), 2);
    }

    /// [COM-9] A guard whose transaction has ended has nothing left to do.
    #[case]
    async fn a_savepoint_ends_with_its_transaction(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let mut nested = session.begin_nested().await.unwrap();
        nested.add(User::new("Alice"));
        (*nested).commit().await.unwrap();
        assert_says(nested.commit().await.unwrap_err(), &["the savepoint is gone"]);
        session.add(User::new("Bob"));
        session.commit().await.unwrap();
        assert_eq!(db.other().session().count(User::select()).await.unwrap(), 2);
    }

    /// A statement that fails aborts PostgreSQL's transaction; the savepoint saves it.
    #[case]
    async fn a_failed_statement_is_survived(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        session.add(User::new("Alice"));
        let mut nested = session.begin_nested().await.unwrap();
        assert_eq!(nested.all(Post::select()).await.unwrap_err().kind(), ErrorKind::MissingTable);
        nested.rollback().await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(db.other().session().count(User::select()).await.unwrap(), 1);
    }
}

#[both_forms]
mod blocks {
    use super::*;

    /// [COM-9]
    #[case]
    async fn a_block_commits_or_rolls_back(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let mut block = session.begin().await.unwrap();
        let alice = block.add(User::new("Alice"));
        block.commit().await.unwrap();
        assert_eq!(db.trace.take().len(), 3);

        let mut block = session.begin().await.unwrap();
        block[alice].age = Some(1);
        block.add(User::new("Bob"));
        block.flush().await.unwrap();
        let error = block.begin().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse);
        assert_says(error, &["begin", "a transaction is open"]);
        drop(block);
        assert!(!session.in_transaction());
        assert_eq!(session[alice].age, None);
        session[alice].age = Some(2);
        session.flush().await.unwrap();
        assert_eq!(session.begin().await.unwrap_err().kind(), ErrorKind::Misuse, "begun by the flush");
        session.commit().await.unwrap();
        let rows = db.other().session().rows(User::select()).await.unwrap();
        assert_eq!(rows, [User { id: 1, name: "Alice".to_owned(), age: Some(2) }]);
    }

    /// [COM-9] A block that ends by an error leaves a session that works.
    #[case]
    async fn a_block_whose_commit_fails_is_rolled_back(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        session.add(User::new("Alice"));
        session.commit().await.unwrap();
        let mut block = session.begin().await.unwrap();
        block.add(User::new("Alice"));
        assert!(block.commit().await.unwrap_err().is_unique_violation());
        session.add(User::new("Bob"));
        session.commit().await.unwrap();
        assert_eq!(db.other().session().count(User::select()).await.unwrap(), 2);
    }

    /// [COM-10]
    #[case]
    async fn after_a_commit_inside_nothing_goes_on_before_the_block_ends(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let mut block = session.begin().await.unwrap();
        block.add(User::new("Alice"));
        (*block).commit().await.unwrap();
        assert_says(block.all(User::select()).await.unwrap_err(), &["has ended; leave the block"]);
        drop(block);
        assert_eq!(session.count(User::select()).await.unwrap(), 1);
    }
}

#[both_forms]
mod no_autoflush {
    use super::*;

    /// [FLU-12]
    #[case]
    async fn nothing_is_flushed_in_the_scope(db: Db) {
        db.create::<Post>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        session[alice].age = Some(1);
        let bob = session.add(User::new("Bob"));
        db.trace.take();
        {
            let mut quiet = session.no_autoflush();
            assert_eq!(quiet.all(User::select()).await.unwrap(), [alice], "Bob is not found");
            assert_eq!(quiet.get::<User>(2).await.unwrap(), None);
            assert_eq!(quiet[alice].age, Some(1), "what was changed stays");
            let error = quiet.all(Post::select().filter(Post::AUTHOR.eq(bob))).await.unwrap_err();
            assert_says(error, &["autoflush is off"]);
            assert!(db.trace.take().iter().all(|line| line == "BEGIN" || line.starts_with("SELECT")));
            assert!(quiet.all(Post::select()).await.is_ok());
        }
        assert_eq!(session.all(User::select().order_by(User::ID.asc())).await.unwrap(), [alice, bob]);
    }

    /// [FLU-12]
    #[case]
    async fn the_former_setting_is_back_after_an_error(db: Db) {
        db.create::<User>().await;
        let mut session = SessionMaker::new(&db.engine).autoflush(false).session();
        session.add(User::new("Alice"));
        drop(session.no_autoflush());
        assert_eq!(session.count(User::select()).await.unwrap(), 0, "the maker's setting");
        session.flush().await.unwrap();
        assert_eq!(session.count(User::select()).await.unwrap(), 1);
        session.rollback().await.unwrap();

        let mut session = db.session();
        session.add(User::new("Alice"));
        let failed = async {
            let mut quiet = session.no_autoflush();
            quiet.all(Post::select()).await
        };
        assert!(failed.await.is_err());
        session.rollback().await.unwrap();
        session.add(User::new("Alice"));
        assert_eq!(session.count(User::select()).await.unwrap(), 1);
    }
}

#[both_forms]
mod makers {
    use super::*;

    /// [COM-2]
    #[case]
    async fn a_commit_may_expire_everything(db: Db) {
        db.create::<User>().await;
        let mut session = SessionMaker::new(&db.engine).expire_on_commit(true).session();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        assert_eq!(session.try_get(alice).unwrap_err().kind(), ErrorKind::Expired);
        db.script("UPDATE users SET age = 77").await;
        db.trace.take();
        assert_eq!(session.load(alice).await.unwrap().age, Some(77));
        assert_eq!(db.trace.take_statements().len(), 1);
        assert_eq!(session[alice].age, Some(77));
        session.commit().await.unwrap();
        assert!(session.try_get(alice).is_err(), "also when nothing was written");
        session.get::<User>(1).await.unwrap();
        let bob = session.add(User::new("Bob"));
        session[alice].age = Some(1);
        session.rollback().await.unwrap();
        assert!(session.try_get(alice).is_err());
        assert_eq!(session[bob].name, "Bob", "what has no row is kept");
        assert_eq!(session.load(alice).await.unwrap().age, Some(77));
    }

    /// [COM-6] What was only met again in a savepoint keeps its values, also if an earlier entity for its row has left in the same
    /// transaction.
    #[case]
    async fn a_savepoint_leaves_alone_what_was_only_met_in_it(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.flush().await.unwrap();
        session.expunge(alice).unwrap();
        let again = session.all(User::select()).await.unwrap()[0];
        let mut nested = session.begin_nested().await.unwrap();
        assert_eq!(nested.all(User::select()).await.unwrap(), [again]);
        nested.rollback().await.unwrap();
        assert_eq!(session[again].name, "Alice");
    }

    /// [COM-6] With values that end with their transaction, so they do with a savepoint.
    #[case]
    async fn a_savepoint_expires_what_was_changed_in_it(db: Db) {
        db.create::<User>().await;
        let mut session = SessionMaker::new(&db.engine).expire_on_commit(true).session();
        let users = session.add_all([User::new("Alice"), User::new("Bob")]);
        let mut nested = session.begin_nested().await.unwrap();
        nested[users[0]].age = Some(1);
        nested.rollback().await.unwrap();
        db.trace.take();
        assert_eq!(session.try_get(users[0]).unwrap_err().kind(), ErrorKind::Expired);
        assert_eq!(session[users[1]].name, "Bob");
        assert_eq!(session.load(users[0]).await.unwrap().age, None);
        assert_eq!(db.trace.take_statements().len(), 1);
    }

    /// [COM-11]
    #[case]
    async fn sessions_of_a_maker_are_independent_and_have_its_options(db: Db) {
        db.create::<User>().await;
        let sessions = SessionMaker::new(&db.engine).read_only(true).isolation(Isolation::Serializable);
        let mut reader = sessions.session();
        assert_eq!(reader.count(User::select()).await.unwrap(), 0);
        reader.add(User::new("Alice"));
        assert_eq!(reader.flush().await.unwrap_err().kind(), ErrorKind::ReadOnly);
        reader.rollback().await.unwrap();
        let mut writer = sessions.clone().read_only(false).session();
        writer.add(User::new("Alice"));
        writer.commit().await.unwrap();
        assert_eq!(reader.count(User::select()).await.unwrap(), 1);
    }

    /// [COM-11]
    #[case]
    async fn a_block_of_a_maker_commits_or_rolls_back(db: Db) {
        db.create::<User>().await;
        let sessions = SessionMaker::new(&db.engine);
        let id = sessions
            .begin(async |session: &mut Session| {
                let alice = session.add(User::new("Alice"));
                session.flush().await?;
                Ok(session[alice].id)
            })
            .await;
        assert_eq!(id.unwrap(), 1);
        let error = sessions
            .begin(async |session: &mut Session| {
                session.add(User::new("Bob"));
                session.flush().await?;
                session.one(User::select().filter(User::ID.eq(99))).await
            })
            .await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::NoResult);
        assert_eq!(db.other().session().count(User::select()).await.unwrap(), 1);
    }

    /// [COM-12]
    #[case]
    async fn a_session_that_has_joined_a_connection_stores_nothing_for_good(db: Db) {
        db.create::<User>().await;
        let mut connection = db.engine.connect().await.unwrap();
        connection.execute(User::insert().set(User::NAME, "before")).await.unwrap();
        let mut session = SessionMaker::new(&db.engine).join(connection).await.unwrap();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        session[alice].age = Some(1);
        session.commit().await.unwrap();
        session.add(User::new("Bob"));
        session.flush().await.unwrap();
        session.rollback().await.unwrap();
        session[alice].age = Some(5);
        session.add(User::new("before"));
        assert!(session.commit().await.unwrap_err().is_unique_violation());
        session.rollback().await.unwrap();
        assert_eq!(session[alice].age, Some(1));
        {
            let mut block = session.begin().await.unwrap();
            block[alice].age = Some(9);
            block.flush().await.unwrap();
        }
        let mut nested = session.begin_nested().await.unwrap();
        nested[alice].age = Some(10);
        nested.rollback().await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(session.count(User::select()).await.unwrap(), 2);

        let mut connection = session.leave().await.unwrap();
        let rows = connection.all(select((User::NAME, User::AGE)).order_by(User::ID.asc())).await.unwrap();
        assert_eq!(rows, [("before".to_owned(), None), ("Alice".to_owned(), Some(1))]);
        connection.rollback().await.unwrap();
        assert_eq!(connection.count(User::select()).await.unwrap(), 0);
        assert_eq!(db.session().leave().await.unwrap_err().kind(), ErrorKind::Misuse);
    }

    /// [COM-9] [COM-12] A block in which nothing was done leaves the connection that was joined as it was.
    #[case]
    async fn an_empty_block_keeps_the_joined_connection(db: Db) {
        db.create::<User>().await;
        let mut connection = db.engine.connect().await.unwrap();
        connection.execute(User::insert().set(User::NAME, "before")).await.unwrap();
        let mut session = SessionMaker::new(&db.engine).join(connection).await.unwrap();
        drop(session.begin().await.unwrap());
        session.add(User::new("Alice"));
        session.commit().await.unwrap();
        drop(session.begin().await.unwrap());
        let mut connection = session.leave().await.unwrap();
        assert_eq!(connection.count(User::select()).await.unwrap(), 2);
        connection.rollback().await.unwrap();
    }

    /// [COM-12] A block that is dropped leaves nothing in the transaction around it, whatever comes next.
    #[case]
    async fn a_block_in_a_joined_connection_is_undone_before_that_is_left(db: Db) {
        db.create::<User>().await;
        let connection = db.engine.connect().await.unwrap();
        let mut session = SessionMaker::new(&db.engine).join(connection).await.unwrap();
        for name in ["Alice", "Bob"] {
            let mut block = session.begin().await.unwrap();
            block.add(User::new(name));
            block.flush().await.unwrap();
            drop(block);
            session.rollback().await.unwrap();
        }
        assert_eq!(session.count(User::select()).await.unwrap(), 0);
        session.commit().await.unwrap();
        let mut block = session.begin().await.unwrap();
        block.add(User::new("Carol"));
        block.flush().await.unwrap();
        drop(block);
        let mut connection = session.leave().await.unwrap();
        assert_eq!(connection.count(User::select()).await.unwrap(), 0);
    }

    /// [FLU-14]
    #[case]
    async fn a_row_that_is_gone_is_told_of_or_not(db: Db) {
        db.create::<User>().await;
        for (warns, warnings) in [(true, 1), (false, 0)] {
            let mut session = SessionMaker::new(&db.engine).warn_of_gone_rows(warns).session();
            let alice = session.add(User::new("Alice"));
            session.commit().await.unwrap();
            db.script("DELETE FROM users").await;
            session.delete(alice).unwrap();
            db.trace.take();
            session.commit().await.unwrap();
            let told = db.trace.take().iter().filter(|line| line.contains("gone already")).count();
            assert_eq!(told, warnings);
        }
    }
}
