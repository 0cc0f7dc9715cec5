//! A statement for one row as one for many.

use std::borrow::Cow;
use std::sync::Arc;

use orm_core::driver::{Statement, Write};
use orm_core::query::Layout;

use super::{MAX_PARAMETERS, Wire};
use crate::dialect::Product;

/// The most rows that one INSERT or UPDATE takes.
const MAX_ROWS: usize = 1024;

/// The most rows that one DELETE takes: MariaDB makes a subquery of an IN with a thousand values.
const MAX_DELETED: usize = 512;

/// What stands before the values, those of one row, and what follows those of all rows.
pub(super) struct Multiplied<'w> {
    write: Write<'w>,
    before: Cow<'w, str>,
    group: Cow<'w, str>,
    after: Cow<'w, str>,
    most: usize,
    spare: Spare,
}

/// What can stand in the place of rows that are missing, so that there are few sizes of statements and few statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spare {
    /// Each row counts.
    No,
    /// Rows of NULL are about no row.
    Nulls,
    /// The last one again.
    Last,
}

impl<'w> Multiplied<'w> {
    /// `None` if it is a statement of another form.
    pub(super) fn of(write: Write<'w>, product: Product) -> Option<Self> {
        if write.rows.len() < 2 || write.rows.width() == 0 {
            return None;
        }
        let made = match write.layout {
            Layout::PerRow => Self::insert(write),
            Layout::ByKey => Self::update(write, product).or_else(|| Self::delete(write, product)),
            Layout::Arrays | Layout::Flat(_) | Layout::Runs | Layout::Blocks(_) => None,
        };
        made.filter(|made| marks(&made.group) == write.rows.width())
    }

    /// Not all of its parameters need be the values of its row.
    fn insert(write: Write<'w>) -> Option<Self> {
        let sql = write.statement.sql();
        let words = ") VALUES (";
        let place = places(sql, words).next().filter(|_| sql.starts_with("INSERT "))?;
        let start = place + words.len() - 1;
        let end = start + closing(&sql[start..])?;
        let (before, group, after) = (sql[..start].into(), sql[start..end].into(), sql[end..].into());
        Some(Self { write, before, group, after, most: MAX_ROWS, spare: Spare::No })
    }

    /// The rows are joined by the key. Parameters have no types of their own in VALUES: those of the columns come from a query
    /// without rows.
    fn update(write: Write<'w>, product: Product) -> Option<Self> {
        let (table, rest) = cut(write.statement.sql().strip_prefix("UPDATE ")?, " SET ")?;
        let (set, key) = cut(rest, " WHERE ")?;
        let (set, key) = (equations(set, ", ")?, equations(key, " AND ")?);
        let all = || set.iter().chain(&key).enumerate();
        let types: Vec<_> = all().map(|(number, (name, _))| format!("{name} AS c{number}")).collect();
        let values: Vec<_> = all().map(|(_, &(_, value))| value).collect();
        let joined = |from: usize, (number, (name, _)): (usize, &(&str, &str))| {
            format!("t.{name} = v.c{}", from + number)
        };
        let assigned: Vec<_> = set.iter().enumerate().map(|pair| joined(0, pair)).collect();
        let on: Vec<_> = key.iter().enumerate().map(|pair| joined(set.len(), pair)).collect();
        let before =
            format!("UPDATE (SELECT {} FROM {table} WHERE FALSE UNION ALL VALUES ", types.join(", "));
        let row = if product == Product::MySql { "ROW" } else { "" };
        let group = format!("{row}({})", values.join(", "));
        let after =
            format!(") AS v STRAIGHT_JOIN {table} AS t ON {} SET {}", on.join(" AND "), assigned.join(", "));
        Some(Self {
            write,
            before: before.into(),
            group: group.into(),
            after: after.into(),
            most: MAX_ROWS,
            spare: Spare::Nulls,
        })
    }

