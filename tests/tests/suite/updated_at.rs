//! Values that a change of the row brings with it.

use std::sync::atomic::{AtomicI64, Ordering};

use orm_tests::prelude::*;
use orm_tests::{Backend, assert_says, assert_statements, both_forms};

use crate::models::User;

/// Each case has a name of its own in the table, so that they do not count each other's calls.
static CALLS: AtomicI64 = AtomicI64::new(0);

fn next_call() -> i64 {
    CALLS.fetch_add(1, Ordering::Relaxed) + 1
}

#[derive(Model, Debug)]
#[model(table = "stamps")]
struct Stamp {
    #[model(key, auto)]
    id: i64,
    name: String,
    /// Counts its own calls, which other cases do not see.
    #[model(default, on_update = self.times + 1)]
    times: i64,
    #[model(default = "nobody".to_owned(), on_update = format!("{} again", self.name))]
    editor: String,
    #[model(on_update = Some(next_call()))]
    call: Option<i64>,
}

/// What each change brings does not bear every number.
#[derive(Model, Debug)]
#[model(table = "fuses")]
struct Fuse {
    #[model(key, auto)]
    id: i64,
    owner: Option<BelongsTo<User>>,
    load: i32,
    #[model(default, on_update = { assert!(self.load <= 16, "blown"); self.changes + 1 })]
    changes: i32,
}

#[derive(Model, Debug)]
#[model(table = "moments")]
struct Moments {
    #[model(key, auto)]
    id: i64,
    name: String,
    #[model(created_at)]
    created_at: jiff::Timestamp,
    #[model(updated_at)]
    updated_at: jiff::Timestamp,
    #[model(updated_at)]
    civil: jiff::civil::DateTime,
    #[model(updated_at)]
    chrono: chrono::DateTime<chrono::Utc>,
    #[model(updated_at)]
    naive: chrono::NaiveDateTime,
    #[model(updated_at)]
    offset: Option<time::OffsetDateTime>,
    #[model(updated_at)]
    primitive: Deferred<time::PrimitiveDateTime>,
    #[model(version)]
    version: i64,
}

#[both_forms]
mod updated_at {
    use super::*;

