//! Relations of entities, by a bit for each slot: a flush that deletes asks for each entity several times.

/// Words of a page, which has a bit for each of a thousand slots.
const WORDS: usize = 16;

/// Some relations of some entities, by arena and relation.
#[derive(Default)]
pub(super) struct Marks {
    by_relation: Vec<((u32, usize), Slots)>,
}

/// Some slots of an arena. A page without any has no words.
#[derive(Default)]
pub(super) struct Slots {
    pages: Vec<Vec<u64>>,
}

impl Marks {
    /// The entities of an arena whose relation is marked.
    pub(super) fn of(&mut self, arena: u32, relation: usize) -> &mut Slots {
        let index = self.by_relation.iter().position(|(of, _)| *of == (arena, relation));
        let index = index.unwrap_or_else(|| {
            self.by_relation.push(((arena, relation), Slots::default()));
            self.by_relation.len() - 1
        });
        &mut self.by_relation[index].1
    }
}

/// The page of a slot, the word there, and its bit.
fn locate(slot: u32) -> (usize, usize, u64) {
    let word = slot as usize / 64;
    (word / WORDS, word % WORDS, 1 << (slot % 64))
}

impl Slots {
    pub(super) fn insert(&mut self, slot: u32) {
        let (page, word, bit) = locate(slot);
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, Vec::new);
        }
        let words = &mut self.pages[page];
        if words.is_empty() {
            words.resize(WORDS, 0);
        }
        words[word] |= bit;
    }

    pub(super) fn contains(&self, slot: u32) -> bool {
        let (page, word, bit) = locate(slot);
        self.pages.get(page).and_then(|words| words.get(word)).is_some_and(|word| word & bit != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_are_told_apart_and_far_slots_need_no_pages_between() {
        let mut marks = Marks::default();
        let marked = [(0, 0, 0), (0, 0, 63), (0, 1, 5000), (2, 0, 1_000_000)];
        marked.into_iter().for_each(|(arena, relation, slot)| marks.of(arena, relation).insert(slot));
        let others = [(0, 0, 1), (0, 0, 64), (0, 1, 0), (1, 0, 0), (2, 0, 1_000_001)];
        let mut contains = |(arena, relation, slot)| marks.of(arena, relation).contains(slot);
        assert!(marked.into_iter().all(&mut contains));
        assert!(!others.into_iter().any(&mut contains));
        let pages = &marks.of(2, 0).pages;
        assert_eq!(pages.iter().filter(|page| !page.is_empty()).count(), 1);
    }
}
