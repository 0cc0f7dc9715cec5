//! A throw-away `MySQL` server, of which most machines have none, and which cannot be installed beside `MariaDB`: an installed
//! one, else Debian's, unpacked under `target`; on a free loopback port, in a temporary folder.

use std::env;
use std::path::{self, Path, PathBuf};
use std::process::Command;

use crate::debian::{self, unstable};
use crate::guardian::Guardian;
use crate::server::{self, Running, Server, Urls};
use crate::{Result, innodb};

/// `MySQL`, as the report and the tests know it. Unstable may not have it one day, which must not stop a change.
pub(crate) const SERVER: Server =
    Server { name: "mysql", backend: true, required: false, variable: "ORM_TEST_MYSQL", start };

/// The guardian script. The files are in memory if there is room, where making and dropping a database takes half as long; with the
/// redo log of 100 MB that is usual, the suite would wait for room in it. Foreign keys are InnoDB's own, as in MySQL 8: what 9.6 has
/// instead refuses a change of a key that goes on over two tables to a key of two columns.
const SCRIPT: &str = r#"
memory=
if df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $4 > 2000000 { room = 1 } END { exit !room }'; then
    memory=/dev/shm
fi
begin mysql "$memory"
if [ -n "$UNPACKED" ]; then
    loader=$(echo "$UNPACKED"/usr/lib/*/ld-linux*.so.*)
    set -- "$loader" --library-path "${loader%/*}" "$UNPACKED/usr/sbin/mysqld" --no-defaults --basedir="$UNPACKED/usr"
else
    set -- mysqld --no-defaults
fi
if [ "$(id -u)" = 0 ]; then
    set -- "$@" --user=root
fi
tried "$@" --initialize-insecure --datadir="$data"
users
serve "$@" --loose-innodb-redo-log-capacity=512M --loose-innodb-native-foreign-keys=ON --mysqlx=OFF --secure-file-priv=NULL
"#;

fn start(_: &Urls<'_>) -> Result<Running> {
    let (port, password) = (server::free_port()?, server::password()?);
    let url = format!("mysql://orm:{password}@127.0.0.1:{port}/mysql");
    let (programs, unpacked) = match find() {
        Some(folder) => (folder, String::new()),
        None => unpack().map(|folder| (folder.clone(), folder.display().to_string()))?,
    };
    let variables = [
        ("PORT", port.to_string()),
        ("PASSWORD", password),
        ("DATABASE", "mysql".to_owned()),
        ("UNPACKED", unpacked),
    ];
    let script = format!("{}{SCRIPT}", innodb::FUNCTIONS);
    let guardian = Guardian::start_as_we_are(&script, &programs, &variables)?;
    Ok(Running { url, _guardian: Some(guardian) })
}

/// The folder of an installed server; Debian's MariaDB has a `mysqld` as well.
fn find() -> Option<PathBuf> {
    let program = debian::find("mysqld")?;
    let output = Command::new(&program).arg("--version").output().ok()?;
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    let ours = output.status.success() && !version.contains("MariaDB");
    program.parent().filter(|_| ours).map(Path::to_path_buf)
}

/// The folder where Debian's package is unpacked.
fn unpack() -> Result<PathBuf> {
    let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target"));
    let folder = path::absolute(target)?.join("mysql");
    let unpacked = unstable::unpack("mysql-server-core", &folder);
    unpacked.map_err(|why| format!("MySQL is not installed (set {}), and {why}", SERVER.variable))?;
    Ok(folder)
}
