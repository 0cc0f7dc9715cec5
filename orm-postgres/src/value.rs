//! Single values in PostgreSQL's binary format: their types, writing and reading.

mod array;
mod moments;
mod numeric;

use orm_core::query::Layout;
use orm_core::{Error, ErrorKind, Result, SqlType, Value};
use tokio_postgres::types::{Kind, Type};

pub(crate) use array::{ArrayWriter, too_large};

/// The type of a parameter: that of one value, or of an array of them. Types of the database's own are sent as text, which
/// the statement casts: their numbers would have to be looked up first.
pub(crate) fn wire_type(sql_type: SqlType, layout: Layout) -> Type {
    let (value, array) = match sql_type {
        SqlType::Array(element) => return wire_type(*element, Layout::Arrays),
        SqlType::Bool => (Type::BOOL, Type::BOOL_ARRAY),
        SqlType::SmallInt => (Type::INT2, Type::INT2_ARRAY),
        SqlType::Integer => (Type::INT4, Type::INT4_ARRAY),
        SqlType::BigInt | SqlType::BigUnsigned => (Type::INT8, Type::INT8_ARRAY),
        SqlType::Real => (Type::FLOAT4, Type::FLOAT4_ARRAY),
        SqlType::Double => (Type::FLOAT8, Type::FLOAT8_ARRAY),
        SqlType::Text | SqlType::Enum(_) => (Type::TEXT, Type::TEXT_ARRAY),
        SqlType::Bytes => (Type::BYTEA, Type::BYTEA_ARRAY),
        SqlType::Decimal => (Type::NUMERIC, Type::NUMERIC_ARRAY),
        SqlType::Date => (Type::DATE, Type::DATE_ARRAY),
        SqlType::Time => (Type::TIME, Type::TIME_ARRAY),
        SqlType::Timestamp => (Type::TIMESTAMP, Type::TIMESTAMP_ARRAY),
        SqlType::TimestampTz => (Type::TIMESTAMPTZ, Type::TIMESTAMPTZ_ARRAY),
        SqlType::Uuid => (Type::UUID, Type::UUID_ARRAY),
        SqlType::Json => (Type::JSONB, Type::JSONB_ARRAY),
    };
    match layout {
        Layout::PerRow | Layout::ByKey | Layout::Flat(_) | Layout::Runs | Layout::Blocks(_) => value,
        Layout::Arrays => array,
    }
}

/// The first byte of `jsonb`.
const JSONB_VERSION: u8 = 1;

/// Appends a value that is not NULL.
pub(crate) fn encode(sql_type: SqlType, value: &Value<'_>, out: &mut Vec<u8>) -> Result<()> {
    match (sql_type, value) {
        (SqlType::Bool, Value::Bool(value)) => out.push(u8::from(*value)),
        (SqlType::SmallInt, Value::Int(value)) => {
            out.extend(narrow::<i16>(*value, "smallint")?.to_be_bytes())
        }
        (SqlType::Integer, Value::Int(value)) => out.extend(narrow::<i32>(*value, "integer")?.to_be_bytes()),
        (SqlType::BigInt | SqlType::BigUnsigned, Value::Int(value)) => out.extend(value.to_be_bytes()),
        (SqlType::BigUnsigned, Value::UInt(_)) => {
            let message = "a u64 above i64::MAX does not fit the largest integer type of PostgreSQL";
            return Err(Error::new(ErrorKind::Encode, message));
        }
        (SqlType::Real, Value::Float(value)) => out.extend(narrow_float(*value)?.to_be_bytes()),
        (SqlType::Double, Value::Float(value)) => out.extend(value.to_be_bytes()),
        (SqlType::Text | SqlType::Enum(_), Value::Text(value)) => out.extend(without_nul(value)?),
        (SqlType::Bytes, Value::Bytes(value)) => out.extend(&**value),
        (SqlType::Decimal, Value::Text(value)) => numeric::encode(value, out)?,
        (SqlType::Date, Value::Date(days)) => moments::encode_date(*days, out)?,
        (SqlType::Time, Value::Time(micros)) => moments::encode_time(*micros, out)?,
        (SqlType::Timestamp | SqlType::TimestampTz, Value::Timestamp(micros)) => {
            moments::encode_timestamp(*micros, out)?;
        }
        (SqlType::Uuid, Value::Bytes(value)) if value.len() == 16 => out.extend(&**value),
        (SqlType::Json, Value::Text(value)) => {
            out.push(JSONB_VERSION);
            out.extend(without_nul(value)?);
        }
        (SqlType::Array(element), Value::Array(values)) => array::encode_array(*element, values, out)?,
        (wanted, found) => return Err(mismatch(wanted, found)),
    }
    Ok(())
}

