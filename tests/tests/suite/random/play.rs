//! Plays sequences against real sessions and the model of them side by side, and compares after each step.

use std::collections::BTreeMap;

use orm::{EngineBuilder, ErrorKind, Event, Open};
use orm_tests::{Backend, Trace, amount, both_forms, prelude::*};

use super::choices::key_part;
use super::forecast::{Forecast, Tables, plain};
use super::kinds::*;
use super::memory::{InDoubt, Known, Memory, State};
use super::report::{
    Checked, Failure, Playing, check, count, count_statements, kind_of, same_error, same_tables, set_free,
};
use super::sequence::{Ending, Step, seeds};
use super::steps::{Action, sequence};
use super::world::{Sharing, World};

/// How many steps a sequence has.
const LENGTH: usize = 30;

/// How many savepoints are inside of each other.
const DEPTH: usize = 3;

/// How far a call got that flushes first.
#[derive(Clone, Copy, PartialEq)]
enum Flush {
    /// All was written, and the call went on.
    Done,
    /// Nothing was sent.
    Refused,
    /// The transaction is undone.
    Failed,
}

#[both_forms]
mod sequences {
    use super::*;

    /// Two sessions of one database, and what they should be. A savepoint borrows its session: what is played inside of it is
    /// another one of these.
    struct Play<'p> {
        steps: &'p [Step<Action>],
        next: &'p mut usize,
        sessions: [&'p mut Session; 2],
        checker: &'p mut Session,
        trace: &'p Trace,
        world: &'p mut World,
        handles: &'p mut [Vec<Handle>; 2],
        story: &'p mut Vec<String>,
        /// The session of the innermost savepoint.
        block: Option<usize>,
        /// How many statements the step should send, if that is certain.
        statements: Option<usize>,
        /// What it has sent, if that was looked at before.
        sent: Option<Vec<String>>,
    }

