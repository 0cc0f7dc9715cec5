//! Single values in the protocol's binary form: writing and reading.

use mysql_async::consts::ColumnType;
use mysql_async::{Column, Value as Wire};
use orm_core::driver::{Row, no_such_column};
use orm_core::{Error, ErrorKind, Result, SqlType, Value, civil, decimal, list};

/// How many digits a `DECIMAL(65,30)` has before the point and behind it.
const DECIMAL_DIGITS: (usize, usize) = (35, 30);

/// The number of the collation of bytes that are no text.
const BINARY: u16 = 63;

/// A value as the driver sends it.
pub(crate) fn encode(sql_type: SqlType, value: &Value<'_>) -> Result<Wire> {
    Ok(match (sql_type, value) {
        (_, Value::Null) => Wire::NULL,
        (SqlType::Bool, Value::Bool(value)) => Wire::Int((*value).into()),
        (SqlType::SmallInt, Value::Int(value)) => whole::<i16>(*value, "smallint")?,
        (SqlType::Integer, Value::Int(value)) => whole::<i32>(*value, "integer")?,
        (SqlType::BigInt | SqlType::BigUnsigned, Value::Int(value)) => Wire::Int(*value),
        (SqlType::BigUnsigned, Value::UInt(value)) => Wire::UInt(*value),
        (SqlType::Real | SqlType::Double, Value::Float(value)) => finite(*value)?,
        (SqlType::Text | SqlType::Enum(_) | SqlType::Json, Value::Text(value)) => bytes(value.as_bytes()),
        (SqlType::Bytes | SqlType::Uuid, Value::Bytes(value)) => bytes(value),
        (SqlType::Decimal, Value::Text(value)) => fitting_decimal(value)?,
        (SqlType::Date, Value::Date(days)) => date(i64::from(*days), 0)?,
        (SqlType::Time, Value::Time(micros)) => time(*micros)?,
        (SqlType::Timestamp | SqlType::TimestampTz, Value::Timestamp(micros)) => {
            date(micros.div_euclid(civil::DAY), micros.rem_euclid(civil::DAY))?
        }
        (SqlType::Array(element), Value::Array(values)) => {
            Wire::Bytes(list::text(*element, values)?.into_bytes())
        }
        (wanted, found) => {
            let message = format!("{} was given for a parameter of type {wanted:?}", found.kind());
            return Err(Error::new(ErrorKind::Encode, message));
        }
    })
}

fn bytes(bytes: &[u8]) -> Wire {
    Wire::Bytes(bytes.to_vec())
}

fn whole<T: TryFrom<i64>>(value: i64, name: &str) -> Result<Wire> {
    let fits = T::try_from(value).map(|_| Wire::Int(value));
    fits.map_err(|_| Error::new(ErrorKind::Encode, format!("an integer is out of range for {name}")))
}

fn finite(value: f64) -> Result<Wire> {
    if value.is_finite() {
        return Ok(Wire::Double(value));
    }
    Err(Error::new(ErrorKind::Encode, "MySQL and MariaDB have no floats that are infinite or not a number"))
}

/// The server would round silently.
fn fitting_decimal(text: &str) -> Result<Wire> {
    let digits = text.trim_start_matches(['-', '+']);
    let (before, behind) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    if is_number(before)
        && is_number(behind)
        && before.len() <= DECIMAL_DIGITS.0
        && behind.len() <= DECIMAL_DIGITS.1
    {
        return Ok(bytes(text.as_bytes()));
    }
    let (before, behind) = DECIMAL_DIGITS;
    let message = format!(
        "MySQL and MariaDB hold decimals of up to {before} digits before the point and {behind} behind it, and nothing that \
         is no number"
    );
    Err(Error::new(ErrorKind::Encode, message))
}

fn date(days: i64, micros: i64) -> Result<Wire> {
    let (year, month, day) = civil::date_of(days);
    let (hour, minute, second, micro) = civil::time_of(micros);
    let parts = (|| {
        let year = u16::try_from(year).ok().filter(|year| *year <= 9999)?;
        let [month, day, hour, minute, second] = small([month, day, hour, minute, second])?;
        Some(Wire::Date(year, month, day, hour, minute, second, u32::try_from(micro).ok()?))
    })();
    parts.ok_or_else(|| {
        Error::new(
            ErrorKind::Encode,
            "the year of a date is out of range: MySQL and MariaDB hold the years 0 to 9999",
        )
    })
}