fn mismatch(wanted: SqlType, found: &Value<'_>) -> Error {
    let message =
        format!("{} was given for a parameter of type {}", found.kind(), wire_type(wanted, Layout::PerRow));
    Error::new(ErrorKind::Encode, message)
}

fn narrow<T: TryFrom<i64>>(value: i64, name: &str) -> Result<T> {
    T::try_from(value)
        .map_err(|_| Error::new(ErrorKind::Encode, format!("an integer is out of range for {name}")))
}

fn narrow_float(value: f64) -> Result<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "compared with the original right after")]
    let narrow = value as f32;
    if value.is_nan() || f64::from(narrow).to_bits() == value.to_bits() {
        return Ok(narrow);
    }
    Err(Error::new(ErrorKind::Encode, "a float does not fit a real exactly"))
}

fn without_nul(text: &str) -> Result<&[u8]> {
    if text.as_bytes().contains(&0) {
        return Err(Error::new(ErrorKind::Encode, "PostgreSQL cannot store text with a NUL character in it"));
    }
    Ok(text.as_bytes())
}

/// Reads a value that is not NULL.
pub(crate) fn decode<'a>(ty: &Type, bytes: &'a [u8]) -> Result<Value<'a>> {
    Ok(match *ty {
        Type::BOOL => Value::Bool(fixed::<1>(bytes)? != [0]),
        Type::INT2 => Value::Int(i16::from_be_bytes(fixed(bytes)?).into()),
        Type::INT4 => Value::Int(i32::from_be_bytes(fixed(bytes)?).into()),
        Type::INT8 => Value::Int(i64::from_be_bytes(fixed(bytes)?)),
        Type::FLOAT4 => Value::Float(f32::from_be_bytes(fixed(bytes)?).into()),
        Type::FLOAT8 => Value::Float(f64::from_be_bytes(fixed(bytes)?)),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::CHAR | Type::UNKNOWN | Type::JSON => {
            text(bytes)?
        }
        Type::BYTEA | Type::UUID => Value::Bytes(bytes.into()),
        Type::NUMERIC => Value::Text(numeric::decode(bytes)?.into()),
        Type::DATE => moments::decode_date(bytes)?,
        Type::TIME => moments::decode_time(bytes)?,
        Type::TIMESTAMP | Type::TIMESTAMPTZ => moments::decode_timestamp(bytes)?,
        Type::JSONB => match bytes.split_first() {
            Some((&JSONB_VERSION, json)) => text(json)?,
            _ => return Err(unreadable("the server sends a newer format of jsonb".to_owned())),
        },
        Type::OID => Value::Int(u32::from_be_bytes(fixed(bytes)?).into()),
        ref other => decode_other(other, bytes)?,
    })
}

/// Reads a value of a type that is made of others, or not PostgreSQL's own.
fn decode_other<'a>(ty: &Type, bytes: &'a [u8]) -> Result<Value<'a>> {
    match ty.kind() {
        Kind::Enum(_) => text(bytes),
        Kind::Domain(base) => decode(base, bytes),
        Kind::Array(element) => array::decode_array(element, bytes),
        Kind::Simple if ty.name() == "citext" => text(bytes),
        _ => Err(unreadable(format!("columns of PostgreSQL's type {ty} cannot be read"))),
    }
}

fn text(bytes: &[u8]) -> Result<Value<'_>> {
    let text = std::str::from_utf8(bytes).map_err(|_| unreadable("the text is not UTF-8".to_owned()))?;
    Ok(Value::Text(text.into()))
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.try_into().map_err(|_| unreadable(format!("expected {N} bytes, found {}", bytes.len())))
}

pub(crate) fn unreadable(message: String) -> Error {
    Error::new(ErrorKind::Decode, message)
}
