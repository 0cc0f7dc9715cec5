//! Many-to-many relations over the rows of a model.

use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

#[derive(Model, Debug)]
struct Post {
    #[model(key, auto)]
    id: i64,
    title: String,
    #[model(version)]
    version: i64,
    #[model(through = PostTag, order_by = Tag::WORD.asc())]
    tags: ManyToMany<Tag>,
}

#[derive(Model, Debug)]
struct Tag {
    #[model(key)]
    word: String,
    #[model(via = Post::TAGS)]
    posts: ManyToMany<Post>,
}

/// All that it has beside its references has a value of its own.
#[derive(Model, Debug)]
struct PostTag {
    #[model(key, auto)]
    id: i64,
    post: BelongsTo<Post>,
    tag: BelongsTo<Tag>,
    #[model(default = 7)]
    weight: i32,
    note: Option<String>,
    #[model(version)]
    version: i64,
}

#[derive(Model, Debug)]
#[model(table = "orders")]
struct Order {
    #[model(key, auto)]
    id: i64,
    customer: String,
    #[model(cascade = "delete_orphan")]
    lines: HasMany<OrderLine>,
    #[model(through = OrderLine)]
    items: ManyToMany<Item>,
}

#[derive(Model, Debug)]
struct Item {
    #[model(key, auto)]
    id: i64,
    name: String,
}

#[derive(Model, Debug)]
struct OrderLine {
    #[model(key)]
    order: BelongsTo<Order>,
    #[model(key)]
    item: BelongsTo<Item>,
    quantity: i32,
}

#[derive(Model, Debug)]
struct User {
    #[model(key, auto)]
    id: i64,
    #[model(through(Follow::FAN, Follow::IDOL))]
    idols: ManyToMany<User>,
    #[model(via = User::IDOLS)]
    fans: ManyToMany<User>,
}

#[derive(Model, Debug)]
struct Follow {
    #[model(key)]
    fan: BelongsTo<User>,
    #[model(key)]
    idol: BelongsTo<User>,
}

#[both_forms]
mod forms {
    use super::*;

    /// [REL-7] [A4] A row that links others by now shows on all sides.
    #[case]
    async fn a_row_links_others(db: Db) {
        db.create::<Post>().await;
        let mut session = db.session();
        let [news, rust] = ["news", "rust"].map(|word| session.add(Tag::new(word)));
        let post = session.add(Post::new("Hello"));
        let link = session.add(PostTag::new(post, news));
        session.commit().await.unwrap();
        session.load_with(post, Post::TAGS).await.unwrap();
        session.load_with_all(&[news, rust], Tag::POSTS).await.unwrap();
        session[link].tag = rust.into();
        session.flush().await.unwrap();
        assert_eq!(session[post].tags.to_vec(), [rust]);
        assert!(session[news].posts.is_empty() && session[rust].posts.to_vec() == [post]);
        session.rollback().await.unwrap();
        assert_eq!(session[post].tags.to_vec(), [news]);
        assert!(session[rust].posts.is_empty() && session[news].posts.to_vec() == [post]);
    }

    /// [REL-7] [VER-1] [VER-3] What is put in becomes a row of the model with all that it has, what is taken out is its deletion; the
    /// versions of what it links stay.
    #[case]
    async fn links_are_rows_of_a_model(db: Db) {
        db.create::<Post>().await;
        let mut session = db.session();
        let [art, news] = ["art", "news"].map(|word| session.add(Tag::new(word)));
        let mut post = Post::new("Hello");
        post.tags = [art].into();
        let post = session.add(post);
        session[news].posts.push(post);
        session.commit().await.unwrap();
        assert_eq!(session[post].tags.to_vec(), [art, news]);
        let links = session.all(PostTag::select().order_by(PostTag::ID.asc())).await.unwrap();
        assert_eq!(links.len(), 2);
        for &link in &links {
            let PostTag { weight, version, note, .. } = &session[link];
            assert_eq!((*weight, *version, note.as_deref()), (7, 1, None));
            assert_eq!(session[link].post.get(), Some(&session[post].id));
        }

        session.load_with(post, Post::TAGS).await.unwrap();
        db.trace.take();
        session[post].tags.remove(news);
        session.commit().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 1);
        assert_eq!(links.iter().filter(|&&link| session.contains(link)).count(), 1);
        let rows = session.rows(PostTag::select()).await.unwrap();
        assert_eq!((rows.len(), session[post].version), (1, 1));

