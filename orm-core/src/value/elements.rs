//! The values of an array, in one piece of memory.

use std::borrow::Cow;
use std::fmt;

use crate::Value;
use crate::value::packed::{Packed, Unpacked};

/// The values of an array: collected from an iterator, read with [`iter`](Self::iter).
///
/// They are packed, not a `Vec<Value>`, so that a [`Value`] holds no values: what it costs to drop one is paid for each value
/// of each row.
#[derive(Clone, Default, PartialEq)]
pub struct Elements<'a>(Cow<'a, [u8]>);

impl<'a> Elements<'a> {
    pub(super) fn packed(bytes: &'a [u8]) -> Self {
        Self(Cow::Borrowed(bytes))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The values, from the first to the last.
    pub fn iter(&self) -> impl Iterator<Item = Value<'_>> {
        let mut rest = Unpacked::of(&self.0);
        std::iter::from_fn(move || (!rest.is_done()).then(|| rest.next()))
    }

    /// How many there are; they are counted.
    pub fn len(&self) -> usize {
        Unpacked::of(&self.0).count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_owned(self) -> Elements<'static> {
        Elements(Cow::Owned(self.0.into_owned()))
    }

    pub(super) fn borrowed(&self) -> Elements<'_> {
        Elements(Cow::Borrowed(&self.0))
    }
}

impl<'v> FromIterator<Value<'v>> for Elements<'static> {
    fn from_iter<I: IntoIterator<Item = Value<'v>>>(values: I) -> Self {
        let mut packed = Packed::default();
        values.into_iter().for_each(|value| packed.push(&value));
        Self(Cow::Owned(packed.into_bytes()))
    }
}

impl fmt::Debug for Elements<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
