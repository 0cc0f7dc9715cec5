//! What a flush has to know before it can plan: relations in line, deletions spread, and what has to be read for that.

use std::sync::Arc;

use foldhash::HashSet;

use super::many::CHUNK;
use super::{Unit, held};
use crate::driver::{Row, Statement};
use crate::query::{Positions, Select};
use crate::result::Mapped;
use crate::session::arena::Place;
use crate::session::entities::Entities;
use crate::session::hooks::Hooks;
use crate::session::plan::{Before, Step, plan};
use crate::session::relations::{LinkStep, Spread, Want, Wants};
use crate::{Result, Value};

/// What a flush does to memory before anything is sent. If it does not come to that, whatever is wrong, or if the call is dropped, it is
/// undone.
struct Planning<'u> {
    unit: &'u mut Unit,
    spread: Spread,
    /// What the plan has decided in memory, if there is one.
    before: Option<Before>,
}

impl Drop for Planning<'_> {
    fn drop(&mut self) {
        // A failure has undone everything by now.
        if self.unit.failed.is_none() {
            if let Some(before) = self.before.take() {
                before.restore(&mut self.unit.entities);
            }
            std::mem::take(&mut self.spread).undo(&mut self.unit.entities);
        }
    }
}

/// A plan, and what is needed to go back behind it.
pub(super) struct Planned {
    links: Vec<LinkStep>,
    steps: Vec<Step>,
    owners: Vec<Place>,
    before: Before,
}

impl Unit {
    /// The plan of a flush where models have relations, if nothing has to be read for it.
    pub(super) fn plan_at_once(&mut self, spread: &mut Spread) -> Result<Option<Planned>> {
        let planned = match self.entities.bring_into_line(spread) {
            Ok(wants) if wants.is_empty() => self.plan_what_is_known().map(Some),
            Ok(_) => return Ok(None),
            Err(error) => Err(error),
        };
        if planned.is_err() {
            std::mem::take(spread).undo(&mut self.entities);
        }
        planned
    }

    /// The same, and what has to be read is.
    pub(super) async fn plan_with_relations(
        &mut self,
        hooks: Option<&Arc<Hooks>>,
        spread: Spread,
    ) -> Result<(Vec<LinkStep>, Vec<Step>)> {
        let mut planning = Planning { unit: self, spread, before: None };
        let planned = planning.unit.prepare_and_plan(hooks, &mut planning.spread).await?;
        let spread = std::mem::take(&mut planning.spread);
        drop(planning);
        self.begin_planned(spread, planned).await
    }

    /// Begins a transaction for what is planned, if there is anything to send.
    pub(super) async fn begin_planned(
        &mut self,
        spread: Spread,
        planned: Planned,
    ) -> Result<(Vec<LinkStep>, Vec<Step>)> {
        let Planned { links, steps, owners, before } = planned;
        let mut planning = Planning { unit: self, spread, before: Some(before) };
        if !(links.is_empty() && steps.is_empty()) {
            planning.unit.tidy().await?;
            planning.unit.begin(true).await?;
        }
        planning.before = None;
        let entities = &mut planning.unit.entities;
        let left = std::mem::take(&mut planning.spread).left(entities);
        entities.settle(&owners, &left);
        Ok((links, steps))
    }

    async fn prepare_and_plan(&mut self, hooks: Option<&Arc<Hooks>>, spread: &mut Spread) -> Result<Planned> {
        self.prepare(spread).await?;
        if let Some(hooks) = hooks {
            // They see what deletions do to other rows, and may do more.
            hooks.before_flush(&mut self.entities)?;
            spread.look_again();
            self.prepare(spread).await?;
        }
        self.plan_what_is_known()
    }

    fn plan_what_is_known(&mut self) -> Result<Planned> {
        let before = Before::of(&self.entities);
        let owners = self.entities.owners().collect();
        let links = self.entities.links()?;
        match plan(&mut self.entities) {
            Ok(steps) => Ok(Planned { links, steps, owners, before }),
            Err(error) => {
                before.restore(&mut self.entities);
                Err(error)
            }
        }
    }