    /// Of rows that have one column as their key: for more, MariaDB would look at each row of the table.
    fn delete(write: Write<'w>, product: Product) -> Option<Self> {
        let sql = write.statement.sql();
        let (table, key) = cut(sql.strip_prefix("DELETE FROM ")?, " WHERE ")?;
        let (names, values): (Vec<_>, Vec<_>) = equations(key, " AND ")?.into_iter().unzip();
        if names.len() > 1 && product == Product::MariaDb {
            return None;
        }
        let before = format!("DELETE FROM {table} WHERE {} IN (", in_brackets(&names)).into();
        let group = in_brackets(&values).into();
        Some(Self { write, before, group, after: ")".into(), most: MAX_DELETED, spare: Spare::Last })
    }

    /// How many rows it takes.
    pub(super) fn most(&self) -> usize {
        (MAX_PARAMETERS / self.write.rows.width()).clamp(1, self.most)
    }

    /// Fills the values of rows up to those of more, if nothing is done by that.
    pub(super) fn fill(&self, values: &mut Vec<Wire>, rows: usize) -> bool {
        let width = self.write.rows.width();
        let last = values.len().saturating_sub(width);
        match self.spare {
            Spare::No => return false,
            Spare::Nulls => values.resize(rows * width, Wire::NULL),
            Spare::Last => {
                while values.len() < rows * width {
                    values.extend_from_within(last..last + width);
                }
            }
        }
        true
    }

    pub(super) fn for_rows(&self, rows: usize) -> Arc<Statement> {
        let groups = vec![&*self.group; rows].join(", ");
        let types = self.write.statement.parameters().repeat(rows);
        Statement::text(&format!("{}{groups}{}", self.before, self.after), &types)
    }
}

/// One alone has none.
fn in_brackets(parts: &[&str]) -> String {
    match parts {
        [one] => (*one).to_owned(),
        several => format!("({})", several.join(", ")),
    }
}

fn marks(sql: &str) -> usize {
    sql.bytes().filter(|&byte| byte == b'?').count()
}

/// Where these words are, outside of quoted names.
fn places<'s>(sql: &'s str, words: &'s str) -> impl Iterator<Item = usize> + 's {
    let is_outside = |place: usize| sql[..place].bytes().filter(|&byte| byte == b'`').count() % 2 == 0;
    sql.match_indices(words).map(|(place, _)| place).filter(move |&place| is_outside(place))
}

fn cut<'s>(sql: &'s str, words: &'s str) -> Option<(&'s str, &'s str)> {
    let place = places(sql, words).next()?;
    Some((&sql[..place], &sql[place + words.len()..]))
}

/// Names, and the parameters that they are set to or compared with.
fn equations<'s>(mut sql: &'s str, between: &'s str) -> Option<Vec<(&'s str, &'s str)>> {
    let mut equations = Vec::new();
    loop {
        let (equation, rest) = cut(sql, between).map_or((sql, None), |(head, rest)| (head, Some(rest)));
        let (name, value) = cut(equation, " = ")?;
        let is_one = name.starts_with('`') && marks(value) == 1 && !value.contains('`');
        equations.push(is_one.then_some((name, value))?);
        match rest {
            Some(rest) => sql = rest,
            None => return Some(equations),
        }
    }
}

