//! Values go there and back.

use orm_core::driver::{Control, Row};
use orm_core::query::WriteKind;
use orm_core::{Elements, Error, ErrorKind, SqlType, Value};

use crate::support::*;

const TYPES: [(&str, SqlType); 9] = [
    ("id", SqlType::BigInt),
    ("a", SqlType::Bool),
    ("b", SqlType::SmallInt),
    ("c", SqlType::Integer),
    ("d", SqlType::BigInt),
    ("e", SqlType::Real),
    ("f", SqlType::Double),
    ("g", SqlType::Text),
    ("h", SqlType::Bytes),
];

fn samples() -> Vec<Values> {
    let full = |flag, [b, c, d]: [i64; 3], [e, f]: [f64; 2], g: &str, h: &[u8]| {
        let (g, h) = (text(g), Value::Bytes(h.to_vec().into()));
        vec![
            Value::Bool(flag),
            Value::Int(b),
            Value::Int(c),
            Value::Int(d),
            Value::Float(e),
            Value::Float(f),
            g,
            h,
        ]
    };
    let low = [i16::MIN.into(), i32::MIN.into(), i64::MIN];
    let high = [i16::MAX.into(), i32::MAX.into(), i64::MAX];
    vec![
        full(true, low, [f32::MIN.into(), f64::MIN], "grüße 🦀 \"',{}\\", &[0, 1, 255]),
        vec![Value::Null; 8],
        full(false, high, [f64::from(0.1_f32), 0.1], "", &[]),
        full(true, [0, 0, 0], [-0.0, f64::INFINITY], "NULL", &[b'x'; 70_000]),
    ]
}

#[tokio::test]
async fn every_type_and_null_go_there_and_back() {
    let table = table("values_all", 1, &TYPES);
    let Some(mut conn) = connect_with(table).await else {
        return;
    };
    let insert = Writer::new(table, WriteKind::Insert, &[1, 2, 3, 4, 5, 6, 7, 8]);
    for row in samples() {
        insert.write(&mut conn, vec![row]).await.expect("one row");
    }
    let written = insert.write(&mut conn, samples()).await.expect("arrays");
    assert_eq!((written.affected, written.keys), (4, vec![5, 6, 7, 8]));

    let stored =
        select(&mut conn, "SELECT a, b, c, d, e, f, g, h FROM values_all ORDER BY id").await.expect("rows");
    assert_eq!(stored, [samples(), samples()].concat());

    let types = TYPES.map(|(_, sql_type)| sql_type);
    let echo = query("SELECT $1, $2, $3, $4, $5, $6, $7, $8", &types[1..]);
    for row in samples() {
        assert_eq!(run(&mut conn, &echo, &row).await.expect("an echo"), [row]);
    }
}

#[tokio::test]
async fn types_with_a_format_of_their_own_go_there_and_back() {
    let Some(url) = server() else { return };
    let mut conn = connect(&url).await;
    let uuid = Value::Bytes((0..16).collect());
    let numbers =
        ["0", "-1", "10000", "99999999.00000001", "-0.00000000000000001", "123456789012345678901234567890"];
    let mut samples = vec![
        (SqlType::Date, Value::Date(-88_660), "'1727-04-05'::date"),
        (SqlType::Time, Value::Time(86_399_999_999), "'23:59:59.999999'::time"),
        (SqlType::Timestamp, Value::Timestamp(-1), "'1969-12-31 23:59:59.999999'::timestamp"),
        (SqlType::TimestampTz, Value::Timestamp(0), "'1970-01-01 01:00+01'::timestamptz"),
        (SqlType::Uuid, uuid.clone(), "'00010203-0405-0607-0809-0a0b0c0d0e0f'::uuid"),
        (SqlType::Json, text("{\"a\": [1, null]}"), "'{\"a\":[1,null]}'::jsonb"),
        (
            SqlType::Array(&SqlType::Uuid),
            Value::Array([uuid, Value::Null].into_iter().collect()),
            "array['00010203-0405-0607-0809-0a0b0c0d0e0f', NULL]::uuid[]",
        ),
        (SqlType::Array(&SqlType::Text), Value::Array(Elements::default()), "'{}'::text[]"),
    ];
    let written: Vec<_> = numbers.iter().map(|number| format!("{number}::numeric")).collect();
    samples.extend(
        numbers.iter().zip(&written).map(|(number, sql)| (SqlType::Decimal, text(*number), sql.as_str())),
    );
    for (sql_type, value, sql) in samples {
        let echo = query(&format!("SELECT $1, {sql}, $1 = {sql}"), &[sql_type]);
        let row = run(&mut conn, &echo, std::slice::from_ref(&value)).await.expect("a row");
        assert_eq!(row, [[value.clone(), value, Value::Bool(true)]], "{sql}");
    }
    let longest = text(format!("{}.{}", "9".repeat(131_072), "1".repeat(16_383)));
    let echo = query("SELECT $1", &[SqlType::Decimal]);
    assert!(run(&mut conn, &echo, std::slice::from_ref(&longest)).await.expect("a row") == [[longest]]);
}

