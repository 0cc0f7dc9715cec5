//! Events for `tracing`, with the names that OpenTelemetry gives to the fields of database calls.
//!
//! Values are never among them. Targets are `orm::query`, `orm::transaction` and `orm::pool`; the level is DEBUG, and
//! WARN for what is slow or unexpected.

use tracing::{Level, enabled, event};

use crate::driver::{Backend, Place};
use crate::engine::summary::Summary;
use crate::engine::{Event, Sent};

/// Tells subscribers of what one engine does.
#[derive(Default)]
pub(super) struct Tracer(Place);

impl Tracer {
    pub(super) fn new(backend: &dyn Backend) -> Self {
        Self(backend.place())
    }

    /// Whether a subscriber wants to hear of statements: an atomic load and a comparison where none does.
    #[inline]
    pub(super) fn is_heard() -> bool {
        enabled!(target: "orm::query", Level::DEBUG)
    }

    /// Whether a subscriber wants to hear of what is slow.
    pub(super) fn hears_warnings() -> bool {
        enabled!(target: "orm::query", Level::WARN)
    }

    pub(super) fn event(&self, told: &Event<'_>) {
        match told {
            Event::Statement(sent) => self.statement(sent),
            Event::Slow(sent) => self.slow(sent),
            Event::Warning(message) => event!(target: "orm::query", Level::WARN, "{message}"),
            Event::Connect(elapsed) => self.connect(elapsed.as_secs_f64()),
            Event::Begin | Event::Commit | Event::Rollback => self.step(told),
            Event::Savepoint(_) | Event::Release(_) | Event::RollbackTo(_) => self.step(told),
        }
    }

    fn statement(&self, sent: &Sent<'_>) {
        if !Self::is_heard() {
            return;
        }
        let Place { system, host, port, database } = &self.0;
        let summary = Summary::of(sent.sql());
        let sets = sent.sets();
        let error = sent.error();
        let returned = sent.rows().filter(|_| summary.operation == "SELECT");
        event!(
            target: "orm::query",
            Level::DEBUG,
            db.system.name = system,
            db.namespace = database.as_deref(),
            server.address = host.as_deref(),
            server.port = port,
            db.query.text = sent.sql(),
            db.query.summary = %summary,
            db.operation.name = summary.operation,
            db.collection.name = summary.table.as_deref(),
            db.operation.batch.size = (sets > 1).then_some(sets),
            db.response.returned_rows = returned,
            db.response.status_code = error.and_then(|error| error.sqlstate()),
            error.r#type = error.map(|error| tracing::field::debug(error.kind())),
            db.client.operation.duration = sent.elapsed().as_secs_f64(),
        );
    }

    fn slow(&self, sent: &Sent<'_>) {
        event!(
            target: "orm::query",
            Level::WARN,
            db.system.name = self.0.system,
            db.namespace = self.0.database.as_deref(),
            db.query.text = sent.sql(),
            db.client.operation.duration = sent.elapsed().as_secs_f64(),
            "slow statement"
        );
    }

    fn connect(&self, duration: f64) {
        let Place { system, host, port, database } = &self.0;
        event!(
            target: "orm::pool",
            Level::DEBUG,
            db.system.name = system,
            db.namespace = database.as_deref(),
            server.address = host.as_deref(),
            server.port = port,
            db.client.connection.create_time = duration,
            "connected"
        );
    }

    fn step(&self, told: &Event<'_>) {
        event!(
            target: "orm::transaction",
            Level::DEBUG,
            db.system.name = self.0.system,
            db.namespace = self.0.database.as_deref(),
            "{told}"
        );
    }
}