/// How long a text is up to the bracket that closes its first one. There are no quotes in what this library writes as values.
fn closing(sql: &str) -> Option<usize> {
    let mut depth = 0;
    for (place, byte) in sql.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 1 => return Some(place + 1),
            b')' => depth -= 1,
            b'\'' | b'"' | b'`' => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use orm_core::driver::Rows;
    use orm_core::{Result, SqlType, Value};

    use super::*;

    struct Numbers(usize);

    impl Rows for Numbers {
        fn len(&self) -> usize {
            3
        }

        fn width(&self) -> usize {
            self.0
        }

        fn value(&self, _: usize, _: usize) -> Result<Value<'_>> {
            Ok(Value::Int(1))
        }
    }

    /// The statement for two rows, for MariaDB.
    fn two(sql: &str, layout: Layout, width: usize) -> Option<String> {
        two_of(Product::MariaDb, sql, layout, width)
    }

    fn two_of(product: Product, sql: &str, layout: Layout, width: usize) -> Option<String> {
        let statement = Statement::text(sql, &vec![SqlType::BigInt; width]);
        let write = Write { statement: &statement, layout, rows: &Numbers(width), keys: false };
        Multiplied::of(write, product).map(|multiplied| multiplied.for_rows(2).sql().to_owned())
    }

    #[test]
    fn an_insert_has_the_values_of_many_rows() {
        let sql = "INSERT INTO `a) VALUES (` (`x`, `y`) VALUES (?, CAST(? AS decimal(65,30))) RETURNING `id`";
        let many = "INSERT INTO `a) VALUES (` (`x`, `y`) VALUES (?, CAST(? AS decimal(65,30))), \
                    (?, CAST(? AS decimal(65,30))) RETURNING `id`";
        assert_eq!(two(sql, Layout::PerRow, 2).as_deref(), Some(many));
        assert_eq!(
            two("INSERT INTO `a` (`x`) VALUES (?) ON DUPLICATE KEY UPDATE `x` = ?", Layout::PerRow, 2),
            None
        );
    }

    #[test]
    fn an_update_joins_the_rows_by_their_key() {
        let sql = "UPDATE `s`.`a` SET `b = c` = CAST(? AS decimal(65,30)), `v` = ? WHERE `x` = ? AND `v` = ?";
        let many = "UPDATE (SELECT `b = c` AS c0, `v` AS c1, `x` AS c2, `v` AS c3 FROM `s`.`a` WHERE FALSE UNION ALL VALUES \
                    (CAST(? AS decimal(65,30)), ?, ?, ?), (CAST(? AS decimal(65,30)), ?, ?, ?)) AS v \
                    STRAIGHT_JOIN `s`.`a` AS t ON t.`x` = v.c2 AND t.`v` = v.c3 SET t.`b = c` = v.c0, t.`v` = v.c1";
        assert_eq!(two(sql, Layout::ByKey, 4).as_deref(), Some(many));
        let of_mysql = two_of(Product::MySql, "UPDATE `a` SET `v` = ? WHERE `x` = ?", Layout::ByKey, 2);
        let many = "UPDATE (SELECT `v` AS c0, `x` AS c1 FROM `a` WHERE FALSE UNION ALL VALUES ROW(?, ?), ROW(?, ?)) AS v \
                    STRAIGHT_JOIN `a` AS t ON t.`x` = v.c1 SET t.`v` = v.c0";
        assert_eq!(of_mysql.as_deref(), Some(many));
        // Two rows may be about the same key.
        assert_eq!(two("UPDATE `a` SET `b` = ? WHERE `x` = ?", Layout::PerRow, 2), None);
    }

    #[test]
    fn places_that_are_left_are_filled() {
        let filled = |sql: &str, layout| {
            let statement = Statement::text(sql, &[SqlType::BigInt; 2]);
            let write = Write { statement: &statement, layout, rows: &Numbers(2), keys: false };
            let mut values: Vec<_> = (1..=6).map(Wire::Int).collect();
            let is_filled = Multiplied::of(write, Product::MySql)?.fill(&mut values, 4);
            is_filled.then(|| values.split_off(6))
        };
        let update = "UPDATE `a` SET `v` = ? WHERE `x` = ?";
        assert_eq!(filled(update, Layout::ByKey), Some(vec![Wire::NULL; 2]));
        let delete = "DELETE FROM `a` WHERE `x` = ? AND `v` = ?";
        assert_eq!(filled(delete, Layout::ByKey), Some(vec![Wire::Int(5), Wire::Int(6)]));
        assert_eq!(filled("INSERT INTO `a` (`x`, `v`) VALUES (?, ?)", Layout::PerRow), None);
    }

    #[test]
    fn a_delete_has_a_list_of_keys() {
        let many = "DELETE FROM `a` WHERE `x` IN (?, ?)";
        assert_eq!(two("DELETE FROM `a` WHERE `x` = ?", Layout::ByKey, 1).as_deref(), Some(many));
        let two_columns = "DELETE FROM `a` WHERE `x` = ? AND `v` = ?";
        assert_eq!(two(two_columns, Layout::ByKey, 2), None);
        let many = "DELETE FROM `a` WHERE (`x`, `v`) IN ((?, ?), (?, ?))";
        assert_eq!(two_of(Product::MySql, two_columns, Layout::ByKey, 2).as_deref(), Some(many));
    }
}
