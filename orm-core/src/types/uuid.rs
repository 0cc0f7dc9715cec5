//! `uuid::Uuid`: a UUID, or its 16 bytes.

use ::uuid::Uuid;

use super::{DbValue, mismatch};
use crate::error::{Error, ErrorKind};
use crate::{Result, SqlType, Value};

impl DbValue for Uuid {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::Uuid;

    fn encode(&self) -> Result<Value<'_>> {
        Ok(Value::Bytes(self.as_bytes().as_slice().into()))
    }

    fn decode(value: &Value<'_>) -> Result<Self> {
        let result = match value {
            Value::Bytes(bytes) => Self::from_slice(bytes),
            // Other programs write UUIDs as text where there is no type for them.
            Value::Text(text) => Self::try_parse(text),
            other => return Err(mismatch("a UUID", other)),
        };
        result.map_err(|_| Error::new(ErrorKind::Decode, "the database holds a value that is no UUID"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_text_are_read() {
        let uuid = Uuid::from_u128(0x1234_5678_9abc_def0_0fed_cba9_8765_4321);
        assert_eq!(uuid.encode().and_then(|value| Uuid::decode(&value)).ok(), Some(uuid));
        assert_eq!(Uuid::decode(&Value::Text(uuid.to_string().into())).ok(), Some(uuid));
        assert!(Uuid::decode(&Value::Bytes(vec![0; 15].into())).is_err());
        assert!(Uuid::decode(&Value::Int(1)).is_err());
    }
}
