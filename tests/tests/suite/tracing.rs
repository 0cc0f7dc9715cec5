//! Events for `tracing`, heard by a subscriber written by hand.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, OnceLock};

use orm::{AsyncEngine, Engine, Metadata, Model as _, Open as _};
use orm_tests::{Backend, Database};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata as Callsite, Subscriber};

use crate::models::User;

/// Writes each event of the library as `LEVEL target name=value …`.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<String>>>);

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Listener {
    fn enabled(&self, callsite: &Callsite<'_>) -> bool {
        callsite.target().starts_with("orm::")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(format!("{} {}", event.metadata().level(), event.metadata().target()));
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }
}

impl Listener {
    #[track_caller]
    fn heard(&self, kind: &str, words: &[&str]) {
        let lines = self.0.lock().unwrap();
        let says = |line: &&String| line.starts_with(kind) && words.iter().all(|word| line.contains(word));
        assert!(lines.iter().any(|line| says(&line)), "nothing says {kind} {words:?}: {lines:#?}");
    }
}

/// Runs this with a subscriber. As long as there is but one in the whole process, `tracing` believes a thread without any
/// that nobody is interested: hence a second one, which hears nothing.
fn listen(subscriber: impl Subscriber + Send + Sync + 'static, work: impl FnOnce()) {
    static SECOND: OnceLock<tracing::Dispatch> = OnceLock::new();
    SECOND.get_or_init(|| tracing::Dispatch::new(Listener::default()));
    tracing::subscriber::with_default(subscriber, work);
}

/// [ENG-9] The names of OpenTelemetry, and no values.
#[test]
fn events_have_the_names_of_opentelemetry() {
    for backend in Backend::ALL {
        let Some(database) = Database::create(backend) else { continue };
        let listener = Listener::default();
        listen(listener.clone(), || {
            let engine = Engine::builder(&database.url).unwrap();
            let engine = engine.slow_statements(std::time::Duration::ZERO).open();
            engine.create_all(&Metadata::of::<User>()).unwrap();
            let mut session = engine.session();
            session.add_all(["hunter1", "hunter2"].map(User::new));
            session.commit().unwrap();
            session.all(User::select()).unwrap();
            session.add(User::new("hunter1"));
            session.commit().unwrap_err();
        });
        let system = match backend {
            Backend::Sqlite => "db.system.name=\"sqlite\"",
            Backend::Postgres => "db.system.name=\"postgresql\"",
            Backend::MariaDb => "db.system.name=\"mariadb\"",
            Backend::MySql => "db.system.name=\"mysql\"",
        };
        listener.heard("DEBUG orm::pool", &["connected", system, "db.namespace="]);
        listener.heard("DEBUG orm::transaction", &["BEGIN", system]);
        listener.heard("DEBUG orm::transaction", &["COMMIT"]);
        listener.heard(
            "DEBUG orm::query",
            &[
                system,
                "db.namespace=",
                "db.query.text=\"INSERT INTO",
                "db.query.summary=INSERT users",
                "db.operation.name=\"INSERT\"",
                "db.collection.name=\"users\"",
                "db.operation.batch.size=2",
                "db.client.operation.duration=",
            ],
        );
        listener.heard("DEBUG orm::query", &["db.query.summary=SELECT users", "db.response.returned_rows=2"]);
        let code = match backend {
            Backend::Sqlite => "\"2067\"",
            Backend::Postgres => "\"23505\"",
            Backend::MariaDb | Backend::MySql => "\"23000\"",
        };
        listener.heard(
            "DEBUG orm::query",
            &["error.type=UniqueViolation", &format!("db.response.status_code={code}")],
        );
        listener.heard("WARN orm::query", &["slow statement", "db.query.text="]);
        if backend != Backend::Sqlite {
            listener.heard("DEBUG orm::query", &["server.address=", "server.port="]);
        }
        assert!(!format!("{:?}", listener.0.lock().unwrap()).contains("hunter"));
    }
}

/// In async the events come where the call is polled.
#[test]
fn async_engines_are_heard_as_well() {
    let listener = Listener::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    listen(listener.clone(), || {
        runtime.block_on(async {
            let engine = AsyncEngine::open("sqlite::memory:").unwrap();
            engine.create_all(&Metadata::of::<User>()).await.unwrap();
        });
    });
    listener.heard("DEBUG orm::query", &["db.query.summary=CREATE users", "db.namespace=\":memory:\""]);
}

/// What a listener does not want is not made for it.
#[test]
fn nobody_is_told_what_nobody_wants() {
    #[derive(Clone)]
    struct Warnings(Listener);
    impl Subscriber for Warnings {
        fn enabled(&self, callsite: &Callsite<'_>) -> bool {
            *callsite.level() == Level::WARN && self.0.enabled(callsite)
        }
        fn new_span(&self, span: &Attributes<'_>) -> Id {
            self.0.new_span(span)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            self.0.event(event);
        }
    }
    let listener = Listener::default();
    listen(Warnings(listener.clone()), || {
        let engine = Engine::open("sqlite::memory:").unwrap();
        engine.create_all(&Metadata::of::<User>()).unwrap();
    });
    assert!(listener.0.lock().unwrap().is_empty());
}
