//! A blog in one file: users, posts, comments that answer each other, tags, and likes, which are rows of their own.
//! `cargo run --example blog_async`; without async it is `cargo run --example blog`.

use orm::prelude::*;

#[derive(Model, Debug)]
#[model(table = "users")]
struct User {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    name: String,
    #[model(cascade = "delete")]
    posts: HasMany<Post>,
    #[model(cascade = "delete")]
    likes: HasMany<Like>,
}

#[derive(Model, Debug)]
#[model(table = "posts")]
struct Post {
    #[model(key, auto)]
    id: i64,
    title: String,
    author: BelongsTo<User>,
    tags: ManyToMany<Tag>,
    #[model(cascade = "delete", order_by = Comment::ID)]
    comments: HasMany<Comment>,
    #[model(cascade = "delete_orphan")]
    likes: HasMany<Like>,
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
    answers: HasMany<Comment>,
}

#[derive(Model, Debug)]
#[model(table = "tags")]
struct Tag {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    word: String,
    #[model(via = Post::TAGS)]
    posts: ManyToMany<Post>,
}

#[derive(Model, Debug)]
#[model(table = "likes")]
struct Like {
    #[model(key)]
    post: BelongsTo<Post>,
    #[model(key)]
    user: BelongsTo<User>,
    stars: i16,
}

/// Rows of seven tables, in six statements: whatever hangs on what is added is added with it, in the order of the foreign keys.
async fn write(session: &mut AsyncSession) -> orm::Result<()> {
    let bob = session.add(User::new("Bob"));
    let rust = session.add(Tag::new("rust"));
    session.add(create!(User {
        name: "Ann",
        posts: [
            Post {
                title: "Hello",
                tags: [rust, Tag { word: "news" }],
                comments: [Comment { text: "First!" }, Comment { text: "Welcome" }],
                likes: [Like { user: bob, stars: 5 }],
            },
            Post { title: "Handles", tags: [rust] },
        ],
    }));
    session.commit().await
}

/// Each relation is one more statement, however many posts there are.
async fn front_page(session: &mut AsyncSession) -> orm::Result<()> {
    let posts = Post::select()
        .order_by(Post::ID.desc())
        .limit(10)
        .with(Post::AUTHOR)
        .with(Post::TAGS)
        .with(Post::LIKES.then(Like::USER));
    for post in session.all(posts).await? {
        let post = &session[post];
        let tags: Vec<_> = post.tags.iter().map(|tag| session[tag].word.as_str()).collect();
        let likes: Vec<_> =
            post.likes.iter().map(|like| session[&session[like].user].name.as_str()).collect();
        println!("{} by {} {tags:?}, liked by {likes:?}", post.title, session[&post.author].name);
    }
    Ok(())
}

/// Answers to the first comment of a post, and answers to these.
async fn discuss(session: &mut AsyncSession, post: Entity<Post>) -> orm::Result<()> {
    let first =
        session.load_with(post, Post::COMMENTS).await?.comments.first().expect("the post has comments");
    let answer = session.add(Comment::new("Not quite", post));
    session[answer].answers.push(Comment::new("Second, then", post));
    session.link(first, Comment::ANSWERS, answer)?;
    session.commit().await
}

/// What was said about a post, as a tree, with all of it read at once.
async fn thread(session: &mut AsyncSession, post: Entity<Post>) -> orm::Result<()> {
    for comment in session.load_with(post, Post::COMMENTS.then(Comment::ANSWERS)).await?.comments.to_vec() {
        if session[comment].answered.is_none() {
            show(session, comment, 1);
        }
    }
    Ok(())
}

fn show(session: &AsyncSession, comment: Entity<Comment>, depth: usize) {
    let comment = &session[comment];
    println!("{:depth$}{}", "", comment.text, depth = 2 * depth);
    comment.answers.iter().for_each(|answer| show(session, answer, depth + 1));
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> orm::Result<()> {
    let engine = AsyncEngine::open("sqlite::memory:")?;
    engine.create_all(&Metadata::of::<User>()).await?;
    let mut session = engine.session();
    write(&mut session).await?;
    front_page(&mut session).await?;

    let hello = session.one(Post::select().filter(Post::TITLE.eq("Hello"))).await?;
    discuss(&mut session, hello).await?;
    thread(&mut session, hello).await?;

    // Ann goes, and with her what is hers: the plan says what that means before it is done.
    let ann = session.one(User::select().filter(User::NAME.eq("Ann"))).await?;
    session.delete(ann)?;
    println!("{}", session.plan()?);
    session.commit().await?;
    println!(
        "{} posts, {} comments",
        session.count(Post::select()).await?,
        session.count(Comment::select()).await?
    );
    Ok(())
}
