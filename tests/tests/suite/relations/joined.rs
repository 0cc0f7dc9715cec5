//! Relations that are loaded by a join of the query.

use orm_tests::both_forms;
use orm_tests::prelude::*;

#[derive(Model, Debug)]
#[model(table = "users")]
struct User {
    #[model(key, auto)]
    id: i64,
    name: String,
    #[model(order_by = Order::NUMBER.asc())]
    orders: HasMany<Order>,
    profile: HasOne<Profile>,
}

#[derive(Model, Debug)]
#[model(table = "profiles")]
struct Profile {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    user: BelongsTo<User>,
    motto: String,
}

#[derive(Model, Debug)]
#[model(table = "orders")]
struct Order {
    #[model(key, auto)]
    id: i64,
    number: i32,
    user: Option<BelongsTo<User>>,
    #[model(order_by = Item::NAME.desc())]
    items: ManyToMany<Item>,
    note: Deferred<String>,
}

#[derive(Model, Debug)]
#[model(table = "items")]
struct Item {
    #[model(key, auto)]
    id: i64,
    name: String,
    #[model(order_by = Keyword::WORD.asc())]
    keywords: ManyToMany<Keyword>,
}

#[derive(Model, Debug)]
#[model(table = "keywords")]
struct Keyword {
    #[model(key)]
    language: String,
    #[model(key)]
    word: String,
}

/// What is loaded with each query.
#[derive(Model, Debug)]
#[model(table = "nodes")]
struct Node {
    #[model(key, auto)]
    id: i64,
    data: String,
    parent: Option<BelongsTo<Node>>,
    #[model(load = "joined", order_by = Node::ID.asc())]
    children: HasMany<Node>,
}

#[both_forms]
mod joined {
    use super::*;

    /// Alice has the orders 1 and 2, Bob 3, Carol none. 1 and 3 are of both items; both items have keywords, the second one two.
    async fn shop(db: &Db) -> Session {
        db.create::<User>().await;
        let mut session = db.session();
        let [alice, bob, _] = ["Alice", "Bob", "Carol"].map(|name| session.add(User::new(name)));
        let owners = [(2, alice), (1, alice), (3, bob)];
        let of = |user| Some(BelongsTo::from(user));
        let orders =
            owners.map(|(number, user)| session.add(Order { user: of(user), ..Order::new(number, "hm") }));
        let items = ["a", "b"].map(|name| session.add(Item::new(name)));
        for word in ["x", "y"] {
            let word = session.add(Keyword::new("en", word));
            session[items[1]].keywords.push(word);
        }
        session[items[0]].keywords.push(Keyword::new("de", "x"));
        session[orders[1]].items.extend(items);
        session[orders[2]].items.extend(items);
        session.add(Profile::new(alice, "hm"));
        session.commit().await.unwrap();
        db.trace.take();
        db.session()
    }

    fn shown(session: &Session, user: Entity<User>) -> String {
        let orders = session[user].orders.iter().map(|order| session[order].number.to_string());
        format!("{} {}", session[user].name, orders.collect::<Vec<_>>().join(","))
    }

    fn all_shown(session: &Session, users: &[Entity<User>]) -> Vec<String> {
        users.iter().map(|&user| shown(session, user)).collect()
    }

    /// Everything that is below a user.
    fn tree(session: &Session, user: Entity<User>) -> String {
        let mut tree = String::new();
        for order in &session[user].orders {
            tree += &session[order].number.to_string();
            for item in &session[order].items {
                tree += &session[item].name;
                tree.extend(session[item].keywords.iter().map(|word| session[word].word.clone()));
            }
        }
        tree
    }

