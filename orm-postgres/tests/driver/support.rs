//! What the tests need around the driver: a server, tables, rows, and a proxy that counts round trips.

use std::io::{Read, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use orm_core::driver::{
    AsyncConnection, Backend, Begin, ConnectOptions, Control, Row, Rows, Statement, Write, Written,
};
use orm_core::engine::Url;
use orm_core::metadata::{FieldOptions, Table};
use orm_core::query::{Dialect, Layout, Sql, WriteKind, WriteShape};
use orm_core::{Error, Result, SqlType, Value};
use orm_postgres::{PostgresBackend, PostgresDialect};

pub(crate) type Conn = Box<dyn AsyncConnection>;
pub(crate) type Values = Vec<Value<'static>>;

/// The server's URL; without one a test is skipped, but never silently and never in CI.
pub(crate) fn server() -> Option<String> {
    named("ORM_TEST_POSTGRES")
}

/// The URL in this variable.
pub(crate) fn named(variable: &str) -> Option<String> {
    let url = std::env::var(variable).ok();
    if url.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{variable} is not set, and this is CI");
        // Not eprintln, which the test harness captures.
        let line = format!(
            "\n!!! SKIPPED: {variable} is not set, to postgres://user:password@host/database; `cargo xtask test` does that\n"
        );
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
    url
}

pub(crate) fn backend(url: &str) -> PostgresBackend {
    PostgresBackend::new(&Url::parse(url).expect("a URL")).expect("a backend")
}

pub(crate) async fn connect(url: &str) -> Conn {
    backend(url).connect_async(&ConnectOptions::default()).await.expect("a connection")
}

pub(crate) async fn connect_error(url: &str) -> Error {
    backend(url).connect_async(&ConnectOptions::default()).await.err().expect("no connection")
}

/// A connection and a new table on it.
pub(crate) async fn connect_with(table: &'static Table) -> Option<Conn> {
    let mut conn = connect(&server()?).await;
    create(&mut conn, table).await;
    Some(conn)
}

pub(crate) struct Given(pub(crate) Vec<Values>);

impl Rows for Given {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn width(&self) -> usize {
        self.0.first().map_or(0, Vec::len)
    }

    fn value(&self, row: usize, column: usize) -> Result<Value<'_>> {
        Ok(self.0[row][column].borrowed())
    }
}

