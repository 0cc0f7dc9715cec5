//! Collects errors, so that all of them are reported at once.

use std::fmt::Display;

use quote::ToTokens;
use syn::{Error, Result};

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Errors(Option<Error>);

impl Errors {
    /// Adds an error about these tokens.
    pub(crate) fn at(&mut self, culprit: impl ToTokens, message: impl Display) {
        self.add(Error::new_spanned(culprit, message));
    }

    pub(crate) fn add(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            none => *none = Some(error),
        }
    }

    /// Keeps the error, if it is one.
    pub(crate) fn catch(&mut self, result: Result<()>) {
        if let Err(error) = result {
            self.add(error);
        }
    }

    /// All errors as one, if there are any.
    pub(crate) fn finish(self) -> Option<Error> {
        self.0
    }
}