#[tokio::test]
async fn values_that_rust_has_no_type_for_are_refused() {
    let Some(url) = server() else { return };
    let mut conn = connect(&url).await;
    for (sql, word) in [
        ("SELECT 'infinity'::date", "infinity"),
        ("SELECT '-infinity'::timestamptz", "infinity"),
        ("SELECT 'NaN'::numeric", "NaN"),
        ("SELECT '-Infinity'::numeric", "infinite"),
        ("SELECT '{{1,2},{3,4}}'::int[]", "2 dimensions"),
        ("SELECT '09:00+01'::timetz", "timetz"),
        ("SELECT array['infinity'::date]", "infinity"),
    ] {
        let error = select(&mut conn, sql).await.expect_err(sql);
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().contains(word), "{error}");
    }
    assert_eq!(
        select(&mut conn, "SELECT 1::oid, 'x'::\"char\"").await.expect("a row"),
        [[Value::Int(1), text("x")]]
    );
}

#[tokio::test]
async fn other_text_types_are_read_and_foreign_types_are_named() {
    let Some(url) = server() else { return };
    let mut conn = connect(&url).await;
    let row = select(&mut conn, "SELECT 'a'::varchar, 'b'::char(2), 'c'::name, 'd'").await.expect("texts");
    assert_eq!(row, [["a", "b ", "c", "d"].map(text).to_vec()]);
    let error = select(&mut conn, "SELECT point(1, 2) AS price").await.expect_err("point");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Decode, Some("price")));
    assert!(error.to_string().contains("point"), "{error}");
    assert_eq!(select(&mut conn, "SELECT 1").await.expect("still usable"), [[Value::Int(1)]]);
}

#[tokio::test]
async fn what_cannot_be_stored_is_refused_before_anything_is_sent() {
    let Some(url) = server() else { return };
    let mut conn = connect(&url).await;
    begin(&mut conn).await;
    for (sql_type, value) in [
        (SqlType::SmallInt, Value::Int(1 << 15)),
        (SqlType::Integer, Value::Int(-(1 << 31) - 1)),
        (SqlType::Real, Value::Float(0.1)),
        (SqlType::Text, text("a\0b")),
        (SqlType::Text, Value::Int(1)),
        (SqlType::Date, Value::Date(i32::MIN)),
        (SqlType::Timestamp, Value::Timestamp(i64::MIN)),
        (SqlType::Time, Value::Time(-1)),
        (SqlType::Uuid, Value::Bytes(vec![0; 15].into())),
        (SqlType::Json, text("\"\0\"")),
        (SqlType::Decimal, text("1e5")),
        (SqlType::Array(&SqlType::SmallInt), Value::Array([Value::Int(1 << 15)].into_iter().collect())),
    ] {
        let error = run(&mut conn, &query("SELECT $1", &[sql_type]), &[value]).await.expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Encode, "{error}");
    }
    let error = run(&mut conn, &query("SELECT $1", &[SqlType::Text]), &[]).await.expect_err("too few");
    assert_eq!(error.kind(), ErrorKind::InvalidQuery);
    conn.control(Control::Commit).await.expect("nothing has failed on the server");
}

#[tokio::test]
async fn an_error_of_the_sink_leaves_the_connection_usable() {
    let Some(url) = server() else { return };
    let mut conn = connect(&url).await;
    begin(&mut conn).await;
    let mut seen = 0;
    let numbers = query("SELECT generate_series(1, 200000)", &[]);
    let mut sink = |_: &dyn Row| {
        seen += 1;
        if seen == 3 { Err(Error::new(ErrorKind::MultipleResults, "enough")) } else { Ok(()) }
    };
    let error = conn.run(&numbers, &[], &mut sink).await.expect_err("the sink's error");
    assert_eq!(error.kind(), ErrorKind::MultipleResults);
    assert_eq!(seen, 3);
    assert_eq!(select(&mut conn, "SELECT 7").await.expect("still usable"), [[Value::Int(7)]]);
    conn.control(Control::Commit).await.expect("the transaction has not failed");
}

#[tokio::test]
async fn counts_are_of_rows_returned_or_affected() {
    let table = table("values_count", 1, &TYPES[..2]);
    let Some(mut conn) = connect_with(table).await else {
        return;
    };
    let mut count =
        async |sql: &str| conn.run(&query(sql, &[]), &[], &mut |_: &dyn Row| Ok(())).await.expect("a count");
    assert_eq!(count("INSERT INTO values_count (a) SELECT true FROM generate_series(1, 5)").await, 5);
    assert_eq!(count("UPDATE values_count SET a = false WHERE id < 4").await, 3);
    assert_eq!(count("SELECT * FROM values_count").await, 5);
    assert_eq!(count("DELETE FROM values_count").await, 5);
    assert_eq!(count("SET lock_timeout = 0").await, 0);
}