    /// [FLU-10] Computed once for each row that changes, in the same UPDATE, readable after.
    #[case]
    async fn a_change_brings_other_values(db: Db) {
        db.create::<Stamp>().await;
        let mut session = db.session();
        let stamps = session.add_all(["a", "b", "c"].map(Stamp::new));
        session.commit().await.unwrap();
        assert!(stamps.iter().all(|&stamp| session[stamp].times == 0 && session[stamp].call.is_none()));
        assert_eq!(session[stamps[0]].editor, "nobody");
        db.trace.take();
        session[stamps[0]].name = "A".to_owned();
        assert_eq!(
            session.plan().unwrap().to_string(),
            "1. UPDATE stamps SET name, times, editor, call: 1 row\n   Stamp with key 1: name: 'a' -> 'A', times: made by the \
             flush, editor: made by the flush, call: made by the flush"
        );
        session.flush().await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &["UPDATE stamps SET name = ?, times = ?, editor = ?, call = ? WHERE id = ?"],
        );
        session[stamps[0]].name = "AA".to_owned();
        session[stamps[1]].name = "B".to_owned();
        session.commit().await.unwrap();
        let sent = db.trace.take_statements();
        assert!(sent.len() == 1 && sent[0].ends_with("-- 2 rows"), "{sent:?}");
        assert_eq!((session[stamps[0]].times, session[stamps[0]].editor.as_str()), (2, "AA again"));
        assert_ne!(session[stamps[0]].call, session[stamps[1]].call);
        let rows = session.rows(Stamp::select().order_by(Stamp::ID.asc())).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.times).collect::<Vec<_>>(), [2, 1, 0]);
        assert_eq!(rows[1].call, session[stamps[1]].call);
    }

    /// [FLU-10] Without a net change nothing is computed and nothing is sent.
    #[case]
    async fn no_change_brings_nothing(db: Db) {
        db.create::<Stamp>().await;
        let mut session = db.session();
        let stamp = session.add(Stamp::new("a"));
        session.commit().await.unwrap();
        db.trace.take();
        session[stamp].name = "a".to_owned();
        session.commit().await.unwrap();
        assert!(db.trace.take().is_empty());
        assert_eq!((session[stamp].times, session[stamp].call), (0, None));
        session[stamp].name = "b".to_owned();
        session.delete(stamp).unwrap();
        session.flush().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 1);
        session.rollback().await.unwrap();
        assert_eq!((session[stamp].times, session[stamp].call), (0, None));
    }

    /// [FLU-10] What the program sets itself is what is stored; a rollback takes back what was computed.
    #[case]
    async fn the_program_comes_first(db: Db) {
        db.create::<Stamp>().await;
        let mut session = db.session();
        let stamps = session.add_all(["a", "b"].map(Stamp::new));
        session.commit().await.unwrap();
        session[stamps[0]].editor = "me".to_owned();
        session[stamps[1]].name = "B".to_owned();
        session.flush().await.unwrap();
        assert_eq!((session[stamps[0]].times, session[stamps[0]].editor.as_str()), (1, "me"));
        assert_eq!((session[stamps[1]].times, session[stamps[1]].editor.as_str()), (1, "B again"));
        session.rollback().await.unwrap();
        assert_eq!((session[stamps[0]].times, session[stamps[0]].editor.as_str()), (0, "nobody"));
        assert_eq!((session[stamps[1]].times, session[stamps[1]].call), (0, None));
    }

    /// [FLU-10, FLU-9] Timestamps of each crate, to the microsecond that databases hold.
    #[case]
    async fn rows_say_when_they_were_made_and_changed(db: Db) {
        db.create::<Moments>().await;
        let mut session = db.session();
        let before = jiff::Timestamp::now();
        let row = session.add(Moments::new("a"));
        session.commit().await.unwrap();
        let created = session[row].created_at;
        assert!(created.as_microsecond() >= before.as_microsecond() && created <= jiff::Timestamp::now());
        std::thread::sleep(std::time::Duration::from_millis(2));
        session[row].name = "b".to_owned();
        session.commit().await.unwrap();
        let Moments { created_at, updated_at, civil, chrono, naive, offset, ref primitive, version, .. } =
            session[row];
        assert_eq!((created_at, version), (created, 2));
        let changed = updated_at.as_microsecond();
        assert!(changed > created.as_microsecond());
        let near = |micros: i64| assert!((micros - changed).abs() < 10_000_000, "{micros}, {changed}");
        near(civil.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_microsecond());
        near(chrono.timestamp_micros());
        near(naive.and_utc().timestamp_micros());
        let micros =
            |moment: time::OffsetDateTime| i64::try_from(moment.unix_timestamp_nanos() / 1000).unwrap();
        near(micros(offset.unwrap()));
        near(micros(primitive.get().unwrap().assume_utc()));
        let stored = session.rows(Moments::select()).await.unwrap();
        assert_eq!((stored[0].created_at, stored[0].updated_at), (created_at, updated_at));
        assert_eq!((stored[0].naive, stored[0].offset, stored[0].civil), (naive, offset, civil));
    }
}

/// [R8] A panic in the middle of a flush is no reason to keep what it has sent, nor to send it again.
#[test]
fn after_a_panic_in_a_flush_the_session_waits_for_a_rollback() {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    orm_tests::sync_form::run(Backend::Sqlite, |db| {
        db.create::<Fuse>();
        let mut session = db.session();
        let fuse = session.add(Fuse::new(10));
        session.commit().unwrap();
        let alice = session.add(User::new("Alice"));
        session[fuse].owner = Some(alice.into());
        session[fuse].load = 20;
        assert!(catch_unwind(AssertUnwindSafe(|| session.flush())).is_err());
        session[fuse].load = 12;
        let error = session.commit().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PendingRollback);
        assert_says(error, &["panicked"]);
        session.rollback().unwrap();
        assert!(!session.contains(alice));
        assert_eq!((session[fuse].load, session[fuse].owner.is_none()), (10, true));
        assert_eq!(session.count(User::select()).unwrap(), 0);
    });
}
