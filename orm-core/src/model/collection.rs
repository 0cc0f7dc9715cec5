//! What a relation field knows: whether it is loaded, which entities are in it, and what was done to it since. It knows no type.

use std::sync::Arc;

use foldhash::HashSet;

use crate::model::Token;
use crate::model::tokens::Tokens;

/// The state of a relation field.
///
/// Its members are shared: a clone costs one count, and whoever changes them first takes a copy. So a session remembers a
/// collection as it was by a clone.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Collection {
    /// Whether the tokens are all; otherwise they are what was added to rows that nobody has read.
    loaded: bool,
    /// When that was known, on the session's clock; 0 in a struct that no session has.
    read_at: u32,
    /// Structs were put in that no session has taken in yet.
    waits: bool,
    members: Option<Arc<Members>>,
}

#[derive(Clone, Debug, Default)]
struct Members {
    tokens: Tokens,
    /// What was put in since the last flush and is not known to be in the database; it may be taken out by now.
    added: Tokens,
    /// What was taken out since the last flush.
    removed: Tokens,
    /// What is in the database and nobody has read is to go.
    replaces: bool,
}

/// That of a new struct: nothing is in it, and that is known.
impl Default for Collection {
    fn default() -> Self {
        Self { loaded: true, read_at: 0, waits: false, members: None }
    }
}

impl Collection {
    /// That of a row that was read: nobody has asked what is in it.
    pub const fn not_loaded() -> Self {
        Self { loaded: false, read_at: 0, waits: false, members: None }
    }

    /// Whether it is known what is in it.
    pub fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// What is in it; if it is not loaded, what was added.
    pub(crate) fn tokens(&self) -> &[Token] {
        self.members.as_ref().map_or(&[], |members| &members.tokens)
    }

    /// Whether anything was ever put in or taken out, in a struct that says all that is in it.
    pub(crate) fn is_given(&self) -> bool {
        self.loaded && self.members.is_some()
    }

    /// What was taken out since the last flush.
    pub(crate) fn removed(&self) -> &[Token] {
        self.members.as_ref().map_or(&[], |members| &members.removed)
    }

    /// What was put in since the last flush and is still there.
    pub(crate) fn additions(&self) -> impl Iterator<Item = Token> {
        self.added().iter().copied().filter(|&token| !self.is_removed(token))
    }

    /// What was taken out since the last flush and is, or may be, in the database.
    pub(crate) fn removals(&self) -> impl Iterator<Item = Token> {
        self.removed().iter().copied().filter(|&token| self.is_removal(token))
    }

    /// Whether it is one of these.
    pub(crate) fn is_removal(&self, token: Token) -> bool {
        self.is_removed(token) && !(self.loaded && self.is_added(token))
    }

    fn added(&self) -> &[Token] {
        self.members.as_ref().map_or(&[], |members| &members.added)
    }

    fn is_added(&self, token: Token) -> bool {
        self.members.as_ref().is_some_and(|members| members.added.contains(token))
    }

    /// Whether it was taken out since the last flush.
    pub(crate) fn is_removed(&self, token: Token) -> bool {
        self.members.as_ref().is_some_and(|members| members.removed.contains(token))
    }

    /// Whether anything was put in or taken out since the last flush.
    pub(crate) fn is_edited(&self) -> bool {
        let is_edited = |members: &Arc<Members>| {
            members.replaces || !members.added.is_empty() || !members.removed.is_empty()
        };
        self.members.as_ref().is_some_and(is_edited)
    }

    /// Whether a flush may have to write something because of it.
    pub(crate) fn is_to_be_written(&self) -> bool {
        self.waits || self.replaces() || self.additions().next().is_some() || self.removals().next().is_some()
    }

    /// Whether there are structs in it that no session has taken in yet.
    pub(crate) fn waits(&self) -> bool {
        self.waits
    }

    pub(crate) fn set_waits(&mut self, waits: bool) {
        self.waits = waits;
    }

    /// Whether all that is in the database is to go, though nobody has read it.
    pub(crate) fn replaces(&self) -> bool {
        !self.loaded && self.members.as_ref().is_some_and(|members| members.replaces)
    }

    /// When it was read, on the session's clock; 0 if it was not.
    pub(crate) fn read_at(&self) -> u32 {
        self.read_at
    }

    pub(crate) fn contains(&self, token: Token) -> bool {
        self.members.as_ref().is_some_and(|members| members.tokens.contains(token))
    }

    /// Whether nothing was done to it that was not done to the other, of which it is a clone.
    pub(crate) fn is_as(&self, before: &Self) -> bool {
        let same = match (&self.members, &before.members) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        same && self.loaded == before.loaded
    }

    /// Puts an entity in, at the end. It is in there once.
    pub(crate) fn push(&mut self, token: Token) {
        if !self.contains(token) {
            self.insert(usize::MAX, token);
        }
    }

    /// Puts an entity in that is known not to be there.
    pub(crate) fn insert(&mut self, position: usize, token: Token) {
        let is_loaded = self.loaded;
        let Members { tokens, added, removed, .. } = self.members_mut();
        let is_back = removed.remove(token);
        // What was only taken out is in the database, if it is known what is.
        if !(is_back && is_loaded) {
            added.push(token);
        }
        tokens.insert(position, token);
    }

