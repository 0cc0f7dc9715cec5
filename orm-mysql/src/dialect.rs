//! What MySQL and MariaDB do differently, from standard SQL and from each other.

use std::borrow::Cow;

use orm_core::metadata::{Column, Table};
use orm_core::query::{
    Catalogue, Comments, Conflicts, Dialect, Explaining, Feature, Function, IndexFilters, Layout, Sql,
    WriteKind, WriteShape,
};
use orm_core::{Result, SqlType, Value};

use crate::catalogue::{MariaDbCatalogue, MysqlCatalogue};
use crate::spelling::spelling;
use crate::value::encode;

/// Which of the two servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Product {
    /// MySQL, from 8.0.19 on.
    #[default]
    MySql,
    /// MariaDB, from 10.6 on.
    MariaDb,
}

impl Product {
    /// As it is called in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::MySql => "MySQL",
            Self::MariaDb => "MariaDB",
        }
    }

    /// The scheme of its URLs, which is also its name for OpenTelemetry.
    pub(crate) fn scheme(self) -> &'static str {
        match self {
            Self::MySql => "mysql",
            Self::MariaDb => "mariadb",
        }
    }
}

/// The differences of one of them from standard SQL.
#[derive(Clone, Copy, Debug)]
pub struct MysqlDialect {
    product: Product,
}

impl MysqlDialect {
    /// MySQL's.
    pub const MYSQL: Self = Self { product: Product::MySql };
    /// MariaDB's.
    pub const MARIADB: Self = Self { product: Product::MariaDb };

    /// The one of this server.
    pub fn of(product: Product) -> Self {
        Self { product }
    }

    /// Whose it is.
    pub fn product(&self) -> Product {
        self.product
    }

    fn is_mariadb(self) -> bool {
        self.product == Product::MariaDb
    }
}