    impl Play<'_> {
        /// Plays steps until one ends the savepoint that this is in.
        fn run(&mut self) -> Boxed<'_, Checked<Ending>> {
            boxed(async move {
                while let Some(&step) = self.steps.get(*self.next) {
                    *self.next += 1;
                    self.make_way(step).await?;
                    match step {
                        Step(session, Action::BeginNested) => self.nested(session).await?,
                        Step(session, Action::End(ending)) => {
                            if self.block == Some(session) {
                                return Ok(ending);
                            }
                        }
                        step => self.step(step).await?,
                    }
                }
                Ok(Ending::Drop)
            })
        }

        /// A step may have to wait for another one, and that for a third.
        async fn make_way(&mut self, step: Step<Action>) -> Checked {
            for _ in 0..3 {
                let Some(first) = self.world.in_the_way(step) else { return Ok(()) };
                self.step(first).await?;
            }
            Err(format!("nobody makes way for {step:?}"))
        }

        async fn step(&mut self, step: Step<Action>) -> Checked {
            let Step(session, action) = step;
            let wrote = self.world.wrote(session);
            self.begin_step();
            self.act(session, action).await?;
            self.check_step()?;
            if wrote && !self.world.wrote(session) && self.world.can_be_read() {
                self.check_committed().await?;
            }
            Ok(())
        }

        fn begin_step(&mut self) {
            self.statements = Some(0);
            self.trace.take();
        }

        fn check_step(&mut self) -> Checked {
            let sent = self.sent.take().unwrap_or_else(|| self.trace.take());
            let statements = count_statements(&sent);
            if let Some(expected) = self.statements {
                let more = if self.trace.folds() { set_free(&sent) } else { 0 };
                check!(
                    (expected..=expected + more).contains(&statements),
                    "{statements} statements instead of {expected}: {sent:#?}"
                );
            }
            self.check_memory(0)?;
            self.check_memory(1)
        }

        /// [COM-5] [COM-7] [COM-8] Plays what is inside of a savepoint, and ends it.
        async fn nested(&mut self, session: usize) -> Checked {
            if self.world.memories[session].depth() == DEPTH {
                return Ok(());
            }
            self.tell(session, "begin_nested {");
            self.begin_step();
            let forecast = self.world.forecast(session);
            let [a, b] = &mut self.sessions;
            let (own, other) = if session == 0 { (a, b) } else { (b, a) };
            let begun = match own.begin_nested().await {
                Ok(mut savepoint) => {
                    let (own, other): (&mut Session, &mut Session) = (&mut savepoint, other);
                    let mut inside = Play {
                        steps: self.steps,
                        next: self.next,
                        sessions: if session == 0 { [own, other] } else { [other, own] },
                        checker: self.checker,
                        trace: self.trace,
                        world: self.world,
                        handles: self.handles,
                        story: self.story,
                        block: Some(session),
                        statements: Some(0),
                        sent: None,
                    };
                    inside.flushed(session, &forecast, None)?;
                    let depth = inside.world.begin_nested(session);
                    let place = (depth, inside.world.memories[session].ended);
                    inside.check_step()?;
                    let ending = inside.run().await?;
                    inside.begin_step();
                    let forecast = self.world.forecast(session);
                    let result = match ending {
                        Ending::Release => savepoint.commit().await,
                        Ending::Undo => savepoint.rollback().await,
                        Ending::Drop => {
                            drop(savepoint);
                            Ok(())
                        }
                    };
                    Ok((place, ending, forecast, kind_of(&result)))
                }
                Err(error) => Err(error.kind()),
            };
            match begun {
                Ok((place, ending, forecast, error)) => {
                    self.statements = Some(0);
                    self.ended(session, place, ending, &forecast, error)
                }
                Err(error) => {
                    let begun = self.flushed(session, &forecast, Some(error))?;
                    check!(begun != Flush::Done, "begin_nested: {error:?}");
                    self.check_step()
                }
            }
        }

        /// A savepoint has ended, or was gone before.
        fn ended(
            &mut self,
            session: usize,
            (depth, ended): (usize, usize),
            ending: Ending,
            forecast: &Forecast,
            error: Option<ErrorKind>,
        ) -> Checked {
            self.tell(session, format_args!("}} {ending:?}"));
            let memory = &self.world.memories[session];
            let failed = memory.failed;
            if memory.ended != ended {
                let expected = if failed { ErrorKind::PendingRollback } else { ErrorKind::Misuse };
                same_error(
                    "a savepoint that is gone",
                    error,
                    Some(expected).filter(|_| ending != Ending::Drop),
                )?;
                return self.check_step();
            }
            let is_kept = match ending {
                Ending::Release => self.flushed(session, forecast, error)? == Flush::Done,
                Ending::Undo | Ending::Drop => {
                    same_error("the end of a savepoint", error, None)?;
                    false
                }
            };
            if !is_kept {
                let in_doubt = self.world.rolled_back_to(session, depth);
                self.look_at(session, in_doubt);
                self.world.memories[session].failed = false;
            }
            self.world.release(session, depth);
            self.check_step()
        }

        fn tell(&mut self, session: usize, what: impl std::fmt::Display) {
            self.story.push(format!("{}: {what}", ["A", "B"][session]));
        }

        async fn act(&mut self, session: usize, action: Action) -> Checked {
            match action {
                Action::Add(kind, value, reference) => {
                    let Some(row) = self.world.new_row(session, kind, value, reference) else {
                        return Ok(());
                    };
                    self.tell(session, format_args!("add #{} {kind:?} {row:?}", self.handles[session].len()));
                    let inputs = row.map(|cell| self.input(session, cell));
                    let inputs = &inputs[..kind.columns().len()];
                    let own = &mut self.sessions[session];
                    let handle = of_kind!(kind, M => M::handle(own.add(M::of(inputs))));
                    self.world.memories[session].add(kind, row);
                    self.handles[session].push(handle);
                    Ok(())
                }
                Action::AddAgain(number) => self.detach(session, number, true),
                Action::Detach(number) => self.detach(session, number, false),
                Action::Change(number, column, value) => self.change(session, number, column, value),
                Action::Delete(number) => {
                    let Some(entity) = self.world.pick(session, number) else { return Ok(()) };
                    self.tell(session, format_args!("delete #{entity}"));
                    let own = &mut self.sessions[session];
                    let result = each!(self.handles[session][entity], entity => own.delete(entity));
                    let known = &mut self.world.memories[session].known[entity];
                    same_error("delete", kind_of(&result), known.persistent().err())?;
                    known.doomed |= result.is_ok();
                    Ok(())
                }
                Action::Raise(number, by) => {
                    let Some(entity) = self.world.pick(session, number) else { return Ok(()) };
                    let memory = &mut self.world.memories[session];
                    let known = memory.known[entity];
                    if known.expired && known.kind.version().is_some() {
                        return Ok(());
                    }
                    let by = i64::from(by % 3) + 1;
                    let expected = memory.raise(entity, by);
                    self.tell(session, format_args!("set #{entity}.val = val + {by}"));
                    let own = &mut self.sessions[session];
                    let result = match self.handles[session][entity] {
                        Handle::Item(item) => own.set(item, Item::VAL, Item::VAL + by),
                        Handle::Code(code) => own.set(code, Code::VAL, Code::VAL + by),
                        Handle::Pair(pair) => own.set(pair, Pair::VAL, Pair::VAL + by),
                        Handle::Note(note) => own.set(note, Note::VAL, Note::VAL + by),
                    };
                    same_error("set", kind_of(&result), expected.err())
                }
                Action::Undelete(number) => {
                    let Some(entity) = self.world.pick(session, number) else { return Ok(()) };
                    self.tell(session, format_args!("undelete #{entity}"));
                    let own = &mut self.sessions[session];
                    let result = each!(self.handles[session][entity], entity => own.undelete(entity));
                    let known = &mut self.world.memories[session].known[entity];
                    same_error("undelete", kind_of(&result), known.persistent().err())?;
                    known.doomed &= result.is_err();
                    Ok(())
                }
                Action::Expunge(number) => {
                    let Some(entity) = self.world.pick(session, number) else { return Ok(()) };
                    self.tell(session, format_args!("expunge #{entity}"));
                    let own = &mut self.sessions[session];
                    let result = each!(self.handles[session][entity], entity => own.expunge(entity));
                    let memory = &mut self.world.memories[session];
                    // [MRG-6] What is not in the session is an error.
                    let expected = match memory.known[entity].state {
                        State::Pending | State::Persistent => None,
                        State::Transient | State::Deleted => Some(ErrorKind::NotPersistent),
                        State::Gone => Some(ErrorKind::Detached),
                    };
                    same_error("expunge", kind_of(&result), expected)?;
                    if result.is_ok() {
                        memory.detach(entity);
                    }
                    Ok(())
                }
                Action::Expire(number) => {
                    let Some(entity) = self.world.pick(session, number) else { return Ok(()) };
                    self.tell(session, format_args!("expire #{entity}"));
                    let own = &mut self.sessions[session];
                    let result = each!(self.handles[session][entity], entity => own.expire(entity));
                    let memory = &mut self.world.memories[session];
                    same_error("expire", kind_of(&result), memory.known[entity].persistent().err())?;
                    if result.is_ok() {
                        memory.expire(entity);
                    }
                    Ok(())
                }
                Action::ExpireAll => {
                    self.tell(session, "expire_all");
                    self.sessions[session].expire_all();
                    self.world.memories[session].expire_all();
                    Ok(())
                }
                Action::Refresh(number) => self.refresh(session, number).await,
                Action::Load(number) => self.load(session, number).await,
                Action::LoadBody(number) => self.load_body(session, number).await,
                Action::Get(kind, number) => self.get(session, kind, number).await,
                Action::Merge(kind, number, value) => self.merge(session, kind, number, value).await,
                Action::Attach(kind, number, value) => self.attach(session, kind, number, value),
                Action::GetMany(kind, one, two) => self.get_many(session, kind, [one, two]).await,
                Action::Reference(kind, number) => {
                    let key = self.world.key(session, kind, number);
                    self.tell(session, format_args!("reference {kind:?} {key:?}"));
                    let own = &mut self.sessions[session];
                    let found = of_kind!(kind, M => own.reference::<M>(M::key(key)).map(|found| Some(M::handle(found))));
                    let entity = self.world.memories[session].stand_in(kind, key);
                    self.same_entity(session, found, Some(entity))
                }
                Action::All(kind, value) => self.all(session, kind, value, true).await,
                Action::AllUnflushed(kind, value) => self.all(session, kind, value, false).await,
                Action::Count(kind, value) => {
                    self.tell(session, format_args!("count {kind:?} val >= {value}"));
                    let forecast = self.world.forecast(session);
                    let own = &mut self.sessions[session];
                    let query = i64::from(value);
                    let result = of_kind!(kind, M => own.count(M::select().filter(M::VAL.ge(query))).await);
                    if self.read(session, &forecast, true, kind_of(&result))? {
                        let count = self.world.rows_with(session, kind, value).len();
                        check!(
                            result.as_ref().ok() == Some(&(count as u64)),
                            "count: {result:?} instead of {count}"
                        );
                    }
                    Ok(())
                }
                Action::Rows => self.rows(session).await,
                Action::Update(kind, least, value) => self.update(session, kind, least, value).await,
                Action::DeleteNotes(least) => self.delete_notes(session, least).await,
                Action::Flush => {
                    self.tell(session, "flush");
                    let forecast = self.world.forecast(session);
                    let result = self.sessions[session].flush().await;
                    self.flushed(session, &forecast, kind_of(&result))?;
                    Ok(())
                }
                Action::Commit => self.commit(session).await,
                Action::Rollback => {
                    self.tell(session, "rollback");
                    let result = self.sessions[session].rollback().await;
                    same_error("rollback", kind_of(&result), None)?;
                    self.world.memories[session].failed = false;
                    self.rolled_back(session);
                    Ok(())
                }
                Action::BeginNested | Action::End(_) => Ok(()),
            }
        }

        fn input(&self, session: usize, cell: Cell) -> Input {
            match cell {
                Cell::Null | Cell::Unloaded => Input::Null,
                Cell::Is(number) => Input::Is(number),
                Cell::Key(key) => Input::Key(key),
                Cell::To(entity, _) => Input::To(self.handles[session][entity]),
            }
        }

        fn change(&mut self, session: usize, number: u8, column: u8, value: u8) -> Checked {
            let Some(entity) = self.world.pick(session, number) else { return Ok(()) };
            let known = self.world.memories[session].known[entity];
            let kind = known.kind;
            let column = usize::from(column % 8);
            let column = if column < kind.columns().len() { column } else { kind.val() };
            let role = kind.columns()[column];
            let before = known
                .base
                .map(|base| plain(base[column]))
                .filter(|cell| value % 5 == 4 && *cell != Cell::Unloaded);
            let cell = match role {
                _ if before.is_some() => before.unwrap_or(Cell::Null),
                Role::AutoKey | Role::Key if value.is_multiple_of(3) => {
                    Cell::Is(key_part(role, column, value | 7))
                }
                Role::Version if value.is_multiple_of(3) => Cell::Is(i64::from(value % 5) + 1),
                Role::AutoKey | Role::Key | Role::Version => known.shown[column],
                Role::Unique => self.world.name(value),
                Role::Plain | Role::Deferred => Cell::Is((value % 6).into()),
                Role::MayRefer(target) => self.world.reference(session, target, value).unwrap_or(Cell::Null),
                Role::Refers(target) => match self.world.reference(session, target, value | 1) {
                    Some(cell) => cell,
                    None => return Ok(()),
                },
            };
            self.tell(session, format_args!("#{entity}.{column} ({role:?}) = {cell:?}"));
            let input = self.input(session, cell);
            let own = &mut self.sessions[session];
            let result = each!(self.handles[session][entity], entity => own.try_get_mut(entity).map(|record| record.set(column, input)));
            let expected = self.world.memories[session].touch(entity).map(|row| row[column] = cell);
            same_error("try_get_mut", kind_of(&result), expected.err())
        }

        fn detach(&mut self, session: usize, number: u8, again: bool) -> Checked {
            let Some(entity) = self.world.pick(session, number) else { return Ok(()) };
            let known = self.world.memories[session].known[entity];
            self.tell(session, format_args!("detach #{entity}"));
            let own = &mut self.sessions[session];
            let result = each!(self.handles[session][entity], entity => own.detach(entity).map(|record| {
                let row = record.row();
                (row, again.then(|| Sample::handle(own.add(record))))
            }));
            same_error("detach", kind_of(&result), known.readable().err())?;
            let Ok((row, handle)) = result else { return Ok(()) };
            check!(row == known.shown.map(seen), "detached {row:?} instead of {:?}", known.shown);
            self.world.memories[session].detach(entity);
            if let Some(handle) = handle {
                self.tell(session, format_args!("add #{} {row:?}", self.handles[session].len()));
                self.world.memories[session].add(known.kind, known.shown);
                self.handles[session].push(handle);
            }
            Ok(())
        }

        /// What a call did that flushes first (or does not) and then sends one statement; whether it came to that.
        fn read(
            &mut self,
            session: usize,
            forecast: &Forecast,
            flushes: bool,
            error: Option<ErrorKind>,
        ) -> Checked<bool> {
            let failed = self.world.memories[session].failed;
            if (flushes || failed) && self.flushed(session, forecast, error)? != Flush::Done {
                return Ok(false);
            }
            self.world.begin(session);
            self.statements = self.statements.map(|statements| statements + 1);
            Ok(true)
        }

        /// [COM-4] What a call did that flushes first, as the forecast has it. An error that the flush cannot have is left to the caller.
        fn flushed(
            &mut self,
            session: usize,
            forecast: &Forecast,
            error: Option<ErrorKind>,
        ) -> Checked<Flush> {
            if self.world.memories[session].failed {
                same_error("after a failure", error, Some(ErrorKind::PendingRollback))?;
                return Ok(Flush::Refused);
            }
            let Forecast { refused, must_fail, may_fail, .. } = forecast;
            let is_one_of = |kinds: &[ErrorKind]| error.is_some_and(|error| kinds.contains(&error));
            if !refused.is_empty() {
                check!(is_one_of(refused), "{error:?} instead of {refused:?}");
                self.tell(session, format_args!("refused, {error:?}"));
                self.take_over_keys(session)?;
                self.world.refused(session, !is_one_of(&[ErrorKind::Detached]));
                return Ok(Flush::Refused);
            }
            if is_one_of(must_fail) || is_one_of(may_fail) {
                self.tell(session, format_args!("failed, {error:?}"));
                self.statements = None;
                self.world.memories[session].failed = true;
                match self.world.memories[session].depth() {
                    0 => self.rolled_back(session),
                    // [COM-8]
                    depth => {
                        let in_doubt = self.world.rolled_back_to(session, depth);
                        self.look_at(session, in_doubt);
                    }
                }
                self.take_over_keys(session)?;
                return Ok(Flush::Failed);
            }
            check!(must_fail.is_empty(), "{error:?} instead of {must_fail:?} or {may_fail:?}");
            let keys = forecast.inserts.iter().map(|&entity| self.key_of_inserted(session, entity, forecast));
            let keys = keys.collect::<Checked<Vec<_>>>();
            let keys = keys.map_err(|problem| {
                format!("{problem} after a flush with {error:?}, foreseen as {forecast:?}")
            })?;
            self.world.flushed(session, forecast, &keys);
            if forecast.writes {
                self.statements = forecast.statements;
            }
            Ok(Flush::Done)
        }

        /// The key that a new row was given; one that the database made has not been there before.
        fn key_of_inserted(&self, session: usize, entity: usize, forecast: &Forecast) -> Checked<Key> {
            let known = &self.world.memories[session].known[entity];
            if !known.kind.is_numbered() || known.shown[0] != Cell::Is(0) {
                return Ok(known.key_shown());
            }
            let row = self
                .observed(session, entity)
                .map_err(|error| format!("#{entity} was inserted: {error:?}"))?;
            let key = known.kind.key_of(&row);
            let memory = &self.world.memories[session];
            let is_given_up = forecast.updates.iter().any(|update| memory.known[update.entity].key == key);
            let is_there = self.world.view(session).contains_key(&(known.kind, key));
            let is_new = key[0] > 0 && (is_given_up || !is_there);
            check!(is_new, "#{entity} was given the key {key:?}");
            Ok(key)
        }

        fn rolled_back(&mut self, session: usize) {
            let in_doubt = self.world.rolled_back(session);
            self.look_at(session, in_doubt);
        }

        /// Looks at what the contract leaves open.
        fn look_at(&mut self, session: usize, in_doubt: InDoubt) {
            for (entity, column, key) in in_doubt.references {
                if self.observed(session, entity).is_ok_and(|row| row[column] == Cell::Key(key)) {
                    self.world.memories[session].known[entity].shown[column] = Cell::Key(key);
                }
            }
            for entity in in_doubt.read {
                let own = &self.sessions[session];
                if each!(self.handles[session][entity], entity => own.is_stale(entity)) {
                    self.world.memories[session].make_stale(entity);
                }
            }
            for entity in in_doubt.entities {
                if self.observed(session, entity) == Err(ErrorKind::Expired) {
                    self.world.memories[session].known[entity].expired = true;
                }
            }
        }

        /// A flush that did not come to its end may have filled in the keys of rows that have one.
        fn take_over_keys(&mut self, session: usize) -> Checked {
            for entity in 0..self.handles[session].len() {
                let Ok(row) = self.observed(session, entity) else { continue };
                let memory = &mut self.world.memories[session];
                for (column, &cell) in row.iter().enumerate() {
                    let resolved = memory.resolved(memory.known[entity].shown[column]);
                    if plain(resolved) == cell {
                        memory.known[entity].shown[column] = resolved;
                    }
                }
            }
            Ok(())
        }

        /// What a struct shows.
        fn observed(&self, session: usize, entity: usize) -> Result<Row, ErrorKind> {
            let own = &self.sessions[session];
            let row = each!(self.handles[session][entity], entity => own.try_get(entity).map(Sample::row));
            row.map_err(|error| error.kind())
        }

        async fn refresh(&mut self, session: usize, number: u8) -> Checked {
            let Some(entity) = self.world.pick(session, number) else { return Ok(()) };
            self.tell(session, format_args!("refresh #{entity}"));
            let memory = &mut self.world.memories[session];
            let expected = memory.known[entity].persistent();
            if expected.is_ok() && !memory.failed {
                // [EXP-6]
                memory.forget_changes(entity);
            }
            let forecast = self.world.forecast(session);
            let own = &mut self.sessions[session];
            let result = each!(self.handles[session][entity], entity => own.refresh(entity).await);
            if expected.is_err() {
                return same_error("refresh", kind_of(&result), expected.err());
            }
            let Known { kind, key, .. } = self.world.memories[session].known[entity];
            if self.read(session, &forecast, true, kind_of(&result))? {
                // [EXP-7]
                let met = self.world.meet(session, kind, key, false, true);
                let expected = if met.is_some() { None } else { Some(ErrorKind::RowGone) };
                same_error("refresh", kind_of(&result), expected)?;
            }
            Ok(())
        }

        async fn load(&mut self, session: usize, number: u8) -> Checked {
            let Some(entity) = self.world.pick(session, number) else { return Ok(()) };
            self.tell(session, format_args!("load #{entity}"));
            let known = self.world.memories[session].known[entity];
            let forecast = self.world.forecast(session);
            let own = &mut self.sessions[session];
            let result =
                each!(self.handles[session][entity], entity => own.load(entity).await.map(Sample::row));
            if known.is_persistent() && !known.is_current() {
                if !self.read(session, &forecast, true, kind_of(&result))? {
                    return Ok(());
                }
                if self.world.meet(session, known.kind, known.key, false, false).is_none() {
                    return same_error("load", kind_of(&result), Some(ErrorKind::RowGone));
                }
            }
            let known = &self.world.memories[session].known[entity];
            same_error("load", kind_of(&result), known.readable().err())
        }

        async fn load_body(&mut self, session: usize, number: u8) -> Checked {
            let Some(entity) = self.world.pick(session, number) else { return Ok(()) };
            let Handle::Note(note) = self.handles[session][entity] else { return Ok(()) };
            self.tell(session, format_args!("load_deferred #{entity}"));
            let known = self.world.memories[session].known[entity];
            let forecast = self.world.forecast(session);
            let result = self.sessions[session].load_deferred(note, Note::BODY).await.map(Sample::row);
            if known.is_persistent() && (!known.is_current() || known.lacks_body()) {
                if self.flushed(session, &forecast, kind_of(&result))? != Flush::Done {
                    return Ok(());
                }
                let known = self.world.memories[session].known[entity];
                if known.is_persistent() {
                    self.world.begin(session);
                    self.statements = self.statements.map(|statements| statements + 1);
                    let row = self.world.view(session).get(&(known.kind, known.key)).copied();
                    let body = NOTE.column(Role::Deferred).unwrap();
                    match row {
                        None => {
                            return same_error("load_deferred", kind_of(&result), Some(ErrorKind::RowGone));
                        }
                        Some(row) if known.is_current() => {
                            self.world.memories[session].meet_column(entity, body, row[body])
                        }
                        Some(_) => drop(self.world.meet(session, known.kind, known.key, true, false)),
                    }
                }
            }
            let known = &self.world.memories[session].known[entity];
            same_error("load_deferred", kind_of(&result), known.readable().err())
        }

        /// [MRG-1] [MRG-2] [MRG-3] [VER-5]
        async fn merge(&mut self, session: usize, kind: Kind, number: u8, value: u8) -> Checked {
            let Some((key, mut row)) = self.world.struct_with_key(session, kind, number, value) else {
                return Ok(());
            };
            self.tell(session, format_args!("merge {kind:?} {row:?}"));
            let inputs = row.map(|cell| self.input(session, cell));
            let inputs = &inputs[..kind.columns().len()];
            let forecast = self.world.forecast(session);
            let own = &mut self.sessions[session];
            let result = of_kind!(kind, M => own.merge(M::of(inputs)).await.map(M::handle));
            let met = if kind.is_numbered() && key[0] == 0 {
                None
            } else {
                match self.look_up(session, &forecast, kind, key, kind_of(&result))? {
                    Some(met) => met,
                    None => return Ok(()),
                }
            };
            let memory = &mut self.world.memories[session];
            let Some(entity) = met else {
                let entity = memory.add(kind, row);
                return self.same_entity(session, result.map(Some), Some(entity));
            };
            if let Some(version) = kind.version() {
                if row[version] == Cell::Is(0) {
                    row[version] = memory.known[entity].shown[version];
                } else if memory.known_version(entity).map(Cell::Is) != Some(row[version]) {
                    same_error("merge", kind_of(&result), Some(ErrorKind::StaleData))?;
                    // Its entity was read all the same.
                    let own = &self.sessions[session];
                    let known = of_kind!(kind, M => own.peek::<M>(M::key(key)).map(M::handle));
                    return self.same_entity(session, Ok(known), Some(entity));
                }
            }
            // Of what was said of it the last counts.
            (memory.known[entity].doomed, memory.known[entity].raise) = (false, None);
            *memory.touch(entity).map_err(|error| format!("merge: {error:?}"))? = row;
            self.same_entity(session, result.map(Some), Some(entity))
        }

        /// [A8] [IDM-2] A struct is taken in as the row that it is said to be.
        fn attach(&mut self, session: usize, kind: Kind, number: u8, value: u8) -> Checked {
            let Some((key, row)) = self.world.struct_with_key(session, kind, number, value) else {
                return Ok(());
            };
            self.tell(session, format_args!("attach {kind:?} {row:?}"));
            let inputs = row.map(|cell| self.input(session, cell));
            let inputs = &inputs[..kind.columns().len()];
            let own = &mut self.sessions[session];
            let result = of_kind!(kind, M => own.attach(M::of(inputs)).map(|found| Some(M::handle(found))));
            let memory = &mut self.world.memories[session];
            let expected = if kind.is_numbered() && key[0] == 0 {
                Some(ErrorKind::NotPersistent)
            } else if row.iter().any(|cell| matches!(cell, Cell::To(_, None))) {
                Some(ErrorKind::Misuse)
            } else {
                memory.find(kind, key).map(|_| ErrorKind::IdentityConflict)
            };
            if expected.is_some() {
                return same_error("attach", kind_of(&result), expected);
            }
            let entity = memory.attach(kind, key, row);
            self.same_entity(session, result, Some(entity))
        }

        async fn get_many(&mut self, session: usize, kind: Kind, numbers: [u8; 2]) -> Checked {
            let keys = numbers.map(|number| self.world.key(session, kind, number));
            self.tell(session, format_args!("get_many {kind:?} {keys:?}"));
            let forecast = self.world.forecast(session);
            let own = &mut self.sessions[session];
            let result = of_kind!(kind, M => {
                let found = own.get_many::<M>(keys.map(M::key)).await;
                found.map(|found| found.into_iter().map(|found| found.map(M::handle)).collect::<Vec<_>>())
            });
            let reads = !self.world.not_current(session, kind, &keys).is_empty();
            let flushes = reads || self.world.memories[session].failed;
            if flushes && self.flushed(session, &forecast, kind_of(&result))? != Flush::Done {
                return Ok(());
            }
            let missing = self.world.not_current(session, kind, &keys);
            if !missing.is_empty() {
                self.world.begin(session);
                self.statements = self.statements.map(|statements| statements + 1);
            }
            let found = result.map_err(|error| error.to_string())?;
            for key in missing {
                if self.world.meet(session, kind, key, false, false).is_none() {
                    let memory = &mut self.world.memories[session];
                    memory.find(kind, key).into_iter().for_each(|entity| memory.deleted(entity));
                }
                // A new entity is known by its handle from now on.
                let place = keys.iter().position(|&other| other == key).unwrap();
                let expected = self.world.memories[session].find(kind, key);
                self.same_entity(session, Ok(found[place]), expected)?;
            }
            for (key, found) in keys.into_iter().zip(found) {
                let expected = self.world.memories[session].find(kind, key);
                self.same_entity(session, Ok(found), expected)?;
            }
            Ok(())
        }

        async fn get(&mut self, session: usize, kind: Kind, number: u8) -> Checked {
            let key = self.world.key(session, kind, number);
            self.tell(session, format_args!("get {kind:?} {key:?}"));
            let forecast = self.world.forecast(session);
            let own = &mut self.sessions[session];
            let result =
                of_kind!(kind, M => own.get::<M>(M::key(key)).await.map(|found| found.map(M::handle)));
            match self.look_up(session, &forecast, kind, key, kind_of(&result))? {
                Some(met) => self.same_entity(session, result, met),
                None => Ok(()),
            }
        }

        /// [QRY-10] [IDM-4] What a call did that looks a key up: the entity, if it came to that.
        fn look_up(
            &mut self,
            session: usize,
            forecast: &Forecast,
            kind: Kind,
            key: Key,
            error: Option<ErrorKind>,
        ) -> Checked<Option<Option<usize>>> {
            let memory = &self.world.memories[session];
            let is_current = |memory: &Memory, entity: &usize| memory.known[*entity].is_current();
            let current = memory.find(kind, key).filter(|entity| is_current(memory, entity));
            if let Some(entity) = current.filter(|_| !memory.failed) {
                return Ok(Some(Some(entity)));
            }
            if self.flushed(session, forecast, error)? != Flush::Done {
                return Ok(None);
            }
            let memory = &self.world.memories[session];
            if let Some(entity) = memory.find(kind, key).filter(|entity| is_current(memory, entity)) {
                return Ok(Some(Some(entity)));
            }
            self.world.begin(session);
            self.statements = self.statements.map(|statements| statements + 1);
            let met = self.world.meet(session, kind, key, false, false);
            if met.is_none() {
                let memory = &mut self.world.memories[session];
                memory.find(kind, key).into_iter().for_each(|entity| memory.deleted(entity));
            }
            Ok(Some(met))
        }

        /// [IDM-1] Fails unless the handle is that of this entity, or the first one of a new entity.
        fn same_entity(
            &mut self,
            session: usize,
            found: orm::Result<Option<Handle>>,
            expected: Option<usize>,
        ) -> Checked {
            let found = found.map_err(|error| format!("{error} instead of {expected:?}"))?;
            let handles = &mut self.handles[session];
            match (found, expected) {
                (Some(found), Some(entity)) if entity == handles.len() => {
                    check!(!handles.contains(&found), "{found:?} is known instead of new");
                    handles.push(found);
                    self.tell(session, format_args!("  finds #{entity}"));
                    Ok(())
                }
                (found, expected) => {
                    let expected = expected.map(|entity| handles[entity]);
                    check!(found == expected, "{found:?} instead of {expected:?}");
                    Ok(())
                }
            }
        }

        /// [FLU-12] All that has at least this value, with or without a flush before.
        async fn all(&mut self, session: usize, kind: Kind, least: u8, flushes: bool) -> Checked {
            let scope = if flushes { "" } else { ", no autoflush" };
            self.tell(session, format_args!("all {kind:?} val >= {least}{scope}"));
            let forecast = self.world.forecast(session);
            let own = &mut self.sessions[session];
            let value = i64::from(least);
            let result = of_kind!(kind, M => {
                let query = M::select().filter(M::VAL.ge(value));
                let found = if flushes { own.all(query).await } else { own.no_autoflush().all(query).await };
                found.map(|found| found.into_iter().map(M::handle).collect::<Vec<_>>())
            });
            let forecast = if flushes { forecast } else { Forecast::default() };
            if !self.read(session, &forecast, flushes, kind_of(&result))? {
                return Ok(());
            }
            let found = result.map_err(|error| error.to_string())?;
            let expected = self.world.rows_with(session, kind, least);
            check!(found.len() == expected.len(), "all found {} instead of {expected:?}", found.len());
            for key in expected {
                let met = self.world.meet(session, kind, key, false, false);
                let handle = self.find_handle(session, kind, key, met, &found);
                self.same_entity(session, Ok(handle), met)?;
            }
            Ok(())
        }

        /// The handle of an entity among those that were found; one that is new is known by its key.
        fn find_handle(
            &self,
            session: usize,
            kind: Kind,
            key: Key,
            met: Option<usize>,
            found: &[Handle],
        ) -> Option<Handle> {
            let handles = &self.handles[session];
            if let Some(known) = met.and_then(|entity| handles.get(entity)) {
                return found.contains(known).then_some(*known);
            }
            let own = &self.sessions[session];
            let has_key = |handle: Handle| {
                let row = each!(handle, entity => own.try_get(entity).map(Sample::row));
                row.is_ok_and(|row| kind.key_of(&row) == key)
            };
            found.iter().copied().find(|&handle| !handles.contains(&handle) && has_key(handle))
        }

        /// The rows of all tables, through a session.
        async fn tables(session: &mut Session) -> orm::Result<Tables> {
            let mut tables = Tables::new();
            for kind in Kind::ALL {
                let rows: Vec<_> =
                    of_kind!(kind, M => session.rows(M::whole()).await?.iter().map(Sample::row).collect());
                tables.extend(rows.into_iter().map(|row| ((kind, kind.key_of(&row)), row)));
            }
            Ok(tables)
        }

        /// [FLU-16] What was flushed is what this session reads.
        async fn rows(&mut self, session: usize) -> Checked {
            self.tell(session, "rows");
            let forecast = self.world.forecast(session);
            let result = Self::tables(self.sessions[session]).await;
            if self.read(session, &forecast, true, kind_of(&result))? {
                self.statements = self.statements.map(|statements| statements + Kind::ALL.len() - 1);
                let tables = result.map_err(|error| error.to_string())?;
                same_tables("the session reads", &tables, self.world.view(session))?;
            }
            Ok(())
        }

        /// [COM-1] What is committed is what somebody else reads.
        async fn check_committed(&mut self) -> Checked {
            let tables =
                Self::tables(self.checker).await.map_err(|error| format!("somebody else: {error}"))?;
            self.checker.rollback().await.map_err(|error| error.to_string())?;
            same_tables("somebody else reads", &tables, &self.world.committed)
        }

        /// [BLK-4] Loaded entities show what a statement has written, and have no changes.
        async fn update(&mut self, session: usize, kind: Kind, least: u8, value: u8) -> Checked {
            let (least, value) = (least % 6, value % 6);
            self.tell(session, format_args!("update {kind:?} set val = {value} where val >= {least}"));
            let forecast = self.world.forecast(session);
            let own = &mut self.sessions[session];
            let (least_value, new) = (i64::from(least), i64::from(value));
            let result = of_kind!(kind, M => {
                own.execute(M::update().set(M::VAL, new).filter(M::VAL.ge(least_value))).await
            });
            let result = result.map(|done| done.rows_affected());
            if !self.read(session, &forecast, true, kind_of(&result))? {
                return Ok(());
            }
            let keys = self.world.rows_with(session, kind, least);
            check!(
                result.as_ref().ok() == Some(&(keys.len() as u64)),
                "update: {result:?} instead of {}",
                keys.len()
            );
            let cell = Cell::Is(new);
            let view = self.world.begin_writing(session);
            for &key in &keys {
                set_by_statement(kind, view.get_mut(&(kind, key)).unwrap(), cell);
            }
            let rows = view.clone();
            let memory = &mut self.world.memories[session];
            memory.wrote_by_statement = true;
            for key in keys {
                if let Some(entity) = memory.find(kind, key).filter(|&entity| !memory.known[entity].expired) {
                    let next = memory.known_version(entity).map(|version| Cell::Is(version + 1));
                    memory.write(entity);
                    let (row, shown) = (rows[&(kind, key)], &mut memory.known[entity].shown);
                    shown[kind.val()] = row[kind.val()];
                    // [VER-2] One that others have written in between is not hidden.
                    if let Some(version) = kind.version().filter(|&version| next == Some(row[version])) {
                        shown[version] = row[version];
                    }
                }
            }
            Ok(())
        }

        /// [BLK-5] Entities whose rows a statement has deleted leave the session.
        async fn delete_notes(&mut self, session: usize, least: u8) -> Checked {
            let least = least % 6;
            self.tell(session, format_args!("delete notes where val >= {least}"));
            // New notes are flushed before, so that their keys are seen.
            let forecast = self.world.forecast(session);
            let result = self.sessions[session].flush().await;
            if self.flushed(session, &forecast, kind_of(&result))? != Flush::Done {
                return Ok(());
            }
            let delete = Note::delete().filter(Note::VAL.ge(i64::from(least)));
            let result = self.sessions[session].execute(delete).await.map(|done| done.rows_affected());
            self.statements = self.statements.map(|statements| statements + 1);
            let keys = self.world.rows_with(session, NOTE, least);
            check!(
                result.as_ref().ok() == Some(&(keys.len() as u64)),
                "delete: {result:?} instead of {}",
                keys.len()
            );
            let view = self.world.begin_writing(session);
            view.retain(|&(kind, key), _| kind != NOTE || !keys.contains(&key));
            let memory = &mut self.world.memories[session];
            memory.wrote_by_statement = true;
            for key in keys {
                memory.find(NOTE, key).into_iter().for_each(|entity| memory.deleted(entity));
            }
            Ok(())
        }

        async fn commit(&mut self, session: usize) -> Checked {
            self.tell(session, "commit");
            let forecast = self.world.forecast(session);
            let is_nothing = !forecast.writes && !self.world.is_in_transaction(session);
            let result = self.sessions[session].commit().await;
            if self.flushed(session, &forecast, kind_of(&result))? == Flush::Done {
                same_error("commit", kind_of(&result), None)?;
                self.world.committed(session);
                // [FLU-1]
                let sent = self.trace.take();
                check!(!is_nothing || sent.is_empty(), "nothing was to be done: {sent:?}");
                self.sent = Some(sent);
            }
            Ok(())
        }

        fn check_memory(&self, session: usize) -> Checked {
            for (entity, known) in self.world.memories[session].known.iter().enumerate() {
                let own = &self.sessions[session];
                let state = each!(self.handles[session][entity], entity => own.state(entity));
                check!(state == known.state.seen(), "the state of #{entity} is {state:?}: {known:?}");
                let is_expired = each!(self.handles[session][entity], entity => own.is_expired(entity));
                check!(
                    is_expired == (known.is_persistent() && known.expired),
                    "is_expired #{entity} is {is_expired}: {known:?}"
                );
                let is_contained = each!(self.handles[session][entity], entity => own.contains(entity));
                check!(
                    is_contained == known.is_contained(),
                    "contains #{entity} is {is_contained}: {known:?}"
                );
                let expected = known.readable().map(|row| row.map(seen));
                let observed = self.observed(session, entity);
                check!(
                    observed == expected,
                    "session {session} shows #{entity} as {observed:?}\n instead of {expected:?}: {known:?}"
                );
            }
            Ok(())
        }
    }

    /// Plays a sequence on empty tables.
    async fn play(field: &mut Field, steps: &[Step<Action>]) -> Result<(), Failure<Step<Action>>> {
        let clean = "DELETE FROM notes; DELETE FROM pairs; DELETE FROM codes; UPDATE items SET parent_id = NULL; DELETE FROM items";
        field.engine.script(clean).await.unwrap();
        let sessions = [field.engine.session(), field.engine.session()];
        let Field { sharing, checker, trace, tally, .. } = field;
        let [mut a, mut b] = sessions;
        let (mut next, mut world) = (0, World::new(*sharing));
        let (mut handles, mut story) = ([Vec::new(), Vec::new()], Vec::new());
        let mut play = Play {
            steps,
            next: &mut next,
            sessions: [&mut a, &mut b],
            checker,
            trace,
            world: &mut world,
            handles: &mut handles,
            story: &mut story,
            block: None,
            statements: None,
            sent: None,
        };
        let result = play.run().await;
        story.iter().for_each(|line| count(tally, line));
        for session in [&mut a, &mut b, checker] {
            let _ = session.rollback().await;
        }
        let steps = || steps[..next].to_vec();
        result.map(drop).map_err(|problem| Failure { steps: steps(), problem, story })
    }

    /// Takes steps away, and makes steps simpler, for as long as it fails.
    async fn shrink(field: &mut Field, mut failure: Failure<Step<Action>>) -> Failure<Step<Action>> {
        loop {
            let before = failure.steps.clone();
            failure = take_away(field, failure).await;
            failure = simplify(field, failure).await;
            if failure.steps == before {
                return failure;
            }
        }
    }

    async fn take_away(field: &mut Field, mut failure: Failure<Step<Action>>) -> Failure<Step<Action>> {
        let mut size = failure.steps.len().div_ceil(2);
        while size > 0 {
            let mut at = 0;
            while at < failure.steps.len() {
                let mut fewer = failure.steps.clone();
                fewer.drain(at..(at + size).min(fewer.len()));
                match play(field, &fewer).await {
                    Err(smaller) => failure = smaller,
                    Ok(()) => at += size,
                }
            }
            size /= 2;
        }
        failure
    }

    async fn simplify(field: &mut Field, mut failure: Failure<Step<Action>>) -> Failure<Step<Action>> {
        for at in 0..failure.steps.len() {
            for step in failure.steps.get(at).map_or_else(Vec::new, |step| step.simpler()) {
                let mut simpler = failure.steps.clone();
                simpler[at] = step;
                if let Err(simpler) = play(field, &simpler).await {
                    failure = simpler;
                    break;
                }
            }
        }
        failure
    }

    /// Where sequences are played.
    struct Field {
        sharing: Sharing,
        engine: Engine,
        checker: Session,
        trace: Trace,
        /// What has happened how often.
        tally: BTreeMap<String, u32>,
    }

    impl Field {
        async fn new(sharing: Sharing, url: &str, backend: Backend) -> Self {
            let trace = Trace::of(backend);
            let record = trace.clone();
            let builder: EngineBuilder<Engine> = Engine::builder(url).unwrap();
            let builder = match sharing {
                Sharing::ReadCommitted => builder.isolation(Isolation::ReadCommitted),
                Sharing::Turns | Sharing::Snapshot => builder,
            };
            let engine = builder.observe(move |event: &Event<'_>| record.record(event)).open();
            engine.create_all(&Metadata::of::<(Item, Code, Pair, Note)>()).await.unwrap();
            Self { sharing, checker: engine.session(), engine, trace, tally: BTreeMap::new() }
        }

        /// Plays many sequences, or the one that `ORM_RANDOM_SEED` names.
        async fn play_all(mut self, count: u32) {
            for seed in seeds(count) {
                let guard = Playing(seed);
                if let Err(failure) = play(&mut self, &sequence(seed, LENGTH)).await {
                    let failure = shrink(&mut self, failure).await;
                    std::mem::forget(guard);
                    failure.tell(seed);
                }
            }
            println!("{:?}: {count} sequences, {:?}", self.sharing, self.tally);
        }
    }

    /// Sequences that have found something, as they were printed.
    #[case]
    async fn found_before(db: Db) {
        let mut field = Field::new(sharing(&db), &db.database.url, db.backend).await;
        for steps in FOUND {
            if let Err(failure) = play(&mut field, steps).await {
                failure.tell(0);
            }
        }
    }

    fn sharing(db: &Db) -> Sharing {
        match db.backend {
            Backend::Sqlite => Sharing::Snapshot,
            Backend::Postgres | Backend::MariaDb | Backend::MySql => Sharing::ReadCommitted,
        }
    }

    /// SQLite in memory.
    #[case(sqlite)]
    async fn in_memory(db: Db) {
        let field = Field::new(Sharing::Turns, "sqlite::memory:", db.backend).await;
        field.play_all(amount("ORM_TEST_SEQUENCES", 20_000, 500)).await;
    }

    /// A file, where one session reads while the other writes; a server.
    #[case]
    async fn side_by_side(db: Db) {
        let field = Field::new(sharing(&db), &db.database.url, db.backend).await;
        field.play_all(amount("ORM_TEST_SEQUENCES_ON_SERVERS", 1_000, 50)).await;
    }
}

