//! What models say about their relations, and the tables that this makes.

use orm::{Metadata, dialect};
use orm_tests::both_forms;
use orm_tests::prelude::*;

/// Has relations of each kind.
#[derive(Model, Debug)]
#[model(table = "users")]
struct User {
    #[model(key, auto)]
    id: i64,
    name: String,
    #[model(via = Post::AUTHOR, cascade = "delete", order_by = (Post::TITLE.asc(), Post::ID.desc()))]
    posts: HasMany<Post>,
    #[model(via = Post::EDITOR, load = "joined")]
    edited: HasMany<Post>,
    #[model(cascade = "delete_orphan")]
    profile: HasOne<Profile>,
    #[model(table = "friendships")]
    friends: ManyToMany<Self>,
    #[model(through(Follow::FAN, Follow::IDOL))]
    idols: ManyToMany<User>,
    #[model(via = User::IDOLS)]
    fans: ManyToMany<User>,
}

#[derive(Model, Debug)]
struct Post {
    #[model(key, auto)]
    id: i64,
    author: BelongsTo<User>,
    editor: Option<BelongsTo<User>>,
    title: String,
    tags: ManyToMany<Tag>,
    #[model(through = Rating)]
    raters: ManyToMany<User>,
}

#[derive(Model, Debug)]
struct Profile {
    #[model(key)]
    user: BelongsTo<User>,
    motto: String,
}

#[derive(Model, Debug)]
struct Tag {
    #[model(key)]
    shop: i16,
    #[model(key)]
    word: String,
    #[model(via = Post::TAGS)]
    r#posts: ManyToMany<Post>,
}

#[derive(Model, Debug)]
struct Follow {
    #[model(key)]
    fan: BelongsTo<User>,
    #[model(key)]
    idol: BelongsTo<User>,
}

#[derive(Model, Debug)]
struct Rating {
    #[model(key)]
    post: BelongsTo<Post>,
    #[model(key)]
    user: BelongsTo<User>,
    stars: i16,
}

/// Those of the library are made of the names of both models and the columns of both keys, and whose rows go the links go.
#[test]
fn join_tables_come_with_the_models() {
    let sql = Metadata::of::<User>().create_sql(&dialect::Sqlite).unwrap();
    let sql: Vec<_> = sql.iter().map(|sql| sql.replace(['"', '`'], "")).collect();
    let of = |table: &str| {
        let words = [format!("TABLE {table} "), format!("INDEX {table}_")];
        let of_it = |sql: &&String| words.iter().any(|word| sql.contains(word));
        sql.iter().filter(of_it).map(String::as_str).collect::<Vec<_>>()
    };
    assert_eq!(
        of("post_tags"),
        [
            "CREATE TABLE post_tags (post_id INTEGER NOT NULL, tag_shop INTEGER NOT NULL, tag_word TEXT NOT NULL, PRIMARY KEY (post_id, tag_shop, tag_word), CONSTRAINT post_tags_post_id_fkey FOREIGN KEY (post_id) REFERENCES post (id) ON DELETE CASCADE ON UPDATE CASCADE, CONSTRAINT post_tags_tag_shop_tag_word_fkey FOREIGN KEY (tag_shop, tag_word) REFERENCES tag (shop, word) ON DELETE CASCADE ON UPDATE CASCADE) STRICT",
            "CREATE INDEX post_tags_tag_shop_tag_word_idx ON post_tags (tag_shop, tag_word)",
        ]
    );
    assert_eq!(
        of("friendships"),
        [
            "CREATE TABLE friendships (user_id INTEGER NOT NULL, other_user_id INTEGER NOT NULL, PRIMARY KEY (user_id, other_user_id), CONSTRAINT friendships_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE CASCADE, CONSTRAINT friendships_other_user_id_fkey FOREIGN KEY (other_user_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE CASCADE) STRICT",
            "CREATE INDEX friendships_other_user_id_idx ON friendships (other_user_id)",
        ]
    );
    let tables = sql.iter().filter_map(|sql| sql.strip_prefix("CREATE TABLE ")?.split(' ').next());
    let mut tables: Vec<_> = tables.collect();
    tables.sort_unstable();
    assert_eq!(tables, ["follow", "friendships", "post", "post_tags", "profile", "rating", "tag", "users"]);
    assert_eq!(Metadata::of::<Tag>().tables().len(), tables.len());
}

/// What a derive leaves to a session.
#[test]
fn constants_and_new_structs() {
    assert_eq!(format!("{:?} {:?}", User::POSTS, Tag::POSTS), "Relation(User::posts) Relation(Tag::posts)");
    let user = User::new("Ann");
    assert!(user.posts.is_empty() && user.friends.is_empty() && user.profile.get().is_none());
    let user = User { friends: [User::new("Bob"), User::new("Cid")].into(), ..user };
    assert_eq!(user.friends.len(), 2);
}

#[both_forms]
mod relation_models {
    use super::*;

    /// [REL-9] A struct that was read knows nothing of its relations, and is read, written and put over its row like any other.
    #[case]
    async fn relations_are_no_columns(db: Db) {
        db.create::<User>().await;
        let mut connection = db.engine.connect().await.unwrap();
        connection.execute(User::insert().values([User::new("Ann"), User::new("Bob")])).await.unwrap();
        connection.commit().await.unwrap();
        let mut session = db.session();
        let users = session.rows(User::select().order_by(User::ID.asc())).await.unwrap();
        assert!(!users[0].posts.is_loaded() && !users[0].profile.is_loaded());
        let error = users[1].friends.try_iter().map(Iterator::count).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotLoaded);
        let ann = session.merge(User { id: 1, ..User::new("Anna") }).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(session[ann].name, "Anna");
        let ann = session.detach(ann).unwrap();
        assert_eq!((ann.id, ann.name.as_str()), (1, "Anna"));
        db.engine.drop_all(&Metadata::of::<Tag>()).await.unwrap();
        assert_eq!(db.engine.inspect().await.unwrap().tables().len(), 0);
    }
}
