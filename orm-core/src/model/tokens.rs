//! A list of entities in which each is once.

use std::ops::Deref;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use foldhash::HashSet;

use crate::model::Token;

/// Tokens in their order. Finding one among many, putting one at the end and taking one from either end cost the same however many there
/// are.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    list: Vec<Token>,
    /// How many at the front of the list are taken out already.
    start: usize,
    /// The same as a set, once there were so many looks into the list that it pays.
    index: OnceLock<Box<HashSet<Token>>>,
    /// How many tokens those looks have passed.
    passed: AtomicUsize,
}

/// As many tokens are compared in less time than it takes to put one into a set.
const CHEAP: usize = 64;

impl Tokens {
    pub(super) fn contains(&self, token: Token) -> bool {
        if let Some(index) = self.index.get() {
            return index.contains(&token);
        }
        let is_dear =
            || self.passed.fetch_add(self.len(), Ordering::Relaxed) >= self.len().saturating_mul(CHEAP);
        if self.len() <= CHEAP || !is_dear() {
            return (**self).contains(&token);
        }
        self.index.get_or_init(|| Box::new(self.iter().copied().collect())).contains(&token)
    }

    /// Puts one at the end, unless it is there.
    pub(super) fn push(&mut self, token: Token) {
        if !self.contains(token) {
            self.insert(usize::MAX, token);
        }
    }

    /// Puts one somewhere that is known not to be there.
    pub(super) fn insert(&mut self, position: usize, token: Token) {
        let end = self.list.len();
        self.list.insert(position.saturating_add(self.start).min(end), token);
        if let Some(index) = self.index.get_mut() {
            index.insert(token);
        }
    }

    /// Takes one out; whether it was there.
    pub(super) fn remove(&mut self, token: Token) -> bool {
        if !self.contains(token) {
            return false;
        }
        if let Some(index) = self.index.get_mut() {
            index.remove(&token);
        }
        let from_back = self.len().saturating_sub(1);
        // From both ends at once, as it is most often near one of them.
        let is_at = |&offset: &usize| self[offset] == token || self[from_back - offset] == token;
        let Some(offset) = (0..=from_back / 2).find(is_at) else { return false };
        if self[offset] == token {
            self.list.copy_within(self.start..self.start + offset, self.start + 1);
            self.start += 1;
        } else {
            self.list.remove(self.start + from_back - offset);
        }
        if self.start > self.len() {
            self.list.drain(..std::mem::take(&mut self.start));
        }
        true
    }

    /// Takes out those for which this does not hold.
    pub(super) fn retain(&mut self, keeps: impl Fn(Token) -> bool) {
        let mut list = std::mem::take(self).into_list();
        list.retain(|&token| keeps(token));
        *self = list.into();
    }

    fn into_list(mut self) -> Vec<Token> {
        self.list.drain(..self.start);
        self.list
    }
}

/// Tokens of which each is there once.
impl From<Vec<Token>> for Tokens {
    fn from(list: Vec<Token>) -> Self {
        Self { list, ..Self::default() }
    }
}

/// Puts those at the end that are not there.
impl Extend<Token> for Tokens {
    fn extend<I: IntoIterator<Item = Token>>(&mut self, tokens: I) {
        tokens.into_iter().for_each(|token| self.push(token));
    }
}

impl Deref for Tokens {
    type Target = [Token];

    fn deref(&self) -> &[Token] {
        self.list.get(self.start..).unwrap_or_default()
    }
}

/// A copy is made because it is to be changed: it has some room.
impl Clone for Tokens {
    fn clone(&self) -> Self {
        let mut list = Vec::with_capacity(if self.is_empty() { 0 } else { self.len() + 8 });
        list.extend_from_slice(self);
        list.into()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn token(number: u32) -> Token {
        Token::new(1, 0, number, NonZeroU32::MIN)
    }

    fn numbers(count: u32) -> impl DoubleEndedIterator<Item = Token> + Clone {
        (0..count).map(token)
    }

    /// How many tokens were looked at, before there was an index and after.
    fn passed(tokens: &Tokens) -> usize {
        tokens.passed.load(Ordering::Relaxed)
    }

    #[test]
    fn many_looks_do_not_pass_all_of_many() {
        let mut tokens = Tokens::default();
        tokens.extend(numbers(10_000));
        tokens.extend(numbers(10_000));
        assert!(numbers(10_000).all(|token| tokens.contains(token)));
        assert!(passed(&tokens) < 20_000, "{}", passed(&tokens));
        assert_eq!(tokens.len(), 10_000);
    }

    #[test]
    fn all_are_taken_from_either_end() {
        for backwards in [false, true] {
            let mut tokens = Tokens::from(numbers(1000).collect::<Vec<_>>());
            let mut order: Vec<_> = numbers(1000).collect();
            if backwards {
                order.reverse();
            }
            for (taken, &token) in (1..).zip(&order) {
                assert!(tokens.remove(token) && !tokens.remove(token));
                assert_eq!(tokens.len(), 1000 - taken);
                assert!(tokens.start <= tokens.len() + 1);
            }
        }
    }

    /// The same is done to a plain list.
    #[test]
    fn it_is_a_list_in_which_each_is_once() {
        let mut seed = 7_u32;
        let mut next = |limit: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) % limit
        };
        let (mut tokens, mut plain) = (Tokens::default(), Vec::new());
        for _ in 0..20_000 {
            let one = token(next(300));
            let is_there = plain.contains(&one);
            match next(20) {
                0..10 if !is_there => {
                    plain.push(one);
                    tokens.push(one);
                }
                0..10 => tokens.push(one),
                10..12 if !is_there => {
                    let position = next(400) as usize;
                    plain.insert(position.min(plain.len()), one);
                    tokens.insert(position, one);
                }
                12..18 => {
                    plain.retain(|&other| other != one);
                    assert_eq!(tokens.remove(one), is_there);
                }
                18 if next(50) == 0 => {
                    plain.retain(|token| token.slot() % 3 > 0);
                    tokens.retain(|token| token.slot() % 3 > 0);
                }
                19 if next(10) == 0 => tokens = tokens.clone(),
                _ => assert_eq!(tokens.contains(one), is_there),
            }
            assert_eq!(*tokens, *plain);
        }
    }
}
