use orm::prelude::*;

#[derive(Model, Debug)]
#[model(table = "users")]
struct User {
    #[model(key, auto)]
    id: i64,
    name: String,
    #[model(cascade = "delete", order_by = Post::ID)]
    posts: HasMany<Post>,               // the other side of Post::author
    profile: HasOne<Profile>,           // of a reference that is unique
}

#[derive(Model, Debug)]
#[model(table = "profiles")]
struct Profile {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    user: Option<BelongsTo<User>>,
    motto: String,
}

#[derive(Model, Debug)]
#[model(table = "posts")]
struct Post {
    #[model(key, auto)]
    id: i64,
    title: String,
    author: BelongsTo<User>,            // column author_id, foreign key
    #[model(order_by = Tag::WORD)]
    tags: ManyToMany<Tag>,              // join table post_tags
    #[model(cascade = "delete_orphan", order_by = Comment::ID)]
    comments: HasMany<Comment>,
    #[model(cascade = "delete_orphan")]
    likes: HasMany<Like>,
}

#[derive(Model, Debug)]
#[model(table = "tags")]
struct Tag {
    #[model(key)]
    word: String,
    #[model(via = Post::TAGS, order_by = Post::ID)]
    posts: ManyToMany<Post>,            // the same links from the other side
}

#[derive(Model, Debug)]
#[model(table = "comments")]
struct Comment {
    #[model(key, auto)]
    id: i64,
    text: String,
    post: BelongsTo<Post>,
    answered: Option<BelongsTo<Comment>>,
    #[model(cascade = "delete", order_by = Comment::ID)]
    answers: HasMany<Comment>,          // a tree
}

#[derive(Model, Debug)]
#[model(table = "likes")]
struct Like {
    #[model(key)]
    post: BelongsTo<Post>,
    #[model(key, on_delete = "cascade")]
    user: BelongsTo<User>,
    stars: i16,
}

/// Alice has a profile and the posts "Hello" (tags news and orm, a comment, a like of Bob's) and "Again"; Bob has nothing. The session
/// knows the two users, and nothing else.
fn start() -> orm::Result<(Engine, Session, Entity<User>, Entity<User>)> {
    let engine = Engine::open("sqlite::memory:")?;
    engine.create_all(&Metadata::of::<User>())?;
    let mut session = engine.session();
    let alice = session.add(create!(User { name: "Alice", profile: Profile { motto: "onwards" } }));
    let bob = session.add(User::new("Bob"));
    session.add(create!(Post {
        title: "Hello",
        author: alice,
        tags: [Tag { word: "news" }, Tag { word: "orm" }],
        comments: [Comment { text: "First!" }],
        likes: [Like { user: bob, stars: 5 }],
    }));
    session.add(Post::new("Again", alice));
    session.commit()?;
    let mut session = engine.session();
    let (alice, bob) = (session.get_one::<User>(1)?, session.get_one::<User>(2)?);
    Ok((engine, session, alice, bob))
}
