//! Keys that change with children, keys that are references, and versions.

use orm_tests::both_forms;
use orm_tests::prelude::*;

#[derive(Model, Debug)]
#[model(table = "accounts")]
struct Account {
    #[model(key)]
    code: String,
    entries: HasMany<Entry>,
}

#[derive(Model, Debug)]
#[model(table = "entries")]
struct Entry {
    #[model(key, auto)]
    id: i64,
    #[model(deferrable)]
    account: BelongsTo<Account>,
    amount: i64,
}

/// The same where the database does it.
#[derive(Model, Debug)]
#[model(table = "shops")]
struct Shop {
    #[model(key)]
    code: String,
    sales: HasMany<Sale>,
}

#[derive(Model, Debug)]
#[model(table = "sales")]
struct Sale {
    #[model(key, auto)]
    id: i64,
    #[model(on_update = "cascade")]
    shop: BelongsTo<Shop>,
}

#[derive(Model, Debug)]
#[model(table = "people")]
struct Person {
    #[model(key, auto)]
    id: i64,
    name: String,
    #[model(version)]
    version: i64,
    passport: HasOne<Passport>,
    pets: HasMany<Pet>,
}

/// Its key is its owner's.
#[derive(Model, Debug)]
#[model(table = "passports")]
struct Passport {
    #[model(key)]
    person: BelongsTo<Person>,
    number: String,
}

#[derive(Model, Debug)]
#[model(table = "pets")]
struct Pet {
    #[model(key, auto)]
    id: i64,
    owner: Option<BelongsTo<Person>>,
    #[model(version)]
    version: i64,
}

#[derive(Model, Debug)]
#[model(table = "owners")]
struct Owner {
    #[model(key)]
    code: String,
    chests: HasMany<Chest>,
}

#[derive(Model, Debug)]
#[model(table = "halls")]
struct Hall {
    #[model(key, auto)]
    id: i64,
    #[model(cascade = "delete")]
    rooms: HasMany<Room>,
}

#[derive(Model, Debug)]
#[model(table = "rooms")]
struct Room {
    #[model(key, auto)]
    id: i64,
    hall: BelongsTo<Hall>,
    #[model(cascade = "delete")]
    chests: HasMany<Chest>,
}

/// Has its owner's key in its own, and goes with its room.
#[derive(Model, Debug)]
#[model(table = "chests")]
struct Chest {
    #[model(key, deferrable)]
    owner: BelongsTo<Owner>,
    #[model(key)]
    number: i32,
    room: BelongsTo<Room>,
    #[model(cascade = "delete")]
    things: HasMany<Thing>,
}

#[derive(Model, Debug)]
#[model(table = "things")]
struct Thing {
    #[model(key, auto)]
    id: i64,
    #[model(deferrable)]
    chest: BelongsTo<Chest>,
}

#[both_forms]
mod forms {
    use super::*;

    fn sent(db: &Db) -> Vec<String> {
        db.trace.take_statements().iter().map(|sql| sql.replace(['"', '`'], "")).collect()
    }

    /// A thing in a chest in a room of a hall.
    fn fill_hall(session: &mut Session) -> (Entity<Owner>, Entity<Hall>, Entity<Chest>, Entity<Thing>) {
        let (owner, hall) = (session.add(Owner::new("old")), session.add(Hall::new()));
        let room = session.add(Room::new(hall));
        let chest = session.add(Chest::new(owner, 1, room));
        (owner, hall, chest, session.add(Thing::new(chest)))
    }

