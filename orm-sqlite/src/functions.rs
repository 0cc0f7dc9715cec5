//! Functions that SQLite lacks, or has with another meaning. Each connection is told of them.

use rusqlite::functions::{Aggregate, Context, FunctionFlags, WindowAggregate};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error, Result};

use crate::decimal::Exact;

/// Tells a connection of all of them.
pub(crate) fn add_functions(connection: &Connection) -> Result<()> {
    let scalar = |name: &str, arguments, function: fn(&Context<'_>) -> Result<Value>| {
        connection.create_scalar_function(name, arguments, flags(), function)
    };
    scalar("orm_lower", 1, |context| map_text(context, |text| text.chars().map(lower).collect()))?;
    scalar("orm_upper", 1, |context| map_text(context, |text| text.chars().map(upper).collect()))?;
    scalar("orm_divide", 2, |context| calculate(context, i64::checked_div, |a, b| a / b))?;
    scalar("orm_remainder", 2, |context| calculate(context, i64::checked_rem, |a, b| a % b))?;
    scalar("orm_round", 1, |context| map_float(context, f64::round_ties_even))?;
    scalar("orm_floor", 1, |context| map_float(context, f64::floor))?;
    scalar("orm_ceil", 1, |context| map_float(context, f64::ceil))?;
    scalar("orm_sqrt", 1, |context| map_float(context, f64::sqrt))?;
    scalar("orm_power", 2, power)?;
    scalar("orm_integer", 1, |context| integer(context.get_raw(0)))?;
    scalar("orm_whole", 1, |context| Ok(whole(context.get_raw(0))))?;
    scalar("orm_float", 1, float)?;
    scalar("orm_decimal_of", 1, |context| map_decimal(context, |number| number))?;
    scalar("orm_decimal_negate", 1, |context| map_decimal(context, Exact::negate))?;
    scalar("orm_decimal_abs", 1, |context| map_decimal(context, Exact::abs))?;
    scalar("orm_decimal_round", 1, |context| map_decimal(context, Exact::round))?;
    scalar("orm_decimal_floor", 1, |context| map_decimal(context, Exact::floor))?;
    scalar("orm_decimal_ceil", 1, |context| map_decimal(context, |n| n.negate().floor().negate()))?;
    scalar("orm_decimal_add", 2, |context| join_decimals(context, Exact::add))?;
    scalar("orm_decimal_subtract", 2, |context| join_decimals(context, |a, b| a.add(b.negate())))?;
    scalar("orm_decimal_multiply", 2, |context| join_decimals(context, |a, b| a.multiply(&b)))?;
    connection.create_window_function("orm_decimal_sum", 1, flags(), DecimalSum)
}

fn flags() -> FunctionFlags {
    FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS
}

fn failed(message: &'static str) -> Error {
    Error::UserFunctionError(message.into())
}

/// The first letter of what it is in lower case: `İ` alone has two.
fn lower(character: char) -> char {
    character.to_lowercase().next().unwrap_or(character)
}

/// A letter that would become several stays as it is.
fn upper(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => character,
    }
}

fn map_text(context: &Context<'_>, map: impl FnOnce(&str) -> String) -> Result<Value> {
    Ok(match context.get_raw(0) {
        ValueRef::Null => Value::Null,
        value => Value::Text(map(value.as_str()?)),
    })
}

/// Dividing by zero is an error, as on other databases, and not NULL.
fn calculate(
    context: &Context<'_>,
    whole: impl FnOnce(i64, i64) -> Option<i64>,
    float: impl FnOnce(f64, f64) -> f64,
) -> Result<Value> {
    match (context.get_raw(0), context.get_raw(1)) {
        (ValueRef::Null, _) | (_, ValueRef::Null) => Ok(Value::Null),
        (_, ValueRef::Integer(0)) => Err(failed("division by zero")),
        (ValueRef::Integer(a), ValueRef::Integer(b)) => {
            whole(a, b).map(Value::Integer).ok_or_else(|| failed("integer out of range"))
        }
        _ => match (context.get::<f64>(0)?, context.get::<f64>(1)?) {
            (_, 0.0) => Err(failed("division by zero")),
            (a, b) => finite(float(a, b)),
        },
    }
}

