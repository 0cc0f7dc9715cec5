//! Cohorts: which entities came with one query, so that a relation that is loaded for one of them is loaded for all of them.

use std::collections::BTreeMap;

use crate::session::arena::Place;
use crate::session::entities::Entities;

/// Slots of an arena that lie side by side, from `start` to before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Run {
    pub(super) arena: u32,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// The cohorts of an arena. Rows of a query that are new lie side by side, so that most cohorts are one entry, however many they are.
#[derive(Default)]
pub(super) struct Cohorts {
    /// By the first slot of a run the one behind its last, and its cohort. Runs do not overlap.
    runs: BTreeMap<u32, (u32, u32)>,
    last: u32,
}

impl Cohorts {
    /// These came together, whatever they came with before.
    fn add(&mut self, runs: &[Run]) {
        if let [Run { start, end, .. }] = runs
            && end - start < 2
        {
            return;
        }
        self.last = self.last.wrapping_add(1);
        for run in runs {
            self.cut(run);
            self.runs.insert(run.start, (run.end, self.last));
        }
    }

    /// Takes slots out of the runs that they are in.
    fn cut(&mut self, &Run { start, end, .. }: &Run) {
        if let Some((&first, &(behind, cohort))) = self.runs.range(..start).next_back()
            && behind > start
        {
            self.runs.insert(first, (start, cohort));
            if behind > end {
                self.runs.insert(end, (behind, cohort));
            }
        }
        while let Some((&first, &(behind, cohort))) = self.runs.range(start..end).next() {
            self.runs.remove(&first);
            if behind > end {
                self.runs.insert(end, (behind, cohort));
            }
        }
    }

    /// The slots that came with this one, which is among them.
    fn of(&self, slot: u32) -> Vec<u32> {
        let found = self.runs.range(..=slot).next_back().filter(|(_, (end, _))| *end > slot);
        let Some((_, &(_, wanted))) = found else { return vec![slot] };
        let runs = self.runs.iter().filter(|(_, (_, cohort))| *cohort == wanted);
        runs.flat_map(|(&start, &(end, _))| start..end).collect()
    }
}

impl Entities {
    /// Notes that an entity came with the query that is being read.
    #[inline]
    pub(super) fn note_met(&mut self, arena: u32, slot: u32) {
        match self.met.last_mut() {
            Some(run) if run.end == slot && run.arena == arena => run.end += 1,
            _ => self.met.push(Run { arena, start: slot, end: slot + 1 }),
        }
    }

    /// A query was read: what it found came together.
    pub(super) fn settle_met(&mut self) {
        let Self { met, arenas, .. } = self;
        if let [run] = &met[..] {
            arenas[run.arena as usize].cohorts.add(&[*run]);
            return;
        }
        met.sort_unstable();
        met.dedup_by(|next, run| {
            let touch = next.arena == run.arena && next.start <= run.end;
            if touch {
                run.end = run.end.max(next.end);
            }
            touch
        });
        for runs in met.chunk_by(|a, b| a.arena == b.arena) {
            arenas[runs[0].arena as usize].cohorts.add(runs);
        }
    }

    /// The slots of the entities that came with one, which is among them.
    pub(super) fn cohort_of(&self, place: Place) -> Vec<u32> {
        self.arena(place).cohorts.of(place.slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(start: u32, end: u32) -> Run {
        Run { arena: 0, start, end }
    }

    #[test]
    fn the_last_query_says_who_belongs_together() {
        let mut cohorts = Cohorts::default();
        cohorts.add(&[run(0, 10)]);
        cohorts.add(&[run(3, 4), run(6, 8)]);
        cohorts.add(&[run(20, 21)]);
        assert_eq!(cohorts.of(7), [3, 6, 7]);
        assert_eq!(cohorts.of(9), [0, 1, 2, 4, 5, 8, 9]);
        assert_eq!(cohorts.of(20), [20]);
        cohorts.add(&[run(0, 7)]);
        assert_eq!((cohorts.of(7), cohorts.of(8)), (vec![7], vec![8, 9]));
        cohorts.add(&[run(2, 5)]);
        assert_eq!(cohorts.of(0), [0, 1, 5, 6]);
        cohorts.add(&[run(0, 30)]);
        assert_eq!(cohorts.runs.len(), 1);
    }
}
