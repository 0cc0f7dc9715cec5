//! A list of entities in the order in which they came, which any of them can leave at once: a program may take back, in a loop, what
//! it has done to tens of thousands.

use foldhash::HashMap;

use crate::session::arena::Place;

/// Stands where one was that has left.
const GONE: Place = Place { arena: u32::MAX, slot: u32::MAX };

#[derive(Clone, Default)]
pub(super) struct Places {
    /// The last one has not left, so that this is empty when all have.
    list: Vec<Place>,
    /// Where each stands; empty until one leaves that is not the last.
    at: HashMap<Place, usize>,
}

impl Places {
    /// Adds one that is not there.
    #[inline]
    pub(super) fn push(&mut self, place: Place) {
        if !self.at.is_empty() {
            self.at.insert(place, self.list.len());
        }
        self.list.push(place);
    }

    /// Takes one out, if it is there; the others stay in their order.
    pub(super) fn remove(&mut self, place: Place) {
        if self.at.is_empty() {
            if self.list.last() == Some(&place) {
                self.list.pop();
                return;
            }
            self.at = self.list.iter().copied().zip(0..).collect();
        }
        let Some(index) = self.at.remove(&place) else { return };
        self.list[index] = GONE;
        while self.list.last() == Some(&GONE) {
            self.list.pop();
        }
    }

    pub(super) fn retain(&mut self, stays: impl Fn(&Place) -> bool) {
        self.at.clear();
        self.list.retain(|place| *place != GONE && stays(place));
    }

    pub(super) fn clear(&mut self) {
        self.at.clear();
        self.list.clear();
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        if self.at.is_empty() { self.list.len() } else { self.at.len() }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Place> {
        self.list.iter().filter(|place| **place != GONE)
    }

    /// The next one from here on, where the list may grow between one and the next: begin with 0.
    pub(super) fn next(&self, from: &mut usize) -> Option<Place> {
        let rest = self.list.get(*from..)?;
        let skipped = rest.iter().position(|place| *place != GONE)?;
        *from += skipped + 1;
        Some(rest[skipped])
    }

    pub(super) fn into_vec(mut self) -> Vec<Place> {
        if !self.at.is_empty() {
            self.retain(|_| true);
        }
        self.list
    }
}

impl FromIterator<Place> for Places {
    fn from_iter<I: IntoIterator<Item = Place>>(places: I) -> Self {
        Self { list: places.into_iter().collect(), at: HashMap::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(slot: u32) -> Place {
        Place { arena: 0, slot }
    }

    fn slots(places: &Places) -> Vec<u32> {
        let mut from = 0;
        let steps: Vec<_> = std::iter::from_fn(|| places.next(&mut from)).collect();
        assert!(places.iter().copied().eq(steps.iter().copied()));
        assert_eq!((places.len(), places.is_empty()), (steps.len(), steps.is_empty()));
        assert_eq!(places.clone().into_vec(), steps);
        steps.into_iter().map(|place| place.slot).collect()
    }

    #[test]
    fn any_may_leave_and_come_back() {
        let mut places: Places = (0..6).map(place).collect();
        places.remove(place(5));
        places.remove(place(1));
        assert_eq!(slots(&places), [0, 2, 3, 4]);
        places.remove(place(1));
        places.push(place(1));
        assert_eq!(slots(&places), [0, 2, 3, 4, 1]);
        for slot in [3, 4, 1] {
            places.remove(place(slot));
        }
        assert_eq!(slots(&places), [0, 2]);
        places.retain(|place| place.slot != 0);
        places.push(place(7));
        assert_eq!(slots(&places), [2, 7]);
        places.remove(place(2));
        places.remove(place(7));
        assert!(slots(&places).is_empty());
        places.push(place(8));
        assert_eq!(slots(&places), [8]);
        places.clear();
        assert!(slots(&places).is_empty());
    }
}