fn map_float(context: &Context<'_>, map: impl FnOnce(f64) -> f64) -> Result<Value> {
    let number: Option<f64> = context.get(0)?;
    number.map_or(Ok(Value::Null), |number| finite(map(number)))
}

fn power(context: &Context<'_>) -> Result<Value> {
    match (context.get(0)?, context.get(1)?) {
        (Some(number), Some(exponent)) => finite(f64::powf(number, exponent)),
        _ => Ok(Value::Null),
    }
}

fn finite(number: f64) -> Result<Value> {
    if number.is_finite() { Ok(Value::Real(number)) } else { Err(failed("the result is no finite number")) }
}

fn integer(value: ValueRef<'_>) -> Result<Value> {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Integer(number)),
        ValueRef::Real(number) => match whole(ValueRef::Real(number.round_ties_even())) {
            Value::Null => Err(failed("integer out of range")),
            number => Ok(number),
        },
        value => {
            let number = value.as_str()?.trim().parse().map(Value::Integer);
            number.map_err(|_| failed("the text is not an integer"))
        }
    }
}

/// A float as an integer, NULL if it is none.
fn whole(value: ValueRef<'_>) -> Value {
    const END: f64 = 9_223_372_036_854_775_808.0;
    match value {
        ValueRef::Real(number) if number.fract() == 0.0 && (-END..END).contains(&number) =>
        {
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and in range")]
            Value::Integer(number as i64)
        }
        _ => Value::Null,
    }
}

fn float(context: &Context<'_>) -> Result<Value> {
    match context.get_raw(0) {
        ValueRef::Null => Ok(Value::Null),
        value => match value.as_str()?.trim().parse() {
            Ok(number) => finite(number),
            Err(_) => Err(failed("the text is not a number")),
        },
    }
}

/// A decimal number; integers are taken as well.
fn decimal(context: &Context<'_>, index: usize) -> Result<Option<Exact>> {
    let parse = |text: &str| Exact::parse(text).map_err(|_| failed("the text is not a decimal number"));
    match context.get_raw(index) {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(number) => parse(&number.to_string()).map(Some),
        value => parse(value.as_str()?).map(Some),
    }
}

fn decimal_text(number: &Exact) -> Result<Value> {
    number.text().map(Value::Text).map_err(|_| failed("the number has no text"))
}

fn map_decimal(context: &Context<'_>, map: impl FnOnce(Exact) -> Exact) -> Result<Value> {
    decimal(context, 0)?.map_or(Ok(Value::Null), |number| decimal_text(&map(number)))
}

fn join_decimals(context: &Context<'_>, join: impl FnOnce(Exact, Exact) -> Exact) -> Result<Value> {
    match (decimal(context, 0)?, decimal(context, 1)?) {
        (Some(a), Some(b)) => decimal_text(&join(a, b)),
        _ => Ok(Value::Null),
    }
}

/// The exact sum of decimals, NULL if there is none.
struct DecimalSum;

#[derive(Default)]
struct Sum {
    total: Exact,
    count: u64,
}

impl Aggregate<Sum, Value> for DecimalSum {
    fn init(&self, _: &mut Context<'_>) -> Result<Sum> {
        Ok(Sum::default())
    }

    fn step(&self, context: &mut Context<'_>, sum: &mut Sum) -> Result<()> {
        if let Some(number) = decimal(context, 0)? {
            sum.total = std::mem::take(&mut sum.total).add(number);
            sum.count += 1;
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, sum: Option<Sum>) -> Result<Value> {
        value_of(sum.as_ref())
    }
}

impl WindowAggregate<Sum, Value> for DecimalSum {
    fn value(&self, sum: Option<&mut Sum>) -> Result<Value> {
        value_of(sum.as_deref())
    }

    fn inverse(&self, context: &mut Context<'_>, sum: &mut Sum) -> Result<()> {
        if let Some(number) = decimal(context, 0)? {
            sum.total = std::mem::take(&mut sum.total).add(number.negate());
            sum.count -= 1;
        }
        Ok(())
    }
}

fn value_of(sum: Option<&Sum>) -> Result<Value> {
    match sum {
        Some(sum) if sum.count > 0 => decimal_text(&sum.total),
        _ => Ok(Value::Null),
    }
}
