//! A list that grows without moving what is in it: one vector would copy everything each time it grows, and hold it twice meanwhile.

use std::ops::{Index, IndexMut};

const BITS: u32 = 10;
const PAGE: usize = 1 << BITS;
/// What the first page has room for in the beginning, and how many times more each time it is full.
const FIRST: usize = 8;
const STEP: usize = 16;

/// Elements by number, on pages of a thousand or so. Only the first page grows as a vector does, so that few elements need little.
pub(super) struct Paged<T> {
    /// All but the last are full.
    pages: Vec<Vec<T>>,
}

impl<T> Default for Paged<T> {
    fn default() -> Self {
        Self { pages: Vec::new() }
    }
}

/// The page of an element, and its place there.
#[inline]
fn locate(number: u32) -> (usize, usize) {
    ((number >> BITS) as usize, number as usize % PAGE)
}

impl<T> Paged<T> {
    #[inline]
    pub(super) fn push(&mut self, element: T) {
        match self.pages.last_mut() {
            Some(page) if page.len() < page.capacity() && page.len() < PAGE => page.push(element),
            _ => self.make_room().push(element),
        }
    }

    /// The page that the next element goes to. The first grows in few, large steps: what is moved is touched twice, and memory that was
    /// not touched lately is slow.
    #[cold]
    fn make_room(&mut self) -> &mut Vec<T> {
        let is_full = self.pages.last().is_none_or(|page| page.len() == PAGE);
        if is_full {
            let room = if self.pages.is_empty() { FIRST } else { PAGE };
            self.pages.push(Vec::with_capacity(room));
        }
        let last = self.pages.len() - 1;
        let page = &mut self.pages[last];
        if !is_full {
            page.reserve_exact((page.len() * (STEP - 1)).min(PAGE - page.len()));
        }
        page
    }

    /// Takes the last one out.
    pub(super) fn pop(&mut self) -> Option<T> {
        let element = self.pages.last_mut()?.pop();
        if self.pages.last().is_some_and(Vec::is_empty) {
            self.pages.pop();
        }
        element
    }

    /// The number that the next element will have.
    #[inline]
    pub(super) fn len(&self) -> u32 {
        let Some(page) = self.pages.last() else { return 0 };
        #[expect(clippy::cast_possible_truncation, reason = "memory ends before four billion entities do")]
        let count = ((self.pages.len() - 1) * PAGE + page.len()) as u32;
        count
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<&T> {
        let (page, place) = locate(number);
        self.pages.get(page)?.get(place)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let (page, place) = locate(number);
        self.pages.get_mut(page)?.get_mut(place)
    }

    /// Several at once, in the order of their numbers here; `None` if one is not there, or is asked for twice.
    pub(super) fn get_disjoint_mut(&mut self, numbers: &[u32]) -> Option<Vec<&mut T>> {
        let mut order: Vec<_> = (0..numbers.len()).collect();
        order.sort_unstable_by_key(|&index| numbers[index]);
        let mut order = order.into_iter().peekable();
        let mut found: Vec<_> = numbers.iter().map(|_| None).collect();
        for (number, page) in self.pages.iter_mut().enumerate() {
            let (mut rest, mut passed) = (page.iter_mut(), 0);
            while let Some(index) = order.next_if(|&index| locate(numbers[index]).0 == number) {
                let place = locate(numbers[index]).1;
                found[index] = rest.nth(place.checked_sub(passed)?);
                passed = place + 1;
            }
        }
        found.into_iter().collect()
    }
}

impl<T> Index<u32> for Paged<T> {
    type Output = T;

    #[inline]
    fn index(&self, number: u32) -> &T {
        let (page, place) = locate(number);
        &self.pages[page][place]
    }
}

impl<T> IndexMut<u32> for Paged<T> {
    #[inline]
    fn index_mut(&mut self, number: u32) -> &mut T {
        let (page, place) = locate(number);
        &mut self.pages[page][place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: u32) -> Paged<u32> {
        let mut paged = Paged::default();
        (0..count).for_each(|number| paged.push(number));
        paged
    }

    #[test]
    fn elements_are_found_by_their_numbers() {
        for count in [0, 1, 1023, 1024, 1025, 5000] {
            let mut paged = of(count);
            assert_eq!((paged.len(), paged.is_empty()), (count, count == 0));
            assert!((0..count).all(|number| paged[number] == number));
            assert_eq!(paged.get(count), None);
            assert_eq!(paged.get_mut(count), None);
            assert_eq!(paged.pop(), count.checked_sub(1));
            assert_eq!(paged.len(), count.saturating_sub(1));
            paged.push(7);
            assert_eq!(paged[count.saturating_sub(1)], 7);
        }
    }

    #[test]
    fn nothing_moves_but_on_the_first_page() {
        let mut paged = of(1024);
        let before: *const u32 = &raw const paged[0];
        (0..10_000).for_each(|number| paged.push(number));
        assert_eq!(before, &raw const paged[0]);
    }

    #[test]
    fn several_can_be_changed_together() {
        let mut paged = of(3000);
        let numbers = [2999, 0, 1024, 1, 1023];
        let found = paged.get_disjoint_mut(&numbers).unwrap_or_default();
        assert_eq!(found.iter().map(|found| **found).collect::<Vec<_>>(), numbers);
        for refused in [[0, 3000], [5, 5], [1024, 1024]] {
            assert!(paged.get_disjoint_mut(&refused).is_none(), "{refused:?}");
        }
    }
}
