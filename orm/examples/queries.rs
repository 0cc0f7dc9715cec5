//! The query language, from simple to advanced: a blog in memory. `cargo run --example queries`

use orm::functions::{current_row, lower, row_number, unbounded_preceding, window};
use orm::prelude::*;
use orm::{recursive, scalar_one};

#[derive(Model)]
#[model(table = "users")]
struct User {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    name: String,
    age: Option<i32>,
    invited_by: Option<BelongsTo<User>>,
}

#[derive(Model)]
#[model(table = "posts")]
struct Post {
    #[model(key, auto)]
    id: i64,
    author: BelongsTo<User>,
    title: String,
    likes: i32,
    body: Deferred<String>,
}

#[derive(FromRow, Debug)]
struct Headline {
    title: String,
    author: String,
}

/// Filters that are there or not: `None` asks for nothing.
fn search(name: Option<&str>, min_age: Option<i32>) -> Select<User> {
    let mut query = User::select().filter(name.map(|name| User::NAME.contains(name)));
    if let Some(age) = min_age {
        query = query.filter(User::AGE.ge(age));
    }
    query
}

fn main() -> orm::Result<()> {
    let engine = Engine::open("sqlite::memory:")?;
    engine.create_all(&Metadata::of::<Post>())?;
    let mut session = engine.session();
    let alice = session.add(User { age: Some(30), ..User::new("Alice") });
    let bob = session.add(User { age: Some(20), invited_by: alice.into(), ..User::new("Bob") });
    let carol = session.add(User { invited_by: bob.into(), ..User::new("Carol") });
    session.add_all([
        Post::new(alice, "Hello", 3, "…"),
        Post::new(alice, "Again", 0, "…"),
        Post::new(bob, "World", 5, "…"),
    ]);
    session.commit()?;

    // Entities, values, and both in one row; a struct of columns by their names.
    assert_eq!(session.all(search(Some("o"), Some(18)))?, [bob]);
    let names: Vec<(String, Option<i32>)> =
        session.all(select((User::NAME, User::AGE)).order_by(User::NAME))?;
    println!("{names:?}");
    for (post, author) in
        session.all(select((Post::entity(), User::NAME)).join(Post::AUTHOR).order_by(Post::ID))?
    {
        println!("{author}: {}", session[post].title);
    }
    let headlines = select((Post::TITLE, User::NAME.label("author"))).join(Post::AUTHOR).into::<Headline>();
    for Headline { title, author } in session.all(headlines)? {
        println!("{title} by {author}");
    }

    // Conditions: & | !, and relations as conditions.
    let young_or_unknown = User::AGE.between(10, 25) | User::AGE.is_null();
    assert_eq!(session.all(User::select().filter(young_or_unknown & !User::NAME.starts_with("C")))?, [bob]);
    assert_eq!(session.count(Post::select().filter(Post::AUTHOR.eq(alice)))?, 2);
    assert_eq!(session.count(Post::select().filter(Post::AUTHOR.has(User::AGE.lt(25))))?, 1);
    assert_eq!(session.all(User::select().filter(Post::AUTHOR.reverse().any(Post::LIKES.gt(4))))?, [bob]);
    assert_eq!(session.all(User::select().filter(!Post::AUTHOR.reverse().exists()))?, [carol]);

    // Joins, also to the same table under another name; an entity that a left join leaves out is None.
    let host = User::alias("host");
    let invited = select((User::NAME, User::NAME.of(host))).join(User::INVITED_BY.to(host));
    println!("{:?}", session.all(invited.order_by(User::ID))?);
    let maybe = select((User::NAME, Post::entity().optional())).left_join(Post::AUTHOR.reverse());
    println!("{:?}", session.all(maybe.filter(Post::ID.is_null()))?);

    // Groups, aggregates and windows.
    let per_author =
        select((User::NAME, count(Post::ID), sum(Post::LIKES), count_all().filter(Post::LIKES.gt(2))))
            .left_join(Post::AUTHOR.reverse())
            .group_by((User::ID, User::NAME))
            .having(count(Post::ID).ge(1))
            .order_by(count(Post::ID).desc());
    println!("{:?}", session.all(per_author)?);
    let so_far = window().order_by(Post::ID.asc()).rows(unbounded_preceding()..=current_row());
    let place = row_number().over(window().partition_by(Post::AUTHOR_ID).order_by(Post::LIKES.desc()));
    println!("{:?}", session.all(select((Post::TITLE, place, sum(Post::LIKES).over(so_far))))?);
    let kind = case().when(User::AGE.ge(25), "old").when(User::AGE.lt(25), "young").otherwise("unknown");
    println!("{:?}", session.all(select((lower(User::NAME), kind, coalesce(User::AGE, 0) + 1)))?);

    // Pages by keys, in both directions.
    let users = User::select().order_by((User::AGE.desc().nulls_last(), User::ID)).limit(2);
    let first = session.all(users.clone())?;
    let cursor = users.cursor(&session[first[1]])?; // cursor.to_string() goes into a URL
    assert_eq!(session.all(users.clone().after(&cursor))?, [carol]);
    assert_eq!(session.all(users.before(&cursor))?, [alice]);

    // Queries in queries: as a list, a value, a condition, a table.
    assert_eq!(session.count(User::select().filter(User::ID.in_(select(Post::AUTHOR_ID))))?, 2);
    let posts = scalar_one(select(count_all()).from(Post::entity()).filter(Post::AUTHOR_ID.eq(User::ID)));
    println!("{:?}", session.all(select((User::NAME, posts)))?);
    let best = Post::select().filter(Post::LIKES.eq(select(max(Post::LIKES))));
    let best = session.one(best)?;
    println!("{}", session[best].title);
    let silent = User::select().filter(!exists(Post::select().filter(Post::AUTHOR_ID.eq(User::ID))));
    assert_eq!(
        session.all(silent.clone().union(search(Some("Ali"), None)).order_by(User::NAME))?,
        [alice, carol]
    );
    let totals = select((Post::AUTHOR_ID, sum(Post::LIKES).label("likes")))
        .group_by(Post::AUTHOR_ID)
        .subquery("totals");
    let likes = totals.column::<Option<i64>>("likes");
    let ranking =
        select((User::NAME, likes.clone())).join(totals.on(Post::AUTHOR_ID.of(&totals).eq(User::ID)));
    println!("{:?}", session.all(ranking.order_by(likes.desc()))?);

    // WITH RECURSIVE: who came through whom.
    let roots = select((User::ID, User::NAME, value(0).label("depth"))).filter(User::INVITED_BY_ID.is_null());
    let tree = recursive("tree", roots, |tree| {
        select((User::ID, User::NAME, tree.column::<i32>("depth") + 1))
            .join(tree.on(User::INVITED_BY_ID.eq(User::ID.of(tree))))
    });
    let depth = tree.column::<i32>("depth");
    println!("{:?}", session.all(select((User::NAME.of(&tree), depth.clone())).order_by(depth))?);

    // Statements that write; loaded entities show what they wrote.
    session.execute(User::insert().values([User::new("Dan"), User { age: Some(9), ..User::new("Eve") }]))?;
    let upsert = User::insert().set(User::NAME, "Dan").set(User::AGE, 40).on_conflict(User::NAME);
    session.execute(upsert.do_update().set(User::AGE, coalesce(User::AGE, 0) + excluded(User::AGE)))?;
    session.execute(User::update().set(User::AGE, User::AGE + 1).filter(User::NAME.eq("Alice")))?;
    assert_eq!(session[alice].age, Some(31));
    let titles =
        Post::update().set(Post::TITLE, User::NAME.concat(": ").concat(Post::TITLE)).from(User::entity());
    session.execute(titles.filter(Post::AUTHOR_ID.eq(User::ID)))?;
    let gone = Post::delete().filter(Post::LIKES.lt(1)).returning((Post::ID, Post::TITLE));
    println!("gone: {:?}", session.all(gone)?);

    // Large columns come when they are asked for; SQL and plans can be looked at.
    let post = session.get_one::<Post>(1)?;
    println!("{:?}", session.load_deferred(post, Post::BODY)?.body.get());
    println!("{}", search(Some("o"), None).to_sql(&orm::dialect::Sqlite)?);
    println!("{}", session.explain(User::select().filter(User::ID.eq(1)).for_update().skip_locked())?);
    session.commit()
}
