//! What is read before anything else in a transaction is sent ahead of BEGIN on PostgreSQL, where that reads the same.

use orm_tests::both_forms;
use orm_tests::prelude::*;

use crate::models::User;

#[both_forms]
mod lone_reads {
    use super::*;

    /// Whether the other connection to this database is in a transaction.
    async fn is_in_transaction(other: &mut Connection) -> bool {
        let state = "SELECT state = 'idle in transaction' FROM pg_stat_activity WHERE datname = current_database() \
                     AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
        let answer = other.execute(text(state)).await.unwrap().scalar_one().unwrap();
        other.rollback().await.unwrap();
        answer
    }

    async fn with_one_user(db: &Db) -> (Session, Connection) {
        db.create::<User>().await;
        let mut session = db.session();
        session.add(User::new("Alice"));
        session.commit().await.unwrap();
        (session, db.other().connect().await.unwrap())
    }

    /// The first that writes, or asks for more than rows, begins.
    #[case(postgres)]
    async fn begin_is_put_off_until_there_is_something_to_begin(db: Db) {
        let (mut session, mut other) = with_one_user(&db).await;
        let alice = session.get_one::<User>(1).await.unwrap();
        session.all(User::select().filter(User::NAME.eq("Alice"))).await.unwrap();
        assert!(session.in_transaction());
        assert!(!is_in_transaction(&mut other).await);

        session[alice].name = "Alicia".to_owned();
        session.flush().await.unwrap();
        assert!(is_in_transaction(&mut other).await);
        session.get_one::<User>(1).await.unwrap();
        session.rollback().await.unwrap();
        assert!(!is_in_transaction(&mut other).await);
        assert_eq!(session[alice].name, "Alice");
    }

    /// A lock, a function that nobody knows, the time of the transaction, text.
    #[case(postgres)]
    async fn what_is_more_than_a_read_begins(db: Db) {
        let (mut session, mut other) = with_one_user(&db).await;
        session.get_for_update::<User>(1).await.unwrap();
        assert!(is_in_transaction(&mut other).await);
        session.rollback().await.unwrap();

        session.all(User::select().for_update()).await.unwrap();
        assert!(is_in_transaction(&mut other).await);
        session.rollback().await.unwrap();

        session.all(select(func::<i64>("abs", User::ID))).await.unwrap();
        assert!(is_in_transaction(&mut other).await);
        session.rollback().await.unwrap();

        session.execute(text("SELECT id FROM users")).await.unwrap();
        assert!(is_in_transaction(&mut other).await);
        session.rollback().await.unwrap();

        session.all(User::select().filter(User::ID.eq(1))).await.unwrap();
        assert!(!is_in_transaction(&mut other).await);
    }

    /// A transaction that sees one moment begins with what it reads first.
    #[case(postgres)]
    async fn a_snapshot_begins_with_the_first_read(db: Db) {
        let (mut session, mut other) = with_one_user(&db).await;
        let sessions = SessionMaker::new(&db.engine).isolation(Isolation::RepeatableRead);
        let mut reader = sessions.session();
        reader.get_one::<User>(1).await.unwrap();
        assert!(is_in_transaction(&mut other).await);
        other.script("UPDATE users SET name = 'Bob'").await.unwrap();
        other.commit().await.unwrap();
        let names = reader.all(select(User::NAME)).await.unwrap();
        assert_eq!(names, ["Alice"]);
        reader.rollback().await.unwrap();

        // The same if it is the database that says so, from now on or from the start.
        session.execute(text("SET default_transaction_isolation TO 'repeatable read'")).await.unwrap();
        session.commit().await.unwrap();
        session.get_one::<User>(1).await.unwrap();
        assert!(is_in_transaction(&mut other).await);
    }
}
