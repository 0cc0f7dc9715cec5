//! What is different on MariaDB and MySQL, and has to come to the same.

mod server;

use orm::dialect::Mysql;
use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

use crate::models::{Post, User};

#[derive(orm::Model, Debug)]
#[model(table = "papers")]
struct Paper {
    #[model(key, auto)]
    id: i64,
    text: String,
}

#[derive(orm::Model, Debug)]
#[model(table = "titles")]
struct Title {
    #[model(key, auto)]
    id: i64,
    #[model(index)]
    text: String,
}

/// Its key is to be looked at when the transaction commits.
#[derive(orm::Model, Debug)]
#[model(table = "slips")]
struct Slip {
    #[model(key, auto)]
    id: i64,
    #[model(deferrable)]
    paper: BelongsTo<Paper>,
}

#[derive(orm::Model, Debug)]
#[model(table = "stars")]
struct Star {
    #[model(key)]
    id: u64,
    photons: u64,
    planets: HasMany<Planet>,
}

#[derive(orm::Model, Debug)]
#[model(table = "planets")]
struct Planet {
    #[model(key, auto)]
    id: u64,
    star: BelongsTo<Star>,
    moons: Option<u64>,
}

#[derive(DbEnum, Clone, Copy, Debug, PartialEq)]
#[db(native)]
enum Season {
    Spring,
    #[db(rename = "it's summer")]
    Summer,
}

#[derive(orm::Model, Debug)]
#[model(table = "gardens")]
struct Garden {
    #[model(key, auto)]
    id: i64,
    season: Season,
}

/// The same statements for each of the two.
#[test]
fn sql_of_both() {
    #[track_caller]
    fn check(query: impl orm::Executable, mariadb: &str, mysql: &str) {
        assert_eq!(query.to_sql(&Mysql::MARIADB).unwrap().sql(), mariadb);
        assert_eq!(query.to_sql(&Mysql::MYSQL).unwrap().sql(), mysql);
    }
    let upsert = User::insert().set(User::NAME, "x").on_conflict(User::NAME).do_update();
    check(
        upsert.set(User::AGE, excluded(User::AGE)).set(User::NAME, "y"),
        "INSERT INTO `users` (`name`) VALUES (?) ON DUPLICATE KEY UPDATE `name` = ?, `age` = VALUES(`age`)",
        "INSERT INTO `users` (`name`) VALUES (?) AS `excluded` ON DUPLICATE KEY UPDATE `name` = ?, `age` = `excluded`.`age`",
    );
    let ignore = "INSERT IGNORE INTO `users` (`name`) VALUES (?)";
    check(User::insert().set(User::NAME, "x").or_ignore(), ignore, ignore);
    let ids = || select(User::ID).order_by(User::AGE.asc().nulls_last());
    check(
        ids().for_share().skip_locked(),
        "SELECT `id` FROM `users` ORDER BY `age` IS NULL ASC, `age` ASC LOCK IN SHARE MODE SKIP LOCKED",
        "SELECT `id` FROM `users` ORDER BY `age` IS NULL ASC, `age` ASC FOR SHARE SKIP LOCKED",
    );
    let few = "SELECT `name` FROM `users` WHERE `id` IN (SELECT * FROM (SELECT `users`.`id` FROM `users` LIMIT ?) AS `limited`)";
    check(select(User::NAME).filter(User::ID.in_(select(User::ID).limit(2))), few, few);
    let narrowed = "SELECT count(CASE WHEN `age` > ? THEN `id` END) FROM `users`";
    check(select(count(User::ID).filter(User::AGE.gt(3))), narrowed, narrowed);
    let joined = "UPDATE `posts`, `users` SET `posts`.`title` = `users`.`name` WHERE `posts`.`author_id` = `users`.`id`";
    let update = Post::update().set(Post::TITLE, User::NAME).from(User::entity());
    check(update.filter(Post::AUTHOR_ID.eq(User::ID)), joined, joined);
    let deleted = User::delete().filter(User::ID.eq(1)).returning(User::ID);
    let refused = deleted.to_sql(&Mysql::MYSQL).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
}