impl Dialect for MysqlDialect {
    fn name(&self) -> &'static str {
        self.product.scheme()
    }

    fn placeholder(&self, _number: usize, text: &mut String) {
        text.push('?');
    }

    /// A decimal is sent as text, with which the server would calculate as with floats. JSON is sent as text, which MySQL would
    /// compare with JSON as a text.
    fn parameter(&self, number: usize, sql_type: SqlType, text: &mut String) {
        match sql_type {
            SqlType::Decimal => text.push_str("CAST(? AS decimal(65,30))"),
            SqlType::Json if !self.is_mariadb() => text.push_str("CAST(? AS json)"),
            _ => self.placeholder(number, text),
        }
    }

    fn type_name(&self, sql_type: SqlType) -> Cow<'static, str> {
        let name = match sql_type {
            SqlType::Bool => "boolean",
            SqlType::SmallInt => "smallint",
            SqlType::Integer => "int",
            SqlType::BigInt => "bigint",
            SqlType::BigUnsigned => "bigint unsigned",
            SqlType::Real => "float",
            SqlType::Double => "double",
            SqlType::Text | SqlType::Array(_) => "longtext",
            SqlType::Bytes => "longblob",
            SqlType::Decimal => "decimal(65,30)",
            SqlType::Date => "date",
            SqlType::Time => "time(6)",
            SqlType::Timestamp | SqlType::TimestampTz => "datetime(6)",
            SqlType::Uuid => "binary(16)",
            SqlType::Json => "json",
            SqlType::Enum(named) => {
                let mut name = String::from("enum(");
                for (number, word) in named.variants.iter().enumerate() {
                    name.push_str(if number > 0 { ", " } else { "" });
                    self.literal(word, &mut name);
                }
                name.push(')');
                return name.into();
            }
        };
        name.into()
    }

    /// What is a part of a key has to have a length.
    fn column_type(&self, table: &Table, column: usize) -> Cow<'static, str> {
        let sql_type = table.columns()[column].sql_type;
        match (sql_type, keyed_with(table, column)) {
            (SqlType::Text, Some(parts)) => format!("varchar({})", key_length(parts)).into(),
            (SqlType::Bytes, Some(parts)) => format!("varbinary({})", key_length(parts)).into(),
            _ => self.type_name(sql_type),
        }
    }

    fn cast_name(&self, sql_type: SqlType) -> Cow<'static, str> {
        match sql_type {
            // A negative number stays what it is, and does not fit when it is read as one without a sign.
            SqlType::Bool | SqlType::SmallInt | SqlType::Integer | SqlType::BigInt | SqlType::BigUnsigned => {
                "signed".into()
            }
            SqlType::Text | SqlType::Enum(_) | SqlType::Array(_) => "char".into(),
            SqlType::Bytes | SqlType::Uuid => "binary".into(),
            SqlType::Json if self.is_mariadb() => "char".into(),
            SqlType::Real
            | SqlType::Double
            | SqlType::Decimal
            | SqlType::Date
            | SqlType::Time
            | SqlType::Timestamp
            | SqlType::TimestampTz
            | SqlType::Json => self.type_name(sql_type),
        }
    }

    fn index_prefix(&self, table: &Table, column: usize) -> Option<usize> {
        let is_long = matches!(table.columns()[column].sql_type, SqlType::Text | SqlType::Bytes);
        let parts = table.indexes().iter().map(|index| index.columns.len()).max().unwrap_or(1);
        (is_long && keyed_with(table, column).is_none()).then(|| key_length(parts))
    }

    fn auto_key(&self, column: &Column) -> String {
        format!("{} AUTO_INCREMENT PRIMARY KEY", self.type_name(column.sql_type))
    }

    fn catalogue(&self) -> &dyn Catalogue {
        match self.product {
            Product::MariaDb => &MariaDbCatalogue,
            Product::MySql => &MysqlCatalogue,
        }
    }

    fn supports(&self, feature: Feature) -> bool {
        match feature {
            Feature::Quantifiers | Feature::RowLocks | Feature::IntersectAll | Feature::ExceptAll => true,
            Feature::ReturningRows | Feature::DeleteReading => self.is_mariadb(),
            Feature::Lateral | Feature::ExplainAnalyze | Feature::LockOf => !self.is_mariadb(),
            // Whatever it is: what nobody has looked for is not promised.
            _ => false,
        }
    }

    fn explaining(&self) -> Explaining {
        match self.product {
            Product::MariaDb => {
                Explaining { words: "EXPLAIN FORMAT=JSON ", analyze: "ANALYZE FORMAT=JSON ", tree: false }
            }
            Product::MySql => {
                Explaining { words: "EXPLAIN FORMAT=TREE ", analyze: "EXPLAIN ANALYZE ", tree: false }
            }
        }
    }

    fn function(&self, function: Function, of: SqlType, yields: SqlType) -> Option<&'static str> {
        spelling(function, of, yields)
    }

    fn has_json_paths(&self) -> bool {
        true
    }

    /// There are two strengths.
    fn lock(&self, strength: &'static str) -> Cow<'static, str> {
        match (strength, self.product) {
            ("SHARE" | "KEY SHARE", Product::MariaDb) => " LOCK IN SHARE MODE".into(),
            ("SHARE" | "KEY SHARE", Product::MySql) => " FOR SHARE".into(),
            _ => " FOR UPDATE".into(),
        }
    }

    fn json_index(&self, index: i32, path: &mut String) {
        match (index, self.product) {
            (..0, Product::MySql) => path.push_str(&format!("[last-{}]", index.unsigned_abs() - 1)),
            _ => path.push_str(&format!("[{index}]")),
        }
    }

    /// As JSON is written mostly: the server compares what stands there.
    fn json_control(&self, control: char, path: &mut String) {
        match control {
            '\u{8}' => path.push_str("\\b"),
            '\t' => path.push_str("\\t"),
            '\n' => path.push_str("\\n"),
            '\u{c}' => path.push_str("\\f"),
            '\r' => path.push_str("\\r"),
            other => path.push_str(&format!("\\u{:04x}", u32::from(other))),
        }
    }

    /// Each word as one that has to be there, in boolean mode.
    fn search_words<'w>(&self, words: &'w str) -> Cow<'w, str> {
        let words = words.split_whitespace().map(|word| format!("+\"{}\"", word.replace('"', " ")));
        words.collect::<Vec<_>>().join(" ").into()
    }

    fn holds(&self, sql_type: SqlType, value: &Value<'_>) -> Result<()> {
        encode(sql_type, value).map(drop)
    }

    fn quote(&self, name: &str, text: &mut String) {
        text.push('`');
        text.push_str(&name.replace('`', "``"));
        text.push('`');
    }

    fn name_problem(&self, name: &str) -> Option<&'static str> {
        match name {
            name if name.chars().count() > 64 => Some("has more than 64 characters"),
            name if name.ends_with(|last: char| last.is_ascii_whitespace()) => Some("ends with a space"),
            name if name
                .starts_with(|first: char| first.is_ascii_whitespace() || first.is_ascii_control()) =>
            {
                Some("begins with a space or a control character")
            }
            name if name.chars().any(|letter| u32::from(letter) > 0xFFFF) => {
                Some("has a character beyond the first 65536 of Unicode")
            }
            _ => None,
        }
    }

    fn migration_lock(&self) -> Option<&'static str> {
        Some(
            "SELECT get_lock(concat('orm_migrations ', left(sha2(coalesce(database(), ''), 256), 32)), 1000000)",
        )
    }

    fn comments(&self) -> Comments {
        Comments::Inline
    }

    fn index_filters(&self) -> IndexFilters {
        match self.product {
            Product::MariaDb => IndexFilters::Column,
            Product::MySql => IndexFilters::Expression,
        }
    }

    fn constrains_generated(&self) -> bool {
        !self.is_mariadb()
    }

    fn default_row(&self) -> &'static str {
        " () VALUES ()"
    }

    fn table_suffix(&self) -> &'static str {
        match self.product {
            Product::MariaDb => " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin",
            Product::MySql => " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin",
        }
    }

    fn returns_keys(&self) -> bool {
        self.is_mariadb()
    }

    fn conflicts(&self) -> Conflicts {
        Conflicts::OnDuplicateKey { excluded: (!self.is_mariadb()).then_some("excluded") }
    }

    fn unlimited(&self) -> Option<&'static str> {
        Some(" LIMIT 18446744073709551615")
    }

    fn null_is_largest(&self) -> bool {
        false
    }

    /// The connection makes one statement of many rows.
    fn layout(&self, shape: &WriteShape, rows: usize) -> Layout {
        match shape.kind() {
            WriteKind::Update | WriteKind::Delete if rows > 1 => Layout::ByKey,
            WriteKind::Insert | WriteKind::Update | WriteKind::Delete => Layout::PerRow,
        }
    }

    fn write(&self, shape: &WriteShape, _: Layout, sql: &mut Sql<'_>) {
        shape.write_standard(sql);
    }
}

