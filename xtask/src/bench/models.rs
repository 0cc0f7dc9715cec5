//! Programs with many models, for each library: chains of tables of six columns, each of which belongs to the one before it. Each
//! program makes its tables, inserts a row into each and loads it by a filter, as a program that has a model uses it.

/// How many tables are in a chain. Of a hundred that follow each other, the types of SeaORM and Toasty nest too deep for the compiler.
const CHAIN: usize = 10;

/// What a library's program is written from. In it, `@n` is the number of a model and `@p` that of the one before; a line that
/// begins with `first|` is for the first of a chain alone, one with `next|` for all others.
struct Program {
    head: &'static str,
    model: &'static str,
    /// In `main`, for each model: what makes its table, where the model's own function does not.
    table: &'static str,
    /// In `main`, for each model: its use.
    call: &'static str,
    main: &'static str,
}

/// A whole `main.rs` for `orm`, `diesel`, `seaorm` or `toasty`, with so many models; empty for others.
pub(crate) fn write(library: &str, count: usize) -> String {
    let program = match library {
        "orm" => ORM,
        "diesel" => DIESEL,
        "seaorm" => SEAORM,
        "toasty" => TOASTY,
        _ => return String::new(),
    };
    let all = |template: &str| (0..count).map(|number| fill(template, number)).collect::<String>();
    let main = program.main.replace("@tables", &all(program.table)).replace("@calls", &all(program.call));
    format!("{}{}{main}", program.head, all(program.model))
}

fn fill(template: &str, number: usize) -> String {
    let (wanted, other) =
        if number.is_multiple_of(CHAIN) { ("first|", "next|") } else { ("next|", "first|") };
    let lines = template.lines().filter(|line| !line.starts_with(other));
    let text: String = lines.flat_map(|line| [line.strip_prefix(wanted).unwrap_or(line), "\n"]).collect();
    text.replace("@n", &number.to_string()).replace("@p", &number.saturating_sub(1).to_string())
}