#[both_forms]
mod mariadb {
    use super::*;

    async fn people(db: &Db) -> Session {
        db.create::<Post>().await;
        let mut session = db.session();
        let users = session.add_all(["Alice", "Bob", "Carol"].map(User::new));
        session.add_all([Post::new("one", users[0]), Post::new("two", users[1])]);
        session.commit().await.unwrap();
        db.trace.take();
        session
    }

    /// [BLK-4] An update that reads from another table.
    #[case]
    async fn a_joined_update(db: Db) {
        let mut session = people(&db).await;
        let update = Post::update()
            .set(Post::TITLE, User::NAME)
            .from(User::entity())
            .filter(Post::AUTHOR_ID.eq(User::ID))
            .filter(Post::TITLE.eq("two"));
        assert_eq!(session.execute(update).await.unwrap().rows_affected(), 1);
        let titles = session.all(select(Post::TITLE).order_by(Post::ID)).await.unwrap();
        assert_eq!(titles, ["one", "Bob"]);
    }

    /// A list that is a query with a limit.
    #[case]
    async fn a_limit_inside_of_in(db: Db) {
        let mut session = people(&db).await;
        let last = select(User::ID).order_by(User::ID.desc()).limit(2);
        let query = select(User::NAME).filter(User::ID.in_(last)).order_by(User::ID);
        assert_eq!(session.all(query).await.unwrap(), ["Bob", "Carol"]);
    }