    /// [EAG-5] [REL-8] [REL-9] One statement: each parent once with its full collection in its order, parents without children included.
    #[case]
    async fn parents_come_once(db: Db) {
        let mut session = shop(&db).await;
        let query = User::select().order_by(User::NAME.desc()).with(User::ORDERS.joined());
        let users = session.all(query).await.unwrap();
        assert_eq!(all_shown(&session, &users), ["Carol ", "Bob 3", "Alice 1,2"]);
        assert!(session[users[0]].orders.is_empty());
        let order = session[users[2]].orders.get(0).unwrap();
        assert_eq!(session[order].user.as_ref().unwrap().entity(), users[2]);
        assert!(!session[order].note.is_loaded());
        session.load_with_all(&users, User::ORDERS).await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 1);
    }

    /// [EAG-2] Chains of three relations: all joined is 1 statement, the last one joined 3, none 4, one by one more.
    #[case]
    async fn chains_are_joined(db: Db) {
        let expected = ["1bxyax2", "3bxyax", ""];
        let paths = [
            (1, User::ORDERS.then(Order::ITEMS.then(Item::KEYWORDS.joined()).joined()).joined()),
            (3, User::ORDERS.then(Order::ITEMS.then(Item::KEYWORDS.joined()))),
            (2, User::ORDERS.then(Order::ITEMS.then(Item::KEYWORDS.joined()).joined())),
            (2, User::ORDERS.then(Order::ITEMS.then(Item::KEYWORDS).joined()).joined()),
            (4, User::ORDERS.then(Order::ITEMS.then(Item::KEYWORDS))),
        ];
        shop(&db).await;
        for (statements, path) in paths {
            let mut session = db.session();
            let users = session.all(User::select().order_by(User::NAME).with(path)).await.unwrap();
            let trees: Vec<_> = users.iter().map(|&user| tree(&session, user)).collect();
            assert_eq!(trees, expected, "{statements}");
            assert_eq!(db.trace.take_statements().len(), statements);
        }
    }

    /// [EAG-6] A limit counts parents, from whichever end, behind whatever order; a joined to-one needs no wrapping.
    #[case]
    async fn limits_count_parents(db: Db) {
        let mut session = shop(&db).await;
        let users = || User::select().with(User::ORDERS.joined());
        let page = users().order_by(User::NAME.asc()).limit(2);
        let found = session.all(page).await.unwrap();
        assert_eq!(all_shown(&session, &found), ["Alice 1,2", "Bob 3"]);
        let statements = db.trace.take_statements();
        assert_eq!(statements.len(), 1);
        let sql = statements[0].replace(['"', '`'], "");
        assert!(
            sql.contains("LIMIT") && sql.contains(") AS users_1 LEFT JOIN orders AS orders_1 ON"),
            "{sql}"
        );
        assert!(sql.ends_with("ORDER BY users_1.name ASC, orders_1.number ASC"), "{sql}");
        let mut session = db.session();
        let found = session.all(users().order_by(User::NAME.asc()).limit(2).offset(1)).await.unwrap();
        assert_eq!(all_shown(&session, &found), ["Bob 3", "Carol "]);
        let found = session.first(users().order_by(User::NAME.asc())).await.unwrap().unwrap();
        assert_eq!(shown(&session, found), "Alice 1,2");
        let orders = Order::select().order_by(Order::NUMBER.asc()).limit(2).with(Order::USER.joined());
        db.trace.take();
        let found = session.all(orders).await.unwrap();
        assert_eq!(found.len(), 2);
        let sql = db.trace.take_statements().pop().unwrap().replace(['"', '`'], "");
        assert!(
            sql.contains("FROM orders LEFT JOIN users AS users_1 ON orders.user_id = users_1.id"),
            "{sql}"
        );
    }

    /// [EAG-6] What the query itself joins and sorts by stays as it is, and so does a place to go on from.
    #[case]
    async fn orders_of_wrapped_queries_are_kept(db: Db) {
        let mut session = shop(&db).await;
        let query = User::select()
            .join(User::ORDERS)
            .filter(Order::NUMBER.ge(2))
            .order_by(Order::NUMBER.desc())
            .limit(2)
            .with(User::ORDERS.joined());
        let users = session.all(query).await.unwrap();
        assert_eq!(all_shown(&session, &users), ["Bob 3", "Alice 1,2"]);
        let distinct = User::select().distinct().order_by(User::NAME.desc()).with(User::ORDERS.joined());
        let users = session.all(distinct).await.unwrap();
        assert_eq!(all_shown(&session, &users), ["Carol ", "Bob 3", "Alice 1,2"]);
    }

    /// [EAG-7] Conditions on the same table leave the relation complete; only what says so is filled from the query's own join.
    #[case]
    async fn relations_are_complete_whatever_is_filtered(db: Db) {
        let mut session = shop(&db).await;
        let filtered =
            || User::select().join(User::ORDERS).filter(Order::NUMBER.eq(1)).order_by(Order::NUMBER.asc());
        let users = session.all(filtered().with(User::ORDERS.joined())).await.unwrap();
        assert_eq!(all_shown(&session, &users), ["Alice 1,2"]);
        assert_eq!(db.trace.take_statements().len(), 1);
        let mut session = db.session();
        let users = session.all(filtered().with(User::ORDERS.from_join())).await.unwrap();
        assert_eq!(all_shown(&session, &users), ["Alice 1"]);
        let mine = Order::alias("mine");
        let left = User::select()
            .left_join(User::ORDERS.to(mine))
            .filter(Order::NUMBER.of(mine).is_null() | Order::NUMBER.of(mine).ge(2))
            .order_by((User::NAME.asc(), Order::NUMBER.of(mine).desc()))
            .with(User::ORDERS.to(mine).from_join());
        let users = session.all(left).await.unwrap();
        assert_eq!(all_shown(&session, &users), ["Alice 2", "Bob 3", "Carol "]);
        let by_user = Order::select().join(Order::USER).order_by(Order::NUMBER).with(Order::USER.from_join());
        let orders = session.all(by_user).await.unwrap();
        assert_eq!(orders.len(), 3);
        assert_eq!(session[orders[2]].user.as_ref().unwrap().entity(), users[1]);
        assert_eq!(db.trace.take_statements().len(), 3);
    }

    /// [EAG-5] [REL-4] Relations to one, several side by side, and what is deferred, in one statement.
    #[case]
    async fn several_are_joined_side_by_side(db: Db) {
        let mut session = shop(&db).await;
        session.add(Order::new(9, "of nobody"));
        session.flush().await.unwrap();
        db.trace.take();
        let user = Order::USER.then(User::PROFILE.joined()).joined();
        let query = Order::select()
            .with(user)
            .with(Order::ITEMS.joined())
            .undefer(Order::NOTE)
            .order_by(Order::NUMBER);
        let orders = session.all(query).await.unwrap();
        let of = |order: Entity<Order>| session[order].user.as_ref().map(|user| user.entity());
        let [one, three, nine] = [orders[0], orders[2], orders[3]];
        assert_eq!(orders.len(), 4);
        let alice = of(one).unwrap();
        let profile = session[alice].profile.get().unwrap();
        assert_eq!((session[profile].motto.as_str(), session[profile].user.entity()), ("hm", alice));
        assert_eq!(session[of(three).unwrap()].profile.get(), None);
        assert!(of(nine).is_none() && session[nine].items.is_empty());
        let names: Vec<_> = session[one].items.iter().map(|item| session[item].name.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
        assert_eq!(session[one].note.get().unwrap(), "hm");
        assert_eq!(db.trace.take_statements().len(), 1);
    }

    /// [EAG-8] [EXP-8] The mapping's default is a join; a query may say another; refreshing is 1 statement. A tree ends at the first level
    /// that leads back to itself, and the rest is read level by level.
    #[case]
    async fn mappings_say_that_relations_are_joined(db: Db) {
        db.create::<Node>().await;
        let mut session = db.session();
        let root = session.add(Node::new("root"));
        session[root].children.extend(["a", "b"].map(Node::new));
        session.flush().await.unwrap();
        let a = session[root].children.get(0).unwrap();
        session[a].children.push(Node::new("c"));
        session.commit().await.unwrap();
        let mut session = db.session();
        db.trace.take();
        let roots = || Node::select().filter(Node::PARENT.is_null());
        let root = session.one(roots()).await.unwrap();
        let children = session[root].children.to_vec();
        assert_eq!(children.len(), 2);
        assert_eq!(session[children[0]].children.len(), 1);
        let statements = db.trace.take_statements();
        assert!(statements[0].contains("LEFT JOIN"), "{statements:?}");
        session.refresh(children[1]).await.unwrap();
        assert!(session[children[1]].children.is_empty());
        assert_eq!(db.trace.take_statements().len(), 1);
        let mut session = db.session();
        let root = session.one(roots().without(Node::CHILDREN)).await.unwrap();
        assert!(!session[root].children.is_loaded());
        let mut session = db.session();
        let root = session.one(roots().with(Node::CHILDREN.select_in())).await.unwrap();
        assert_eq!(session[root].children.len(), 2);
        assert!(!db.trace.take_statements()[0].contains("JOIN"));
    }

    /// [EAG-5] What was changed and not flushed is written first, and what is loaded and current stays; populate_existing reads it anew.
    #[case]
    async fn what_is_loaded_stays(db: Db) {
        let mut session = shop(&db).await;
        let query = || User::select().order_by(User::NAME.asc()).with(User::ORDERS.joined());
        let users = session.all(query()).await.unwrap();
        session.execute(text("UPDATE orders SET number = number + 10")).await.unwrap();
        session.execute(text("UPDATE orders SET user_id = NULL WHERE number = 13")).await.unwrap();
        session.all(query()).await.unwrap();
        assert_eq!(all_shown(&session, &users), ["Alice 1,2", "Bob 3", "Carol "]);
        session.all(query().populate_existing()).await.unwrap();
        assert_eq!(all_shown(&session, &users), ["Alice 11,12", "Bob ", "Carol "]);
        let order = session[users[0]].orders.get(0).unwrap();
        session[users[0]].orders.remove(order);
        session[users[2]].orders.push(order);
        session.all(query()).await.unwrap();
        assert_eq!(all_shown(&session, &users), ["Alice 12", "Bob ", "Carol 11"]);
    }
}