    /// [KEY-3] Where the session has to take children along: 1 SELECT if they are not loaded, 1 UPDATE of the parent, 1 batch.
    #[case(sqlite, postgres)]
    async fn a_key_changes_with_its_children(db: Db) {
        db.create::<Account>().await;
        let mut session = db.session();
        let account = session.add(Account::new("old"));
        session[account].entries.set([1, 2].map(|amount| Entry {
            account: BelongsTo::unset(),
            id: 0,
            amount,
        }));
        session.commit().await.unwrap();
        drop(session);

        let mut session = db.session();
        let account = session.get::<Account>("old").await.unwrap().unwrap();
        db.trace.take();
        session[account].code = "new".to_owned();
        assert_eq!(session.plan().unwrap().reads().len(), 1);
        session.flush().await.unwrap();
        let said = sent(&db);
        assert_eq!(said.len(), 3, "{said:#?}");
        assert!(said[0].starts_with("SELECT") && said[1].starts_with("UPDATE accounts"), "{said:#?}");
        assert!(said[2].starts_with("UPDATE entries") && said[2].ends_with("-- 2 rows"), "{said:#?}");
        let entries = session[account].entries.to_vec();
        assert!(entries.iter().all(|&entry| session[entry].account.get().unwrap() == "new"));
        session.rollback().await.unwrap();
        assert_eq!(session[account].code, "old");
        assert!(entries.iter().all(|&entry| session[entry].account.get().unwrap() == "old"));
        session[account].code = "newer".to_owned();
        session.commit().await.unwrap();
        let there = session.rows(Entry::select().filter(Entry::ACCOUNT.eq(account))).await.unwrap();
        assert_eq!(there.len(), 2);
    }

    /// [KEY-3] A key that is part of a child's key changes with that, and with the children of the child.
    #[case(sqlite, postgres)]
    async fn a_key_changes_with_the_keys_made_of_it(db: Db) {
        db.create::<Owner>().await;
        let mut session = db.session();
        let (owner, _, chest, _) = fill_hall(&mut session);
        session.commit().await.unwrap();
        session[owner].code = "new".to_owned();
        session.commit().await.unwrap();
        let there = session.rows(Thing::select()).await.unwrap();
        assert_eq!(there[0].chest.get().unwrap(), &("new".to_owned(), 1));
        assert_eq!(session.get::<Chest>(("new".to_owned(), 1)).await.unwrap(), Some(chest));
    }

    /// [KEY-3] The same where the reference in the key is to another row from now on. To a new one, which has no key yet, is an error that
    /// says what to do, if there are children that would have to follow.
    #[case(sqlite, postgres)]
    async fn a_key_made_of_another_rows_moves_with_its_children(db: Db) {
        db.create::<Owner>().await;
        let mut session = db.session();
        let [ann, bob] = ["ann", "bob"].map(|code| session.add(Owner::new(code)));
        let hall = session.add(Hall::new());
        let room = session.add(Room::new(hall));
        let chests = session.add_all([1, 2].map(|number| Chest::new(ann, number, room)));
        let thing = session.add(Thing::new(chests[0]));
        session.commit().await.unwrap();
        session[chests[0]].owner = bob.into();
        session.commit().await.unwrap();
        session.refresh(thing).await.unwrap();
        assert_eq!(session[thing].chest.get().unwrap(), &("bob".to_owned(), 1));

        let new = session.add(Owner::new("new"));
        session[chests[1]].owner = new.into();
        session.commit().await.unwrap();
        assert_eq!(session.get::<Chest>(("new".to_owned(), 2)).await.unwrap(), Some(chests[1]));
        session.load(chests[0]).await.unwrap();
        let newer = session.add(Owner::new("newer"));
        session[chests[0]].owner = newer.into();
        let error = session.flush().await.unwrap_err();
        orm_tests::assert_says(&error, &["Chest", "new entity", "flush the new one first"]);
        session[chests[0]].owner = bob.into();
        session.flush().await.unwrap();
        session[chests[0]].owner = newer.into();
        session.commit().await.unwrap();
        session.refresh(thing).await.unwrap();
        assert_eq!(session[thing].chest.get().unwrap(), &("newer".to_owned(), 1));
    }

    /// [KEY-3] [CAS-3] What gets another key because of one row, and is deleted because of another one two steps away, takes its own
    /// children along into the deletion.
    #[case(sqlite, postgres)]
    async fn what_gets_another_key_is_deleted_with_its_children(db: Db) {
        db.create::<Owner>().await;
        let mut session = db.session();
        let (owner, hall, chest, thing) = fill_hall(&mut session);
        session.commit().await.unwrap();
        session[owner].code = "new".to_owned();
        session.delete(hall).unwrap();
        session.commit().await.unwrap();
        assert!(session.try_get(thing).is_err() && session.try_get(chest).is_err());
        assert_eq!(session.count(Thing::select()).await.unwrap(), 0);
        assert_eq!(session.count(Owner::select().filter(Owner::CODE.eq("new"))).await.unwrap(), 1);
    }

