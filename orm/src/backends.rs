//! From a URL's scheme to a backend. A backend is a feature, a crate and an entry here.

use std::sync::Arc;

use orm_core::driver::Backend;
use orm_core::engine::Url;
use orm_core::{Error, ErrorKind, Result};

type Opener = fn(&Url) -> Result<Arc<dyn Backend>>;

/// The schemes, the feature that brings each backend, and the backend if the feature is on.
const BACKENDS: [(&[&str], &str, Option<Opener>); 2] =
    [(&["sqlite"], "sqlite", sqlite::OPENER), (&["postgres", "postgresql"], "postgres", postgres::OPENER)];

pub(crate) fn find(url: &Url) -> Result<Arc<dyn Backend>> {
    match BACKENDS.iter().find(|(schemes, ..)| schemes.contains(&url.scheme())) {
        Some((_, _, Some(open))) => open(url),
        Some((_, feature, None)) => Err(Error::new(
            ErrorKind::BackendMissing,
            format!("this program was built without {feature}; add it: cargo add orm --features {feature}"),
        )),
        None => {
            let known: Vec<_> = BACKENDS.iter().flat_map(|(schemes, ..)| *schemes).copied().collect();
            let message = format!("unknown scheme {:?}; the schemes are {}", url.scheme(), known.join(", "));
            Err(Error::new(ErrorKind::Url, message))
        }
    }
}

macro_rules! backend {
    ($module:ident, $feature:literal, $backend:path) => {
        #[cfg(feature = $feature)]
        mod $module {
            pub(super) const OPENER: Option<super::Opener> =
                Some(|url| Ok(std::sync::Arc::new(<$backend>::new(url)?)));
        }

        #[cfg(not(feature = $feature))]
        mod $module {
            pub(super) const OPENER: Option<super::Opener> = None;
        }
    };
}

backend!(sqlite, "sqlite", orm_sqlite::SqliteBackend);
backend!(postgres, "postgres", orm_postgres::PostgresBackend);
