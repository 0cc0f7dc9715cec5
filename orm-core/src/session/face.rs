//! What guards and streams need of a session in either form.

use crate::session::unit::Unit;
use crate::session::{AsyncSession, Session};

/// A session in either form.
pub trait Face {
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "only this crate can call it")]
    fn unit(&mut self) -> &mut Unit;
}

impl Face for Session {
    #[expect(private_interfaces, reason = "only this crate can call it")]
    fn unit(&mut self) -> &mut Unit {
        &mut self.unit
    }
}

impl Face for AsyncSession {
    #[expect(private_interfaces, reason = "only this crate can call it")]
    fn unit(&mut self) -> &mut Unit {
        &mut self.unit
    }
}
