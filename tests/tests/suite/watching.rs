//! Echo, observers, slow statements, and what they and errors show of values.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

use crate::models::User;

/// Lines that a closure was handed.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn writer(&self) -> impl Fn(&str) + Send + Sync + 'static + use<> {
        let lines = self.clone();
        move |line| lines.push(line)
    }

    fn push(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// What stands before the time, which differs.
fn timeless(line: &str) -> &str {
    line.rsplit_once(", ").filter(|(_, time)| time.ends_with(" ms")).map_or(line, |(text, _)| text)
}

#[both_forms]
mod watching {
    use super::*;

    /// [ENG-9] Statements with parameters, rows and time, and steps of transactions, in their order.
    #[case]
    async fn echo_shows_what_was_sent_in_order(db: Db) {
        db.create::<User>().await;
        let lines = Lines::default();
        let engine = Engine::builder(&db.database.url).unwrap().echo_to(lines.writer()).open();
        let mut session = engine.session();
        session.add_all((0..5).map(|number| User { age: Some(number), ..User::new(format!("O'{number}")) }));
        session.commit().await.unwrap();
        session.all(User::select().filter(User::NAME.eq("x".repeat(100)))).await.unwrap();
        session.rollback().await.unwrap();

        let lines = lines.take();
        let lines: Vec<_> = lines.iter().map(|line| timeless(line)).collect();
        let [connect, "BEGIN", insert, "COMMIT", "BEGIN", select, "ROLLBACK"] = lines[..] else {
            unreachable!("{lines:#?}")
        };
        assert_eq!(connect, "CONNECT");
        assert!(insert.replace('`', "\"").starts_with("INSERT INTO \"users\""), "{insert}");
        assert!(
            insert.ends_with("\n  -- ('O''0', 0), ('O''1', 1), ('O''2', 2), … 2 more; 5 rows"),
            "{insert}"
        );
        let text = format!("\n  -- ('{}…' (100 characters)); 0 rows", "x".repeat(60));
        assert!(select.starts_with("SELECT") && select.ends_with(&text), "{select}");
    }

    /// [ENG-9] A statement that failed says so.
    #[case]
    async fn echo_tells_of_failures(db: Db) {
        let lines = Lines::default();
        let engine = Engine::builder(&db.database.url).unwrap().echo_to(lines.writer()).open();
        engine.script("SELEC 1").await.unwrap_err();
        let lines = lines.take();
        assert_eq!(timeless(&lines[1]), "SELEC 1\n  -- failed, statement refused");
    }

    /// [ENG-9] [ERR-2] With hidden parameters no value is shown anywhere.
    #[case]
    async fn hidden_parameters_are_shown_nowhere(db: Db) {
        db.create::<User>().await;
        let lines = Lines::default();
        let values = lines.clone();
        let observe = move |event: &orm::Event<'_>| {
            if let orm::Event::Statement(sent) = event {
                let source = sent.error().and_then(std::error::Error::source);
                values.push(&format!("{:?} {source:?}", sent.value(0, 0)));
            }
        };
        let builder = Engine::builder(&db.database.url).unwrap();
        let engine = builder.echo_to(lines.writer()).observe(observe).hide_parameters(true).open();
        let mut session = engine.session();
        session.add_all(["hunter1", "hunter2"].map(User::new));
        session.add(User { age: Some(424_242), ..User::new("hunter1") });
        let error = session.commit().await.unwrap_err();
        assert!(error.is_unique_violation());
        assert!(error.parameters().is_none() && std::error::Error::source(&error).is_none());
        let shown = format!("{error} {error:?} {:?}", lines.take());
        assert!(!shown.contains("hunter") && !shown.contains("424242"), "{shown}");
        assert_says(&shown, &["3 × 2 hidden; failed", "None None"]);

        session.rollback().await.unwrap();
        let gone = session.add(User::new("hunter3"));
        session.commit().await.unwrap();
        db.script("DELETE FROM users").await;
        let error = session.load(gone).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RowGone);
        assert_eq!(
            error.to_string(),
            "row gone (User): the row with a hidden key was deleted by somebody else"
        );
    }

    /// [ENG-9] Several may watch.
    #[case]
    async fn all_observers_hear_the_same(db: Db) {
        db.create::<User>().await;
        let (one, two) = (Lines::default(), Lines::default());
        let builder = Engine::builder(&db.database.url).unwrap().echo_to(one.writer());
        let engine = builder.echo_to(two.writer()).open();
        engine.session().all(User::select()).await.unwrap();
        let lines = one.take();
        assert_eq!(lines, two.take());
        assert_eq!(lines.len(), 4, "{lines:?}");
    }

    /// What took longer than it may is told once more, without values.
    #[case]
    async fn slow_statements_are_reported(db: Db) {
        db.create::<User>().await;
        for (threshold, expected) in [(Duration::ZERO, 1), (Duration::from_secs(600), 0)] {
            let lines = Lines::default();
            let builder = Engine::builder(&db.database.url).unwrap().echo_to(lines.writer());
            let engine = builder.slow_statements(threshold).open();
            engine.session().all(User::select().filter(User::NAME.eq("hunter2"))).await.unwrap();
            let lines = lines.take();
            let slow: Vec<_> = lines.iter().filter(|line| line.starts_with("SLOW, ")).collect();
            assert_eq!(slow.len(), expected, "{lines:?}");
            assert!(slow.iter().all(|line| line.contains(" ms: SELECT ") && !line.contains("hunter2")));
        }
    }

    /// Rows, time and error reach an observer.
    #[case]
    async fn an_observer_learns_the_outcome(db: Db) {
        db.create::<User>().await;
        let lines = Lines::default();
        let outcomes = lines.clone();
        let observe = move |event: &orm::Event<'_>| {
            if let orm::Event::Statement(sent) = event {
                assert!(sent.elapsed() > Duration::ZERO);
                outcomes.push(&format!("{:?} {:?}", sent.rows(), sent.error().map(orm::Error::kind)));
            }
        };
        let engine = Engine::builder(&db.database.url).unwrap().observe(observe).open();
        let mut session = engine.session();
        session.add_all(["Alice", "Bob"].map(User::new));
        session.flush().await.unwrap();
        session.all(User::select().filter(User::NAME.eq("Bob"))).await.unwrap();
        session.add(User::new("Bob"));
        session.flush().await.unwrap_err();
        assert_eq!(lines.take(), ["Some(2) None", "Some(1) None", "None Some(UniqueViolation)"]);
    }
}

/// [ENG-9] `echo(true)` writes to standard error and `echo(false)` writes nothing: seen from outside, in a process of its
/// own.
#[test]
fn echo_goes_to_standard_error() {
    use orm::{Engine, Open as _};
    const ROLE: &str = "ORM_TEST_ECHO";
    if let Ok(role) = std::env::var(ROLE) {
        let engine = Engine::builder("sqlite::memory:").unwrap().echo(role == "on").open();
        engine.script("SELECT 'grüße'").unwrap();
        return;
    }
    let echoed = |role| {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "watching::echo_goes_to_standard_error", "--nocapture"]).env(ROLE, role);
        let output = command.output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert_says(echoed("on"), &["SELECT 'grüße'\n  -- 0 rows, "]);
    assert_eq!(echoed("off"), "");
}