/// A table; the first `keys` columns are its key, and a single BIGINT key is numbered by the database.
pub(crate) fn table(name: &'static str, keys: usize, columns: &[(&str, SqlType)]) -> &'static Table {
    let mut table = Table::build(name);
    for (position, &(column, sql_type)) in columns.iter().enumerate() {
        let key = position < keys;
        let options = FieldOptions { key, auto: key && keys == 1, ..FieldOptions::default() };
        table.field(options).column(column, sql_type, !key);
    }
    Box::leak(Box::new(table.finish()))
}

pub(crate) async fn create(conn: &mut Conn, table: &'static Table) {
    let mut name = String::new();
    PostgresDialect.quote(table.name(), &mut name);
    let mut columns: Vec<_> = table
        .columns()
        .iter()
        .map(|column| {
            let definition = match column.auto {
                true => PostgresDialect.auto_key(column),
                false => PostgresDialect.type_name(column.sql_type).into_owned(),
            };
            format!("{} {definition}", column.name)
        })
        .collect();
    if table.auto_key().is_none() && !table.primary_key().is_empty() {
        let keys: Vec<_> =
            table.primary_key().iter().map(|&key| table.columns()[key].name.as_str()).collect();
        columns.push(format!("PRIMARY KEY ({})", keys.join(", ")));
    }
    let sql = format!("DROP TABLE IF EXISTS {name}; CREATE TABLE {name} ({})", columns.join(", "));
    conn.script(&sql).await.expect("a new table");
}

/// A kind of write, with its statement for one row and for several.
pub(crate) struct Writer {
    shape: WriteShape,
    one: Arc<Statement>,
    many: Arc<Statement>,
}

impl Writer {
    pub(crate) fn new(table: &'static Table, kind: WriteKind, columns: &[usize]) -> Self {
        let shape = WriteShape::new(table, kind, columns.to_vec());
        let statement = |layout| {
            let mut sql = Sql::new(&PostgresDialect);
            PostgresDialect.write(&shape, layout, &mut sql);
            Statement::from_sql(sql).expect("names that fit")
        };
        Self { one: statement(Layout::PerRow), many: statement(Layout::Arrays), shape: shape.clone() }
    }

    pub(crate) async fn write(&self, conn: &mut Conn, rows: Vec<Values>) -> Result<Written> {
        self.write_rows(conn, &Given(rows)).await
    }

    pub(crate) async fn write_rows(&self, conn: &mut Conn, rows: &dyn Rows) -> Result<Written> {
        let layout = PostgresDialect.layout(&self.shape, rows.len());
        let statement = if layout == Layout::Arrays { &self.many } else { &self.one };
        let keys = self.shape.generated_key().is_some();
        conn.write(Write { statement, layout, rows, keys }).await
    }
}

pub(crate) fn query(sql: &str, types: &[SqlType]) -> Arc<Statement> {
    Statement::text(sql, types)
}

pub(crate) async fn run(
    conn: &mut Conn,
    statement: &Arc<Statement>,
    values: &[Value<'_>],
) -> Result<Vec<Values>> {
    let mut rows = Vec::new();
    conn.run(statement, values, &mut |row: &dyn Row| {
        rows.push(
            (0..row.width()).map(|index| Ok(row.value(index)?.into_owned())).collect::<Result<Values>>()?,
        );
        Ok(())
    })
    .await?;
    Ok(rows)
}

/// The rows of a query without parameters.
pub(crate) async fn select(conn: &mut Conn, sql: &str) -> Result<Vec<Values>> {
    run(conn, &query(sql, &[]), &[]).await
}

pub(crate) async fn begin(conn: &mut Conn) {
    conn.control(Control::Begin(Begin::WRITE)).await.expect("BEGIN");
}

pub(crate) fn text(text: impl Into<String>) -> Value<'static> {
    Value::Text(text.into().into())
}

/// Different numbers in no order, the same ones in every run.
pub(crate) fn shuffled(count: i64) -> Vec<i64> {
    let mut numbers: Vec<_> = (0..count).collect();
    numbers.sort_by_key(|number| (number + 1).wrapping_mul(0x5851_f42d_4c95_7f2d).rotate_left(17));
    numbers
}

/// Counts how often a client had to wait for an answer before it could go on.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) url: String,
    trips: Arc<AtomicUsize>,
}

impl Proxy {
    pub(crate) fn new(url: &str) -> Self {
        let (login, rest) = url.rsplit_once('@').expect("a URL with a login");
        let (address, database) = rest.split_once('/').expect("a URL with a database");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let proxy = Self { url: format!("{login}@127.0.0.1:{port}/{database}"), trips: Arc::default() };
        let (address, trips) = (address.to_owned(), proxy.trips.clone());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                serve(client, TcpStream::connect(&address).expect("the server"), trips.clone());
            }
        });
        proxy
    }

    /// How many since this was asked for the last time.
    pub(crate) fn trips(&self) -> usize {
        self.trips.swap(0, Ordering::SeqCst)
    }
}

fn serve(client: TcpStream, server: TcpStream, trips: Arc<AtomicUsize>) {
    let asking = Arc::new(AtomicBool::new(false));
    let answered = asking.clone();
    let copies = (client.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
    copy(client, server, move || {
        if !asking.swap(true, Ordering::SeqCst) {
            trips.fetch_add(1, Ordering::SeqCst);
        }
    });
    copy(copies.1, copies.0, move || answered.store(false, Ordering::SeqCst));
}

fn copy(mut from: TcpStream, mut to: TcpStream, seen: impl Fn() + Send + 'static) {
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            seen();
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}
