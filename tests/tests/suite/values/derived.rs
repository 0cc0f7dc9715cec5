//! Newtypes and enums: `#[derive(DbValue)]`, `#[derive(DbEnum)]`, and types with conversions of their own.

use orm::{SqlType, Value};
use orm_tests::prelude::*;
use orm_tests::{Backend, assert_says, both_forms};

use super::each_type;

#[derive(DbValue, Clone, Debug, PartialEq)]
struct Email(String);

#[derive(DbValue, Clone, Copy, Debug, PartialEq)]
struct Meters {
    value: i32,
}

#[derive(DbValue, Clone, Debug, PartialEq)]
struct Generic<T>(T);

#[derive(DbEnum, Clone, Copy, Debug, PartialEq)]
enum Mood {
    Happy,
    #[db(rename = "so-so")]
    SoSo,
    VerySad,
}

#[derive(DbEnum, Clone, Copy, Debug, PartialEq)]
#[db(integer)]
#[repr(i16)]
enum Level {
    Low = -7,
    Middle,
    High = 300,
}

#[derive(DbEnum, Clone, Copy, Debug, PartialEq)]
#[db(native = "Traffic \"Light\"")]
enum Light {
    Red,
    #[db(rename = "it's yellow")]
    Yellow,
    Green,
}

/// Even numbers, stored as their halves.
#[derive(Clone, Debug, PartialEq)]
struct Even(i64);

impl DbValue for Even {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::BigInt;

    fn encode(&self) -> orm::Result<Value<'_>> {
        match self.0 % 2 {
            0 => Ok(Value::Int(self.0 / 2)),
            _ => Err(orm::Error::new(ErrorKind::Encode, "an odd number is not even")),
        }
    }

    fn decode(value: &Value<'_>) -> orm::Result<Self> {
        i64::decode(value).map(|half| Self(2 * half))
    }
}

each_type! {
    newtype, Email, unsorted: [Email(String::new()), Email("ann@example.org".into()), Email("☃".into())];
    newtype_of_number, Meters, unsorted: [Meters { value: -1 }, Meters { value: 9 }, Meters { value: 10 }];
    newtype_of_anything, Generic<f64>, unsorted: [Generic(0.5), Generic(-1.0)];
    words, Mood, unsorted: [Mood::Happy, Mood::SoSo, Mood::VerySad];
    numbers, Level, unsorted: [Level::Low, Level::Middle, Level::High];
    native, Light, unsorted: [Light::Red, Light::Yellow, Light::Green];
    own_conversion, Even, unsorted: [Even(-2), Even(0), Even(4)];
}

/// Its key is a newtype, and a unique column is an enum.
#[derive(Model, Debug, PartialEq)]
#[model(table = "accounts")]
struct Account {
    #[model(key)]
    email: Email,
    #[model(unique)]
    light: Option<Light>,
    mood: Mood,
    level: Level,
}

/// Another table with the same native enum.
#[derive(Model, Debug)]
struct Crossing {
    #[model(key)]
    light: Light,
    account: BelongsTo<Account>,
}

#[both_forms]
mod derived {
    use super::*;

    /// [KEY-1] [DDL-9]
    #[case]
    async fn keys_and_references_are_converted(db: Db) {
        db.create::<Crossing>().await;
        let mut session = db.session();
        let ann = session.add(Account {
            light: Some(Light::Red),
            ..Account::new(Email("ann".into()), Mood::SoSo, Level::Low)
        });
        session.add(Crossing::new(Light::Green, ann));
        session.commit().await.unwrap();
        let mut session = db.session();
        let ann = session.get::<Account>(Email("ann".into())).await.unwrap().unwrap();
        let crossing = session.get::<Crossing>(Light::Green).await.unwrap().unwrap();
        assert_eq!(session[crossing].account.get(), Some(&Email("ann".into())));
        assert_eq!(session.all(Crossing::select()).await.unwrap(), [crossing]);
        session[ann].level = Level::High;
        session[ann].light = None;
        session.commit().await.unwrap();
        session.delete(crossing).unwrap();
        session.delete(ann).unwrap();
        session.commit().await.unwrap();
    }

