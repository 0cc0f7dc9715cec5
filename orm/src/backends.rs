//! From a URL's scheme to a backend. A backend is a feature, a crate and an entry here.

use std::sync::Arc;

use orm_core::driver::Backend;
use orm_core::engine::Url;
use orm_core::{Error, ErrorKind, Result};

type Opener = fn(&Url) -> Result<Arc<dyn Backend>>;

type Entry = (&'static [&'static str], &'static str, Option<Opener>);

/// The schemes, the feature that brings each backend, and the backend if the feature is on.
const BACKENDS: [Entry; 2] =
    [(&["sqlite"], "sqlite", sqlite::OPENER), (&["postgres", "postgresql"], "postgres", postgres::OPENER)];

pub(crate) fn find(url: &Url) -> Result<Arc<dyn Backend>> {
    find_in(&BACKENDS, url)
}

fn find_in(backends: &[Entry], url: &Url) -> Result<Arc<dyn Backend>> {
    match backends.iter().find(|(schemes, ..)| schemes.contains(&url.scheme())) {
        Some((_, _, Some(open))) => open(url),
        Some((_, feature, None)) => Err(Error::new(
            ErrorKind::BackendMissing,
            format!("this program was built without {feature}; add it: cargo add orm --features {feature}"),
        )),
        None => {
            let known: Vec<_> = backends.iter().flat_map(|(schemes, ..)| *schemes).copied().collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_that_is_not_compiled_in_says_which_feature_adds_it() {
        let url = Url::parse("oracle://scott:tiger@host/db").expect("a URL");
        let error = find_in(&[(&["oracle"], "oracle", None)], &url).err().expect("no such backend");
        assert_eq!(error.kind(), ErrorKind::BackendMissing);
        let message = error.to_string();
        assert!(
            message.contains("cargo add orm --features oracle") && !message.contains("tiger"),
            "{message}"
        );
    }

    #[test]
    fn the_features_decide_which_backends_there_are() {
        let postgres = find(&Url::parse("postgres://host/db").expect("a URL"));
        assert_eq!(postgres.is_ok(), cfg!(feature = "postgres"));
        let sqlite = find(&Url::parse("sqlite::memory:").expect("a URL"));
        assert_eq!(sqlite.is_ok(), cfg!(feature = "sqlite"));
    }
}
