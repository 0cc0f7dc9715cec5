//! Plays sequences against real sessions and the model of them side by side, and compares after each step.

use std::collections::{BTreeMap, BTreeSet};

use orm::{EngineBuilder, EntityState, ErrorKind, Event, Open};
use orm_tests::{Trace, amount, both_forms, prelude::*};

use super::super::report::{Checked, Failure, Playing, check, count, count_statements, kind_of, same_error};
use super::super::sequence::{Ending, Step, seeds};
use super::flush::{After, Outcome};
use super::kinds::*;
use super::memory::{Field, Known, Row, Tables, To};
use super::steps::{Action, sequence};
use super::world::{World, relation_of};

/// How many steps a sequence has.
const LENGTH: usize = 35;

/// How many savepoints are inside of each other.
const DEPTH: usize = 3;

#[both_forms]
mod graphs {
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
        handles: &'p mut [Vec<Option<Handle>>; 2],
        story: &'p mut Vec<String>,
        /// The session of the innermost savepoint.
        block: Option<usize>,
        /// Something was done of which the contract does not say what comes of it.
        over: &'p mut bool,
    }

    impl Play<'_> {
        /// Plays steps until one ends the savepoint that this is in.
        fn run(&mut self) -> Boxed<'_, Checked<Ending>> {
            boxed(async move {
                while let Some(&step) = self.steps.get(*self.next) {
                    if *self.over {
                        break;
                    }
                    *self.next += 1;
                    let Step(session, action) = step;
                    self.make_way(1 - session).await?;
                    if *self.over {
                        break;
                    }
                    match action {
                        Action::BeginNested => self.nested(session).await?,
                        Action::End(ending) => {
                            if self.block == Some(session) {
                                return Ok(ending);
                            }
                        }
                        action => {
                            self.act(session, action).await?;
                            self.check_memory(session)?;
                        }
                    }
                }
                Ok(Ending::Drop)
            })
        }

        /// Sessions take turns: one ends what it has begun before the other goes on.
        async fn make_way(&mut self, session: usize) -> Checked {
            if self.world.open[session].is_some() || self.world.memories[session].has_changes() {
                self.act(session, Action::Commit).await?;
                self.check_memory(session)?;
            }
            Ok(())
        }

        /// [COM-5] [COM-7] Plays what is inside of a savepoint, and ends it.
        async fn nested(&mut self, session: usize) -> Checked {
            if self.world.memories[session].depth() == DEPTH {
                return Ok(());
            }
            self.tell(session, "begin_nested {");
            let forecast = self.foresee(session);
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
                        over: self.over,
                    };
                    if inside.flushed(session, forecast, None).await? {
                        let (view, saved) = inside.world.begin(session);
                        saved.push(view.clone());
                        inside.world.memories[session].begin_nested();
                        inside.check_memory(session)?;
                        let memory = &inside.world.memories[session];
                        let place = (memory.depth(), memory.ended);
                        let ending = inside.run().await?;
                        self.trace.take();
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
                    } else {
                        Err(None)
                    }
                }
                Err(error) => Err(Some((forecast, error.kind()))),
            };
            match begun {
                Ok((place, ending, forecast, error)) if !*self.over => {
                    self.ended(session, place, ending, forecast, error).await
                }
                Err(Some((forecast, error))) => {
                    self.flushed(session, forecast, Some(error)).await?;
                    self.check_memory(session)
                }
                Ok(_) | Err(None) => Ok(()),
            }
        }

        /// A savepoint has ended, or was gone before.
        async fn ended(
            &mut self,
            session: usize,
            (depth, ended): (usize, usize),
            ending: Ending,
            forecast: Outcome,
            error: Option<ErrorKind>,
        ) -> Checked {
            self.tell(session, format_args!("}} {ending:?}"));
            if self.world.memories[session].ended != ended {
                return self.check_memory(session);
            }
            if ending == Ending::Release {
                if !self.flushed(session, forecast, error).await? {
                    return self.check_memory(session);
                }
            } else {
                same_error("the end of a savepoint", error, None)?;
                let (view, saved) = self.world.begin(session);
                view.clone_from(&saved[depth - 1]);
                self.world.memories[session].rolled_back_to(depth);
                self.look_at_staleness(session);
            }
            let (_, saved) = self.world.begin(session);
            saved.truncate(depth - 1);
            self.world.memories[session].release(depth);
            self.check_memory(session)
        }

        /// [COM-6] What the rollback of a savepoint leaves to be read again.
        fn look_at_staleness(&mut self, session: usize) {
            let memory = &mut self.world.memories[session];
            for (known, handle) in memory.known.iter_mut().zip(&self.handles[session]) {
                let own = &self.sessions[session];
                if let Some(handle) = handle
                    && known.is_persistent()
                {
                    let is_stale = each!(*handle, entity => own.is_stale(entity) || own.is_expired(entity));
                    known.read_at = if is_stale { 0 } else { memory.clock };
                    known.shown.fields.iter_mut().for_each(|field| field.read_at = 0);
                }
            }
        }

        fn tell(&mut self, session: usize, what: impl std::fmt::Display) {
            self.story.push(format!("{}: {what}", ["A", "B"][session]));
        }

        fn input(&self, session: usize, to: To) -> Input {
            match to {
                To::Nothing => Input::Nothing,
                To::Key(key) => Input::Key(key),
                To::Entity(entity) => Input::To(self.handle(session, entity)),
            }
        }

        fn handle(&self, session: usize, entity: usize) -> Handle {
            self.handles[session][entity].unwrap()
        }

        /// Does something with a relation field of an entity.
        fn edit(&mut self, session: usize, entity: usize, relation: usize, edit: impl FnOnce(&mut dyn Bag)) {
            let handle = self.handle(session, entity);
            let own = &mut self.sessions[session];
            each!(handle, entity => edit(own.try_get_mut(entity).unwrap().bag_mut(relation).unwrap()));
        }

        async fn act(&mut self, session: usize, action: Action) -> Checked {
            match action {
                Action::Add(kind, one, two) => {
                    let val = self.world.val();
                    let mut refers = [To::Nothing; 2];
                    for (number, &target) in kind.references().iter().enumerate() {
                        refers[number] = self.world.reference(session, target, [one, two][number]);
                    }
                    let number = self.handles[session].len();
                    self.tell(session, format_args!("add #{number} {kind:?} {val} {refers:?}"));
                    let inputs = refers.map(|to| self.input(session, to));
                    let own = &mut self.sessions[session];
                    let handle = of_kind!(kind, M => M::handle(own.add(M::of(val, &inputs))));
                    self.world.memories[session].known.push(Known::new(kind, val, refers));
                    self.handles[session].push(Some(handle));
                    Ok(())
                }
                Action::Change(number) => {
                    let Some(entity) = self.world.pick_true(session, number, None) else { return Ok(()) };
                    let val = self.world.val();
                    self.tell(session, format_args!("#{entity}.val = {val}"));
                    let handle = self.handle(session, entity);
                    let own = &mut self.sessions[session];
                    each!(handle, entity => *own.try_get_mut(entity).unwrap().val() = val);
                    self.world.memories[session].touch(entity).val = val;
                    Ok(())
                }
                Action::Refer(number, reference, target) => self.refer(session, number, reference, target),
                Action::Push(one, two, three) => {
                    let Some((entity, relation)) = self.world.pick_field(session, one, two) else {
                        return Ok(());
                    };
                    let Some(member) = self.world.pick_member(session, entity, relation, three) else {
                        return Ok(());
                    };
                    self.tell(session, format_args!("#{entity}.{} push #{member}", name(relation)));
                    let handle = self.handle(session, member);
                    self.edit(session, entity, relation, |bag| bag.push(handle));
                    self.world.push(session, entity, relation, member);
                    Ok(())
                }
                Action::PushNew(one, two) => {
                    let Some((entity, relation)) = self.world.pick_field(session, one, two) else {
                        return Ok(());
                    };
                    let val = self.world.val();
                    self.tell(session, format_args!("#{entity}.{} push new {val}", name(relation)));
                    self.edit(session, entity, relation, |bag| bag.push_new(val));
                    self.world.push_new(session, entity, relation, val);
                    Ok(())
                }
                Action::Remove(one, two, three) => {
                    let Some((entity, relation)) = self.world.pick_field(session, one, two) else {
                        return Ok(());
                    };
                    let Some(member) = self.pick_inside(session, entity, relation, three) else {
                        return Ok(());
                    };
                    self.tell(session, format_args!("#{entity}.{} remove #{member}", name(relation)));
                    let handle = self.handle(session, member);
                    self.edit(session, entity, relation, |bag| bag.remove(handle));
                    self.world.remove(session, entity, relation, member);
                    Ok(())
                }
                Action::Clear(one, two) => self.replace(session, one, two, &[], false),
                Action::Replace(one, two, three, four) => {
                    self.replace(session, one, two, &[three, four], four.is_multiple_of(3))
                }
                Action::Link(one, two, three) => {
                    let Some((entity, relation)) = self.world.pick_field(session, one, two) else {
                        return Ok(());
                    };
                    let Some(member) = self.world.pick_member(session, entity, relation, three) else {
                        return Ok(());
                    };
                    if RELATIONS[relation].is_one {
                        return Ok(());
                    }
                    self.tell(session, format_args!("link #{entity}.{} #{member}", name(relation)));
                    let (from, to) = (self.handle(session, entity), self.handle(session, member));
                    let own = &mut self.sessions[session];
                    let result = of_relation!(relation, field => own.link(Sample::of_handle(from), field, Sample::of_handle(to)));
                    same_error("link", kind_of(&result), None)?;
                    self.world.link(session, entity, relation, member);
                    Ok(())
                }
                Action::Unlink(one, two, three) => {
                    let Some((entity, relation)) = self.world.pick_field(session, one, two) else {
                        return Ok(());
                    };
                    let Some(member) = self.pick_inside(session, entity, relation, three) else {
                        return Ok(());
                    };
                    self.tell(session, format_args!("unlink #{entity}.{} #{member}", name(relation)));
                    let (from, to) = (self.handle(session, entity), self.handle(session, member));
                    let own = &mut self.sessions[session];
                    let result = of_relation!(relation, field => own.unlink(Sample::of_handle(from), field, Sample::of_handle(to)));
                    let expected = self.world.unlink(session, entity, relation, member);
                    check!(
                        result.as_ref().ok() == Some(&expected),
                        "unlink: {result:?} instead of {expected}"
                    );
                    Ok(())
                }
                Action::Delete(number) => {
                    let Some(entity) = self.pick_there(session, number) else { return Ok(()) };
                    if !self.world.is_true(session, entity) {
                        return Ok(());
                    }
                    self.tell(session, format_args!("delete #{entity}"));
                    let handle = self.handle(session, entity);
                    let own = &mut self.sessions[session];
                    let result = each!(handle, entity => own.delete(entity));
                    same_error("delete", kind_of(&result), None)?;
                    self.world.memories[session].known[entity].doomed = true;
                    Ok(())
                }
                Action::LoadWith(one, two) => self.load_with(session, one, two, false).await,
                Action::LoadWithAll(one, two) => self.load_with(session, one, two, true).await,
                Action::Load(number) => self.load(session, number).await,
                Action::Refresh(number) => self.refresh(session, number).await,
                Action::Expire(number) => {
                    let known = &self.world.memories[session].known;
                    // What `unlink` did is shown on the other side, too, and is not taken back there.
                    let is_plain = |known: &Known| {
                        known.base.is_none() || !matches!(known.kind, Kind::Owner | Kind::Tag)
                    };
                    let is_asked = |entity: usize| known[entity].is_persistent() && is_plain(&known[entity]);
                    let Some(entity) = self.world.pick(session, number, is_asked) else { return Ok(()) };
                    self.tell(session, format_args!("expire #{entity}"));
                    let handle = self.handle(session, entity);
                    let own = &mut self.sessions[session];
                    let result = each!(handle, entity => own.expire(entity));
                    same_error("expire", kind_of(&result), None)?;
                    let known = &mut self.world.memories[session].known[entity];
                    known.forget_changes();
                    known.expired = true;
                    known.shown.fields.iter_mut().for_each(|field| field.doubtful = true);
                    Ok(())
                }
                Action::All(kind) => self.all(session, kind).await,
                Action::AllWith(kind, number) => self.all_with(session, kind, number).await,
                Action::Flush => self.flush(session).await.map(drop),
                Action::Commit => self.commit(session).await,
                Action::Rollback => {
                    self.tell(session, "rollback");
                    self.roll_back(session).await
                }
                Action::BeginNested | Action::End(_) => Ok(()),
            }
        }

        fn refer(&mut self, session: usize, number: u8, reference: u8, target: u8) -> Checked {
            let known = &self.world.memories[session].known;
            let is_asked = |entity: usize| {
                !known[entity].kind.references().is_empty() && self.world.is_true(session, entity)
            };
            let Some(entity) = self.world.pick(session, number, is_asked) else { return Ok(()) };
            let targets = known[entity].kind.references();
            let reference = usize::from(reference) % targets.len();
            let to = self.world.reference(session, targets[reference], target);
            if let To::Entity(above) = self.world.memories[session].led_to(known[entity].kind, reference, to)
                && known[above].kind == known[entity].kind
                && self.world.is_above(session, entity, above, reference)
                && target % 32 != 31
            {
                return Ok(());
            }
            self.tell(session, format_args!("#{entity}.{reference} refers to {to:?}"));
            let (handle, input) = (self.handle(session, entity), self.input(session, to));
            let own = &mut self.sessions[session];
            each!(handle, entity => own.try_get_mut(entity).unwrap().refer(reference, input));
            self.world.memories[session].touch(entity).refers[reference] = to;
            Ok(())
        }

        /// A member of a relation, or what may be one if it is not loaded.
        fn pick_inside(&self, session: usize, entity: usize, relation: usize, number: u8) -> Option<usize> {
            let field = &self.world.memories[session].known[entity].shown.fields[relation];
            let (kind, known) = (RELATIONS[relation].member, &self.world.memories[session].known);
            let is_asked = |member: usize| {
                known[member].kind == kind
                    && self.handles[session][member].is_some()
                    && (!field.loaded || field.members.contains(&member))
                    && self.world.is_true(session, member)
            };
            self.world.pick(session, number, is_asked)
        }

        fn replace(&mut self, session: usize, one: u8, two: u8, numbers: &[u8], with_new: bool) -> Checked {
            let Some((entity, relation)) = self.world.pick_field(session, one, two) else { return Ok(()) };
            let members = numbers
                .iter()
                .filter_map(|&number| self.world.pick_member(session, entity, relation, number));
            let most = if RELATIONS[relation].is_one { usize::from(!with_new) } else { numbers.len() };
            let members: Vec<_> = members.take(most).collect();
            let new: Vec<_> = with_new.then(|| self.world.val()).into_iter().collect();
            self.tell(session, format_args!("#{entity}.{} = {members:?} and new {new:?}", name(relation)));
            let handles: Vec<_> = members.iter().map(|&member| self.handle(session, member)).collect();
            self.edit(session, entity, relation, |bag| bag.replace(&handles, &new));
            self.world.replace(session, entity, relation, &members, &new);
            Ok(())
        }

        async fn flush(&mut self, session: usize) -> Checked<bool> {
            self.tell(session, "flush");
            let forecast = self.foresee(session);
            let result = self.sessions[session].flush().await;
            if !self.flushed(session, forecast, kind_of(&result)).await? {
                return Ok(false);
            }
            // [FLU-1] All is done.
            self.trace.take();
            let result = self.sessions[session].flush().await;
            let sent = self.trace.take();
            check!(result.is_ok() && sent.is_empty(), "a flush after a flush: {result:?} {sent:?}");
            Ok(true)
        }

        /// What is to come of the flush that is next.
        fn foresee(&self, session: usize) -> Outcome {
            self.trace.take();
            self.world.forecast(session)
        }

        /// What a call did that flushes first, as the forecast has it; whether it went on.
        async fn flushed(
            &mut self,
            session: usize,
            forecast: Outcome,
            error: Option<ErrorKind>,
        ) -> Checked<bool> {
            let after = match forecast {
                Outcome::Open(what) => {
                    self.tell(session, format_args!("open, {}", what.replace(' ', "_")));
                    *self.over = true;
                    return Ok(false);
                }
                Outcome::Fails(expected) => {
                    same_error("a flush", error, Some(expected))?;
                    None
                }
                Outcome::MayFail(possible, after) => Some(after).filter(|_| error != Some(possible)),
                Outcome::Done(after) => Some(after),
            };
            let Some(after) = after else {
                self.tell(session, format_args!("failed, {error:?}"));
                self.roll_back(session).await?;
                return Ok(false);
            };
            same_error("a flush", error, None)?;
            if !after.writes {
                let sent = self.trace.take();
                let sent: Vec<_> = sent.into_iter().filter(|line| !line.starts_with("SELECT")).collect();
                check!(count_statements(&sent) == 0, "nothing was to be written: {sent:?}");
            }
            let After { memory, tables, .. } = *after;
            self.world.memories[session] = memory;
            self.take_over(session, tables).await?;
            Ok(true)
        }

        /// The tables are as foreseen, with the keys that the database has made.
        async fn take_over(&mut self, session: usize, foreseen: Tables) -> Checked {
            let tables = match self.sessions[session].in_transaction() {
                true => Self::tables(self.sessions[session]).await,
                // It was a commit.
                false => Self::tables(self.checker).await,
            };
            let found = tables.map_err(|error| format!("reading the tables: {error}"))?;
            if !self.sessions[session].in_transaction() {
                self.checker.rollback().await.map_err(|error| error.to_string())?;
            }
            let by_val: BTreeMap<_, _> =
                found.rows.iter().map(|(&(kind, key), row)| ((kind, row.val), key)).collect();
            let mut keys: BTreeMap<(Kind, i64), i64> = BTreeMap::new();
            for (&(kind, key), row) in foreseen.rows.iter().filter(|((_, key), _)| *key < 0) {
                let Some(&found) = by_val.get(&(kind, row.val)) else {
                    return Err(format!("{kind:?} {} was not inserted", row.val));
                };
                keys.insert((kind, key), found);
            }
            let foreseen = renamed(&foreseen, &keys);
            for key in found.rows.keys().chain(foreseen.rows.keys()) {
                let (found, foreseen) = (found.rows.get(key), foreseen.rows.get(key));
                check!(found == foreseen, "the row {key:?} is {found:?} instead of {foreseen:?}");
            }
            check!(found.links == foreseen.links, "links: {:?} instead of {:?}", found.links, foreseen.links);
            self.world.memories[session].given_keys(&keys);
            self.world.begin(session).0 = found;
            Ok(())
        }

        /// All rows.
        async fn tables(session: &mut Session) -> orm::Result<Tables> {
            let mut tables = Tables::default();
            for kind in Kind::ALL {
                of_kind!(kind, M => {
                    for record in session.rows(M::select()).await? {
                        let refers = [0, 1].map(|reference| record.shown(reference).and_then(|shown| shown.0));
                        tables.rows.insert((kind, record.id()), Row { val: record.value(), refers });
                    }
                });
            }
            let links = "SELECT owner_row_id, tag_row_id FROM g_links";
            tables.links.extend(session.execute(text(links)).await?.all::<(i64, i64)>()?);
            Ok(tables)
        }

        async fn roll_back(&mut self, session: usize) -> Checked {
            let result = self.sessions[session].rollback().await;
            same_error("rollback", kind_of(&result), None)?;
            self.world.open[session] = None;
            self.world.memories[session].rolled_back();
            Ok(())
        }

        async fn commit(&mut self, session: usize) -> Checked {
            self.tell(session, "commit");
            let forecast = self.foresee(session);
            let result = self.sessions[session].commit().await;
            if self.flushed(session, forecast, kind_of(&result)).await? {
                if let Some((view, _)) = self.world.open[session].take() {
                    self.world.committed = view;
                }
                self.world.memories[session].committed();
            }
            Ok(())
        }

        fn is_there(&self, session: usize, entity: usize) -> bool {
            let known = &self.world.memories[session].known[entity];
            known.is_persistent() && self.world.view(session).rows.contains_key(&(known.kind, known.key))
        }

        fn pick_there(&self, session: usize, number: u8) -> Option<usize> {
            let known = &self.world.memories[session].known;
            self.world.pick(session, number, |entity| self.is_there(session, entity) && !known[entity].doomed)
        }

        /// [REL-9] [EAG-9]
        async fn load_with(&mut self, session: usize, one: u8, two: u8, all: bool) -> Checked {
            if !self.flush(session).await? {
                return Ok(());
            }
            self.find_handles(session)?;
            let Some((entities, relation)) = self.to_load(session, one, two, all) else { return Ok(()) };
            self.tell(session, format_args!("load_with {entities:?}.{}", name(relation)));
            let handles: Vec<_> = entities.iter().map(|&entity| self.handle(session, entity)).collect();
            let own = &mut self.sessions[session];
            let result = of_relation!(relation, field => {
                let entities: Vec<_> = handles.iter().map(|&handle| Sample::of_handle(handle)).collect();
                match (all, entities.as_slice()) {
                    (false, [entity]) => own.load_with(*entity, field).await.map(drop),
                    (_, entities) => own.load_with_all(entities, field).await,
                }
            });
            same_error("load_with", kind_of(&result), None)?;
            self.world.begin(session);
            let view = self.world.view(session).clone();
            let memory = &mut self.world.memories[session];
            for entity in entities {
                memory.fill(&view, entity, relation);
            }
            // Others that came with them may have been loaded as well.
            let (kind, current) = (RELATIONS[relation].owner, memory.current);
            for known in &mut memory.known {
                let field = &mut known.shown.fields[relation];
                field.doubtful |= known.kind == kind && (!field.loaded || field.read_at < current);
                known.doubtful |= known.is_persistent() && known.read_at < current;
            }
            Ok(())
        }

        fn to_load(&self, session: usize, one: u8, two: u8, all: bool) -> Option<(Vec<usize>, usize)> {
            let known = &self.world.memories[session].known;
            let has_relations = |entity: usize| known[entity].kind.relations().next().is_some();
            let is_asked = |entity: usize| {
                has_relations(entity) && !known[entity].expired && self.is_there(session, entity)
            };
            let entity = self.world.pick(session, one, is_asked)?;
            let kind = known[entity].kind;
            let of_kind = (0..known.len()).filter(|&other| known[other].kind == kind && is_asked(other));
            Some((if all { of_kind.collect() } else { vec![entity] }, relation_of(kind, two)))
        }

        async fn load(&mut self, session: usize, number: u8) -> Checked {
            if !self.flush(session).await? {
                return Ok(());
            }
            self.find_handles(session)?;
            let Some(entity) = self.pick_there(session, number) else { return Ok(()) };
            self.tell(session, format_args!("load #{entity}"));
            let handle = self.handle(session, entity);
            let own = &mut self.sessions[session];
            let result = each!(handle, entity => own.load(entity).await.map(drop));
            same_error("load", kind_of(&result), None)?;
            self.world.begin(session);
            let view = self.world.view(session).clone();
            let memory = &mut self.world.memories[session];
            let (kind, key) = (memory.known[entity].kind, memory.known[entity].key);
            memory.meet(&view, kind, key, false);
            Ok(())
        }

        /// [EXP-6] [EXP-8]
        async fn refresh(&mut self, session: usize, number: u8) -> Checked {
            let Some(entity) = self.pick_there(session, number) else { return Ok(()) };
            self.tell(session, format_args!("refresh #{entity}"));
            self.world.memories[session].known[entity].forget_changes();
            let forecast = self.foresee(session);
            let handle = self.handle(session, entity);
            let own = &mut self.sessions[session];
            let result = each!(handle, entity => own.refresh(entity).await);
            if kind_of(&result) == Some(ErrorKind::RowGone) {
                // It was deleted by the flush.
                *self.over = true;
                return Ok(());
            }
            if self.flushed(session, forecast, kind_of(&result)).await? {
                let view = self.world.view(session).clone();
                let memory = &mut self.world.memories[session];
                let (kind, key) = (memory.known[entity].kind, memory.known[entity].key);
                memory.meet(&view, kind, key, true);
                // [EXP-8] Whom it refers to, and who refers to it, may have been read with it.
                let current = memory.current;
                for known in &mut memory.known {
                    known.doubtful |= known.is_persistent() && (known.expired || known.read_at < current);
                }
            }
            Ok(())
        }

        /// [FLU-13] [IDM-1]
        async fn all(&mut self, session: usize, kind: Kind) -> Checked {
            self.tell(session, format_args!("all {kind:?}"));
            let forecast = self.foresee(session);
            let own = &mut self.sessions[session];
            let result = of_kind!(kind, M => own.all(M::select()).await.map(|found| found.len()));
            if self.flushed(session, forecast, kind_of(&result)).await? {
                self.world.begin(session);
                let view = self.world.view(session).clone();
                let keys: Vec<_> = view.rows.keys().filter(|(other, _)| *other == kind).copied().collect();
                check!(
                    result.as_ref().ok() == Some(&keys.len()),
                    "all: {result:?} instead of {}",
                    keys.len()
                );
                for (kind, key) in keys {
                    self.world.memories[session].meet(&view, kind, key, false);
                }
            }
            Ok(())
        }

        /// [EAG-1] [EAG-5] [QRY-12]
        async fn all_with(&mut self, session: usize, kind: Kind, number: u8) -> Checked {
            if kind.relations().next().is_none() {
                return Ok(());
            }
            let relation = relation_of(kind, number / 2);
            let joined = number.is_multiple_of(2);
            self.tell(
                session,
                format_args!("all_with {}{}", name(relation), if joined { " joined" } else { "" }),
            );
            let forecast = self.foresee(session);
            let own = &mut self.sessions[session];
            let result = of_relation!(relation, field => {
                let found = match joined {
                    true => own.all(query_of(field).with(field.joined())).await,
                    false => own.all(query_of(field).with(field)).await,
                };
                found.map(|found| found.len())
            });
            if !self.flushed(session, forecast, kind_of(&result)).await? {
                return Ok(());
            }
            self.world.begin(session);
            let view = self.world.view(session).clone();
            let keys: Vec<_> = view.rows.keys().filter(|(other, _)| *other == kind).copied().collect();
            check!(result.as_ref().ok() == Some(&keys.len()), "all: {result:?} instead of {}", keys.len());
            let memory = &mut self.world.memories[session];
            let met = keys.into_iter().filter_map(|(kind, key)| memory.meet(&view, kind, key, false));
            for entity in met.collect::<Vec<_>>() {
                memory.fill(&view, entity, relation);
            }
            self.find_handles(session)
        }

        /// Entities that are known by their rows alone so far.
        fn find_handles(&mut self, session: usize) -> Checked {
            let World { memories, committed, open, .. } = &mut *self.world;
            let view = open[session].as_ref().map_or(&*committed, |(view, _)| view);
            let (memory, handles) = (&mut memories[session], &mut self.handles[session]);
            let own = &self.sessions[session];
            handles.resize(memory.known.len(), None);
            for (&(kind, key), &row) in &view.rows {
                let entity = memory.find(kind, key);
                if entity.is_some_and(|entity| handles[entity].is_some()) {
                    continue;
                }
                let found = of_kind!(kind, M => own.peek::<M>(key).map(M::handle));
                match (entity, found) {
                    (Some(entity), Some(found)) => handles[entity] = Some(found),
                    (Some(entity), None) => {
                        return Err(format!("#{entity} should be known by {kind:?} {key}"));
                    }
                    (None, Some(found)) => {
                        // It was read on the way.
                        let mut known = Known::of_row(kind, key, row, memory.clock);
                        known.shown.fields.iter_mut().for_each(|field| field.doubtful = true);
                        memory.known.push(known);
                        handles.push(Some(found));
                    }
                    (None, None) => {}
                }
            }
            Ok(())
        }

        fn check_memory(&mut self, session: usize) -> Checked {
            if *self.over {
                return Ok(());
            }
            self.find_handles(session)?;
            for entity in 0..self.world.memories[session].known.len() {
                if let Some(handle) = self.handles[session][entity] {
                    self.check_entity(session, entity, handle)?;
                }
            }
            self.world.memories[session].mark_again();
            Ok(())
        }

        fn check_entity(&mut self, session: usize, entity: usize, handle: Handle) -> Checked {
            let own = &self.sessions[session];
            let (state, is_expired) = each!(handle, entity => (own.state(entity), own.is_expired(entity)));
            let is_there = self.is_there(session, entity);
            let known = &mut self.world.memories[session].known[entity];
            if known.doubtful && matches!(state, EntityState::Deleted | EntityState::Detached) && !is_there {
                known.state = state;
            }
            check!(state == known.state, "the state of #{entity} is {state:?}: {known:?}");
            known.expired |= known.doubtful && is_expired && known.is_persistent();
            if known.doubtful && !is_expired {
                known.expired = false;
            }
            let expected = known.expired && known.is_persistent();
            check!(is_expired == expected, "is_expired #{entity} is {is_expired}: {known:?}");
            if !known.is_here() || known.expired {
                return Ok(());
            }
            self.check_values(session, entity, handle)?;
            let relations: Vec<_> = self.world.memories[session].known[entity].kind.relations().collect();
            relations.into_iter().try_for_each(|relation| self.check_field(session, entity, handle, relation))
        }

        fn check_values(&mut self, session: usize, entity: usize, handle: Handle) -> Checked {
            let own = &self.sessions[session];
            let (val, shown) = each!(handle, entity => {
                let record = own.try_get(entity).map_err(|error| error.to_string())?;
                (record.value(), [0, 1].map(|reference| record.shown(reference).unwrap_or_default()))
            });
            let fits = |val_then: i64, refers: [To; 2]| {
                val == val_then && (0..2).all(|number| self.is_shown(session, shown[number], refers[number]))
            };
            let clock = self.world.memories[session].clock;
            let known = &self.world.memories[session].known[entity];
            if !fits(known.shown.val, known.shown.refers) {
                let row =
                    self.world.view(session).rows.get(&(known.kind, known.key)).filter(|_| known.doubtful);
                let refers = row.map(|row| row.refers.map(|key| key.map_or(To::Nothing, To::Key)));
                match (row.copied(), refers) {
                    (Some(row), Some(refers)) if fits(row.val, refers) => {
                        let known = &mut self.world.memories[session].known[entity];
                        (known.shown.val, known.shown.refers, known.read_at) = (row.val, refers, clock);
                    }
                    _ => {
                        return Err(format!("#{entity} shows {val} {shown:?} instead of {known:?}, {row:?}"));
                    }
                }
            }
            self.world.memories[session].known[entity].doubtful = false;
            Ok(())
        }

        fn is_shown(&self, session: usize, (key, found): Shown, to: To) -> bool {
            let known = &self.world.memories[session].known;
            match to {
                To::Nothing => key.is_none() && found.is_none(),
                To::Key(expected) => key == Some(expected),
                To::Entity(target) => {
                    let has_key = key.is_none() || key == Some(known[target].key) || !known[target].is_here();
                    let is_it = found.is_some() && found == self.handles[session][target];
                    has_key && (is_it || (found.is_none() && key.is_some()))
                }
            }
        }

        fn check_field(&mut self, session: usize, entity: usize, handle: Handle, relation: usize) -> Checked {
            let own = &self.sessions[session];
            let found = each!(handle, entity => {
                let record = own.try_get(entity).map_err(|error| error.to_string())?;
                record.bag(relation).unwrap().members()
            });
            let memory = &self.world.memories[session];
            let known = &memory.known[entity];
            let field = &known.shown.fields[relation];
            let place = format!("#{entity}.{}", name(relation));
            let Some(found) = found else {
                check!(!field.loaded || field.doubtful, "{place} is not loaded: {field:?}");
                let field = &mut self.world.memories[session].known[entity].shown.fields[relation];
                field.loaded = false;
                if std::mem::take(&mut field.doubtful) {
                    (field.members, field.new, field.removed, field.replaces) = Default::default();
                }
                return Ok(());
            };
            let number = |handle: &Handle| {
                self.handles[session].iter().position(|known| known.as_ref() == Some(handle))
            };
            let numbers: Option<Vec<usize>> = found.iter().map(number).collect();
            let Some(numbers) = numbers else {
                return Err(format!("{place} holds {found:?}, of which one is not known"));
            };
            let members: BTreeSet<_> = numbers.iter().copied().collect();
            check!(members.len() == numbers.len(), "{place} holds one twice: {numbers:?}");
            let expected: BTreeSet<_> = field.members.iter().copied().collect();
            let is_it = field.loaded && members == expected;
            let in_tables = memory.members_in(self.world.view(session), entity, relation);
            check!(
                is_it || (field.doubtful && members == in_tables),
                "{place} holds {members:?} instead of {field:?}, in the tables are {in_tables:?}"
            );
            let clock = memory.clock;
            let field = &mut self.world.memories[session].known[entity].shown.fields[relation];
            field.doubtful = false;
            if !is_it {
                *field = Field { loaded: true, members: numbers, read_at: clock, ..Field::default() };
            }
            Ok(())
        }
    }

    /// Plays a sequence on empty tables.
    async fn play(field: &mut Ground, steps: &[Step<Action>]) -> Result<(), Failure<Step<Action>>> {
        field.engine.script(CLEAN).await.unwrap();
        let [mut a, mut b] = [field.engine.session(), field.engine.session()];
        let Ground { checker, trace, tally, .. } = field;
        let (mut next, mut world, mut over) = (0, World::new(), false);
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
            over: &mut over,
        };
        let result = play.run().await;
        story.iter().for_each(|line| count(tally, line));
        for session in [&mut a, &mut b, checker] {
            let _ = session.rollback().await;
        }
        let steps = || steps[..next].to_vec();
        result.map(drop).map_err(|problem| Failure { steps: steps(), problem, story })
    }

    /// Takes steps away for as long as it fails.
    async fn shrink(field: &mut Ground, mut failure: Failure<Step<Action>>) -> Failure<Step<Action>> {
        let mut size = failure.steps.len().div_ceil(2);
        while size > 0 {
            let (mut at, before) = (0, failure.steps.len());
            while at < failure.steps.len() {
                let mut fewer = failure.steps.clone();
                fewer.drain(at..(at + size).min(fewer.len()));
                match play(field, &fewer).await {
                    Err(smaller) => failure = smaller,
                    Ok(()) => at += size,
                }
            }
            size = if size == 1 && failure.steps.len() < before { 1 } else { size / 2 };
        }
        failure
    }

    /// Where sequences are played.
    struct Ground {
        engine: Engine,
        checker: Session,
        trace: Trace,
        /// What has happened how often.
        tally: BTreeMap<String, u32>,
    }

    impl Ground {
        async fn new(url: &str) -> Self {
            let trace = Trace::default();
            let record = trace.clone();
            let builder: EngineBuilder<Engine> = Engine::builder(url).unwrap();
            let engine = builder.observe(move |event: &Event<'_>| record.record(event)).open();
            engine.create_all(&Metadata::of::<(OwnerRow, NodeRow)>()).await.unwrap();
            Self { checker: engine.session(), engine, trace, tally: BTreeMap::new() }
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
            println!("{count} sequences, {:?}", self.tally);
        }
    }

    /// SQLite in memory.
    #[case(sqlite)]
    async fn in_memory(_db: Db) {
        let field = Ground::new("sqlite::memory:").await;
        field.play_all(amount("ORM_TEST_SEQUENCES", 20_000, 500) / 2).await;
    }

    /// A file; a server.
    #[case]
    async fn elsewhere(db: Db) {
        let field = Ground::new(&db.database.url).await;
        field.play_all(amount("ORM_TEST_SEQUENCES_ON_SERVERS", 1_000, 50) / 2).await;
    }
}

