//! From a URL's scheme to a backend. A backend is a feature, a crate and an entry here.

use std::sync::Arc;

use orm_core::driver::Backend;
use orm_core::engine::Url;
use orm_core::{Error, ErrorKind, Result};

type Opener = fn(&Url) -> Result<Arc<dyn Backend>>;

struct Entry {
    /// What a URL calls it.
    dialects: &'static [&'static str],
    /// What may follow it behind a `+`: there is one driver, by whatever name.
    drivers: &'static [&'static str],
    /// What brings it.
    feature: &'static str,
    /// The backend, if the feature is on.
    open: Option<Opener>,
}

const BACKENDS: [Entry; 3] = [
    Entry { dialects: &["sqlite"], drivers: &["rusqlite"], feature: "sqlite", open: sqlite::OPENER },
    Entry {
        dialects: &["postgres", "postgresql"],
        drivers: &["tokio", "tokio-postgres"],
        feature: "postgres",
        open: postgres::OPENER,
    },
    Entry {
        dialects: &["mysql", "mariadb"],
        drivers: &["tokio", "mysql-async"],
        feature: "mysql",
        open: mysql::OPENER,
    },
];

pub(crate) fn find(url: &Url) -> Result<Arc<dyn Backend>> {
    find_in(&BACKENDS, url)
}

fn find_in(backends: &[Entry], url: &Url) -> Result<Arc<dyn Backend>> {
    let Some(entry) = backends.iter().find(|entry| entry.dialects.contains(&url.dialect())) else {
        let known: Vec<_> = backends.iter().flat_map(|entry| entry.dialects).copied().collect();
        let message = format!("unknown scheme {:?}; the schemes are {}", url.dialect(), known.join(", "));
        return Err(Error::new(ErrorKind::Url, message));
    };
    let Entry { dialects: _, drivers, feature, open } = entry;
    if let Some(driver) = url.driver().filter(|driver| !drivers.contains(driver)) {
        let (dialect, known) = (url.dialect(), drivers.join(", "));
        let message = format!("unknown driver {driver:?}; those of {dialect} are {known}");
        return Err(Error::new(ErrorKind::Url, message));
    }
    let missing = || {
        let message =
            format!("this program was built without {feature}; add it: cargo add orm --features {feature}");
        Error::new(ErrorKind::BackendMissing, message)
    };
    open.ok_or_else(missing)?(url)
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
backend!(mysql, "mysql", orm_mysql::MysqlBackend);

#[cfg(test)]
mod tests {
    use super::*;

    const ORACLE: Entry = Entry { dialects: &["oracle"], drivers: &["thin"], feature: "oracle", open: None };

    #[test]
    fn a_driver_is_known_or_refused() {
        let find = |url| find_in(&[ORACLE], &Url::parse(url).expect("a URL")).err().expect("no backend");
        assert_eq!(find("oracle+thin://host").kind(), ErrorKind::BackendMissing);
        let error = find("oracle+thick://scott:tiger@host");
        assert_eq!(error.kind(), ErrorKind::Url);
        let message = error.to_string();
        assert!(message.contains("thin") && !message.contains("tiger"), "{message}");
    }

    #[test]
    fn a_backend_that_is_not_compiled_in_says_which_feature_adds_it() {
        let url = Url::parse("oracle://scott:tiger@host/db").expect("a URL");
        let error = find_in(&[ORACLE], &url).err().expect("no such backend");
        assert_eq!(error.kind(), ErrorKind::BackendMissing);
        let message = error.to_string();
        assert!(
            message.contains("cargo add orm --features oracle") && !message.contains("tiger"),
            "{message}"
        );
    }

    #[test]
    fn the_features_decide_which_backends_there_are() {
        let postgres = find(&Url::parse("postgres://localhost/db").expect("a URL"));
        assert_eq!(postgres.is_ok(), cfg!(feature = "postgres"));
        let sqlite = find(&Url::parse("sqlite::memory:").expect("a URL"));
        assert_eq!(sqlite.is_ok(), cfg!(feature = "sqlite"));
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn a_server_elsewhere_needs_tls_or_a_word_to_do_without() {
        let found = |url: &str| find(&Url::parse(url).expect("a URL"));
        assert_eq!(found("postgres://db.example/app").is_ok(), cfg!(feature = "tls"));
        assert!(found("postgres://db.example/app?sslmode=disable").is_ok());
        if let Err(error) = found("postgres://u:hunter2@localhost/app?sslmode=require") {
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            let message = error.to_string();
            assert!(
                message.contains("cargo add orm --features tls") && !message.contains("hunter2"),
                "{message}"
            );
        }
    }
}
