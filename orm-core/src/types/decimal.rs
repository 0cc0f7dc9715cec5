//! `rust_decimal::Decimal`: an exact decimal number. Zeros at its end are not kept: they make no other number.

use ::rust_decimal::Decimal;

use super::{DbValue, mismatch};
use crate::error::{Error, ErrorKind};
use crate::{Result, SqlType, Value};

super::number::fractional!(Decimal, Self);

impl DbValue for Decimal {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::Decimal;

    fn encode(&self) -> Result<Value<'_>> {
        Ok(Value::Text(self.normalize().to_string().into()))
    }

    fn decode(value: &Value<'_>) -> Result<Self> {
        match value {
            Value::Text(text) => Self::from_str_exact(text).map_err(|error| {
                let message =
                    "the database holds a decimal number that does not fit a rust_decimal::Decimal exactly";
                Error::new(ErrorKind::Decode, message).with_source(error)
            }),
            other => Err(mismatch("a decimal number", other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::decimal::canonical;

    #[test]
    fn a_number_travels_as_its_canonical_text() {
        let texts =
            ["0", "-0.00", "1.50", "-79228162514264337593543950335", "0.0000000000000000000000000001", "100"];
        for text in texts {
            let number = Decimal::from_str_exact(text).unwrap_or_default();
            let encoded = number.encode().ok();
            let Some(Value::Text(written)) = &encoded else { unreachable!("text") };
            assert_eq!(canonical(text).ok().as_deref(), Some(written.as_ref()));
            assert_eq!(encoded.and_then(|value| Decimal::decode(&value).ok()), Some(number));
        }
        let long = Value::Text("0.12345678901234567890123456789012".into());
        assert!(Decimal::decode(&long).is_err());
    }
}