fn time(micros: i64) -> Result<Wire> {
    let (hour, minute, second, micro) = civil::time_of(micros);
    let parts = (0..civil::DAY).contains(&micros).then(|| {
        let [hour, minute, second] = small([hour, minute, second])?;
        Some(Wire::Time(false, 0, hour, minute, second, u32::try_from(micro).ok()?))
    });
    parts.flatten().ok_or_else(|| Error::new(ErrorKind::Encode, "a time of day is out of range"))
}

fn small<const N: usize>(numbers: [i64; N]) -> Option<[u8; N]> {
    let mut parts = [0; N];
    for (part, number) in parts.iter_mut().zip(numbers) {
        *part = u8::try_from(number).ok()?;
    }
    Some(parts)
}

/// About how many bytes a value takes in a packet.
pub(crate) fn size(value: &Wire) -> usize {
    match value {
        Wire::Bytes(bytes) => bytes.len() + 10,
        _ => 14,
    }
}

/// A row of a result, read in place.
pub(crate) struct MysqlRow<'a>(pub(crate) &'a mysql_async::Row);

impl Row for MysqlRow<'_> {
    fn width(&self) -> usize {
        self.0.len()
    }

    fn value(&self, index: usize) -> Result<Value<'_>> {
        let (Some(value), Some(column)) = (self.0.as_ref(index), self.0.columns_ref().get(index)) else {
            return Err(no_such_column());
        };
        decode(column, value).map_err(|error| error.with_column(&column.name_str()))
    }

    fn int(&self, index: usize) -> Option<i64> {
        match self.0.as_ref(index) {
            Some(Wire::Int(value)) => Some(*value),
            Some(Wire::UInt(value)) => i64::try_from(*value).ok(),
            _ => None,
        }
    }

    fn text(&self, index: usize) -> Option<&str> {
        let Some(Wire::Bytes(bytes)) = self.0.as_ref(index) else { return None };
        let column = self.0.columns_ref().get(index)?;
        match column.column_type() {
            ColumnType::MYSQL_TYPE_VAR_STRING
            | ColumnType::MYSQL_TYPE_STRING
            | ColumnType::MYSQL_TYPE_BLOB
                if column.character_set() != BINARY =>
            {
                std::str::from_utf8(bytes).ok()
            }
            _ => None,
        }
    }
}

fn decode<'a>(column: &Column, value: &'a Wire) -> Result<Value<'a>> {
    Ok(match value {
        Wire::NULL => Value::Null,
        Wire::Bytes(bytes) => decode_bytes(column, bytes)?,
        Wire::Int(value) => Value::Int(*value),
        Wire::UInt(value) => Value::of_unsigned(*value),
        Wire::Float(value) => Value::Float((*value).into()),
        Wire::Double(value) => Value::Float(*value),
        Wire::Date(year, month, day, hour, minute, second, micro) => {
            let days = civil::days_of((*year).into(), (*month).into(), (*day).into());
            match column.column_type() {
                ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => {
                    Value::Date(i32::try_from(days).map_err(|_| unreadable("the date is out of range"))?)
                }
                _ => {
                    let micros = micros_of((*hour).into(), *minute, *second, *micro);
                    Value::Timestamp(days * civil::DAY + micros)
                }
            }
        }
        Wire::Time(negative, days, hour, minute, second, micro) => {
            let micros = micros_of(i64::from(*days) * 24 + i64::from(*hour), *minute, *second, *micro);
            Value::Time(if *negative { -micros } else { micros })
        }
    })
}

fn micros_of(hours: i64, minute: u8, second: u8, micro: u32) -> i64 {
    civil::micros_of(hours, minute.into(), second.into(), micro.into())
}

fn decode_bytes<'a>(column: &Column, bytes: &'a [u8]) -> Result<Value<'a>> {
    match column.column_type() {
        ColumnType::MYSQL_TYPE_NEWDECIMAL | ColumnType::MYSQL_TYPE_DECIMAL => {
            let text = decimal::canonical(text(bytes)?)?;
            Ok(Value::Text(text.into_owned().into()))
        }
        ColumnType::MYSQL_TYPE_JSON => Ok(Value::Text(text(bytes)?.into())),
        ColumnType::MYSQL_TYPE_BIT => {
            Ok(Value::Int(bytes.iter().fold(0, |number, byte| number << 8 | i64::from(*byte))))
        }
        _ if column.character_set() == BINARY => Ok(Value::Bytes(bytes.into())),
        _ => Ok(Value::Text(text(bytes)?.into())),
    }
}

fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| unreadable("the text is not UTF-8"))
}

fn unreadable(message: &str) -> Error {
    Error::new(ErrorKind::Decode, message)
}