        // One that is here is a row already, and one that is added itself shows in the collections.
        session.load_with(post, Post::TAGS).await.unwrap();
        session.load_with(news, Tag::POSTS).await.unwrap();
        let link = session.add(PostTag { note: Some("by hand".to_owned()), ..PostTag::new(post, news) });
        session.flush().await.unwrap();
        assert_eq!(
            (session[post].tags.to_vec(), session[news].posts.to_vec()),
            (vec![art, news], vec![post])
        );
        session.delete(link).unwrap();
        session.flush().await.unwrap();
        assert_eq!((session[post].tags.to_vec(), session[news].posts.len()), (vec![art], 0));
        session.rollback().await.unwrap();
        assert_eq!((session[post].tags.to_vec(), session[news].posts.len()), (vec![art], 0));
    }

    /// [REL-10] Nothing is read to take out a row that is not here, and it goes with what it refers to.
    #[case]
    async fn rows_that_are_not_here_are_deleted(db: Db) {
        db.create::<Post>().await;
        let mut session = db.session();
        let [art, news] = ["art", "news"].map(|word| session.add(Tag::new(word)));
        for title in ["one", "two"] {
            let mut post = Post::new(title);
            post.tags = [art, news].into();
            session.add(post);
        }
        session.commit().await.unwrap();
        let mut session = db.session();
        let posts = session.all(Post::select().order_by(Post::ID.asc())).await.unwrap();
        let art = session.get_one::<Tag>("art").await.unwrap();
        db.trace.take();
        session[posts[0]].tags.remove(art);
        session.flush().await.unwrap();
        let sent = db.trace.take_statements();
        assert_eq!(sent.len(), 1, "{sent:?}");
        let links = session.all(PostTag::select()).await.unwrap();
        assert_eq!(links.len(), 3);
        db.trace.take();
        session.delete(posts[1]).unwrap();
        session.commit().await.unwrap();
        let sent = db.trace.take_statements();
        assert_eq!(sent.len(), 2, "{sent:?}");
        assert_says(&sent[0], &["DELETE FROM", "post_id"]);
        assert_eq!(links.iter().filter(|&&link| session.contains(link)).count(), 1);
        assert_eq!(session.rows(PostTag::select()).await.unwrap().len(), 1);
    }

    /// [REL-7] What is linked already is not linked twice, though nobody has looked: the flush asks for those pairs alone.
    #[case]
    async fn what_is_linked_already_is_not_linked_twice(db: Db) {
        db.create::<Post>().await;
        let mut session = db.session();
        session.add(Tag::new("news"));
        let mut post = Post::new("one");
        post.tags = [Tag::new("art")].into();
        session.add(post);
        session.commit().await.unwrap();

        let mut session = db.session();
        let post = session.get_one::<Post>(1).await.unwrap();
        let tags = session.all(Tag::select().order_by(Tag::WORD.asc())).await.unwrap();
        db.trace.take();
        session[post].tags.extend(tags.clone());
        session.commit().await.unwrap();
        let sent = db.trace.take_statements();
        assert_eq!(sent.len(), 2, "{sent:?}");
        assert_eq!(session.rows(PostTag::select()).await.unwrap().len(), 2);
        assert_eq!(session.load_with(post, Post::TAGS).await.unwrap().tags.to_vec(), tags);
    }

    /// [REL-7] A model that needs more is added itself; then its rows are added, changed, replaced and deleted with their owner.
    #[case]
    async fn rows_with_columns_of_their_own(db: Db) {
        db.create::<Order>().await;
        let mut session = db.session();
        let [apple, bread] = ["apple", "bread"].map(|name| session.add(Item::new(name)));
        let order = session.add(Order::new("Alice"));
        session[order].items.push(apple);
        let error = session.flush().await.unwrap_err();
        assert_says(&error, &["`items` leads through OrderLine", "add a OrderLine"]);
        session[order].items.remove(apple);
        let line = session.add(OrderLine::new(order, apple, 2));
        session.commit().await.unwrap();
        assert_eq!(session[order].items.to_vec(), [apple]);

        session[line].quantity = 3;
        session.add(OrderLine::new(order, bread, 1));
        session.commit().await.unwrap();
        session.load_with(order, Order::ITEMS).await.unwrap();
        session.load_with(order, Order::LINES).await.unwrap();
        assert_eq!((session[order].items.len(), session[order].lines.len()), (2, 2));
        session[order].items.remove(bread);
        session.commit().await.unwrap();
        let rows = session.rows(OrderLine::select()).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.quantity).collect::<Vec<_>>(), [3]);
        assert_eq!(session[order].lines.to_vec(), [line]);

        // The relation to the rows themselves says what happens to them.
        session.load_with(order, Order::LINES).await.unwrap();
        db.trace.take();
        session.delete(order).unwrap();
        session.commit().await.unwrap();
        let sent = db.trace.take_statements();
        assert_eq!(sent.len(), 2, "{sent:?}");
        assert!(!session.contains(line));
        assert_eq!(session.rows(OrderLine::select()).await.unwrap().len(), 0);
    }

    /// [REL-6] A model linked with itself by rows of another one.
    #[case]
    async fn a_model_linked_with_itself(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let [ann, bob, cid] = [(); 3].map(|()| session.add(User::new()));
        session[ann].idols.extend([bob, cid]);
        session[ann].fans.push(cid);
        session.commit().await.unwrap();
        let all = [ann, bob, cid];
        session.load_with_all(&all, User::IDOLS).await.unwrap();
        session.load_with_all(&all, User::FANS).await.unwrap();
        let counts = all.map(|user| (session[user].idols.len(), session[user].fans.len()));
        assert_eq!(counts, [(2, 1), (0, 1), (1, 1)]);
        session.unlink(cid, User::FANS, ann).unwrap();
        session.commit().await.unwrap();
        assert_eq!(session.rows(Follow::select()).await.unwrap().len(), 2);
        assert_eq!(session[ann].idols.to_vec(), [bob]);
    }
}