    /// A newtype of text is compared with text and searched like text.
    #[case]
    async fn a_newtype_of_text_is_text(db: Db) {
        db.create::<Account>().await;
        let mut session = db.session();
        session.add(Account::new(Email("ann@example.org".into()), Mood::Happy, Level::Low));
        session.add(Account::new(Email("bob@example.org".into()), Mood::Happy, Level::Low));
        session.commit().await.unwrap();
        let ann = Email("ann@example.org".into());
        for condition in [
            Account::EMAIL.eq("ann@example.org"),
            Account::EMAIL.in_(["ann@example.org", "nobody"]),
            Account::EMAIL.starts_with("ann"),
            Account::EMAIL.eq(&ann),
        ] {
            assert_eq!(session.rows(Account::select().filter(condition)).await.unwrap().len(), 1);
        }
    }

    /// What others have stored: no variant's word or number.
    #[case]
    async fn an_unknown_variant_is_refused_by_name(db: Db) {
        db.create::<(words::Holder, Account)>().await;
        db.script("INSERT INTO holders (value) VALUES ('secret')").await;
        let error = db.session().rows(words::Holder::select()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert_says(&error, &["column value", "Mood", "happy, so-so, very_sad"]);
        assert!(!error.to_string().contains("secret"), "{error}");

        db.script("INSERT INTO accounts (email, mood, level) VALUES ('x', 'happy', 299)").await;
        let error = db.session().rows(Account::select()).await.unwrap_err();
        assert_says(&error, &["column level", "Level", "Low, Middle, High"]);
    }

    /// [DDL-9] A value that its type cannot encode is told with its column, in a flush and in a filter.
    #[case]
    async fn a_refused_value_is_told_with_its_column(db: Db) {
        db.create::<own_conversion::Holder>().await;
        let mut session = db.session();
        session.add_all([own_conversion::Holder::new(Even(2)), own_conversion::Holder::new(Even(3))]);
        let error = session.commit().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Encode);
        assert_says(error, &["Holder, column value", "an odd number is not even"]);
        session.rollback().await.unwrap();
        db.trace.take();
        for condition in
            [own_conversion::Holder::VALUE.eq(Even(1)), own_conversion::Holder::MAYBE.in_([Even(1)])]
        {
            let error = session.rows(own_conversion::Holder::select().filter(condition)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Encode);
            assert_says(error, &["column", "an odd number is not even"]);
        }
        assert_eq!(db.trace.take_statements().len(), 0, "nothing is sent");
        assert!(session.rows(own_conversion::Holder::select()).await.unwrap().is_empty());
    }

    /// [DDL-2] [DDL-4] A native enum is a type of the database: created once, with all of its words, and dropped with its last column.
    #[case(postgres)]
    async fn native_types_come_and_go_with_their_tables(db: Db) {
        assert_eq!(db.backend, Backend::Postgres);
        let [both, one] = [Metadata::of::<(Crossing, native::Holder)>(), Metadata::of::<native::Holder>()];
        for _ in 0..2 {
            db.engine.create_all(&one).await.unwrap();
            db.engine.create_all(&both).await.unwrap();
        }
        let types = |line: &String| line.contains(" TYPE ");
        let created: Vec<_> = db.trace.take().into_iter().filter(types).collect();
        assert_eq!(created, [r#"CREATE TYPE "Traffic ""Light""" AS ENUM ('red', 'it''s yellow', 'green')"#]);
        db.try_script("INSERT INTO holders (value) VALUES ('blue')").await.unwrap_err();

        db.engine.drop_all(&one).await.unwrap();
        assert!(!db.trace.take().iter().any(types), "another table still has it");
        db.engine.drop_all(&both).await.unwrap();
        let dropped: Vec<_> = db.trace.take().into_iter().filter(types).collect();
        assert_eq!(dropped, [r#"DROP TYPE "Traffic ""Light""""#]);
        db.engine.create_all(&both).await.unwrap();
    }
}