/// How many columns the largest key has that this one is a part of.
fn keyed_with(table: &Table, column: usize) -> Option<usize> {
    let foreign = table.foreign_keys().iter().map(|key| key.columns.clone());
    let unique = table.uniques().iter().map(|unique| unique.columns.clone());
    let indexes = table.indexes().iter().filter(|index| index.unique);
    let indexed = indexes.map(|index| index.columns.iter().map(|&(column, _)| column).collect());
    let keys = foreign.chain(unique).chain(indexed).chain([table.primary_key().to_vec()]);
    keys.filter(|key: &Vec<usize>| key.contains(&column)).map(|key| key.len()).max()
}

/// How many characters each of so many columns of a key can have: InnoDB takes 3072 bytes, 4 for each.
pub(crate) fn key_length(parts: usize) -> usize {
    (768 / parts.max(1)).min(255)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use orm_core::EnumType;
    use orm_core::metadata::FieldOptions;

    use super::*;

    static PERSON: LazyLock<Table> = LazyLock::new(|| {
        let mut table = Table::build("person");
        let key = FieldOptions { key: true, auto: true, ..FieldOptions::default() };
        table.field(key).column("id", SqlType::BigInt, false);
        table.field(FieldOptions::default()).column("name", SqlType::Text, false);
        table.field(FieldOptions::default()).column("price", SqlType::Decimal, true);
        table.finish()
    });

    static SEAT: LazyLock<Table> = LazyLock::new(|| {
        let mut table = Table::build("seat");
        let key = FieldOptions { key: true, ..FieldOptions::default() };
        table.field(key).column("row", SqlType::SmallInt, false);
        table.field(key).column("number", SqlType::Text, false);
        table.finish()
    });

    fn written(dialect: MysqlDialect, shape: &WriteShape, layout: Layout) -> String {
        let mut sql = Sql::new(&dialect);
        dialect.write(shape, layout, &mut sql);
        sql.into_text()
    }

    #[track_caller]
    fn check(shape: &WriteShape, layout: Layout, mariadb: &str, mysql: &str) {
        assert_eq!(written(MysqlDialect::MARIADB, shape, layout), mariadb);
        assert_eq!(written(MysqlDialect::MYSQL, shape, layout), mysql);
    }

    #[test]
    fn mariadb_hands_back_what_was_inserted() {
        check(
            &WriteShape::new(&*PERSON, WriteKind::Insert, vec![1, 2]).fetching(vec![2]),
            Layout::PerRow,
            "INSERT INTO `person` (`name`, `price`) VALUES (?, CAST(? AS decimal(65,30))) RETURNING `id`, `price`",
            "INSERT INTO `person` (`name`, `price`) VALUES (?, CAST(? AS decimal(65,30)))",
        );
        check(
            &WriteShape::new(&*PERSON, WriteKind::Insert, vec![]),
            Layout::PerRow,
            "INSERT INTO `person` () VALUES () RETURNING `id`",
            "INSERT INTO `person` () VALUES ()",
        );
    }

    #[test]
    fn neither_hands_back_what_was_updated() {
        let sql = "UPDATE `person` SET `name` = ? WHERE `id` = ?";
        let shape = WriteShape::new(&*PERSON, WriteKind::Update, vec![1]).fetching(vec![2]);
        check(&shape, Layout::PerRow, sql, sql);
    }

    #[test]
    fn rows_go_together() {
        let layout = |kind, rows| MysqlDialect::MYSQL.layout(&WriteShape::new(&*PERSON, kind, vec![1]), rows);
        assert_eq!(layout(WriteKind::Update, 700), Layout::ByKey);
        assert_eq!(layout(WriteKind::Update, 1), Layout::PerRow);
        assert_eq!(layout(WriteKind::Insert, 700), Layout::PerRow);
    }

    #[test]
    fn names_and_literals_are_quoted() {
        let mut text = String::new();
        MysqlDialect::MARIADB.quote("a`b", &mut text);
        MysqlDialect::MARIADB.literal(r"it's \", &mut text);
        assert_eq!(text, r"`a``b`'it''s \'");
    }

    #[test]
    fn what_is_a_part_of_a_key_has_a_length() {
        let types = |table: &Table, column| MysqlDialect::MARIADB.column_type(table, column).into_owned();
        assert_eq!(types(&SEAT, 1), "varchar(255)");
        assert_eq!(types(&PERSON, 1), "longtext");
    }

    static MOOD: EnumType = EnumType { name: "mood", variants: &["ok", "so'so"] };

    #[test]
    fn enums_are_the_words_themselves() {
        assert_eq!(MysqlDialect::MYSQL.type_name(SqlType::Enum(&MOOD)), "enum('ok', 'so''so')");
    }

    #[test]
    fn names_that_would_be_refused_or_changed() {
        let problem = |name: &str| MysqlDialect::MYSQL.name_problem(name).is_some();
        assert!(problem("ends ") && problem("🦀") && problem(&"é".repeat(65)));
        assert!(!problem(&"é".repeat(64)) && !problem("a b"));
    }
}