const CLEAN: &str = "DELETE FROM g_links; DELETE FROM g_soft; UPDATE g_hard SET up_id = NULL; DELETE FROM g_hard; DELETE FROM g_own; \
    DELETE FROM g_remote; DELETE FROM g_one; UPDATE g_nodes SET up_id = NULL; DELETE FROM g_nodes; DELETE FROM g_owners; DELETE FROM g_tags";

/// A query for the entities that have a relation.
fn query_of<M: Model, T>(_: orm::Relation<M, T>) -> orm::Select<M> {
    M::select()
}

fn name(relation: usize) -> String {
    format!("{:?}s{relation}", RELATIONS[relation].member).to_lowercase()
}

/// The same tables with keys that the database has made.
fn renamed(tables: &Tables, keys: &BTreeMap<(Kind, i64), i64>) -> Tables {
    let to = |kind: Kind, key: i64| keys.get(&(kind, key)).copied().unwrap_or(key);
    let row = |kind: Kind, row: &Row| {
        let mut row = *row;
        for (reference, &target) in kind.references().iter().enumerate() {
            row.refers[reference] = row.refers[reference].map(|key| to(target, key));
        }
        row
    };
    Tables {
        rows: tables.rows.iter().map(|(&(kind, key), of)| ((kind, to(kind, key)), row(kind, of))).collect(),
        links: tables
            .links
            .iter()
            .map(|&(owner, tag)| (to(Kind::Owner, owner), to(Kind::Tag, tag)))
            .collect(),
    }
}