    /// [KEY-3] Where the database does it: 1 UPDATE.
    #[case]
    async fn the_database_takes_children_along(db: Db) {
        db.create::<Shop>().await;
        let mut session = db.session();
        let shop = session.add(Shop::new("old"));
        let sale = session.add(Sale::new(shop));
        session.commit().await.unwrap();
        session.load_with(shop, Shop::SALES).await.unwrap();
        session.get::<Shop>("old").await.unwrap();
        db.trace.take();
        session[shop].code = "new".to_owned();
        session.flush().await.unwrap();
        assert_eq!(sent(&db).len(), 1);
        assert_eq!(session[sale].shop.get().unwrap(), "new");
        assert_eq!(session[shop].sales.to_vec(), [sale]);
    }

    /// A violation of a key that is looked at when the transaction commits is told by the commit, and nothing is stored.
    #[case(sqlite, postgres)]
    async fn deferred_keys_are_looked_at_at_the_end(db: Db) {
        db.create::<Account>().await;
        let mut session = db.session();
        session.add(Entry { id: 0, account: BelongsTo::key("nobody"), amount: 1 });
        session.flush().await.unwrap();
        let error = session.commit().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ForeignKeyViolation);
        session.rollback().await.unwrap();
        assert!(session.all(Entry::select()).await.unwrap().is_empty());
    }

    /// [KEY-4] A key that is the owner's is copied from it; to take the row away without deleting it is an error that names the column.
    #[case]
    async fn a_key_that_is_the_owners(db: Db) {
        db.create::<Person>().await;
        let mut session = db.session();
        let ann = session.add(Person::new("Ann"));
        session[ann].passport.set(Passport::new(BelongsTo::unset(), "X1"));
        session.commit().await.unwrap();
        session.load_with(ann, Person::PASSPORT).await.unwrap();
        let passport = session[ann].passport.get().unwrap();
        assert_eq!(session[passport].person.get(), Some(&session[ann].id));
        db.trace.take();
        session[ann].passport.clear();
        let error = session.flush().await.unwrap_err();
        orm_tests::assert_says(&error, &["Passport", "person_id", "passport", "Person"]);
        assert!(sent(&db).is_empty());
        session.rollback().await.unwrap();
        assert_eq!(session[ann].passport.get(), Some(passport));
        session.delete(ann).unwrap();
        let error = session.flush().await.unwrap_err();
        orm_tests::assert_says(&error, &["Passport", "person_id"]);
        session.delete(passport).unwrap();
        session.commit().await.unwrap();
    }

    /// [VER-3] A version counts the changes of its own row: not those of children, but that of a reference.
    #[case]
    async fn versions_of_parents_and_children(db: Db) {
        db.create::<Person>().await;
        let mut session = db.session();
        let [ann, bob] = ["Ann", "Bob"].map(|name| session.add(Person::new(name)));
        let pet = session.add(Pet::new());
        session[ann].pets.push(pet);
        session.commit().await.unwrap();
        let versions = |session: &Session| (session[ann].version, session[bob].version, session[pet].version);
        assert_eq!(versions(&session), (1, 1, 1));
        session.load_with_all(&[ann, bob], Person::PETS).await.unwrap();
        session[bob].pets.push(pet);
        session.commit().await.unwrap();
        assert_eq!(versions(&session), (1, 1, 2));
        session.load_with_all(&[ann, bob], Person::PETS).await.unwrap();
        session.delete(bob).unwrap();
        session.commit().await.unwrap();
        assert_eq!((session[ann].version, session[pet].version), (1, 3));
        assert!(session[pet].owner.is_none());
    }

    /// [DDL-9] The database says which foreign keys are looked at late.
    #[case(sqlite, postgres)]
    async fn inspection_knows_deferrable_keys(db: Db) {
        db.create::<(Account, Shop)>().await;
        let there = db.engine.inspect().await.unwrap();
        let is_late = |table: &str| there.table(table).unwrap().foreign_keys[0].deferrable;
        assert!(is_late("entries") && !is_late("sales"));
    }
}