    /// Brings relations into line and finds what deletions do to related rows; reads what has to be known for that.
    pub(super) async fn prepare(&mut self, spread: &mut Spread) -> Result<()> {
        loop {
            let wants = self.entities.bring_into_line(spread)?;
            if wants.is_empty() {
                return Ok(());
            }
            self.tidy().await?;
            // What is read is written next.
            self.begin(true).await?;
            if let Err(error) = self.read_wanted(&wants, spread).await {
                return Err(if self.failed.is_some() { error } else { self.fail(error).await });
            }
        }
    }

    async fn read_wanted(&mut self, wants: &Wants, spread: &mut Spread) -> Result<()> {
        let mut rows = wants.rows.clone();
        let mut seen = HashSet::default();
        rows.retain(|place| seen.insert(*place));
        rows.sort_by_key(|place| place.arena);
        for of_one in rows.chunk_by(|a, b| a.arena == b.arena) {
            for chunk in of_one.chunks(CHUNK) {
                self.read_places(chunk).await?;
            }
        }
        for want in &wants.members {
            match want.exists {
                true => self.read_whether_any(want).await?,
                false => self.read_relation(want.arena, want.relation, &want.slots).await?,
            }
            spread.was_read(want);
        }
        for links in &wants.links {
            self.read_link_rows(links.0, &links.1).await?;
            spread.were_linked(links);
        }
        Ok(())
    }

    /// Reads rows of one model by their keys; one that is gone leaves.
    async fn read_places(&mut self, places: &[Place]) -> Result<()> {
        let Some(&Place { arena, .. }) = places.first() else { return Ok(()) };
        let table = self.entities.arenas[arena as usize].table;
        let is_read = |&position: &usize| table.columns()[position].deferred.is_none();
        let read: Vec<_> = (0..table.columns().len()).filter(is_read).collect();
        let keys: Vec<_> = places.iter().map(|&place| self.entities.head(place).identity.clone()).collect();
        let rendered = self.select_rows(table, &read, &keys)?;
        let place = |position| read.iter().position(|&other| other == position);
        let positions: Positions = (0..table.columns().len()).map(place).collect();
        let statement = self.engine.statements().query(&rendered);
        let take = |entities: &mut Entities, row: &dyn Row| {
            entities.meet(arena, &Mapped::new(row, &positions), false).map(drop)
        };
        self.run_within(&statement, &rendered.values, take).await?;
        for &place in places {
            if self.entities.lacks_values(place) {
                self.entities.lose_row(place);
            }
        }
        Ok(())
    }

    /// Reads some of those that refer to these entities: more than are known to refer elsewhere by now.
    async fn read_whether_any(&mut self, want: &Want) -> Result<()> {
        let target = self.entities.arenas[want.arena as usize].of_relations.target;
        let def = &self.entities.arenas[want.arena as usize].relations[want.relation];
        let (Some(target), Some(key)) = (target(&mut self.entities, want.relation), def.reference()) else {
            return Ok(());
        };
        let changed = self.entities.touched.iter().chain(self.entities.doomed.iter());
        let more = changed.filter(|place| place.arena == target).count();
        let limit = u32::try_from(more).unwrap_or(u32::MAX).saturating_add(1);
        for chunk in want.slots.chunks(CHUNK) {
            let query = self.select_referring(want.arena, want.relation, key, chunk).limit(limit);
            self.read_met(target, &query).await?;
        }
        Ok(())
    }

    /// Reads rows of a model into memory.
    pub(super) async fn read_met(&mut self, arena: u32, query: &Select<()>) -> Result<()> {
        let rendered = self.render_now(query)?;
        let statement = rendered.statement.clone();
        let positions = self.entities.arenas[arena as usize].without_deferred.clone();
        let take = |entities: &mut Entities, row: &dyn Row| match &positions {
            None => entities.meet(arena, row, false).map(drop),
            Some(positions) => entities.meet(arena, &Mapped::new(row, positions), false).map(drop),
        };
        self.run_within(&statement, &rendered.values, take).await
    }

    /// Runs a query in the transaction as it is; an error ends nothing.
    pub(super) async fn run_within<F>(
        &mut self,
        statement: &Arc<Statement>,
        values: &[Value<'_>],
        mut take: F,
    ) -> Result<()>
    where
        F: FnMut(&mut Entities, &dyn Row) -> Result<()> + Send,
    {
        let Self { entities, lease, .. } = self;
        held(lease)?.run(statement, values, &mut |row: &dyn Row| take(entities, row)).await.map(drop)
    }
}
