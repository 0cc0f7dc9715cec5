//! Databases for cases: one for each, so that cases run side by side.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use orm::{Engine, Open};

use crate::Backend;

/// The variable that names the PostgreSQL server.
const POSTGRES: &str = "ORM_TEST_POSTGRES";

/// The variable that names the MariaDB server.
const MARIADB: &str = "ORM_TEST_MARIADB";

/// The variable that names the MySQL server.
const MYSQL: &str = "ORM_TEST_MYSQL";

/// A database that exists for as long as this value.
pub struct Database {
    /// Where it is.
    pub url: String,
    place: Place,
}

enum Place {
    Folder(PathBuf),
    Server { server: String, drop: String },
}

fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Database {
    /// A new, empty database; `None` if the backend has no server, which is said aloud, and is an error in CI.
    pub fn create(backend: Backend) -> Option<Self> {
        match backend {
            Backend::Sqlite => Some(Self::file()),
            Backend::Postgres => Self::on_server("postgres", POSTGRES, " WITH (FORCE)"),
            Backend::MariaDb => Self::on_server("mariadb", MARIADB, ""),
            Backend::MySql => Self::on_server("mysql", MYSQL, ""),
        }
    }

    fn file() -> Self {
        let folder = std::env::temp_dir().join(format!("orm-tests-{}-{}", std::process::id(), number()));
        std::fs::create_dir_all(&folder).unwrap();
        Self { url: format!("sqlite://{}/case.db", folder.display()), place: Place::Folder(folder) }
    }

    fn on_server(backend: &str, variable: &'static str, force: &str) -> Option<Self> {
        let Some(server) = server(variable) else {
            skip(backend, variable);
            return None;
        };
        let name = format!("case_{}_{}", std::process::id(), number());
        Engine::open(&server).unwrap().script(&format!("CREATE DATABASE {name}")).unwrap();
        let (login, _) = server.rsplit_once('/').unwrap();
        let url = format!("{login}/{name}");
        let drop = format!("DROP DATABASE {name}{force}");
        Some(Self { url, place: Place::Server { server, drop } })
    }
}

/// The URL of the server that this variable names, if there is one.
fn server(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|url| !url.is_empty())
}

/// The URL of a server that only a few tests ask for, if there is one.
pub fn special(variable: &'static str) -> Option<String> {
    let url = server(variable);
    if url.is_none() {
        skip(
            &format!("what it stands for (see {})", std::thread::current().name().unwrap_or("a test")),
            variable,
        );
    }
    url
}

/// Says once, past the test runner's capture, that a backend is not tested.
fn skip(backend: &str, variable: &str) {
    static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());
    // Debian's stable release has no MySQL, so there may be none.
    if std::env::var_os("CI").is_some() && variable != MYSQL {
        panic!("{variable} is not set: {backend} is not tested, which CI does not accept");
    }
    let mut said = SAID.lock().unwrap();
    if !said.iter().any(|before| before == variable) {
        said.push(variable.to_owned());
        let message = format!(
            "\nSKIPPED: {variable} is not set, so nothing is tested on {backend}; `cargo xtask test` does.\n"
        );
        std::io::stderr().write_all(message.as_bytes()).unwrap();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Best effort: the server or the folder is thrown away as a whole later.
        match &self.place {
            Place::Folder(folder) => drop(std::fs::remove_dir_all(folder)),
            Place::Server { server, drop } => {
                let (server, sql) = (server.clone(), drop.clone());
                // A thread of its own: the blocking engine refuses to run inside an async task.
                let drop =
                    std::thread::spawn(move || Engine::open(&server).and_then(|engine| engine.script(&sql)));
                let _ = drop.join();
            }
        }
    }
}