    /// Shows an entity that is in there because the other side says so; only in a collection that is loaded is it looked for.
    pub(crate) fn show(&mut self, token: Token) {
        let is_missing = self.loaded && !self.contains(token);
        if is_missing || self.is_removed(token) {
            let members = self.members_mut();
            members.removed.remove(token);
            if is_missing {
                members.tokens.push(token);
            }
        }
    }

    /// Shows an entity no longer because the other side says so.
    pub(crate) fn hide(&mut self, token: Token) {
        if self.contains(token) {
            let members = self.members_mut();
            members.tokens.remove(token);
            members.added.remove(token);
        }
    }

    /// Takes an entity out; whether it may have been there.
    pub(crate) fn remove(&mut self, token: Token) -> bool {
        if self.loaded && !self.contains(token) {
            return false;
        }
        let members = self.members_mut();
        members.tokens.remove(token);
        members.removed.push(token);
        true
    }

    /// Puts these in, and takes all others out.
    pub(crate) fn set(&mut self, tokens: Vec<Token>) {
        let is_loaded = self.loaded;
        let Members { tokens: all, added, removed, replaces } = self.members_mut();
        removed.extend(std::mem::take(all).iter().copied());
        *replaces |= !is_loaded;
        let (out, before): (HashSet<Token>, HashSet<Token>) =
            (removed.iter().copied().collect(), added.iter().copied().collect());
        all.extend(tokens);
        removed.retain(|token| !all.contains(token));
        // What was only taken out is in the database, if it is known what is.
        let is_news = |token: &Token| !out.contains(token) || (!is_loaded && !before.contains(token));
        added.extend(all.iter().copied().filter(is_news));
    }

    /// Forgets entities without being asked to do anything about them: their rows are gone, or refer elsewhere by now.
    pub(crate) fn forget(&mut self, is_gone: impl Fn(Token) -> bool) {
        if self.tokens().iter().any(|&token| is_gone(token)) {
            let members = self.members_mut();
            members.tokens.retain(|token| !is_gone(token));
            members.added.retain(|token| !is_gone(token));
        }
    }

    /// It was read, and this is in the database. What was done to it and is not there yet stands.
    pub(crate) fn fill(&mut self, found: Vec<Token>, now: u32) {
        match (self.loaded, self.members.is_some()) {
            (true, _) | (false, false) => {
                let filled =
                    |tokens: Vec<_>| Arc::new(Members { tokens: tokens.into(), ..Members::default() });
                self.members = (!found.is_empty()).then(|| filled(found));
            }
            (false, true) => self.fill_changed(found),
        }
        (self.loaded, self.read_at) = (true, now);
    }

    fn fill_changed(&mut self, found: Vec<Token>) {
        let Members { tokens, added, removed, replaces } = self.members_mut();
        let found = Tokens::from(found);
        added.retain(|token| !found.contains(token));
        added.extend(removed.iter().copied().filter(|&token| !found.contains(token)));
        let put_in = std::mem::take(tokens);
        let is_news = |token: &Token| !put_in.contains(*token) && !removed.contains(*token);
        let others: Vec<_> = found.iter().copied().filter(is_news).collect();
        if std::mem::take(replaces) {
            removed.extend(others);
        } else {
            tokens.extend(others);
        }
        tokens.extend(put_in.iter().copied());
    }

    /// What it is in a session that takes its struct in as a row that is there, and whether the flush has something to do about it.
    ///
    /// What was put in and taken out still is to be. What was known is kept only if these entities are known (`is_here`).
    pub(crate) fn comes_in(&self, is_here: impl Fn(Token) -> bool) -> (Self, bool) {
        let (put_in, taken_out): (Vec<_>, Vec<_>) = (self.additions().collect(), self.removals().collect());
        let is_edited = self.replaces() || !put_in.is_empty() || !taken_out.is_empty();
        if !is_edited && self.read_at > 0 && self.tokens().iter().all(|&token| is_here(token)) {
            return (self.clone(), self.waits);
        }
        let (added, removed) = (Tokens::from(put_in), taken_out.into());
        let members = Members { tokens: added.clone(), added, removed, replaces: self.replaces() };
        let members = is_edited.then(|| Arc::new(members));
        (Self { loaded: false, read_at: 0, waits: self.waits, members }, is_edited || self.waits)
    }

    /// What was done to it is done in the database: what is not loaded is as if nobody had touched it.
    pub(crate) fn settle(&mut self) {
        if !self.loaded {
            self.members = None;
        } else if self.is_edited() {
            let members = self.members_mut();
            members.added = Tokens::default();
            members.removed = Tokens::default();
        }
    }

    /// What is known of it is as current as this.
    pub(crate) fn set_read_at(&mut self, now: u32) {
        if self.loaded {
            self.read_at = now;
        }
    }

    fn members_mut(&mut self) -> &mut Members {
        Arc::make_mut(self.members.get_or_insert_default())
    }
}