/// A reference kept the key of a row that was rolled back; a known identity was sent to the database while a reference waited.
const FOUND: &[&[Step<Action>]] = &[
    &[
        Step(0, Action::Add(ITEM, 0, 0)),
        Step(0, Action::Add(CODE, 0, 2)),
        Step(0, Action::Flush),
        Step(0, Action::Change(1, 1, 4)),
        Step(0, Action::Flush),
        Step(0, Action::Rollback),
    ],
    &[
        Step(0, Action::Add(ITEM, 0, 0)),
        Step(0, Action::Add(ITEM, 0, 2)),
        Step(0, Action::Flush),
        Step(0, Action::Change(1, 3, 0)),
        Step(0, Action::Rollback),
    ],
    &[
        Step(0, Action::Add(CODE, 0, 0)),
        Step(0, Action::Flush),
        Step(0, Action::Add(ITEM, 0, 0)),
        Step(0, Action::Add(CODE, 0, 1)),
        Step(0, Action::Flush),
    ],
];

/// What an update of `val` does to a row. [VER-6] Others notice it by the version.
fn set_by_statement(kind: Kind, row: &mut Row, cell: Cell) {
    row[kind.val()] = cell;
    if let Some(column) = kind.version()
        && let Cell::Is(version) = &mut row[column]
    {
        *version += 1;
    }
}

/// A cell as a struct shows it.
fn seen(cell: Cell) -> Cell {
    match cell {
        Cell::To(_, None) => WAITING,
        other => plain(other),
    }
}