const ORM: Program = Program {
    head: "use orm::prelude::*;\n",
    model: "
#[derive(Model)]
struct Model@n {
    #[model(key, auto)]
    id: i64,
    name: String,
    age: i32,
    email: Option<String>,
    created: i64,
first|    previous_id: i64,
next|    previous: BelongsTo<Model@p>,
}

fn use@n(session: &mut Session, previous: i64) -> orm::Result<i64> {
first|    let model = session.add(Model@n::new(\"Alice\", 30, 1, previous));
next|    let model = session.add(Model@n::new(\"Alice\", 30, 1, BelongsTo::key(previous)));
    session.commit()?;
    for model in session.all(Model@n::select().filter(Model@n::AGE.gt(28)))? {
        println!(\"{}\", session[model].name);
    }
    Ok(session[model].id)
}
",
    table: "    engine.create_all(&Metadata::of::<Model@n>())?;",
    call: "    key = use@n(&mut session, key)?;",
    main: "
fn main() -> orm::Result<()> {
    let engine = Engine::open(\"sqlite::memory:\")?;
@tables    let mut session = engine.session();
    let mut key = 1;
@calls    println!(\"{key}\");
    Ok(())
}
",
};

const DIESEL: Program = Program {
    head: "use diesel::connection::SimpleConnection;\nuse diesel::prelude::*;\n",
    model: "
diesel::table! {
    models@n (id) {
        id -> BigInt,
        name -> Text,
        age -> Integer,
        email -> Nullable<Text>,
        created -> BigInt,
        previous_id -> BigInt,
    }
}

next|diesel::joinable!(models@n -> models@p (previous_id));
next|diesel::allow_tables_to_appear_in_same_query!(models@n, models@p);
next|
first|#[derive(Queryable, Selectable, Identifiable)]
first|#[diesel(table_name = models@n)]
next|#[derive(Queryable, Selectable, Identifiable, Associations)]
next|#[diesel(table_name = models@n, belongs_to(Model@p, foreign_key = previous_id))]
#[allow(dead_code)]
struct Model@n {
    id: i64,
    name: String,
    age: i32,
    email: Option<String>,
    created: i64,
    previous_id: i64,
}

#[derive(Insertable)]
#[diesel(table_name = models@n)]
struct NewModel@n<'a> {
    name: &'a str,
    age: i32,
    email: Option<&'a str>,
    created: i64,
    previous_id: i64,
}

fn use@n(connection: &mut SqliteConnection, previous_id: i64) -> QueryResult<i64> {
    connection.batch_execute(
        \"CREATE TABLE models@n (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER NOT NULL, email TEXT,
        created BIGINT NOT NULL, previous_id BIGINT NOT NULL)\",
    )?;
    let model: Model@n = diesel::insert_into(models@n::table)
        .values(&NewModel@n { name: \"Alice\", age: 30, email: None, created: 1, previous_id })
        .returning(Model@n::as_returning())
        .get_result(connection)?;
    for model in models@n::table.filter(models@n::age.gt(28)).select(Model@n::as_select()).load(connection)? {
        println!(\"{}\", model.name);
    }
    Ok(model.id)
}
",
    table: "",
    call: "    key = use@n(connection, key)?;",
    main: "
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connection = &mut SqliteConnection::establish(\":memory:\")?;
    let mut key = 1;
@calls    println!(\"{key}\");
    Ok(())
}
",
};

const SEAORM: Program = Program {
    head: "use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{Database, Schema};
",
    model: "
mod model@n {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = \"models@n\")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub name: String,
        pub age: i32,
        pub email: Option<String>,
        pub created: i64,
        pub previous_id: i64,
next|        #[sea_orm(belongs_to, from = \"previous_id\", to = \"id\")]
next|        pub previous: BelongsTo<super::model@p::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

async fn use@n(db: &DatabaseConnection, previous_id: i64) -> Result<i64, DbErr> {
    let schema = Schema::new(db.get_database_backend());
    db.execute(&schema.create_table_from_entity(model@n::Entity)).await?;
    let model = model@n::ActiveModel {
        name: Set(\"Alice\".to_owned()),
        age: Set(30),
        created: Set(1),
        previous_id: Set(previous_id),
        ..Default::default()
    };
    let model = model.insert(db).await?;
    for model in model@n::Entity::find().filter(model@n::COLUMN.age.gt(28)).all(db).await? {
        println!(\"{}\", model.name);
    }
    Ok(model.id)
}
",
    table: "",
    call: "    key = use@n(db, key).await?;",
    main: "
#[tokio::main]
async fn main() -> Result<(), DbErr> {
    let db = &Database::connect(\"sqlite::memory:\").await?;
    let mut key = 1;
@calls    println!(\"{key}\");
    Ok(())
}
",
};

const TOASTY: Program = Program {
    head: "use toasty::Db;\n",
    model: "
#[derive(Debug, toasty::Model)]
struct Model@n {
    #[key]
    #[auto]
    id: u64,
    name: String,
    age: i32,
    email: Option<String>,
    created: i64,
    #[index]
    previous_id: u64,
next|    #[belongs_to(key = previous_id, references = id)]
next|    previous: toasty::Deferred<Model@p>,
}

async fn use@n(db: &mut Db, previous_id: u64) -> toasty::Result<u64> {
    let model = toasty::create!(Model@n { name: \"Alice\", age: 30, created: 1, previous_id: previous_id });
    let model = model.exec(db).await?;
    for model in Model@n::filter(Model@n::fields().age().gt(28)).exec(db).await? {
        println!(\"{}\", model.name);
    }
    Ok(model.id)
}
",
    table: "",
    call: "    key = use@n(&mut db, key).await?;",
    main: "
#[tokio::main]
async fn main() -> toasty::Result<()> {
    let mut db = Db::builder().models(toasty::models!(crate::*)).connect(\"sqlite::memory:\").await?;
    db.push_schema().await?;
    let mut key = 1;
@calls    println!(\"{key}\");
    Ok(())
}
",
};