    /// Rows that are there already are left out, and nothing else is: what refers to nothing is an error.
    #[case]
    async fn only_what_is_there_is_ignored(db: Db) {
        let mut session = people(&db).await;
        let rows = || User::insert().values(["Alice", "Dave", "Bob"].map(User::new)).or_ignore();
        assert_eq!(session.execute(rows()).await.unwrap().rows_affected(), 1);
        assert_eq!(session.execute(rows()).await.unwrap().rows_affected(), 0);
        session.commit().await.unwrap();
        let orphan = Post::insert().set(Post::TITLE, "orphan").set(Post::AUTHOR_ID, 99).or_ignore();
        let error = session.execute(orphan).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ForeignKeyViolation, "{error}");
        session.rollback().await.unwrap();
        assert_eq!(session.count(Post::select()).await.unwrap(), 2);
        assert_eq!(session.count(User::select()).await.unwrap(), 4);
    }

    /// Each row has the key that it was given, however many statements they were.
    #[case]
    async fn many_rows_and_large_ones(db: Db) {
        db.create::<(User, Paper)>().await;
        let mut session = db.session();
        let users = session.add_all((0..3001).map(|number| User::new(format!("{number}"))));
        // More than a server takes at once.
        let papers = session.add_all(
            (0..24).map(|number| Paper { id: 0, text: format!("{number}{}", "x".repeat(1_000_000)) }),
        );
        session.commit().await.unwrap();
        let found = session.rows(User::select().order_by(User::ID)).await.unwrap();
        assert!(
            users
                .iter()
                .zip(&found)
                .all(|(&user, row)| session[user].name == row.name && session[user].id == row.id)
        );
        let found = session.rows(Paper::select().order_by(Paper::ID)).await.unwrap();
        assert!(
            papers
                .iter()
                .zip(&found)
                .all(|(&paper, row)| session[paper].id == row.id && session[paper].text == row.text)
        );
        for &user in &users {
            session[user].age = Some(7);
        }
        session.delete(users[3000]).unwrap();
        session.commit().await.unwrap();
        assert_eq!(session.count(User::select().filter(User::AGE.eq(7))).await.unwrap(), 3000);
    }

    /// Indexes take the beginnings of long texts; keys are texts of a length, and one that is longer is refused, not cut.
    #[case(mariadb, mysql)]
    async fn indexes_of_texts(db: Db) {
        db.create::<(Title, User)>().await;
        let (one, other) = ("x".repeat(300), format!("{}y", "x".repeat(299)));
        let mut session = db.session();
        session.add_all([Title::new(one.clone()), Title::new(other.clone())]);
        session.commit().await.unwrap();
        let found = session.rows(Title::select().filter(Title::TEXT.eq(other))).await.unwrap();
        assert_eq!(found.len(), 1, "more than what is in the index is compared");
        let schema = db.engine.inspect().await.unwrap();
        let column = |table: &str, column: &str| {
            schema.table(table).unwrap().column(column).unwrap().type_name.clone()
        };
        assert_eq!(
            (column("titles", "text"), column("users", "name")),
            ("longtext".into(), "varchar(255)".into())
        );
        assert_eq!(schema.table("titles").unwrap().index("titles_text_idx").unwrap().columns[0].name, "text");
        session.add(User::new("é".repeat(255)));
        session.commit().await.unwrap();
        session.add(User::new("é".repeat(256)));
        assert_says(session.commit().await.unwrap_err(), &["too long", "name"]);
    }

    /// A schema of which one table is refused leaves those before it behind; a second try goes on where it stopped.
    #[case(mariadb, mysql)]
    async fn tables_are_created_one_by_one(db: Db) {
        let table = |condition: &'static str| {
            let column = orm::schema::ColumnDef::of::<i32>("a").key();
            orm::schema::Table::new("zzz").column(column).check("bad", condition)
        };
        let mut metadata = Metadata::of::<User>();
        metadata.add(table("no_such_column > 0")).unwrap();
        let error = db.engine.create_all(&metadata).await.unwrap_err();
        assert_says(error, &["no_such_column", "zzz"]);
        let found = db.engine.inspect().await.unwrap();
        assert!(found.has_table("users") && !found.has_table("zzz"));
        let mut metadata = Metadata::of::<User>();
        metadata.add(table("a > 0")).unwrap();
        db.engine.create_all(&metadata).await.unwrap();
        assert!(db.engine.inspect().await.unwrap().has_table("zzz"));
    }

    /// CREATE TABLE commits what was done before it; what comes next is in a transaction again.
    #[case(mariadb, mysql)]
    async fn tables_commit_what_was_before_them(db: Db) {
        db.create::<User>().await;
        let mut connection = db.engine.connect().await.unwrap();
        let insert =
            |name: &str| text("INSERT INTO users (name) VALUES (:name)").bind("name", name.to_owned());
        connection.execute(insert("before")).await.unwrap();
        connection.create_all(&Metadata::of::<Paper>()).await.unwrap();
        connection.execute(insert("after")).await.unwrap();
        connection.rollback().await.unwrap();
        let names = db.session().all(select(User::NAME)).await.unwrap();
        assert_eq!(names, ["before"]);
        assert!(db.engine.inspect().await.unwrap().has_table("papers"));
    }

    /// A step of a migration that fails is not recorded, and what it has done to tables before stays: it is mended by hand.
    #[case(mariadb, mysql)]
    async fn a_step_that_fails_is_half_done(db: Db) {
        let broken = "CREATE TABLE toys (id BIGINT); INSERT INTO no_such (id) VALUES (1)";
        let error = db.engine.migrate([Migration::new("1", broken)]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MissingTable);
        assert_says(&error, &["migration 1 failed", "no_such"]);
        assert!(db.engine.inspect().await.unwrap().has_table("toys"));
        let mended = Migration::new("1", "CREATE TABLE IF NOT EXISTS toys (id BIGINT)");
        assert_eq!(db.engine.migrate([mended]).await.unwrap(), ["1"]);
    }

    /// There are no statements that a transaction has no place for; a step may still ask for none.
    #[case(mariadb, mysql)]
    async fn steps_with_and_without_a_transaction(db: Db) {
        let steps = [
            Migration::new("1", "CREATE TABLE toys (id BIGINT)"),
            Migration::new("2", "OPTIMIZE TABLE toys"),
            Migration::new("3", "OPTIMIZE TABLE toys").without_transaction(),
        ];
        assert_eq!(db.engine.migrate(steps).await.unwrap(), ["1", "2", "3"]);
    }

    /// [DDL-8] A native enum is a type of its column, which takes no other word.
    #[case(mariadb, mysql)]
    async fn native_enums(db: Db) {
        db.create::<Garden>().await;
        let mut session = db.session();
        let gardens = session.add_all([Garden::new(Season::Summer), Garden::new(Season::Spring)]);
        session.commit().await.unwrap();
        let found = db.engine.inspect().await.unwrap();
        let column = found.table("gardens").unwrap().column("season").unwrap();
        assert_eq!(column.type_name, "enum('spring','it''s summer')");
        let early = Garden::select().filter(Garden::SEASON.eq(Season::Spring));
        assert_eq!(session.all(early).await.unwrap(), [gardens[1]]);
        db.try_script("INSERT INTO gardens (season) VALUES ('winter')").await.unwrap_err();
        db.try_script("INSERT INTO gardens (season) VALUES ('')").await.unwrap_err();
    }

    /// Foreign keys are looked at right away. One that is to be looked at later is refused before anything is created.
    #[case(mariadb, mysql)]
    async fn deferrable_keys_are_refused(db: Db) {
        let error = db.engine.create_all(&Metadata::of::<Slip>()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let name = db.backend.name();
        let message = format!("{name} has no foreign keys that are looked at when the transaction commits");
        assert_says(&error, &[&message]);
        assert!(db.engine.inspect().await.unwrap().tables().is_empty());
        let mut session = people(&db).await;
        session.add(Post { author: BelongsTo::key(99), ..Post::new("orphan", BelongsTo::key(99)) });
        assert_eq!(session.flush().await.unwrap_err().kind(), ErrorKind::ForeignKeyViolation);
    }

    /// What has no result is NULL in a query where the others have an error, and an error when it is to be stored.
    #[case(mariadb, mysql)]
    async fn no_result_is_null(db: Db) {
        use orm::functions::{power, sqrt};
        let mut session = people(&db).await;
        let alice = || User::ID.eq(1);
        let one = |zero: i64| select((User::ID / zero, User::ID % zero)).filter(alice());
        let error = session.all(one(0)).await.unwrap_err();
        assert_says(&error, &["NULL"]);
        let roots = select((sqrt(User::ID - 2), power(User::ID - 2, 0.5))).filter(alice());
        assert!(session.all(roots).await.is_err());
        assert_eq!(session.all(one(1)).await.unwrap(), [(1, 0)]);
        let update = User::update().set(User::AGE, User::AGE / 0).filter(alice());
        session.execute(User::update().set(User::AGE, 1).filter(alice())).await.unwrap();
        assert_says(session.execute(update).await.unwrap_err(), &["Division by 0"]);
    }

    /// A connection that the server has ended is told as lost, and the next one is another.
    #[case(mariadb, mysql)]
    async fn a_killed_connection(db: Db) {
        assert!(db.backend.is_mysql());
        db.create::<User>().await;
        let builder = Engine::builder(&db.database.url).unwrap().pool_size(1).max_overflow(0);
        let engine: Engine = builder.pre_ping(true).open();
        let number = async |session: &mut Session| {
            session.execute(text("SELECT connection_id()")).await.unwrap().scalar_one::<i64>().unwrap()
        };
        let mut session = engine.session();
        let first = number(&mut session).await;
        db.script(&format!("KILL {first}")).await;
        let error = session.all(User::select()).await.unwrap_err();
        assert!(error.is_connection_lost(), "{error:?}");
        drop(session);

        let mut session = engine.session();
        let second = number(&mut session).await;
        session.commit().await.unwrap();
        db.script(&format!("KILL {second}")).await;
        let third = number(&mut session).await;
        assert!(first != second && second != third, "pre_ping has found it dead");
    }

    /// [DDL-9] A `u64` is a `bigint unsigned`, and so is what refers to one: no number is too large, none is below zero.
    #[case(mariadb, mysql)]
    async fn numbers_without_a_sign(db: Db) {
        let metadata = Metadata::of::<Planet>();
        for dialect in [Mysql::MARIADB, Mysql::MYSQL] {
            let sql = metadata.create_sql(&dialect).unwrap().join(";");
            for column in [
                "`id` bigint unsigned NOT NULL",
                "`id` bigint unsigned AUTO_INCREMENT",
                "`star_id` bigint unsigned NOT NULL",
            ] {
                assert!(sql.contains(column), "{column} in {sql}");
            }
        }
        db.create::<Planet>().await;
        let mut session = db.session();
        let largest = [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1, 0];
        let stars = session.add_all(largest.map(|id| Star::new(id, id)));
        let planets = session.add_all(stars.iter().map(|&star| Planet::new(star)).collect::<Vec<_>>());
        session.commit().await.unwrap();
        assert_eq!(planets.iter().map(|&planet| session[planet].id).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);

        let mut session = db.session();
        let stars = session.all(Star::select().order_by(Star::ID.desc()).with(Star::PLANETS)).await.unwrap();
        assert_eq!(stars.iter().map(|&star| session[star].photons).collect::<Vec<_>>(), largest);
        for &star in &stars {
            let planet = session[star].planets.first().unwrap();
            assert_eq!(session[planet].star.get(), Some(&session[star].id));
            session[planet].moons = Some(session[star].id);
            session[star].photons = u64::MAX - session[star].id;
        }
        assert_eq!(session.get::<Star>(u64::MAX).await.unwrap(), Some(stars[0]));
        session.commit().await.unwrap();
        let bright = Star::select().filter(Star::PHOTONS.ge(u64::MAX - 1)).order_by(Star::ID);
        assert_eq!(session.all(bright).await.unwrap(), [stars[4]]);
        session
            .execute(Star::update().set(Star::PHOTONS, Star::PHOTONS - 1u64).filter(Star::ID.eq(0u64)))
            .await
            .unwrap();
        assert_eq!(session[stars[4]].photons, u64::MAX - 1);
        let below = Star::update().set(Star::PHOTONS, Star::PHOTONS - 1u64).filter(Star::ID.eq(u64::MAX));
        assert!(session.execute(below).await.is_err(), "0 - 1");
        session.rollback().await.unwrap();
        let moons: Vec<Option<i64>> = session
            .all(select(orm::functions::cast::<i64, _>(Planet::MOONS)).filter(Planet::MOONS.eq(0u64)))
            .await
            .unwrap();
        assert_eq!(moons, [Some(0)]);
        let too_large =
            select(orm::functions::cast::<i64, _>(Planet::MOONS)).filter(Planet::MOONS.eq(u64::MAX));
        assert!(session.all(too_large).await.is_err());
        for star in session.all(Star::select().filter(Star::ID.gt(0u64))).await.unwrap() {
            let planet = session.load_with(star, Star::PLANETS).await.unwrap().planets.first().unwrap();
            session.delete(planet).unwrap();
            session.delete(star).unwrap();
        }
        session.commit().await.unwrap();
        assert_eq!(session.count(Planet::select()).await.unwrap(), 1);
        let found = db.engine.inspect().await.unwrap();
        let columns = &found.table("stars").unwrap().columns;
        assert!(
            columns.iter().all(|column| column.sql_type == Some(orm::SqlType::BigUnsigned)),
            "{columns:?}"
        );
    }

    /// What the server has rolled back cannot be gone on with.
    #[case(mariadb)]
    async fn what_is_rolled_back_by_the_server_is_not_gone_on_with(db: Db) {
        db.create::<User>().await;
        let mut connection = db.engine.connect().await.unwrap();
        connection.execute(text("INSERT INTO users (name) VALUES ('Ann')")).await.unwrap();
        // The server's word for it, without two connections that wait for each other.
        let signal = "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'Deadlock found'";
        let error = connection.execute(text(signal)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SerializationFailure, "{error}");
        assert!(connection.execute(text("INSERT INTO users (name) VALUES ('Bob')")).await.is_err());
        assert!(connection.commit().await.is_err());
        connection.rollback().await.unwrap();
        assert_eq!(db.session().count(User::select()).await.unwrap(), 0);
    }
}
